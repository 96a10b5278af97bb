import { svidVerifier } from "../../client/verify.ts";
import { utf8Decode } from "../../encoding/bytes.ts";
import { parseJws } from "../../encoding/jws.ts";
import { decodePem } from "../../encoding/pem.ts";
import { fail, ok, type Result } from "../../result.ts";
import type { BundleUsed } from "../../svid/bundle-verifier.ts";
import { WIT_SVID_TYPE } from "../../svid/wit-svid.ts";
import { readBundles } from "../bundle-input.ts";
import { defineCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import { readInput } from "../files.ts";
import { platform } from "../key-file.ts";
import { print, printFields, printJson } from "../output.ts";
import { formatDuration, formatTime } from "../time.ts";
import { failureJson, printFailure } from "../verdict.ts";

const MAX_BYTES = 256 * 1024;
const MAX_CERTIFICATES = 10;

export default defineCommand({
  about:
    "Verifies an X.509-SVID (PEM, leaf first), JWT-SVID or WIT-SVID with the bundle of the trust domain that it names, and says which bundle that was and how old. Bundles are of the trust domain that they are given for and never stand in for one another. Of a WIT-SVID its own claims are verified, not who holds its key.",
  args: {
    file: {
      type: "positional",
      required: false,
      description: "PEM chain or token; standard input where there is none",
    },
    bundle: {
      type: "string",
      valueHint: "TD=FILE|URL",
      description: "the bundle of this trust domain",
    },
    bundles: { type: "string", valueHint: "FILE|URL", description: "a Bundle Map" },
    audience: {
      type: "string",
      valueHint: "AUD",
      description: "whom a JWT-SVID has to be for; required with one",
    },
    json: { type: "boolean", description: "print JSON" },
  },
  examples: [
    {
      does: "a certificate by a live bundle",
      command: "svidmint verify svid.pem --bundle prod.example.org=http://127.0.0.1:8443/bundle",
    },
    {
      does: "a token by whichever bundle of the map is its own",
      command:
        "svidmint verify token.jwt --bundles bundles.json --audience https://orders.example.org",
    },
  ],
  exits: "0 it verifies, 1 it does not, 2 wrong usage or bundle",
  async run(args) {
    if (args.bundle === undefined && args.bundles === undefined)
      throw new UsageError("say what to verify with: --bundle TRUST_DOMAIN=FILE|URL, or --bundles");
    const source = await readBundles(args.bundle, args.bundles);
    const verified = await verify(await readInput(args.file, MAX_BYTES), source, args.audience);
    if (!verified.ok) {
      if (args.json === true) printJson({ verified: false, ...failureJson(verified.error) });
      else printFailure(verified.error);
      return 1;
    }
    const { kind, spiffeId, expiresAt, bundle } = verified.value;
    if (args.json === true)
      printJson({
        verified: true,
        kind,
        spiffe_id: spiffeId,
        expires_at: expiresAt,
        bundle: bundleJson(bundle),
      });
    else {
      print(`${kind}: verified`);
      printFields(
        [
          ["SPIFFE ID", spiffeId],
          ["expires", formatTime(expiresAt)],
          ["bundle of", bundle.trustDomain],
          ["sequence", bundle.sequence === undefined ? "none" : String(bundle.sequence)],
          ["its age", formatDuration(Math.floor(bundle.ageSeconds ?? 0))],
        ],
        "  ",
      );
    }
    return 0;
  },
});

interface Answer {
  readonly kind: "X.509-SVID" | "JWT-SVID" | "WIT-SVID";
  readonly spiffeId: string;
  readonly expiresAt: number;
  readonly bundle: BundleUsed;
}

async function verify(
  bytes: Uint8Array,
  source: Parameters<typeof svidVerifier>[0],
  audience: string | undefined,
): Promise<Result<Answer>> {
  const verifier = svidVerifier(source, platform);
  const text = utf8Decode(bytes)?.trim();
  if (text === undefined) return fail("evidence_malformed", "neither PEM nor a token");
  if (text.startsWith("-----BEGIN ")) {
    const chain = decodePem(text, "CERTIFICATE", { max: MAX_CERTIFICATES });
    if (!chain.ok) return chain;
    const verified = await verifier.x509(chain.value);
    if (!verified.ok) return verified;
    const { svid, bundle } = verified.value;
    const { spiffeId, leaf } = svid;
    return ok({ kind: "X.509-SVID", spiffeId: spiffeId.uri, expiresAt: leaf.notAfter, bundle });
  }
  const jws = parseJws(text);
  if (!jws.ok) return jws;
  const isWit = jws.value.typ === WIT_SVID_TYPE;
  if (!isWit && audience === undefined)
    throw new UsageError(
      "--audience is required with a JWT-SVID: one for somebody else is not for you",
    );
  const verified = isWit ? await verifier.wit(text) : await verifier.jwt(text, audience ?? "");
  if (!verified.ok) return verified;
  const { svid, bundle } = verified.value;
  const kind = isWit ? "WIT-SVID" : "JWT-SVID";
  return ok({ kind, spiffeId: svid.spiffeId.uri, expiresAt: svid.expiresAt, bundle });
}

function bundleJson({ trustDomain, sequence, ageSeconds }: BundleUsed): Record<string, unknown> {
  return {
    trust_domain: trustDomain,
    ...(sequence !== undefined && { sequence: String(sequence) }),
    age_seconds: ageSeconds,
  };
}
