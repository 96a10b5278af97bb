import * as fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { parseEvidence } from "../../../src/cli/evidence-input.ts";
import { printDescriptions } from "../../../src/cli/inspect/description.ts";
import { describeInput } from "../../../src/cli/inspect/detect.ts";
import { encodeBase64, encodeBase64url } from "../../../src/encoding/base64.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { encodePem } from "../../../src/encoding/pem.ts";
import { jwkOf } from "../../../src/encoding/public-key.ts";
import { csrDer, commonName } from "../../fakes/csr.ts";
import { nearly, nearlyText } from "../../unit/property/mutants.ts";
import { platform } from "../../unit/svid/forge.ts";
import { mint, minter, profileFor } from "../../unit/svid/mint.ts";

/** `svidmint inspect` on what is good but for a little; of anything whatever it describes nothing. */

let documents: Readonly<Record<string, fc.Arbitrary<Uint8Array>>>;
beforeAll(async () => {
  const ca = await minter("P-256");
  const key = await platform.generateKey("P-256");
  const certificate = await mint(await profileFor(key.publicKey.spki), ca);
  const csr = await csrDer(platform, key, { subject: commonName("workload") });
  const token = [
    '{"alg":"ES256","kid":"k","typ":"JWT"}',
    '{"sub":"spiffe://a/b","exp":1,"aud":["x"]}',
    "s",
  ]
    .map((part) => encodeBase64url(utf8Encode(part)))
    .join(".");
  const jwk = jwkOf(key.publicKey.info);
  const root = {
    ...jwkOf(ca.key.publicKey.info),
    use: "x509-svid",
    x5c: [encodeBase64(certificate)],
  };
  const pem = (label: string) => (der: Uint8Array) => utf8Encode(encodePem(label, der));
  const text = (good: string) => nearlyText(good).map((one) => utf8Encode(one));
  documents = {
    certificate: nearly(certificate),
    "certificate in PEM": nearly(certificate).map(pem("CERTIFICATE")),
    request: nearly(csr).map(pem("CERTIFICATE REQUEST")),
    "public key": nearly(key.publicKey.spki).map(pem("PUBLIC KEY")),
    token: text(token),
    bundle: text(
      JSON.stringify({ keys: [root, { ...jwk, use: "jwt-svid", kid: "k" }], spiffe_sequence: 1 }),
    ),
    answer: text(JSON.stringify({ jwt: { token, spiffe_id: "spiffe://a/b" } })),
  };
});

describe("svidmint inspect", () => {
  it.each([
    "certificate",
    "certificate in PEM",
    "request",
    "public key",
    "token",
    "bundle",
    "answer",
  ])("makes no fault of what is nearly a good %s, and prints visible ASCII", async (name) => {
    const printed = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    const count = { described: 0, refused: 0 };
    try {
      await fc.assert(
        fc.asyncProperty(documents[name] ?? fc.constant(new Uint8Array()), async (bytes) => {
          const described = await describeInput(bytes);
          count[described.ok ? "described" : "refused"]++;
          if (described.ok) printDescriptions(described.value);
          parseEvidence(bytes);
        }),
        { numRuns: 1000 },
      );
      const odd = printed.mock.calls.map(String).filter((line) => !/^[\x20-\x7e…\n]*$/.test(line));
      expect(odd).toEqual([]);
    } finally {
      printed.mockRestore();
    }
    expect(Math.min(count.described, count.refused)).toBeGreaterThan(10);
  });
});
