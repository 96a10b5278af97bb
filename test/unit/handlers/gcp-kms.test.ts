import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { portableOpeners } from "../../../src/attestors/openers.ts";
import { encodeBase64 } from "../../../src/encoding/base64.ts";
import { asciiDecode, utf8Encode } from "../../../src/encoding/bytes.ts";
import { decodePem, encodePem } from "../../../src/encoding/pem.ts";
import { createApp } from "../../../src/handlers/app.ts";
import type { Issuer } from "../../../src/issuer/issuer.ts";
import { createMetrics } from "../../../src/issuer/metrics.ts";
import { openStored, type StoredDocument } from "../../../src/issuer/stored-config.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import { thumbprint } from "../../../src/platform/thumbprint.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { wrapKey, wrappingContext } from "../../../src/signer/envelope.ts";
import { openGcpKms } from "../../../src/signer/gcp-kms.ts";
import { allModes } from "../../../src/signer/modes.ts";
import { parseCertificate } from "../../../src/svid/certificate.ts";
import { assembleCertificate } from "../../../src/svid/x509-svid.ts";
import { FakeGcpKms, RING, versionName } from "../../fakes/gcp-kms.ts";
import { UNSOUND } from "../../fakes/gcp-kms-faults.ts";
import { refuse } from "../../fakes/gcp-kms-protocol.ts";
import { fromBase64 } from "../../fakes/keys.ts";
import { compiled, source, type Json, type Source } from "../issuer/stored-world.ts";
import { AUDIENCE, ENDPOINT, ISSUER, TRUST_DOMAIN } from "../issuer/names.ts";
import { workload, type Workload } from "../issuer/world.ts";
import { expectUnavailable } from "./fault-bench.ts";

const now = (): number => Math.floor(Date.now() / 1000);
const ES256 = { name: "ECDSA", hash: "SHA-256" } as const;
const TOKEN = "ya29.issuer";
const WRAP = `${RING}/cryptoKeys/wrap`;
let origin: Source;
let stored: StoredDocument;
let kms: FakeGcpKms;
let alice: Workload;
let lines: string[];
let issuer: Issuer;

async function keyIn(secret: string): Promise<PrivateKey> {
  const blocks = decodePem(origin.secrets[secret] ?? "", "PRIVATE KEY", { max: 1 });
  const [der = new Uint8Array()] = blocks.ok ? blocks.value : [];
  const key = await origin.platform.importPrivateKey(der);
  if (!key.ok) throw new Error("no key");
  return key.value;
}

const inPlace = (text: string): string => `data:;base64,${encodeBase64(utf8Encode(text))}`;

/** As an operator wraps it: with a data key that the service encrypted for this use of it. */
async function wrappedKey(key: PrivateKey): Promise<string> {
  const { platform } = origin;
  const whose = { trustDomain: TRUST_DOMAIN, use: "jwt" } as const;
  const kid = await thumbprint(platform, key.publicKey.info);
  const plain = platform.random(32);
  const answer = await kms.dataKeys.answer(WRAP, ":encrypt", {
    plaintext: encodeBase64(plain),
    additionalAuthenticatedData: btoa(wrappingContext({ ...whose, kid })),
  });
  if (answer instanceof Response) throw new Error("not encrypted");
  const wrapped = fromBase64(String(answer["ciphertext"]));
  return inPlace(await wrapKey(key, whose, { plain, wrapped }, platform));
}

/** The world's own keys: the root's delegates, the JWT key lies wrapped, the WIT key signs where it is. */
beforeAll(async () => {
  origin = await source(now);
  kms = new FakeGcpKms(origin.platform);
  kms.permissions.set(TOKEN, new Set(["useToSign", "useToDecrypt"]));
  await kms.dataKeys.add(WRAP);
  const entryOf = (use: string): Json => {
    const [entry] = origin.document.keys[use] as Json[];
    const { private_key: _left, ...rest } = entry ?? {};
    return { ...rest, backend: "gcp_kms" };
  };
  const publicKey = (key: PrivateKey) => inPlace(encodePem("PUBLIC KEY", key.publicKey.spki));
  const [root, jwt, wit] = [
    await keyIn("ROOT_KEY"),
    await keyIn("JWT_KEY"),
    await keyIn("WIT_KEY"),
  ];
  const wrapped = { mode: "wrapped", key: WRAP, wrapped_key: await wrappedKey(jwt) };
  const keys = {
    x509: [
      { ...entryOf("x509"), mode: "delegated", key: kms.add("x509", root, "EC_SIGN_P256_SHA256") },
    ],
    jwt: [{ ...entryOf("jwt"), ...wrapped, public_key: publicKey(jwt) }],
    wit: [
      {
        ...entryOf("wit"),
        key: kms.add("wit", wit, "EC_SIGN_P256_SHA256"),
        public_key: publicKey(wit),
      },
    ],
  };
  stored = await compiled(origin, { keys });
  alice = await workload({ platform: origin.platform, now: now() });
});

