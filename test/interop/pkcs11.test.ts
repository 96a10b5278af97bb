import { createPublicKey, verify, X509Certificate, type KeyObject } from "node:crypto";
import { readFileSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeEvidenceIssuer, TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { startSvidmint, type Svidmint } from "../../scripts/interop/svidmint.ts";
import { parseSpki } from "../../src/encoding/public-key.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";
import { signingAlgorithm } from "../../src/signer/algorithms.ts";
import { closePkcs11, openPkcs11 } from "../../src/signer/node/pkcs11/pkcs11.ts";
import { counterparts } from "./support/counterparts.ts";
import { rootCertificate } from "./support/root-certificate.ts";
import { MODULE, packageFolder, PIN, softHsm, type SoftHsm } from "./support/softhsm.ts";
import { bundleRoots, fetchBundle, issueJwt, issueX509, splitPem } from "./support/svids.ts";

const needs = counterparts("softhsm2", "pkcs11-tool", "pkcs11js");
const platform = nodePlatform();
const PATIENCE = { timeout: 20_000, interval: 100 };
const inPlace = (pem: string): string => `data:;base64,${btoa(pem)}`;

describe.skipIf(needs.absent)(`svidmint serve with its keys on a token${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const evidence = makeEvidenceIssuer();
  let hsm: SoftHsm;
  let env: Record<string, string>;
  let keys: Record<string, unknown>;
  let issuer: Svidmint;

  /** As `svidmint` makes no certificates of tokens' keys yet, the test does. */
  async function root(publicKey: KeyObject, provider: string): Promise<string> {
    const info = parseSpki(new Uint8Array(publicKey.export({ format: "der", type: "spki" })));
    const chosen = info.ok ? signingAlgorithm("x509", info.value) : info;
    const imported = info.ok ? await platform.importPublicKey(info.value) : info;
    if (!chosen.ok || !imported.ok) throw new Error("not a usable key");
    const handle = await openPkcs11(
      { module: MODULE, token: "svidmint", key: "root", pin: "env:PIN" },
      {
        platform,
        read: () => Promise.reject(new Error("reads nothing")),
        readPrivate: async () => new TextEncoder().encode(PIN),
        env: () => undefined,
        complain: (field, message) => expect.fail(`${field}: ${message}`),
      },
      { provider },
    );
    const signer = handle?.signer?.("root", chosen.value, imported.value);
    if (signer === undefined) throw new Error("no signer");
    try {
      return await rootCertificate(signer);
    } finally {
      await closePkcs11();
    }
  }

  beforeAll(async () => {
    hsm = stack.use(
      await softHsm({ softhsm2: needs.path("softhsm2"), "pkcs11-tool": needs.path("pkcs11-tool") }),
    );
    Object.assign(process.env, hsm.env);
    const provider = packageFolder(needs.path("pkcs11js"));
    const ec = await hsm.generate("root", "01", "EC:prime256v1");
    const rsa = await hsm.generate("jwt", "02", "rsa:2048");
    const common = { backend: "pkcs11", module: MODULE, token: "svidmint", pin: "env:TOKEN_PIN" };
    const entry = { ...common, published_at: "2026-01-01T00:00:00Z" };
    const certificate = inPlace(await root(ec, provider));
    const public_key = inPlace(rsa.export({ format: "pem", type: "spki" }).toString());
    keys = {
      x509: [{ ...entry, id: "root", key: "root", certificate }],
      jwt: [{ ...entry, id: "jwt", key: { label: "jwt", id: "02" }, public_key }],
    };
    env = { ...hsm.env, TOKEN_PIN: PIN, NODE_PATH: dirname(provider) };
    issuer = stack.use(await startSvidmint({ evidence, keys, env }));
  });
  afterAll(() => stack.disposeAsync());

  const children = (): readonly number[] => {
    const list = readFileSync(
      `/proc/${issuer.server.pid}/task/${issuer.server.pid}/children`,
      "utf8",
    );
    return list.trim().split(" ").filter(Boolean).map(Number);
  };
  const issued = async (): Promise<number> => {
    const { certificates } = await issueX509(issuer.url, evidence);
    return certificates.length;
  };

  it("asks the token nothing before the first SVID", async () => {
    expect((await fetchBundle(issuer.url)).keys).toHaveLength(2);
    expect(children()).toEqual([]);
  });

  it("issues an X.509-SVID that verifies under the bundle's root", async () => {
    await expect.poll(issued, PATIENCE).toBe(1);
    const { certificates } = await issueX509(issuer.url, evidence);
    const [rootPem = ""] = splitPem(bundleRoots(await fetchBundle(issuer.url)));
    const authority = new X509Certificate(rootPem);
    const [leaf] = certificates;
    expect(leaf?.verify(authority.publicKey)).toBe(true);
    expect(leaf?.subjectAltName).toBe(`URI:spiffe://${TRUST_DOMAIN}/ci/build`);
    expect(authority.verify(authority.publicKey)).toBe(true);
  });

  it("issues a JWT-SVID that verifies under the bundle's RSA key", async () => {
    const token = await issueJwt(issuer.url, evidence);
    const [head = "", payload = "", signature = ""] = token.split(".");
    const { kid, alg } = JSON.parse(Buffer.from(head, "base64url").toString());
    expect(alg).toBe("RS256");
    const jwk = (await fetchBundle(issuer.url)).keys.find((key) => key.kid === kid);
    const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
    const input = Buffer.from(`${head}.${payload}`);
    expect(verify("sha256", input, key, Buffer.from(signature, "base64url"))).toBe(true);
    expect(children()).toHaveLength(1);
  });

  it("signs on after the token's process was killed", async () => {
    for (const pid of children()) process.kill(pid, "SIGKILL");
    await expect.poll(issued, PATIENCE).toBe(1);
  });

  it("answers 503 while the module hangs, and signs again in another process", async () => {
    for (const pid of children()) process.kill(pid, "SIGSTOP");
    await expect(issued()).rejects.toThrow(/status 503/);
    expect((await fetchBundle(issuer.url)).keys).toHaveLength(2);
    await expect.poll(issued, PATIENCE).toBe(1);
  });

  it("answers 503 while the token is gone, serves the bundle, and signs when it is back", async () => {
    renameSync(hsm.tokens, `${hsm.tokens}-away`);
    await expect(issued()).rejects.toThrow(/status 503/);
    await expect(issueJwt(issuer.url, evidence)).rejects.toThrow(/status 503/);
    expect((await fetchBundle(issuer.url)).keys).toHaveLength(2);
    expect(issuer.server.output()).toContain('"signer_unavailable"');
    renameSync(`${hsm.tokens}-away`, hsm.tokens);
    await expect.poll(issued, PATIENCE).toBe(1);
  });

  it("leaves no process behind, and no PIN in what it printed", async () => {
    const [pid = 0] = children();
    await issuer.server.stop();
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    expect(issuer.server.output()).not.toContain(PIN);
  });

  it("does not start without the package, and says which", async () => {
    const { NODE_PATH: _, ...without } = env;
    await expect(startSvidmint({ evidence, keys, env: without })).rejects.toThrow(
      /npm install pkcs11js/,
    );
  });
});
