import { handle, type LambdaContext, type LambdaEvent } from "hono/aws-lambda";
import openapi from "../gen/openapi.ts";
import { createDomains } from "../handlers/domains.ts";
import { Neighbours } from "../issuer/beside.ts";
import type { Issuer } from "../issuer/issuer.ts";
import { loadIssuer } from "../issuer/load.ts";
import { allModes } from "../signer/modes.ts";
import { nodePlatform } from "../platform/node/node-platform.ts";
import { attestors } from "./node/attestors.ts";
import { auditFile } from "./node/audit-file.ts";
import { backends } from "./node/backends.ts";
import { configSources, type ConfigSource } from "./node/config-sources.ts";
import { openPeers } from "./node/peers.ts";
import { malformed } from "./node/malformed.ts";
import { readNodeReference } from "./node/references.ts";
import { nodeStores } from "./node/stores.ts";

/**
 * AWS Lambda behind a function URL or an HTTP API (payload version 2). `SVIDMINT_CONFIG`: see `configSources`. What is
 * wrong with it ends the start, and stands in the function's log. The host of a request is what the event calls
 * `requestContext.domainName`.
 */
const audit = auditFile({ target: 1 });
const neighbours = new Neighbours();
const issuers: Issuer[] = [];
for (const source of configSources(process.env["SVIDMINT_CONFIG"]))
  issuers.push(await open(source)); // oxlint-disable-line no-await-in-loop -- each beside those before it

function open({ name, folder, document }: ConfigSource): Promise<Issuer> {
  return document().then((read) =>
    loadIssuer(read, {
      platform: nodePlatform(),
      registry: attestors,
      openPeers,
      stores: nodeStores(folder),
      backends,
      modes: allModes,
      env: (variable) => process.env[variable],
      read: (reference) => readNodeReference(reference, folder),
      // The process is frozen once it has answered: what is to be in the log is written before.
      audit: { write: audit.write },
      admit: (opened) => neighbours.join({ file: name, folders: [], ...opened }),
      warn: ({ path, message }) => console.warn(`${name}: ${path.join(".")}: ${message}`),
      log: (line) => console.error(line),
    }),
  );
}

const app = createDomains(issuers, { openapi });
/** Events of which the adapter could make a `Request`. What it cannot, it answers as text. */
const taken = new WeakSet<object>();
const { fetch } = app;
app.fetch = (request, bindings: { event?: object } = {}, ...more) => {
  if (bindings.event !== undefined) taken.add(bindings.event);
  return fetch(request, bindings, ...more);
};
const answer = handle(app);

/** The adapter leaves out a header without a value. `Headers` takes a space off again. */
function withEmpty(headers: Readonly<Record<string, string | undefined>> | null | undefined) {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => [name, value || " "]),
  );
}

/** No path reads the body of a GET: without it, it is answered as elsewhere. A `Request` cannot have one. */
export const handler = async (event: LambdaEvent, context?: LambdaContext) => {
  if (!("rawPath" in event)) return answer(event, context);
  const reads = ["GET", "HEAD"].includes(event.requestContext.http.method);
  const asked = { ...event, headers: withEmpty(event.headers), ...(reads && { body: null }) };
  const result = await answer(asked, context);
  if (taken.has(asked)) return result;
  const { status, ...refusal } = malformed(400, "no HTTP request can be made of it");
  return { ...refusal, statusCode: status, isBase64Encoded: false };
};
