import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  ciToken,
  createWorld,
  cronToken,
  workload,
  AUDIENCE,
  type Workload,
  type World,
} from "../issuer/world.ts";
import { JSON_TYPE, postRaw, problemOf, quickest, reasons, signatures, stream } from "./support.ts";

const LIMIT = 65_536;
let world: World;
let alice: Workload;
let good: string;

beforeAll(async () => {
  world = await createWorld();
  alice = await workload(world);
  good = JSON.stringify({ evidence: [await cronToken(world)], jwt: { audience: [AUDIENCE] } });
});
beforeEach(() => {
  world.audit.lines.length = 0;
});

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;
/** The good request, padded with white space that JSON allows to exactly so many bytes. */
const padded = (length: number): string => good + " ".repeat(length - bytesOf(good));

describe("size", () => {
  it("is 64 KiB at most, counted in bytes", async () => {
    expect((await postRaw(world, padded(LIMIT))).status).toBe(200);
    expect((await postRaw(world, padded(LIMIT + 1))).status).toBe(413);
    expect((await postRaw(world, stream(padded(LIMIT)))).status).toBe(200);
    expect((await postRaw(world, stream(padded(LIMIT), " "))).status).toBe(413);
    expect(reasons(world)).toEqual(["body_too_large", "body_too_large"]);
  });

  it.each([
    ["two bytes", "é"],
    ["three bytes", "愛"],
    ["four bytes", "😀"],
  ])("counts a character of %s as so many", async (_, character) => {
    const size = bytesOf(character);
    const body = JSON.stringify({ x: character.repeat(Math.floor(LIMIT / size)) });
    expect(body.length).toBeLessThan(LIMIT); // in UTF-16 units it would pass
    expect(bytesOf(body)).toBeGreaterThan(LIMIT);
    expect((await postRaw(world, body)).status).toBe(413);
    expect((await postRaw(world, stream(body))).status).toBe(413);
  });

  it.each([
    "0",
    "10",
    "-1",
    "1e1",
    "0x10",
    "65536",
    "",
    "abc",
    "+5",
    "10, 10",
    "999999999999999999999",
  ])("a Content-Length of %j makes nothing bigger pass", async (length) => {
    const headers = { ...JSON_TYPE, "content-length": length };
    const answer = await postRaw(world, stream(padded(LIMIT), " "), headers);
    expect(answer.status).toBe(413);
  });

  it("may be all of that where Content-Length says so", async () => {
    const headers = { ...JSON_TYPE, "content-length": String(LIMIT) };
    expect((await postRaw(world, padded(LIMIT), headers)).status).toBe(200);
  });

  it("is refused by what Content-Length says before a byte is read", async () => {
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled++;
          controller.enqueue(new Uint8Array(1024));
        },
      },
      { highWaterMark: 0 },
    );
    const answer = await postRaw(world, body, {
      ...JSON_TYPE,
      "content-length": String(LIMIT + 1),
    });
    expect(answer.status).toBe(413);
    expect(pulled).toBe(0);
  });

  it("reads no more of an endless stream than the limit and one piece", async () => {
    let pulled = 0;
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled++;
          controller.enqueue(new Uint8Array(4096).fill(0x20));
        },
        cancel() {
          cancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
    expect((await postRaw(world, body)).status).toBe(413);
    expect(pulled).toBeLessThanOrEqual(18);
    expect(cancelled).toBe(true);
  });

  it("does not matter in how many pieces it comes", async () => {
    const bytes = new TextEncoder().encode(good);
    const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
    expect((await postRaw(world, stream(...single))).status).toBe(200);
    expect((await postRaw(world, stream("", good, ""))).status).toBe(200);
  });

  it("of nothing is malformed", async () => {
    for (const body of [null, "", stream(), " ", "\n"]) {
      const problem = await problemOf(await postRaw(world, body)); // oxlint-disable-line no-await-in-loop
      expect(problem).toMatchObject({ status: 400, code: "request_malformed" });
    }
  });

  it("cut off by its sender is his fault, told as such, and no fault of ours", async () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(good.slice(0, 100)));
        controller.error(new Error("reset by peer"));
      },
    });
    expect(await problemOf(await postRaw(world, body))).toMatchObject({ status: 400 });
    expect(reasons(world)).toEqual(["body_incomplete"]);
    expect(world.issuer.metrics.render()).not.toContain("svidmint_faults_total");
  });
});

describe("Content-Encoding", () => {
  it.each(["gzip", "br", "deflate", "zstd", "identity", "GZIP", "gzip, gzip", "", "x"])(
    "%j is refused unread",
    async (encoding) => {
      const answer = await postRaw(world, good, { ...JSON_TYPE, "content-encoding": encoding });
      expect(await problemOf(answer)).toMatchObject({ status: 415, code: "request_malformed" });
      expect(reasons(world)).toEqual(["content_encoding_unsupported"]);
    },
  );

  it("a bomb of gzip is not unpacked", async () => {
    const zeros = new Blob([new Uint8Array(8 * 1024 * 1024)]).stream();
    const packed = await new Response(
      zeros.pipeThrough(new CompressionStream("gzip")),
    ).arrayBuffer();
    const headers = { ...JSON_TYPE, "content-encoding": "gzip" };
    const ms = await quickest(250, async () => {
      expect((await postRaw(world, packed, headers)).status).toBe(415);
      expect((await postRaw(world, packed)).status).toBe(400); // and undeclared it is no JSON
    });
    expect(ms).toBeLessThan(250);
  });
});

