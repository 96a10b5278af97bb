import { once } from "node:events";
import { createServer } from "node:net";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { freePort } from "../../../scripts/free-port.ts";

const MODULE = new URL("../../../scripts/free-port.ts", import.meta.url).href;

test("no port is given twice, and a server can listen at each", async () => {
  // so many that chance alone would give several of them twice
  const ports = await Promise.all(Array.from({ length: 400 }, freePort));
  expect(new Set(ports).size).toBe(ports.length);
  const server = createServer();
  await once(server.listen(ports[0], "127.0.0.1"), "listening");
  server.close();
});

test("nor to another thread while its holder lives", async () => {
  const held = await Promise.all(Array.from({ length: 400 }, freePort));
  const other = new Worker(
    `const { parentPort, workerData } = require("node:worker_threads");
     import(workerData).then(async ({ freePort }) =>
       parentPort.postMessage(await Promise.all(Array.from({ length: 400 }, freePort))));`,
    { eval: true, workerData: MODULE },
  );
  const [theirs] = await once(other, "message");
  await other.terminate();
  expect(held.filter((port) => theirs.includes(port))).toEqual([]);
});
