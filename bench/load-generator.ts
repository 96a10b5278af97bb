/**
 * Sends prepared requests over kept-alive connections, one in flight on each, and counts the
 * answers by status. A process of its own, so that its work is never on the server's account.
 * `node load-generator.ts FILE PORT CONNECTIONS REQUESTS`; FILE holds a JSON array of raw HTTP/1.1
 * requests, which are sent in turn.
 */
import { readFileSync } from "node:fs";
import { connect } from "node:net";

const DEADLINE_MS = 120_000;
const END_OF_HEAD = Buffer.from("\r\n\r\n");

const [, , file = "", port = "", connections = "", count = ""] = process.argv;
const prepared: unknown = JSON.parse(readFileSync(file, "utf8"));
if (!Array.isArray(prepared) || prepared.length === 0) throw new Error("no requests");
const requests = prepared.map((request) => Buffer.from(String(request), "latin1"));
const total = Number(count);

const statuses: Record<string, number> = {};
/** Milliseconds from the request to the whole answer. */
const latencies: number[] = [];
let sent = 0;
let done = 0;
const started = performance.now();
setTimeout(() => fail("deadline passed"), DEADLINE_MS).unref();
for (let n = 0; n < Number(connections); n++) open();

function open(): void {
  const socket = connect(Number(port), "127.0.0.1");
  let pending = Buffer.alloc(0);
  let since = 0;
  const next = (): void => {
    const request = requests[sent % requests.length];
    if (sent >= total || request === undefined) return;
    sent++;
    since = performance.now();
    socket.write(request);
  };
  socket.setNoDelay(true);
  socket.on("connect", next);
  socket.on("error", (error) => fail(error.message));
  socket.on("close", () => {
    if (done < total) fail("the server closed a connection");
  });
  socket.on("data", (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    const answer = measure(pending);
    if (answer === undefined || pending.length < answer.size) return;
    if (pending.length > answer.size) fail("more bytes than the answer holds");
    pending = Buffer.alloc(0);
    statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
    latencies.push(performance.now() - since);
    done++;
    if (done === total) finish();
    else next();
  });
}

/** Status and whole size of the answer at the start of the bytes; undefined while its head is short. */
function measure(bytes: Buffer): { status: string; size: number } | undefined {
  const end = bytes.indexOf(END_OF_HEAD);
  if (end < 0) return undefined;
  const head = bytes.toString("latin1", 0, end).toLowerCase();
  const length = /\r\ncontent-length: *(\d+)/u.exec(head)?.[1];
  if (length === undefined) fail("an answer without content-length");
  return { status: head.slice(9, 12), size: end + END_OF_HEAD.length + Number(length) };
}

function finish(): never {
  const seconds = (performance.now() - started) / 1000;
  const sorted = latencies.toSorted((a, b) => a - b);
  const quantile = (q: number): number => sorted[Math.ceil(q * sorted.length) - 1] ?? 0;
  const [p50, p99] = [quantile(0.5), quantile(0.99)];
  console.log(JSON.stringify({ requests: done, seconds, statuses, p50, p99 }));
  process.exit(0);
}

function fail(reason: string): never {
  console.error(reason);
  process.exit(1);
}
