import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { listen, type Listening } from "../../fakes/node/listen.ts";
import { json, quickly, temporaryFolders, type Ran } from "./run.ts";
import { makeTrustDomain } from "./trust-domain.ts";

const TD = "prod.example.org";
const newFolder = temporaryFolders();
const served: Listening[] = [];
let folder = "";
let good: Document;

type Jwk = Record<string, unknown>;
interface Document {
  keys: Jwk[];
  spiffe_sequence?: unknown;
  spiffe_refresh_hint?: unknown;
}

beforeAll(async () => {
  folder = await newFolder();
  await makeTrustDomain(folder);
  await bundle("publish", "--to", "file:good.json");
  good = JSON.parse(await readFile(join(folder, "good.json"), "utf8")) as Document;
});
afterEach(async () => {
  await Promise.all(served.splice(0).map((one) => one.close()));
});

function bundle(command: string, ...args: string[]): Promise<Ran> {
  return quickly(["bundle", command, ...args], { cwd: folder });
}

async function written(document: unknown, name = "changed.json"): Promise<string> {
  await writeFile(join(folder, name), JSON.stringify(document));
  return name;
}

async function serve(document: unknown, headers: Record<string, string>): Promise<string> {
  const one = await listen(async () => new Response(JSON.stringify(document), { headers }));
  served.push(one);
  return `${one.url}/bundle`;
}

/** A copy with one key changed: the first root, or the first JWT key. */
function withKey(use: "x509-svid" | "jwt-svid", change: (key: Jwk) => Jwk): Document {
  const at = good.keys.findIndex((key) => key["use"] === use);
  return { ...good, keys: good.keys.map((key, index) => (index === at ? change(key) : key)) };
}

const root = (change: (key: Jwk) => Jwk) => () => withKey("x509-svid", change);
const token = (change: (key: Jwk) => Jwk) => () => withKey("jwt-svid", change);
const without =
  (name: string) =>
  (key: Jwk): Jwk =>
    Object.fromEntries(Object.entries(key).filter(([member]) => member !== name));

