import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { portableOpeners } from "../../../src/attestors/openers.ts";
import { encodeBase64 } from "../../../src/encoding/base64.ts";
import { asciiDecode, utf8Encode } from "../../../src/encoding/bytes.ts";
import { decodePem, encodePem } from "../../../src/encoding/pem.ts";
import { createApp } from "../../../src/handlers/app.ts";
import type { Issuer } from "../../../src/issuer/issuer.ts";
import { createMetrics } from "../../../src/issuer/metrics.ts";
import { openStored, type StoredDocument } from "../../../src/issuer/stored-config.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { openAwsKms } from "../../../src/signer/aws-kms.ts";
import { openLocal } from "../../../src/signer/local.ts";
import { parseCertificate } from "../../../src/svid/certificate.ts";
import { FLIPPED_BIT } from "../../fakes/aws-kms-faults.ts";
import { failure, FakeKms, keyArn, KMS_VARIABLES } from "../../fakes/aws-kms.ts";
import {
  compiled,
  refusal,
  secretKey,
  source,
  type Json,
  type Source,
} from "../issuer/stored-world.ts";
import { AUDIENCE, ENDPOINT, ISSUER } from "../issuer/names.ts";
import { workload, type Workload } from "../issuer/world.ts";
import { expectUnavailable } from "./fault-bench.ts";

const now = (): number => Math.floor(Date.now() / 1000);
let origin: Source;
let stored: StoredDocument;
let kms: FakeKms;
let alice: Workload;
let lines: string[];
let issuer: Issuer;

/** The world's own keys, moved into the key service. */
beforeAll(async () => {
  origin = await source(now);
  const { platform, document } = origin;
  kms = new FakeKms(platform);
  const moved = async (use: string, secret: string, told: boolean): Promise<Json[]> => {
    const key = await secretKey(origin, secret);
    const [entry] = document.keys[use] as Json[];
    const { private_key: _left, ...rest } = entry ?? {};
    const pem = encodePem("PUBLIC KEY", key.publicKey.spki);
    const public_key = `data:;base64,${encodeBase64(utf8Encode(pem))}`;
    const arn = kms.add(use, key);
    return [{ ...rest, backend: "aws_kms", key: arn, ...(told && { public_key }) }];
  };
  const keys = {
    x509: await moved("x509", "ROOT_KEY", false),
    jwt: await moved("jwt", "JWT_KEY", true),
    wit: await moved("wit", "WIT_KEY", true),
  };
  stored = await compiled(origin, { keys });
  alice = await workload({ platform, now: now() });
});

function open(backends = { local: openLocal, aws_kms: openAwsKms }): Promise<Issuer> {
  return openStored(stored, {
    platform: webCryptoPlatform({ now, fetch: kms.fetch }),
    attestors: portableOpeners,
    stores: {},
    backends,
    env: (name) => KMS_VARIABLES[name],
    read: origin.read,
    audit: { write: (line) => void lines.push(line) },
    metrics: createMetrics(),
  });
}

beforeEach(async () => {
  lines = [];
  kms.asked.length = 0;
  kms.signed.length = 0;
  kms.fault = () => undefined;
  issuer = await open();
});

async function post(claims: object, request: object, by = alice): Promise<Response> {
  const times = { iat: now() - 10, exp: now() + 600 };
  const token = await origin.ci.sign({
    iss: "https://ci.example",
    sub: "build",
    aud: alice.bound,
    job: "deploy",
    ...times,
    ...claims,
  });
  const body = JSON.stringify({ evidence: [{ type: "oidc", token }], ...request });
  const headers = { "content-type": "application/json", dpop: await by.dpop(body) };
  return createApp(issuer, { openapi: "{}" }).fetch(
    new Request(ENDPOINT, { method: "POST", body, headers }),
  );
}

const both = () => ({ x509: { csr: alice.csr }, jwt: { audience: [AUDIENCE] } });

