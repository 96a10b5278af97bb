import type { TLSSocket } from "node:tls";
import { gzipSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { encodeBase64 } from "../../../src/encoding/base64.ts";
import { jwkOf } from "../../../src/encoding/public-key.ts";
import { documentOf } from "../../unit/federation/support.ts";
import { extension, testCa } from "../../unit/svid/forge.ts";
import { http, tlsServer, type TestServer } from "./tls-server.ts";
import { partnerAt, webCertificate } from "./web-partner.ts";

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

type Answer = (socket: TLSSocket) => void;
const says =
  (text: string): Answer =>
  (socket) =>
    socket.end(text, "latin1");
const bundle = (document: string): Answer => says(http(200, document));
const GOOD = bundle(documentOf({ sequence: 5 }));

let answer: Answer = GOOD;
let sent = 0;
const server: TestServer = stack.use(
  await tlsServer(await webCertificate(), (_, socket) => answer(socket)),
);
const to = (location: string): Answer => says(http(302, "", { Location: location }));
const here = `https://localhost:${server.port}`;

/** As much as is taken, and for as long. */
const pours =
  (head: string, piece: string): Answer =>
  (socket) => {
    const pour = (): void => {
      while (!socket.destroyed && socket.write(piece, "latin1")) sent += piece.length;
      sent += piece.length;
    };
    socket.on("drain", pour);
    socket.write(head, "latin1");
    pour();
  };
const trickles =
  (head: string, piece: string): Answer =>
  (socket) => {
    socket.write(head);
    const timer = setInterval(() => socket.write(piece), 20);
    socket.on("close", () => clearInterval(timer));
  };

async function caEntry(uri: string): Promise<object> {
  const ca = await testCa("ca", {
    extensions: [extension.ca(), extension.keyUsage([5]), extension.uris([uri])],
  });
  return { ...jwkOf(ca.key.publicKey.info), use: "x509-svid", x5c: [encodeBase64(ca.der)] };
}
const keysOf = (...keys: object[]) => JSON.stringify({ keys, spiffe_sequence: 6 });
const MiB = 1024 * 1024;
const HEAD = "HTTP/1.1 200 OK\r\n";

const HOSTILE: readonly [string, Answer, string][] = [
  ["a lower sequence", bundle(documentOf({ sequence: 4 })), "rolled_back"],
  ["no sequence any more", bundle(documentOf()), "rolled_back"],
  ["other keys, same sequence", bundle(documentOf({ sequence: 5, kids: ["z"] })), "rolled_back"],
  ["another's CA", bundle(keysOf(await caEntry("spiffe://other.example"))), "foreign"],
  ["another's CA, oddly", bundle(keysOf(await caEntry("SPIFFE://other.example/"))), "foreign"],
  ["our own CA", bundle(keysOf(await caEntry("spiffe://prod.example"))), "foreign"],
  ["1 GB", pours(`${HEAD}Content-Length: 1000000000\r\n\r\n`, " ".repeat(65_536)), "too_large"],
  [
    "chunks without end",
    pours(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`, `4000\r\n${" ".repeat(16_384)}\r\n`),
    "too_large",
  ],
  ["a byte too many", bundle(" ".repeat(MiB + 1)), "too_large"],
  ["headers without end", pours(HEAD, `X: ${"y".repeat(1000)}\r\n`), "network"],
  ["a trickle of headers", trickles(HEAD, "X: y\r\n"), "timeout"],
  ["a trickle of body", trickles(`${HEAD}Content-Length: 100000\r\n\r\n`, " "), "timeout"],
  ["a trickle of interim answers", trickles("", "HTTP/1.1 102 X\r\n\r\n"), "timeout"],
  ["nothing", () => undefined, "timeout"],
  ["a way to another host", to("https://other.example/bundle"), "redirect"],
  ["a way to another host, in short", to("//other.example/bundle"), "redirect"],
  ["a way to another port", to("https://localhost:1/bundle"), "redirect"],
  ["a way to metadata", to("https://169.254.169.254/latest/"), "redirect"],
  ["a way to http", to(`http://localhost:${server.port}/bundle`), "redirect"],
  ["a way with a user", to(`https://user@localhost:${server.port}/`), "address"],
  ["a way with a fragment", to("#x"), "address"],
  ["a way to a file", to("file:///etc/passwd"), "redirect"],
  ["a way round in circles", to("/bundle"), "redirect"],
  ["no way", says("HTTP/1.1 302 X\r\nContent-Length: 0\r\n\r\n"), "redirect"],
  [
    "a gzip bomb",
    says(
      http(200, gzipSync(Buffer.alloc(64 * MiB)).toString("latin1"), {
        "Content-Encoding": "gzip",
      }),
    ),
    "malformed",
  ],
  ["gzip that does not say so", bundle(gzipSync("{}").toString("latin1")), "malformed"],
  ["HTML", says(http(200, "<html></html>", { "Content-Type": "text/html" })), "malformed"],
  ["no document", bundle(""), "malformed"],
  ["a member twice", bundle('{"keys":[],"keys":[],"spiffe_sequence":6}'), "malformed"],
  ["a key's member twice", bundle('{"keys":[{"kid":"a","kid":"b"}]}'), "malformed"],
  ["keys that are none", bundle('{"keys":["a"],"spiffe_sequence":6}'), "malformed"],
  ["no key set", bundle('{"keys":{},"spiffe_sequence":6}'), "malformed"],
  ["a key set too many", bundle(`{"keys":[${"{},".repeat(600)}{}]}`), "malformed"],
  ["a negative sequence", bundle('{"keys":[],"spiffe_sequence":-1}'), "malformed"],
  ["a broken sequence", bundle('{"keys":[],"spiffe_sequence":6.5}'), "malformed"],
  ["a sequence of letters", bundle('{"keys":[],"spiffe_sequence":"6"}'), "malformed"],
  ["nesting", bundle(`{"keys":${"[".repeat(9000)}${"]".repeat(9000)}}`), "malformed"],
  ["what is not UTF-8", bundle('{"keys":[],"x":"\xff"}'), "malformed"],
  ["204", says("HTTP/1.1 204 X\r\n\r\n"), "status"],
  ["206", says(http(206, documentOf({ sequence: 6 }))), "status"],
  ["304 without being asked", says("HTTP/1.1 304 X\r\n\r\n"), "status"],
  ["500 with a bundle", says(http(500, documentOf({ sequence: 6 }))), "status"],
  ["half a body", says(`${HEAD}Content-Length: 100\r\n\r\n{`), "network"],
  ["two lengths", says(`${HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`), "network"],
  ["what is not HTTP", says("220 smtp.partner.example ESMTP\r\n"), "network"],
  [
    "another protocol",
    says("HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
    "network",
  ],
  ["a reset", (socket) => void socket.destroy(), "network"],
];

describe("a peer that answers with", () => {
  beforeEach(() => {
    answer = GOOD;
    sent = 0;
  });

  it.each(HOSTILE)("%s is not believed, and told of", async (_, hostile, code) => {
    // One that is waited for is given up soon; all else comes of itself, on a busy machine late.
    const partner = await partnerAt(server.port, code === "timeout" ? 600 : 20_000);
    while ((await partner.refresh()) !== "refreshed"); // oxlint-disable-line no-await-in-loop -- a busy machine
    partner.lines.length = 0;
    answer = hostile;
    expect(await partner.refresh()).toBe(code);
    expect(partner.kids()).toEqual(["a"]);
    expect(partner.metrics()).toContain(
      `svidmint_peer_refreshes_total{peer="partner.example",outcome="${code}"} ${code === "timeout" ? "" : "1\n"}`,
    );
    // What was held before is used on, and its age shows.
    expect(partner.metrics()).toMatch(
      /# TYPE svidmint_peer_bundle_age_seconds gauge\nsvidmint_peer_bundle_age_seconds\{peer="partner\.example"\} 3700\n/,
    );
    expect(partner.metrics()).toContain(
      'svidmint_peer_bundle_sequence{peer="partner.example"} 5\n',
    );
    expect(partner.metrics()).toContain('svidmint_peer_usable{peer="partner.example"} 1\n');
    expect(partner.lines).toEqual([
      expect.objectContaining({ event: "peer", peer: "partner.example", reason: code }),
    ]);
    expect(JSON.stringify(partner.lines)).not.toMatch(/html|passwd|smtp|169\.254/);
    // What sockets hold on their way comes on top of what is read.
    expect(sent).toBeLessThan(16 * MiB);
  });

  it("a private key has not that key believed, nor handed on", async () => {
    const partner = await partnerAt(server.port, 20_000);
    const { keys } = JSON.parse(documentOf({ kids: ["b", "c"] }));
    answer = bundle(keysOf({ ...keys[0], d: "AAAA" }, keys[1]));
    expect(await partner.refresh()).toBe("refreshed");
    expect(partner.kids()).toEqual(["c"]);
    expect(partner.held.states(0)[0]?.held?.document).not.toContain('"d"');
  });

  it("two certificates in one entry has the first believed, and no other", async () => {
    const partner = await partnerAt(server.port, 20_000);
    const [one, two] = [await testCa("one"), await testCa("two")];
    const x5c = [one, two].map(({ der }) => encodeBase64(der));
    answer = bundle(keysOf({ ...jwkOf(one.key.publicKey.info), use: "x509-svid", x5c }));
    expect(await partner.refresh()).toBe("refreshed");
    const held = partner.held.states(0)[0]?.held;
    expect(held?.bundle.x509Authorities.map(({ certificate }) => certificate)).toEqual([one.der]);
    expect(held?.document).not.toContain(x5c[1]);
  });

  it("a redirect on its own host is followed, and forgotten", async () => {
    const partner = await partnerAt(server.port, 20_000);
    answer = (socket) => {
      answer = GOOD;
      to(`${here}/elsewhere`)(socket);
    };
    expect(await partner.refresh()).toBe("refreshed");
    expect(await partner.refresh()).toBe("refreshed");
    const paths = server.heard.slice(-3).map((request) => request.split(" ")[1]);
    expect(paths).toEqual(["/bundle", "/elsewhere", "/bundle"]);
    expect(server.heard.at(-1)).not.toMatch(/cookie|authorization/i);
    expect(server.heard.at(-1)).toMatch(/accept-encoding: identity/i);
  });
});