describe("svidmint bundle verify", () => {
  it("finds nothing wrong with ours", async () => {
    expect(await bundle("verify", "good.json", "--trust-domain", TD)).toEqual({
      code: 0,
      stdout: `good for ${TD}\n`,
      stderr: "",
    });
  });

  it.each<[string, () => unknown, RegExp]>([
    ["no list of keys", () => ({ ...good, keys: undefined }), /keys: is not there/],
    ["no key", () => ({ ...good, keys: [] }), /keys: is empty/],
    ["a key that is none", () => ({ ...good, keys: [...good.keys, "x"] }), /is not an object/],
    ["a private member", token((key) => ({ ...key, d: "AA" })), /part of a PRIVATE key/],
    ["no use", token(without("use")), /use: is not there: SPIRE/],
    ["an unknown use", token((key) => ({ ...key, use: "enc" })), /use: is unknown: SPIRE/],
    ["the use of a JWKS", token((key) => ({ ...key, use: "sig" })), /OpenID Connect/],
    ["no kid", token(without("kid")), /kid: is not there: go-spiffe/],
    ["another kind of key", token((key) => ({ ...key, kty: "AKP" })), /cannot read/],
    ["another curve", token((key) => ({ ...key, crv: "secp256k1" })), /cannot read/],
    ["a point that is none", token((key) => ({ ...key, y: key["x"] })), /is no usable key/],
    ["no certificate", root(without("x5c")), /not exactly one certificate/],
    ["an empty x5c", root((key) => ({ ...key, x5c: [] })), /not exactly one certificate/],
    [
      "an x5c of two",
      root(({ x5c, ...key }) => ({ ...key, x5c: [...(x5c as string[]), ...(x5c as string[])] })),
      /not exactly one certificate/,
    ],
    ["a certificate that is none", root((key) => ({ ...key, x5c: ["AAAA"] })), /is no certificate/],
    [
      "another certificate",
      () => {
        const [first, second] = good.keys;
        return { ...good, keys: [{ ...first, x5c: second?.["x5c"] }, ...good.keys.slice(1)] };
      },
      /another key than the entry states/,
    ],
    [
      "one kid twice",
      () => {
        const kid = good.keys.at(-1)?.["kid"];
        return withKey("jwt-svid", (key) => ({ ...key, kid }));
      },
      /a kid twice/,
    ],
    [
      "a sequence that is none",
      () => ({ ...good, spiffe_sequence: -1 }),
      /spiffe_sequence: is not/,
    ],
    ["a hint that is none", () => ({ ...good, spiffe_refresh_hint: "x" }), /refresh_hint: is not/],
  ])("refuses %s", async (_, make, told) => {
    const { code, stdout } = await bundle("verify", await written(make()), "--trust-domain", TD);
    expect(code).toBe(1);
    expect(stdout).toMatch(told);
    expect(stdout).toContain("some consumers refuse it");
  });

  it("refuses a member that is there twice, and what is no JSON", async () => {
    for (const text of ['{"keys":[],"keys":[]}', "<html>", ""]) {
      await writeFile(join(folder, "odd.json"), text); // oxlint-disable-line no-await-in-loop -- one by one
      const ran = await bundle("verify", "odd.json", "--trust-domain", TD); // oxlint-disable-line no-await-in-loop -- one by one
      expect(ran).toMatchObject({ code: 1, stderr: "" });
    }
  });

  it("holds the roots to the trust domain", async () => {
    const { code, stdout } = await bundle("verify", "good.json", "--trust-domain", "a.example");
    expect(code).toBe(1);
    expect(stdout).toContain(`is of spiffe://${TD}, not of spiffe://a.example`);
  });

  it.each<[string, () => unknown, RegExp]>([
    ["no sequence", () => ({ ...good, spiffe_sequence: undefined }), /cannot tell old from new/],
    ["no hint", () => ({ ...good, spiffe_refresh_hint: undefined }), /every 5 minutes/],
    ["a member of JWKS", token((key) => ({ ...key, alg: "ES256" })), /alg: is no member/],
    ["a kid of a root", root((key) => ({ ...key, kid: "a" })), /kid: is not for/],
    ["keys of WIT-SVIDs", token((key) => ({ ...key, use: "wit-svid" })), /before 1\.15\.3/],
  ])("only warns of %s", async (_, make, told) => {
    const { code, stdout } = await bundle("verify", await written(make()), "--trust-domain", TD);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^warning: /m);
    expect(stdout).toMatch(told);
  });

  it.each([
    [{ "content-type": "text/html", "cache-control": "max-age=75" }, /served as text\/html/],
    [{ "content-type": "application/json" }, /no Cache-Control/],
    [
      { "content-type": "application/json", "cache-control": "max-age=86400" },
      /cached for 86400 s/,
    ],
  ])("warns of headers %j", async (headers, told) => {
    const url = await serve(good, headers);
    const { code, stdout } = await bundle("verify", url, "--trust-domain", TD);
    expect(code).toBe(0);
    expect(stdout).toMatch(told);
  });
});

describe("svidmint bundle show", () => {
  it("says what ours is, and when it changes", async () => {
    const { code, stdout } = await bundle("show");
    expect(code).toBe(0);
    expect(stdout).toContain(`bundle of ${TD}`);
    expect(stdout.match(/x509-svid {2}spiffe:\/\/prod\.example\.org/g)).toHaveLength(2);
    expect(stdout).toMatch(/next change +none planned/);
    expect(json(await bundle("show", "--json"))).toMatchObject({
      trust_domain: TD,
      spiffe_sequence: String(good.spiffe_sequence),
      findings: [],
    });
  });

  it("tells what is wrong with another's", async () => {
    const path = await written(withKey("jwt-svid", (key) => ({ ...key, d: "AA" })));
    expect((await bundle("show", path)).stdout).toContain("PRIVATE");
    expect(await bundle("show", await written({ a: 1 }))).toMatchObject({ code: 1, stdout: "" });
  });
});

describe("svidmint bundle diff", () => {
  it("tells keys that go, and a sequence that does not go forward", async () => {
    expect((await bundle("diff", "good.json", "good.json")).code).toBe(0);
    const fewer = { ...good, keys: good.keys.slice(1) };
    const same = await bundle("diff", "good.json", await written(fewer));
    expect(same.code).toBe(1);
    expect(same.stdout).toMatch(/^- x509-svid/m);
    expect(same.stdout).toContain("consumers may take the two for one");
    const ahead = await written({ ...fewer, spiffe_sequence: 2_000_000_000 }, "ahead.json");
    expect((await bundle("diff", "good.json", ahead)).stdout).toContain("goes forward");
    const back = await bundle("diff", ahead, "good.json", "--json");
    expect(json(back)).toMatchObject({
      sequence: "backward",
      consumers_would_follow: false,
      added: [{ use: "x509-svid" }],
      removed: [],
    });
  });
});