beforeEach(async () => {
  lines = [];
  kms.asked.length = 0;
  kms.ledger.length = 0;
  kms.fault = () => undefined;
  const fetch = async (url: string, init: RequestInit): Promise<Response> =>
    url.startsWith("http://metadata.google.internal/")
      ? Response.json({ access_token: TOKEN, expires_in: 3600 })
      : kms.fetch(url, init);
  const platform = kms.hashing(webCryptoPlatform({ now, fetch }));
  issuer = await openStored(stored, {
    platform,
    attestors: portableOpeners,
    stores: {},
    backends: { gcp_kms: openGcpKms },
    modes: allModes,
    metrics: createMetrics(),
    env: () => undefined,
    read: origin.read,
    audit: { write: (line) => void lines.push(line) },
  });
});

async function post(claims: object, request: object): Promise<Response> {
  const times = { iat: now() - 10, exp: now() + 600 };
  const who = { iss: "https://ci.example", sub: "build", aud: alice.bound, job: "deploy" };
  const token = await origin.ci.sign({ ...who, ...times, ...claims });
  const body = JSON.stringify({ evidence: [{ type: "oidc", token }], ...request });
  const headers = { "content-type": "application/json", dpop: await alice.dpop(body) };
  return createApp(issuer, { openapi: "{}" }).fetch(
    new Request(ENDPOINT, { method: "POST", body, headers }),
  );
}

const all = () => ({ x509: { csr: alice.csr }, jwt: { audience: [AUDIENCE] }, wit: {} });
const events = () => lines.map((line) => JSON.parse(line).event);

describe("an issuer whose keys are in Google Cloud KMS, from a compiled configuration", () => {
  it("asks for an intermediate once, for a data key once, and for each SVID of a direct key", async () => {
    for (let i = 0; i < 3; i++) expect((await post({}, all())).status).toBe(200); // oxlint-disable-line no-await-in-loop
    const asked = kms.asked.map(({ name, method }) => [name, method].join(""));
    const direct = `${versionName("wit")}:asymmetricSign`;
    expect(asked.toSorted()).toEqual(
      [
        `${WRAP}:decrypt`,
        `${versionName("x509")}:asymmetricSign`,
        direct,
        direct,
        direct,
      ].toSorted(),
    );
  });

  it("has nothing signed but what is ours, after it was written down (the ledger)", async () => {
    const before: number[] = [];
    kms.fault = () => {
      before.push(events().filter((event) => event !== "outcome").length);
      return undefined;
    };
    const answer = (await (await post({}, all())).json()) as { wit: { token: string } };
    expect(Math.min(...before)).toBeGreaterThan(0);
    const [tbs, input] = kms.ledger.map((signed) => kms.messageOf(signed));
    const certificate = parseCertificate(
      assembleCertificate(tbs ?? new Uint8Array(), ES256, new Uint8Array(64).fill(1)),
    );
    expect(certificate.ok && certificate.value.extensions.basicConstraints).toMatchObject({
      ca: true,
      pathLength: 0,
    });
    const { token } = answer.wit;
    expect(asciiDecode(input ?? new Uint8Array())).toBe(token.slice(0, token.lastIndexOf(".")));
    expect(kms.ledger).toHaveLength(2);
  });

  it("asks KMS nothing for the public documents, readiness and refused requests (DS-1)", async () => {
    for (const path of ["/bundle", "/bundle/wit", "/.well-known/jwks.json", "/readyz"]) {
      const url = new Request(ISSUER + path);
      expect((await createApp(issuer, { openapi: "{}" }).fetch(url)).status).toBe(200); // oxlint-disable-line no-await-in-loop
    }
    for (const answer of [
      await post({ job: "denied" }, all()),
      await post({ job: "unknown" }, all()),
      await post({ iat: now() - 900, exp: now() - 300 }, all()),
      await post({ aud: "https://other.example" }, all()),
      await post({}, { ...all(), jwt: { audience: ["https://elsewhere.example"] } }),
      await post({}, {}),
    ])
      expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(kms.asked).toEqual([]);
    expect(events()).not.toContain("intent");
  });

  it.each(["x509", "jwt", "wit"] as const)(
    "denies: no SVID by the %s key, the cause in the audit log and nowhere else",
    async (kind) => {
      kms.fault = () => refuse(403, "PERMISSION_DENIED");
      await expectUnavailable(await post({}, { [kind]: all()[kind] }));
      const outcome = JSON.parse(lines.at(-1) ?? "{}");
      expect(outcome).toMatchObject({ reason: "signer_unavailable" });
      expect(lines.join("\n")).toContain("PERMISSION_DENIED");
      expect(lines.join("\n")).not.toMatch(/hunter2|ya29/);
    },
  );

  it("answers with another version of the key: no SVID, an alarm that is counted", async () => {
    const { "another version of the key": fault } = UNSOUND;
    if (fault !== undefined) kms.fault = fault;
    await expectUnavailable(await post({}, { wit: {} }));
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: "intent" },
      { event: "alarm", alarm: "signature_unsound" },
      { event: "outcome", result: "failed", reason: "signature_unsound" },
    ]);
    expect(issuer.metrics.render()).toMatch(/svidmint_alarms_total\{alarm="signature_unsound"\} 1/);
  });
});
