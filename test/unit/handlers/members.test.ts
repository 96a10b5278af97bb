import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  bootedVm,
  createWorld,
  cronToken,
  msiToken,
  workload,
  AUDIENCE,
  type Workload,
  type World,
} from "../issuer/world.ts";
import { postRaw, problemOf, quickest, reasons, signatures } from "./support.ts";

let world: World;
let alice: Workload;
let oidc: { type: "oidc"; token: string };
let vm: { type: "aws_iid"; rsa2048: string };
let msi: { type: "azure_msi"; token: string };

beforeAll(async () => {
  world = await createWorld();
  alice = await workload(world);
  [oidc, vm, msi] = await Promise.all([cronToken(world), bootedVm(world), msiToken(world)]);
});
beforeEach(() => {
  world.audit.lines.length = 0;
});

const jwt = { audience: [AUDIENCE] };
const good = (): object => ({ evidence: [oidc], jwt });

/** What the answer tells; fails where something was signed, or where it repeats the body. */
async function told(body: string): Promise<{ refusal: string; detail: string }> {
  const before = signatures(world);
  const answer = await postRaw(world, body);
  const problem = await problemOf(answer);
  expect(JSON.stringify(problem)).not.toContain("s3cr3t");
  expect(signatures(world)).toBe(before);
  return { refusal: `${problem.status} ${problem.code}`, detail: problem.detail };
}

const MALFORMED = "400 request_malformed";
const judge = async (body: string): Promise<string> => (await told(body)).refusal;
const judgeObject = (body: unknown): Promise<string> => judge(JSON.stringify(body));
const detailOf = async (body: unknown): Promise<string> =>
  (await told(JSON.stringify(body))).detail;

it("the request all others vary is good", async () => {
  expect((await world.post(good())).status).toBe(200);
});

describe("unknown members", () => {
  const extra = { nonce: "s3cr3t" };
  it.each([
    ["the body", () => ({ ...good(), ...extra })],
    ["jwt", () => ({ evidence: [oidc], jwt: { ...jwt, ...extra } })],
    ["x509", () => ({ evidence: [oidc], x509: { csr: alice.csr, ...extra } })],
    ["oidc evidence", () => ({ evidence: [{ ...oidc, ...extra }], jwt })],
    ["aws_iid evidence", () => ({ evidence: [{ ...vm, ...extra }], x509: { csr: alice.csr } })],
    ["azure_msi evidence", () => ({ evidence: [{ ...msi, ...extra }], x509: { csr: alice.csr } })],
  ])("of %s are refused, and named", async (_, body) => {
    expect(await detailOf(body())).toContain('unknown member "nonce"');
  });

  it.each([
    "subject",
    "spiffeId",
    "SPIFFE_ID",
    "trust_domain",
    "audience",
    "x509 ",
    "X509",
    "ttl",
    "claims",
    "issuer",
    "wit",
    "kid",
  ])("%j is none of the body", async (name) => {
    expect(await judgeObject({ ...good(), [name]: "s3cr3t" })).toBe(MALFORMED);
  });

  it("an identity document beside the signed one is none (AT-1)", async () => {
    for (const name of ["document", "signature", "instance_id", "region", "account"]) {
      const body = { evidence: [{ ...vm, [name]: "s3cr3t" }], x509: { csr: alice.csr } };
      expect(await judgeObject(body)).toBe(MALFORMED); // oxlint-disable-line no-await-in-loop
    }
  });

  it("are told from members that are missing, in each form that evidence has", async () => {
    const half = { type: "aws_iid", document: "s3cr3t" };
    expect(await detailOf({ evidence: [half], x509: { csr: alice.csr } })).toBe(
      "evidence.0: needs rsa2048, or document and signature",
    );
    const wrong = { ...oidc, token: 1 };
    expect(await detailOf({ evidence: [oidc, wrong], jwt })).toBe(
      "evidence.1.token: must be string",
    );
  });

  it("are named only where a name can do no harm, and never at length", async () => {
    const names = ["<script>", "x".repeat(33), "é", "a b", "\u202e", "\u007f", "s3cr3t;", "😀"];
    for (const name of names) {
      const detail = await detailOf({ ...good(), [name]: 1 }); // oxlint-disable-line no-await-in-loop
      expect(detail).toContain("(unprintable)");
      expect(detail).not.toContain(name);
    }
    for (const name of ["a\nb", "\u001b[31m", '"', "\\"])
      expect(await judgeObject({ ...good(), [name]: 1 })).toBe(MALFORMED); // oxlint-disable-line no-await-in-loop
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`m${at}`, 1]));
    expect((await detailOf({ ...good(), ...many })).length).toBeLessThan(300);
  });
});