describe("Content-Type", () => {
  it.each([
    "application/json",
    "application/json; charset=utf-8",
    'application/json;charset="utf-8"',
    "Application/JSON; Charset=UTF-8",
    "application/json ;  charset=utf-8 ",
  ])("%j is taken", async (type) => {
    expect((await postRaw(world, good, { "content-type": type })).status).toBe(200);
  });

  it.each([
    "",
    "text/plain",
    "text/json",
    "application/jsonp",
    "application/json5",
    "application/problem+json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json; charset=utf-16",
    "application/json; charset=iso-8859-1",
    "application/json; charset=utf-8; charset=utf-16",
    "application/json, text/plain",
    "application/json; boundary=x",
    "application/json;",
    "text/plain; application/json",
    `application/json${" ".repeat(8000)}x`,
    "application/cbor",
    "*/*",
  ])("%j is refused", async (type) => {
    const answer = await postRaw(world, good, { "content-type": type });
    expect(await problemOf(answer)).toMatchObject({ status: 415, code: "request_malformed" });
  });

  it("absent is refused", async () => {
    const bytes = new TextEncoder().encode(good); // a string would bring a type of its own
    expect((await postRaw(world, bytes, {})).status).toBe(415);
  });
});

describe("Accept", () => {
  it.each([
    ["application/json", "application/json"],
    ["*/*", "application/json"],
    ["application/*", "application/json"],
    ["text/html, application/json;q=0.9", "application/json"],
    ["application/jwt", "application/jwt"],
    ["Application/JWT", "application/jwt"],
    ["text/plain, application/jwt, */*", "application/jwt"],
    ["*/*, application/jwt", "application/json"],
  ])("%j gets %s", async (accept, type) => {
    const answer = await postRaw(world, good, { ...JSON_TYPE, accept });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe(type);
  });

  it.each([
    "text/html",
    "application/xml",
    "application/jwt2",
    "text/*",
    "",
    ",",
    "application",
    "image/png, text/plain",
    `${"text/plain, ".repeat(200)}application/json`,
    "application/pem-certificate-chain", // the body asks for no certificate
  ])("%j is refused before anything is signed", async (accept) => {
    const before = signatures(world);
    const problem = await problemOf(await postRaw(world, good, { ...JSON_TYPE, accept }));
    expect(problem).toMatchObject({ status: 400, code: "request_malformed" });
    expect(reasons(world)).toEqual(["accept_unsupported"]);
    expect(signatures(world)).toBe(before);
  });

  it("of one kind leaves the other out of the answer", async () => {
    const evidence = [await cronToken(world)];
    const body = JSON.stringify({
      evidence,
      jwt: { audience: [AUDIENCE] },
      x509: { csr: alice.csr },
    });
    const headers = (accept: string) => ({ ...JSON_TYPE, accept });
    const token = await (await postRaw(world, body, headers("application/jwt"))).text();
    expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    const chain = await postRaw(world, body, headers("application/pem-certificate-chain"));
    expect(await chain.text()).toMatch(
      /^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n$/,
    );
  });
});

describe("every answer", () => {
  it("is never kept by a cache and never guessed at by a browser", async () => {
    const bound = await ciToken(world, alice.bound);
    const answers = await Promise.all([
      postRaw(world, good),
      postRaw(world, good, { ...JSON_TYPE, accept: "application/jwt" }),
      postRaw(world, JSON.stringify({ evidence: [bound], x509: { csr: alice.csr } }), {
        ...JSON_TYPE,
        accept: "application/pem-certificate-chain",
      }),
      postRaw(world, "{"),
      postRaw(world, padded(LIMIT + 1)),
      postRaw(world, good, { "content-type": "text/plain" }),
      postRaw(world, good.replace("ey", "EY")),
      postRaw(world, good.replace(AUDIENCE, "https://other.example")),
      world.fetch(new Request("https://id.prod.example/v1/nothing")),
      world.fetch(new Request("https://id.prod.example/v1/svids")),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([
      200, 200, 200, 400, 413, 415, 403, 403, 404, 405,
    ]);
    for (const { headers } of answers) {
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("access-control-allow-origin")).toBeNull();
      expect(headers.get("set-cookie")).toBeNull();
    }
  });

  it("of a refusal names the request as the log does", async () => {
    const { request_id: id } = await problemOf(await postRaw(world, "{"));
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(world.audit.events()).toMatchObject([{ event: "refused", request_id: id }]);
  });
});
