import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { portableOpeners } from "../../../src/attestors/openers.ts";
import { encodeBase64 } from "../../../src/encoding/base64.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { decodePem, encodePem } from "../../../src/encoding/pem.ts";
import { createApp } from "../../../src/handlers/app.ts";
import { openStored, type StoredDocument } from "../../../src/issuer/stored-config.ts";
import { thumbprint } from "../../../src/platform/thumbprint.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { openAwsKms } from "../../../src/signer/aws-kms.ts";
import { wrapKey, wrappingContext } from "../../../src/signer/envelope.ts";
import { openLocal } from "../../../src/signer/local.ts";
import { allModes } from "../../../src/signer/modes.ts";
import { parseCertificate } from "../../../src/svid/certificate.ts";
import { failure, FakeKms, keyArn, KMS_VARIABLES } from "../../fakes/aws-kms.ts";
import { AUDIENCE, ENDPOINT, ISSUER } from "../issuer/names.ts";
import { compiled, secretKey, source, type Json, type Source } from "../issuer/stored-world.ts";
import { workload, type Workload } from "../issuer/world.ts";
import { expectUnavailable } from "./fault-bench.ts";

const now = (): number => Math.floor(Date.now() / 1000);
const inPlace = (text: string) => `data:;base64,${encodeBase64(utf8Encode(text))}`;
let origin: Source;
let stored: StoredDocument;
let kms: FakeKms;
let alice: Workload;
let lines: string[];
let app: ReturnType<typeof createApp>;

/** The world's own keys: the root moved into the key service, those of tokens wrapped by it. */
beforeAll(async () => {
  origin = await source(now);
  const { platform, document } = origin;
  kms = new FakeKms(platform);
  const bare = (use: string): Json => {
    const [entry] = document.keys[use] as Json[];
    const { private_key: _left, ...rest } = entry ?? {};
    return { ...rest, backend: "aws_kms" };
  };
  const wrapped = async (use: "jwt" | "wit", secret: string): Promise<Json[]> => {
    const key = await secretKey(origin, secret);
    const { info, spki } = key.publicKey;
    const whom = { trustDomain: String(document.trust_domain), use };
    const context = wrappingContext({ ...whom, kid: await thumbprint(platform, info) });
    const arn = await kms.addSymmetric(`wrap-${use}`);
    const plain = platform.random(32);
    const dataKey = { plain, wrapped: await kms.encrypt(arn, plain, { svidmint: context }) };
    const file = await wrapKey(key, whom, dataKey, platform);
    const files = {
      wrapped_key: inPlace(file),
      public_key: inPlace(encodePem("PUBLIC KEY", spki)),
    };
    return [{ ...bare(use), mode: "wrapped", key: arn, ...files }];
  };
  const root = kms.add("root", await secretKey(origin, "ROOT_KEY"));
  stored = await compiled(origin, {
    keys: {
      x509: [{ ...bare("x509"), mode: "delegated", key: root }],
      jwt: await wrapped("jwt", "JWT_KEY"),
      wit: await wrapped("wit", "WIT_KEY"),
    },
  });
  alice = await workload({ platform, now: now() });
});

beforeEach(async () => {
  lines = [];
  kms.asked.length = 0;
  kms.signed.length = 0;
  kms.fault = () => undefined;
  const issuer = await openStored(stored, {
    platform: webCryptoPlatform({ now, fetch: kms.fetch }),
    attestors: portableOpeners,
    stores: {},
    backends: { local: openLocal, aws_kms: openAwsKms },
    modes: allModes,
    env: (name) => KMS_VARIABLES[name],
    read: origin.read,
    audit: { write: (line) => void lines.push(line) },
  });
  app = createApp(issuer, { openapi: "{}" });
});

async function post(claims: object = {}): Promise<Response> {
  const token = await origin.ci.sign({
    iss: "https://ci.example",
    sub: "build",
    aud: alice.bound,
    job: "deploy",
    iat: now() - 10,
    exp: now() + 600,
    ...claims,
  });
  const request = { x509: { csr: alice.csr }, jwt: { audience: [AUDIENCE] } };
  const body = JSON.stringify({ evidence: [{ type: "oidc", token }], ...request });
  const headers = { "content-type": "application/json", dpop: await alice.dpop(body) };
  return app.fetch(new Request(ENDPOINT, { method: "POST", body, headers }));
}

const kinds = () => kms.asked.map((asked) => ("Message" in asked ? "Sign" : "Decrypt"));
const events = () => lines.map((line): string => JSON.parse(line).event);

describe("an issuer whose root and data keys are in AWS KMS", () => {
  it("asks for one signature and one data key, however much it issues, and many at once", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => post()));
    for (let i = 0; i < 20; i++) answers.push(await post()); // oxlint-disable-line no-await-in-loop
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200));
    expect(kinds().toSorted()).toEqual(["Decrypt", "Sign"]);
  });

  it("has nothing signed but an intermediate of ours, after it was recorded (the ledger)", async () => {
    let before: string[] = [];
    kms.fault = (answer) => {
      if (answer.Signature !== undefined) before = events();
      return undefined;
    };
    const answer = (await (await post()).json()) as Record<string, Record<string, string>>;
    expect(before).toContain("intermediate");
    const chain = decodePem(answer["x509"]?.["certificate_chain"] ?? "", "CERTIFICATE");
    const [, der] = chain.ok ? chain.value : [];
    const intermediate = parseCertificate(der ?? new Uint8Array(0));
    const tbs = intermediate.ok && intermediate.value.tbs;
    expect(kms.signed).toEqual([{ arn: keyArn("root"), message: tbs }]);
  });

  it("is asked nothing for refused requests, the bundle and readiness (DS-1)", async () => {
    for (const path of ["/bundle", "/bundle/wit", "/.well-known/jwks.json", "/readyz"])
      expect((await app.fetch(new Request(ISSUER + path))).status).toBe(200); // oxlint-disable-line no-await-in-loop
    for (const claims of [{ job: "denied" }, { exp: now() - 300 }, { aud: "https://b.example" }])
      expect((await post(claims)).status).toBe(403); // oxlint-disable-line no-await-in-loop
    expect(kms.asked).toEqual([]);
  });

  it.each([
    ["Sign", (answer: { readonly Signature?: string }) => answer.Signature !== undefined],
    ["Decrypt", (answer: { readonly Signature?: string }) => answer.Signature === undefined],
  ])("gives nothing while %s is denied, and the answer says no more", async (_, concerned) => {
    kms.fault = (answer) => (concerned(answer) ? failure("AccessDeniedException") : undefined);
    await expectUnavailable(await post());
    expect(lines.join("\n")).toContain("AccessDeniedException");
    expect(lines.join("\n")).not.toContain("hunter2");
  });
});
