import { beforeAll, describe, expect, it } from "vitest";
import { portableOpeners } from "../../../src/attestors/openers.ts";
import { portableAttestors } from "../../../src/attestors/registry.ts";
import { createApp } from "../../../src/handlers/app.ts";
import type { Issuer } from "../../../src/issuer/issuer.ts";
import { loadIssuer, type LoadDeps } from "../../../src/issuer/load.ts";
import { formatInstant } from "../../../src/signer/instant.ts";
import { openLocal } from "../../../src/signer/local.ts";
import { readReference } from "../../../src/runtimes/references.ts";
import { digestOf, type StoredDocument } from "../../../src/issuer/stored-config.ts";
import { compiled, open, refusal, source, type Json, type Source } from "./stored-world.ts";
import { AUDIENCE, ENDPOINT, ISSUER, NOW } from "./names.ts";
import { workload, type Workload } from "./world.ts";

const world = { now: NOW };
let origin: Source;
let stored: StoredDocument;
let alice: Workload;

beforeAll(async () => {
  world.now = NOW;
  origin = await source(() => world.now);
  stored = await compiled(origin);
  alice = await workload({ platform: origin.platform, now: NOW });
});

function token(claims: object): Promise<string> {
  const times = { iat: NOW - 10, exp: NOW + 600 };
  return origin.ci.sign({
    iss: "https://ci.example",
    sub: "b",
    aud: alice.bound,
    ...times,
    ...claims,
  });
}

const loadDeps = (): LoadDeps => ({
  platform: origin.platform,
  registry: portableAttestors,
  stores: {},
  backends: { local: openLocal },
  env: () => undefined,
  read: (reference) => readReference(reference, (name) => origin.secrets[name]),
  audit: { write: () => undefined },
});

/** With a digest that fits, as a forger would have it. */
async function forged(change: (config: Json) => void): Promise<unknown> {
  const config: Json & StoredDocument["config"] = JSON.parse(JSON.stringify(stored.config));
  change(config);
  return { ...stored, config, sha256: await digestOf(config, origin.platform) };
}

