import {
  constants,
  createPublicKey,
  publicEncrypt,
  verify,
  X509Certificate,
  type KeyObject,
} from "node:crypto";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeEvidenceIssuer, TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { runChecked } from "../../scripts/interop/processes.ts";
import { projectRoot } from "../../scripts/interop/programs.ts";
import { startSvidmint, type Svidmint } from "../../scripts/interop/svidmint.ts";
import { encodePem } from "../../src/encoding/pem.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";
import { DATA_KEY_BYTES, wrapKey } from "../../src/signer/envelope.ts";
import { counterparts } from "./support/counterparts.ts";
import { MODULE, packageFolder, PIN, softHsm, type SoftHsm } from "./support/softhsm.ts";
import { bundleRoots, fetchBundle, issueJwt, issueX509, splitPem } from "./support/svids.ts";

const needs = counterparts("softhsm2", "pkcs11-tool", "pkcs11js");
const platform = nodePlatform();
const PATIENCE = { interval: 100 };
const spkiPem = (key: KeyObject): string => key.export({ format: "pem", type: "spki" }).toString();
const TOKEN = { backend: "pkcs11", module: MODULE, token: "svidmint", pin: "env:TOKEN_PIN" };
type Entries = readonly Readonly<Record<string, unknown>>[];
/** Of a JWS, what is signed, the signature and the header. */
function partsOf(token: string): readonly [Buffer, Buffer, string] {
  const [head = "", payload = "", signature = ""] = token.split(".");
  return [Buffer.from(`${head}.${payload}`), Buffer.from(signature, "base64url"), head];
}
const inPlace = (pem: string): string => `data:;base64,${btoa(pem)}`;

