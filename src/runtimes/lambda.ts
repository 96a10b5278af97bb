import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { handle } from "hono/aws-lambda";
import openapi from "../gen/openapi.ts";
import { createApp } from "../handlers/app.ts";
import { loadIssuer } from "../issuer/load.ts";
import { allModes } from "../signer/modes.ts";
import { nodePlatform } from "../platform/node/node-platform.ts";
import { attestors } from "./node/attestors.ts";
import { auditFile } from "./node/audit-file.ts";
import { backends } from "./node/backends.ts";
import { openPeers } from "./node/peers.ts";
import { readNodeReference } from "./node/references.ts";
import { nodeStores } from "./node/stores.ts";

/**
 * AWS Lambda behind a function URL or an HTTP API (payload version 2). `SVIDMINT_CONFIG` is the path of the compiled
 * configuration, or its JSON text. What is wrong with it ends the start, and stands in the function's log.
 */
const source = process.env["SVIDMINT_CONFIG"] ?? "svidmint.json";
const inline = source.trimStart().startsWith("{");
const folder = inline ? process.cwd() : dirname(source);

const issuer = await loadIssuer(JSON.parse(inline ? source : await readFile(source, "utf8")), {
  platform: nodePlatform(),
  registry: attestors,
  openPeers,
  stores: nodeStores(folder),
  backends,
  modes: allModes,
  env: (name) => process.env[name],
  read: (reference) => readNodeReference(reference, folder),
  // The process is frozen once it has answered: what is to be in the log is written before.
  audit: { write: auditFile({ target: 1 }).write },
  warn: ({ path, message }) => console.warn(`${path.join(".")}: ${message}`),
  log: (line) => console.error(line),
});

export const handler = handle(createApp(issuer, { openapi }));