describe("a compiled configuration", () => {
  it("holds no private key and no reference to a file", () => {
    const text = JSON.stringify(stored);
    expect(text).not.toMatch(/PRIVATE|file:/);
    expect(text).toContain('"private_key":"env:ROOT_KEY"');
  });

  it("knows every evidence type that the registry has", () => {
    const types = portableAttestors.map(({ type }) => type).toSorted();
    expect(Object.keys(portableOpeners).toSorted()).toEqual(types);
    expect(Object.keys(stored.config.evidence).toSorted()).toEqual(types);
  });

  it("has the keys of AWS that were asked for, and no small ones otherwise", async () => {
    const regions = (document: StoredDocument) => Object(document.config.evidence["aws_iid"]).keys;
    expect(Object.keys(regions(stored))).toHaveLength(39);
    expect(JSON.stringify(regions(stored))).not.toContain("rsa1024");
    const aws_iid = { accounts: ["111122223333"], allow_rsa1024: true };
    const both = await compiled(origin, { evidence: { ...origin.document.evidence, aws_iid } });
    expect(regions(both)["eu-west-1"]).toMatchObject({
      partition: "aws",
      rsa2048: expect.any(String),
      rsa1024: expect.any(String),
    });
  });

  it("answers like the configuration it was made of", async () => {
    const loaded = await loadIssuer(origin.document, loadDeps());
    const lines: string[] = [];
    const apps = [loaded, await open(stored, origin, lines)].map((issuer) =>
      createApp(issuer, { openapi: "{}" }),
    );
    for (const path of [
      "/bundle",
      "/bundle/wit",
      "/.well-known/jwks.json",
      "/.well-known/openid-configuration",
    ]) {
      const [one, other] = await Promise.all(
        apps.map(async (app) => (await app.fetch(new Request(ISSUER + path))).text()),
      );
      expect(other).toBe(one);
    }
    const x509 = { csr: alice.csr };
    const bodies = [
      { evidence: [{ type: "oidc", token: await token({ job: "deploy" }) }], x509 },
      { evidence: [{ type: "oidc", token: await token({ job: "one", ref: "release-7" }) }], x509 },
      { evidence: [{ type: "oidc", token: await token({ job: "one", ref: "topic" }) }], x509 },
      { evidence: [{ type: "oidc", token: await token({ job: "denied" }) }], x509 },
      { evidence: [{ type: "oidc", token: await token({}) }], x509 },
      {
        evidence: [{ type: "oidc", token: await token({ job: "deploy", exp: NOW + 1300 }) }],
        x509,
      },
      { evidence: [{ type: "oidc", token: await token({ job: "deploy", aud: AUDIENCE }) }], x509 },
      { evidence: [{ type: "gcp_iit", token: await token({ job: "deploy" }) }], x509 },
      { evidence: [{ type: "azure_msi", token: await token({ job: "deploy" }) }], x509 },
      { evidence: [{ type: "aws_iid", rsa2048: "AA==" }], x509 },
      { evidence: [{ type: "aws_iid", document: "{}", signature: "AA==" }], x509 },
      { evidence: [{ type: "github", token: "x" }], x509 },
    ];
    const seen = new Set<string>();
    for (const body of bodies) {
      const answers = apps.map(async (app) => {
        const headers = { "content-type": "application/json" };
        const init = { method: "POST", headers, body: JSON.stringify(body) };
        const answer = await app.fetch(new Request(ENDPOINT, init));
        const { code, detail, spiffe_id } = (await answer.json()) as Json;
        return JSON.stringify([answer.status, code, detail, spiffe_id]);
      });
      const [one = "", other] = await Promise.all(answers); // oxlint-disable-line no-await-in-loop -- one after another
      expect(other).toBe(one);
      seen.add(one);
    }
    expect([...seen].filter((answer) => answer.startsWith("[200"))).toEqual([
      expect.stringContaining("spiffe://prod.example/ci/deploy"),
      expect.stringContaining("spiffe://prod.example/ci/fixed"),
    ]);
    expect(lines.join("\n")).toContain('"tried"');
  });

  it.each([
    ["nothing", undefined],
    ["text", "{}"],
    ["a list", []],
    ["what policy compile writes for others", { trust_domain: "a", rules: [] }],
    ["half of one", { svidmint_compiled: 5 }],
  ])("is not %s", async (_, document) => {
    expect(await refusal(open(document, origin))).toEqual([
      expect.stringContaining("--for workers"),
    ]);
  });

  it.each([0, 1, 2, 3, 4, 6, "5", null])("is not of another format: %j", async (format) => {
    const other = { ...stored, svidmint_compiled: format };
    expect(await refusal(open(other, origin))).toEqual([
      expect.stringContaining("another version"),
    ]);
  });

  it("is refused after any edit", async () => {
    const text = JSON.stringify(stored);
    for (const [from, to] of [
      ["deploy", "deploz"],
      ['"audit":true', '"audit":false'],
      ['"ttl":3600', '"ttl":3601'],
      ['"issuer":"https:', '"issuer":"http:'],
      ["env:ROOT_KEY", "env:JWT_KEY"],
      ['"exact":', '"exact ":'],
      [stored.sha256, "0".repeat(64)],
    ] as const) {
      expect(text).toContain(from);
      const edited: unknown = JSON.parse(text.replace(from, to));
      expect(await refusal(open(edited, origin))).toEqual([expect.stringContaining("was changed")]); // oxlint-disable-line no-await-in-loop -- one after another
    }
  });

  it("may have its members in another order", async () => {
    const reversed: unknown = JSON.parse(JSON.stringify(stored), (_key, value: unknown) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).toReversed())
        : value,
    );
    expect((await open(reversed, origin)).url).toBe(ISSUER);
  });

  it("names an evidence type that is not there", async () => {
    for (const type of ["ghost", "constructor", "toString"]) {
      const document = await forged((config) =>
        Object.assign(config["evidence"] as Json, { [type]: {} }),
      ); // oxlint-disable-line no-await-in-loop -- one after another
      expect(await refusal(open(document, origin))).toEqual([expect.stringContaining(type)]); // oxlint-disable-line no-await-in-loop -- one after another
    }
  });

  it("reports what an attestor finds wrong", async () => {
    const oidc = { ci: { issuers: [ISSUER], jwks: "https://ci.example/keys", pin: "issuer" } };
    const document = await forged((config) => Object.assign(config["evidence"] as Json, { oidc }));
    expect(await refusal(open(document, origin))).toEqual([
      expect.stringMatching(/^evidence\.oidc\.ci\.issuer: is this service's own/),
    ]);
  });
});