describe.skipIf(needs.absent)(`svidmint serve with its keys on a token${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const evidence = makeEvidenceIssuer();
  let hsm: SoftHsm;
  let env: Record<string, string>;
  let keys: { readonly x509: Entries; readonly jwt: Entries };
  let issuer: Svidmint;

  /** As an operator makes it: by the key on the token. */
  async function rootCertificate(publicKey: KeyObject): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), "svidmint-ceremony-"));
    try {
      writeFileSync(join(folder, "root.pub"), spkiPem(publicKey));
      const ceremony = {
        trust_domain: TRUST_DOMAIN,
        subject: { common_name: "root" },
        lifetime: "3650d",
        key: { ...TOKEN, key: "root", public_key: "file:root.pub" },
      };
      writeFileSync(join(folder, "root.ca.yaml"), JSON.stringify(ceremony));
      const args = ["ca", "init", "root.ca.yaml", "--out", "root.pem"];
      const command = join(projectRoot, "dist/cli/main.js");
      await runChecked(process.execPath, [command, ...args], {
        cwd: folder,
        env,
        deadlineMs: 60_000,
      });
      return readFileSync(join(folder, "root.pem"), "utf8");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  beforeAll(async () => {
    hsm = stack.use(
      await softHsm({ softhsm2: needs.path("softhsm2"), "pkcs11-tool": needs.path("pkcs11-tool") }),
    );
    env = {
      ...hsm.env,
      TOKEN_PIN: PIN,
      NODE_PATH: dirname(packageFolder(needs.path("pkcs11js"))),
    };
    const ec = await hsm.generate("root", "01", "EC:prime256v1");
    const rsa = await hsm.generate("jwt", "02", "rsa:2048");
    const entry = { ...TOKEN, published_at: "2026-01-01T00:00:00Z" };
    const certificate = inPlace(await rootCertificate(ec));
    const public_key = inPlace(spkiPem(rsa));
    keys = {
      x509: [{ ...entry, id: "root", key: "root", certificate }],
      jwt: [{ ...entry, id: "jwt", key: { label: "jwt", id: "02" }, public_key }],
    };
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

  async function withoutToken(run: () => Promise<void>): Promise<void> {
    const away = join(dirname(dirname(hsm.token)), "away");
    renameSync(hsm.token, away);
    try {
      await run();
    } finally {
      renameSync(away, hsm.token);
    }
  }

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
    const [input, signature, head] = partsOf(await issueJwt(issuer.url, evidence));
    const { kid, alg } = JSON.parse(Buffer.from(head, "base64url").toString());
    expect(alg).toBe("RS256");
    const jwk = (await fetchBundle(issuer.url)).keys.find((key) => key.kid === kid);
    const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
    expect(verify("sha256", input, key, signature)).toBe(true);
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

  it("answers 503 while the token is gone, raises an alarm, serves the bundle, and signs when it is back", async () => {
    await withoutToken(async () => {
      await expect(issued()).rejects.toThrow(/status 503/);
      await expect(issueJwt(issuer.url, evidence)).rejects.toThrow(/status 503/);
      expect((await fetchBundle(issuer.url)).keys).toHaveLength(2);
      await expect
        .poll(async () => {
          await expect(issued()).rejects.toThrow(/status 503/);
          return issuer.server.output();
        }, PATIENCE)
        .toMatch(/"alarm":"key_denied".*it is not there/);
    });
    await expect.poll(issued, PATIENCE).toBe(1);
  });

  it("leaves no process behind, and no PIN in what it printed", async () => {
    const [pid = 0] = children();
    await issuer.server.stop();
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    expect(issuer.server.output()).not.toContain(PIN);
  });

  it("signs by an intermediate of the root on the token, and by a key that the token unwraps once", async () => {
    const wrapping = await hsm.generate("wrap", "03", "rsa:2048");
    const key = await platform.generateKey("P-256");
    const use = { trustDomain: TRUST_DOMAIN, use: "jwt" } as const;
    const plain = platform.random(DATA_KEY_BYTES);
    // SoftHSM has no other hash.
    const oaep = { key: wrapping, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" };
    const dataKey = { plain, wrapped: new Uint8Array(publicEncrypt(oaep, plain)) };
    const file = await wrapKey(key, use, dataKey, platform);
    const { x509, jwt } = keys;
    const spared = {
      x509: x509.map((entry) => ({ ...entry, mode: "delegated" })),
      jwt: jwt.map((entry) => ({
        ...entry,
        mode: "wrapped",
        key: "wrap",
        oaep_hash: "sha1",
        wrapped_key: inPlace(file),
        public_key: inPlace(encodePem("PUBLIC KEY", key.publicKey.spki)),
      })),
    };
    await using sparing = await startSvidmint({ evidence, keys: spared, env });
    await expect
      .poll(async () => (await issueX509(sparing.url, evidence)).certificates.length, PATIENCE)
      .toBe(2);
    await expect.poll(() => issueJwt(sparing.url, evidence), PATIENCE).toMatch(/^ey/);
    // What was unwrapped and certified is had: the token is not needed until the intermediate is old.
    await withoutToken(async () => {
      const { certificates } = await issueX509(sparing.url, evidence);
      const [leaf, intermediate] = certificates;
      const [rootPem = ""] = splitPem(bundleRoots(await fetchBundle(sparing.url)));
      const authority = new X509Certificate(rootPem);
      expect(intermediate?.verify(authority.publicKey)).toBe(true);
      expect(leaf?.checkIssued(intermediate ?? authority)).toBe(true);
      expect(leaf?.verify((intermediate ?? authority).publicKey)).toBe(true);
      const [input, signature] = partsOf(await issueJwt(sparing.url, evidence));
      const publicKey = createPublicKey({
        key: Buffer.from(key.publicKey.spki),
        format: "der",
        type: "spki",
      });
      const raw = { key: publicKey, dsaEncoding: "ieee-p1363" } as const;
      expect(verify("sha256", input, raw, signature)).toBe(true);
    });
  });

  it("does not start without the package, and says which", async () => {
    const { NODE_PATH: _, ...without } = env;
    await expect(startSvidmint({ evidence, keys, env: without })).rejects.toThrow(
      /npm install pkcs11js/,
    );
  });
});