describe("an issuer whose keys are in AWS KMS, from a compiled configuration", () => {
  it("signs each SVID there, and nothing else", async () => {
    const answer = await post({}, both());
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      x509: { certificate_chain: expect.stringContaining("BEGIN CERTIFICATE") },
      jwt: { token: expect.stringMatching(/^ey/) },
    });
    expect(kms.signed.map(({ arn }) => arn)).toEqual([keyArn("x509"), keyArn("jwt")]);
    expect(lines.map((line) => JSON.parse(line).event)).toEqual(["intent", "outcome"]);
  });

  it("has nothing signed but what is ours, after the intent (the ledger)", async () => {
    let before: number | undefined;
    kms.fault = () => {
      before ??= lines.length;
      return undefined;
    };
    const answer: unknown = await (await post({}, both())).json();
    const { x509, jwt } = answer as Record<"x509" | "jwt", Record<string, string>>;
    expect(lines.slice(0, before).map((line) => JSON.parse(line).event)).toEqual(["intent"]);
    const [tbs, input] = kms.signed.map(({ message }) => message);
    const blocks = decodePem(x509["certificate_chain"] ?? "", "CERTIFICATE");
    const certificate = parseCertificate((blocks.ok && blocks.value[0]) || new Uint8Array(0));
    expect(certificate.ok && certificate.value.tbs).toEqual(tbs);
    const token = jwt["token"] ?? "";
    expect(asciiDecode(input ?? new Uint8Array(0))).toBe(token.slice(0, token.lastIndexOf(".")));
    expect(kms.signed).toHaveLength(2);
  });

  it("asks KMS nothing for the public documents, readiness and refused requests (DS-1)", async () => {
    const mallory = await workload({ platform: origin.platform, now: now() });
    for (const path of ["/bundle", "/bundle/wit", "/.well-known/jwks.json", "/readyz"]) {
      const url = new Request(ISSUER + path);
      expect((await createApp(issuer, { openapi: "{}" }).fetch(url)).status).toBe(200); // oxlint-disable-line no-await-in-loop
    }
    for (const answer of [
      await post({ job: "denied" }, both()),
      await post({ job: "unknown" }, both()),
      await post({ iat: now() - 900, exp: now() - 300 }, both()),
      await post({ aud: "https://other.example" }, both()),
      await post({}, both(), mallory),
      await post({}, { x509: { csr: mallory.csr } }, mallory),
      await post({}, { x509: { csr: "no csr" } }),
      await post({}, { jwt: { audience: ["https://elsewhere.example"] } }),
      await post({}, {}),
    ])
      expect(answer.status).toBeGreaterThanOrEqual(400);
    expect([kms.asked, kms.signed]).toEqual([[], []]);
    expect(lines.map((line) => JSON.parse(line).event)).not.toContain("intent");
  });

  it("flips a bit: no SVID, an alarm that is counted", async () => {
    kms.fault = FLIPPED_BIT;
    await expectUnavailable(await post({}, both()));
    expect(kms.asked).toHaveLength(1);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: "intent" },
      { event: "alarm", alarm: "signature_unsound" },
      { event: "outcome", result: "failed", reason: "signature_unsound" },
    ]);
    expect(issuer.metrics.render()).toMatch(/svidmint_alarms_total\{alarm="signature_unsound"\} 1/);
  });

  it("denies: no SVID, one call, the cause in the audit log and nowhere else", async () => {
    kms.fault = () => failure("AccessDeniedException");
    await expectUnavailable(await post({}, both()));
    expect(kms.asked).toHaveLength(1);
    const outcome = JSON.parse(lines.at(-1) ?? "{}");
    expect(outcome).toMatchObject({ result: "failed", reason: "signer_unavailable" });
    expect(lines.join("\n")).not.toContain("hunter2");
  });

  it("does not start where the deployment's entry lists no AWS KMS", async () => {
    const told = await refusal(open({ local: openLocal } as never));
    expect(told).toContain("keys.jwt.0.backend: this deployment does not list aws_kms");
  });
});