describe("the keys of a compiled configuration", () => {
  it("come and go when those of its source do", async () => {
    const jwt = Object(origin.document.keys["jwt"])[0];
    const old = {
      id: "old",
      backend: "local",
      public_key: `data:;base64,${btoa(origin.strangePublicKey)}`,
      published_at: formatInstant(NOW - 200_000),
      retired_at: formatInstant(NOW - 600),
    };
    const successor = { ...jwt, active_from: formatInstant(NOW - 600) };
    const parts = { keys: { ...origin.document.keys, jwt: [old, successor] } };
    const documents = async (issuer: Issuer) => {
      const { bundle, jwks } = await issuer.documents();
      return [bundle.body, jwks.body, bundle.etag, issuer.ready()];
    };
    const issuers = [
      await loadIssuer({ ...origin.document, ...parts }, loadDeps()),
      await open(await compiled(origin, parts), origin),
    ];
    const sizes = new Set<number>();
    for (const later of [-90_000, 0, 1, 299, 300, 301, 599, 600, 10_000]) {
      world.now = NOW + later;
      const [one, other] = await Promise.all(issuers.map(documents)); // oxlint-disable-line no-await-in-loop -- the clock is one
      expect(other).toEqual(one);
      sizes.add(String(one?.[1]).split('"kid"').length - 1);
    }
    world.now = NOW;
    expect([...sizes].toSorted()).toEqual([1, 2]);
  });

  const openWith = (secrets: Record<string, string>) => {
    const { platform } = origin;
    return refusal(open(stored, { platform, secrets: { ...origin.secrets, ...secrets } }));
  };

  it.each([
    ["absent", () => "", /ROOT_KEY is not set/],
    ["no PEM", () => "x", /one pem block/],
    ["another key", () => origin.strangeKey, /is not that of the private key/],
    ["the JWT key", () => origin.secrets["JWT_KEY"] ?? "", /is not that of the private key/],
  ])("refuse a private key that is %s", async (_, secret, message) => {
    expect(await openWith({ ROOT_KEY: secret() })).toEqual([expect.stringMatching(message)]);
  });

  it("refuse one key for both uses", async () => {
    expect(await openWith({ JWT_KEY: origin.secrets["ROOT_KEY"] ?? "" })).toEqual([
      expect.stringMatching(/is the same key as x509 root/),
    ]);
  });

  it("refuse a certificate that has expired since", async () => {
    const short = await source(() => world.now, 3600);
    const document = await compiled(short);
    expect((await open(document, short)).ready()).toBe(true);
    world.now = NOW + 3601;
    const refused = await refusal(open(document, short));
    world.now = NOW;
    expect(refused).toEqual(["keys.x509.0.certificate: the certificate has expired"]);
  });
});

describe("compiling for Workers", () => {
  it.each([
    ["no keys", { keys: undefined }, /^keys: required/],
    ["an audit file", { audit: { sink: "file:audit.log" } }, /^audit: /],
    [
      "an audit log that must acknowledge",
      { audit: { sink: "stdout", required: true } },
      /^audit: /,
    ],
    ["a rule with a mistake", { rules: [{ name: "a" }] }, /^rules\.0/],
    ["an unknown member", { rule: [] }, /^rule: /],
  ])("refuses %s", async (_, parts, message) => {
    expect((await refusal(compiled(origin, parts)))[0]).toMatch(message);
  });

  it("judges certificates before the private keys are at hand", async () => {
    const past = await source(() => world.now, -10);
    expect(await refusal(compiled(past))).toEqual([
      "keys.x509.0.certificate: the certificate has expired",
    ]);
    const x509 = [{ ...Object(origin.document.keys["x509"])[0], certificate: "data:;base64,AA==" }];
    expect(await refusal(compiled(origin, { keys: { ...origin.document.keys, x509 } }))).toEqual([
      expect.stringMatching(/^keys\.x509\.0\.certificate: must hold/),
    ]);
  });
});