describe("names that mean something to JavaScript", () => {
  const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "then"];
  it.each(names)("%s is an unknown member like any other, at every level", async (name) => {
    const member = `"${name}":{"x509":{},"isAdmin":true,"audience":["s3cr3t"]}`;
    const text = JSON.stringify(good());
    expect(await judge(`{${member},${text.slice(1)}`)).toBe(MALFORMED);
    expect(await judge(text.replace('"jwt":{', `"jwt":{${member},`))).toBe(MALFORMED);
    expect(await judge(text.replace('"evidence":[{', `"evidence":[{${member},`))).toBe(MALFORMED);
    expect(await judge(`{"evidence":[${JSON.stringify(oidc)}],${member}}`)).toBe(MALFORMED);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it.each([...names, "__defineGetter__", "valueOf"])(
    "evidence of type %s is of none",
    async (type) => {
      const answer = await world.post({ evidence: [{ type, token: "s3cr3t" }], jwt });
      expect(await problemOf(answer)).toMatchObject({ status: 403, code: "evidence_rejected" });
      expect(reasons(world)).toEqual(["evidence_type_not_configured"]);
    },
  );
});

describe("duplicate members", () => {
  it.each([
    ['"evidence":', '"evidence":[],"evidence":'],
    ['"jwt":', '"jwt":{"audience":["s3cr3t"]},"jwt":'],
    ['"audience":', '"audience":["s3cr3t"],"audience":'],
    ['"type":', '"type":"aws_iid","type":'],
    ['"token":', '"token":"s3cr3t","token":'],
    ['"token":', '"\\u0074oken":"s3cr3t","token":'],
    ['"type":', '"t\\u0079pe":"aws_iid","type":'],
  ])("a second %s is refused, however it is spelt", async (member, twice) => {
    const text = JSON.stringify(good());
    expect(text).toContain(member);
    expect(await judge(text.replace(member, twice))).toBe(MALFORMED);
    expect(reasons(world)).toEqual(["body_not_json"]);
  });

  it("are refused in what nobody reads, too", async () => {
    expect(await judge(JSON.stringify(good()).replace("{", '{"x":{"y":[{"a":1,"a":1}]},'))).toBe(
      MALFORMED,
    );
    expect(reasons(world)).toEqual(["body_not_json"]);
  });
});

describe("types and ranges", () => {
  const values = [null, true, 0, -1, 1.5, "", "x", [], [[]], {}, [null], { length: 1 }, [{}]];
  it.each(["evidence", "jwt", "x509", "spiffe_id"])(
    "%s of another type is refused",
    async (name) => {
      for (const value of values.filter((other) => !(name === "spiffe_id" && other === "x"))) {
        expect(await judgeObject({ ...good(), [name]: value })).toBe(MALFORMED); // oxlint-disable-line no-await-in-loop
      }
    },
  );

  it.each([
    [
      "audience",
      [null, true, 1, "", AUDIENCE, [], [""], [1], [[AUDIENCE]], {}, { 0: AUDIENCE, length: 1 }],
    ],
    ["ttl_seconds", [null, true, 0, -1, 1.5, "", "300", [], [300], {}, 31_536_001, 1e300, 1e-7]],
  ] as const)("jwt.%s of another type or range is refused", async (name, hostile) => {
    for (const value of hostile) {
      const body = { evidence: [oidc], jwt: { ...jwt, [name]: value } };
      expect(await judgeObject(body)).toBe(MALFORMED); // oxlint-disable-line no-await-in-loop
    }
  });

  it.each([
    ["must be a whole number from 1 to 31536000", [0, 1.5, 31_536_001, Number.MAX_VALUE]],
    ["must be number", [null, "300", [300]]],
  ])("ttl_seconds: %s", async (said, hostile) => {
    for (const ttl of hostile) {
      const detail = await detailOf({ evidence: [oidc], jwt: { ...jwt, ttl_seconds: ttl } }); // oxlint-disable-line no-await-in-loop
      expect(detail).toBe(`jwt.ttl_seconds: ${said}`);
    }
  });

  it("numbers that a double cannot hold are refused as such", async () => {
    for (const ttl of [
      "1e400",
      "-1e400",
      "NaN",
      "Infinity",
      "0x10",
      "010",
      "1.",
      ".5",
      "+1",
      "1e",
    ]) {
      const text = JSON.stringify({ evidence: [oidc], jwt: { ...jwt, ttl_seconds: 77 } });
      expect(await judge(text.replace('"ttl_seconds":77', `"ttl_seconds":${ttl}`))).toBe(MALFORMED); // oxlint-disable-line no-await-in-loop
    }
  });

  it("counts pieces of evidence, audiences and characters", async () => {
    expect(await judgeObject({ evidence: Array.from({ length: 5 }, () => oidc), jwt })).toBe(
      MALFORMED,
    );
    expect(await judgeObject({ evidence: [], jwt })).toBe(MALFORMED);
    expect(
      await judgeObject({ evidence: [oidc], jwt: { audience: Array(17).fill(AUDIENCE) } }),
    ).toBe(MALFORMED);
    expect(await judgeObject({ evidence: [oidc], jwt: { audience: ["x".repeat(1025)] } })).toBe(
      MALFORMED,
    );
    expect(await judgeObject({ evidence: [oidc], jwt: { audience: [] } })).toBe(MALFORMED);
    expect(await judgeObject({ evidence: [{ type: "x".repeat(65) }], jwt })).toBe(MALFORMED);
    expect(await judgeObject({ ...good(), spiffe_id: `spiffe://${"x".repeat(2040)}` })).toBe(
      MALFORMED,
    );
    expect(await judgeObject({ evidence: [oidc], x509: { csr: "x".repeat(16_385) } })).toBe(
      MALFORMED,
    );
    expect(await judgeObject({ evidence: [oidc], x509: { csr: "" } })).toBe(MALFORMED);
    expect(await judgeObject({ evidence: [oidc], x509: {} })).toBe(MALFORMED);
    expect(await judgeObject({ evidence: [{ token: oidc.token }], jwt })).toBe(MALFORMED);
    expect(await judgeObject({ evidence: [oidc] })).toBe(MALFORMED);
    expect(await judgeObject({ jwt })).toBe(MALFORMED);
    expect(await judgeObject({})).toBe(MALFORMED);
  });
});

describe("depth", () => {
  it.each([
    ["arrays", "[", "]"],
    ["objects", '{"a":', "}"],
  ])("of %s is bounded, and costs nothing", async (_, open, close) => {
    for (const depth of [33, 1000, 10_000]) {
      const nested = open.repeat(depth) + (open === "[" ? "" : "1") + close.repeat(depth);
      for (const text of [nested, open.repeat(depth), `{"x":${nested}}`]) {
        const ms = quickest(50, async () =>
          expect(await judge(text.slice(0, 65_000))).toBe(MALFORMED),
        );
        expect(await ms).toBeLessThan(50); // oxlint-disable-line no-await-in-loop
      }
    }
  });
});

describe("text that is no JSON", () => {
  it.each([
    ["a byte order mark", (text: string) => `\ufeff${text}`],
    ["two documents", (text: string) => text + text],
    ["a comment", (text: string) => `${text}//`],
    ["a trailing comma", (text: string) => text.replace(/\}$/, ",}")],
    ["single quotes", (text: string) => text.replaceAll('"', "'")],
    ["a NUL", (text: string) => `${text}\0`],
    ["a lone surrogate", (text: string) => text.replace("orders", "\\ud800")],
    ["a raw control character", (text: string) => text.replace("orders", "\u0001")],
    ["an array around it", (text: string) => `[${text}]`],
    ["a string of it", (text: string) => JSON.stringify(text)],
    ["a form", (text: string) => `body=${encodeURIComponent(text)}`],
  ])("%s is refused", async (_, change) => {
    expect(await judge(change(JSON.stringify(good())))).toBe(MALFORMED);
  });

  it("bytes that are no UTF-8 are refused", async () => {
    const text = new TextEncoder().encode(JSON.stringify(good()));
    for (const tail of [
      [0xff],
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf5, 0x80, 0x80, 0x80],
      [0xe2, 0x28],
    ]) {
      const at = text.indexOf(0x6f); // in the first string that has an o
      const body = new Uint8Array([...text.subarray(0, at), ...tail, ...text.subarray(at)]);
      const problem = await problemOf(await postRaw(world, body)); // oxlint-disable-line no-await-in-loop
      expect(problem).toMatchObject({ status: 400, code: "request_malformed" });
    }
    const utf16 = new Uint8Array(new Uint16Array(Array.from("{}", (c) => c.charCodeAt(0))).buffer);
    expect((await postRaw(world, utf16)).status).toBe(400);
  });
});
