import { decodeBase64 } from "../../encoding/base64.ts";
import { equalBytes } from "../../encoding/bytes.ts";
import { member, type JsonObject } from "../../encoding/json.ts";
import type { PublicKeyInfo } from "../../encoding/primitives.ts";
import { parseJwk, spkiOf } from "../../encoding/public-key.ts";
import type { Result } from "../../result.ts";
import { parseSpiffeId } from "../../spiffe/spiffe-id.ts";
import {
  isSelfIssued,
  isSignedBy,
  parseCertificate,
  type Certificate,
} from "../../svid/certificate.ts";
import { platform } from "../key-file.ts";
import { formatDuration, formatTime } from "../time.ts";
import type { Finding, FindingOptions } from "./finding.ts";

const USES = ["x509-svid", "jwt-svid", "wit-svid"];
/** What go-jose reads; another kind or curve fails the whole set for all that are built on it. */
const CURVES = ["P-256", "P-384", "P-521", "Ed25519"];
const PRIVATE = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
/** Members that bundles have (SPIFFE Trust Domain and Bundle §4.2). */
const DEFINED = ["kty", "kid", "use", "x5c", "crv", "x", "y", "n", "e"];
const SOON_SECONDS = 30 * 86_400;

type Say = (severity: Finding["severity"], part: string, message: string) => void;

/** What is wrong with one entry of a bundle. */
export async function keyFindings(
  key: JsonObject,
  path: string,
  options: FindingOptions,
): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  const say: Say = (severity, part, message) =>
    void found.push({ severity, path: part === "" ? path : `${path}.${part}`, message });
  const names = Object.keys(key);
  const secret = names.filter((name) => PRIVATE.includes(name));
  if (secret.length > 0)
    say(
      "error",
      secret[0] ?? "",
      "is part of a PRIVATE key: whoever reads this bundle has it. Replace the key at once",
    );
  const odd = names.filter((name) => !DEFINED.includes(name) && !PRIVATE.includes(name));
  if (odd.length > 0) say("warning", odd[0] ?? "", "is no member that bundles have");
  const use = member(key, "use");
  if (typeof use !== "string" || !USES.includes(use)) {
    say("error", "use", unknownUse(use));
    return found;
  }
  const [kty, crv] = [member(key, "kty"), member(key, "crv")];
  const readable =
    kty === "RSA" ||
    ((kty === "EC" || kty === "OKP") && typeof crv === "string" && CURVES.includes(crv));
  const info = await usableKey(key);
  if (!readable)
    say(
      "error",
      "kty",
      "is of a kind that go-spiffe and SPIRE cannot read: they refuse the whole bundle",
    );
  else if (!info.ok)
    say("error", "", `is no usable key (${info.error.detail ?? info.error.reason})`);
  else if (kty === "OKP" && use !== "x509-svid")
    say("error", "crv", "signs no JWT-SVID or WIT-SVID: those are RSA or ECDSA");
  const kid = member(key, "kid");
  if (use !== "x509-svid") {
    if (typeof kid !== "string" || kid === "")
      say("error", "kid", "is not there: go-spiffe and SPIRE refuse the whole bundle");
    return found;
  }
  if (kid !== undefined) say("warning", "kid", "is not for the entry of a root");
  await rootFindings(key, info.ok ? spkiOf(info.value) : undefined, options, say);
  return found;
}

/** Members alone make no key: a point may lie beside its curve, which go-jose refuses with all the rest. */
async function usableKey(key: JsonObject): Promise<Result<PublicKeyInfo>> {
  const info = parseJwk(key);
  if (!info.ok) return info;
  const imported = await platform.importPublicKey(info.value);
  return imported.ok ? info : imported;
}

function unknownUse(use: unknown): string {
  if (use === undefined) return "is not there: SPIRE refuses the whole bundle";
  return use === "sig"
    ? "is that of a JWK set for OpenID Connect, which is another document than a bundle"
    : "is unknown: SPIRE refuses the whole bundle";
}

async function rootFindings(
  key: JsonObject,
  spki: Uint8Array | undefined,
  options: FindingOptions,
  say: Say,
): Promise<void> {
  const chain = member(key, "x5c");
  const [text, more] = Array.isArray(chain) ? chain : [];
  if (typeof text !== "string" || more !== undefined)
    say(
      "error",
      "x5c",
      "has not exactly one certificate: go-spiffe and SPIRE refuse the whole bundle",
    );
  const der = decodeBase64(typeof text === "string" ? text : "");
  const certificate = der.ok ? parseCertificate(der.value) : der;
  if (typeof text !== "string") return;
  if (!certificate.ok) {
    say(
      "error",
      "x5c",
      `is no certificate (${certificate.error.detail ?? certificate.error.reason})`,
    );
    return;
  }
  if (spki !== undefined && !equalBytes(spkiOf(certificate.value.info), spki))
    say("error", "x5c", "has another key than the entry states");
  await certificateFindings(certificate.value, options, say);
}

async function certificateFindings(
  certificate: Certificate,
  { trustDomain, now }: FindingOptions,
  say: Say,
): Promise<void> {
  const { extensions, notBefore, notAfter } = certificate;
  if (extensions.basicConstraints?.ca !== true) say("error", "x5c", "is not a CA certificate");
  if (now > notAfter) say("error", "x5c", `ended ${formatTime(notAfter)}`);
  else if (now < notBefore) say("error", "x5c", `is not valid before ${formatTime(notBefore)}`);
  else if (notAfter - now < SOON_SECONDS)
    say("warning", "x5c", `ends in ${formatDuration(notAfter - now)}`);
  const ids = spiffeIdsOf(certificate);
  if (ids.length === 0) say("warning", "x5c", "names no trust domain (URI spiffe://…)");
  for (const id of ids)
    if (trustDomain !== undefined && id !== `spiffe://${trustDomain}`)
      say(
        "error",
        "x5c",
        id.startsWith(`spiffe://${trustDomain}/`)
          ? `is of ${id}: a root is of the trust domain itself`
          : `is of ${id}, not of spiffe://${trustDomain}: whoever takes this bundle for that one's mixes them up`,
      );
  if (!isSelfIssued(certificate)) {
    say("warning", "x5c", "is not self-signed, which some verifiers want of a root");
    return;
  }
  const own = await platform.importPublicKey(certificate.info);
  if (!own.ok || !(await isSignedBy(certificate, own.value, platform)))
    say("error", "x5c", "its own signature does not verify");
}

/** Each URI of a certificate that is a SPIFFE ID. */
export function spiffeIdsOf({ extensions }: Certificate): readonly string[] {
  return (extensions.subjectAltName?.names ?? []).flatMap((name) =>
    name.type === "uri" && parseSpiffeId(name.value).ok ? [name.value] : [],
  );
}

/** Ids that two keys share, and keys that have two uses. */
export function uniqueFindings(keys: readonly JsonObject[]): readonly Finding[] {
  const found: Finding[] = [];
  const ids = new Set<unknown>();
  const numbers = new Map<string, unknown>();
  for (const key of keys) {
    const [kid, use] = [member(key, "kid"), member(key, "use")];
    if (typeof kid === "string" && use !== "x509-svid") {
      if (ids.has(kid))
        found.push({
          severity: "error",
          path: "keys",
          message: "have a kid twice: which key is meant is chance",
        });
      ids.add(kid);
    }
    const info = parseJwk(key);
    if (!info.ok) continue;
    const id = Buffer.from(spkiOf(info.value)).toString("base64");
    if (numbers.has(id) && numbers.get(id) !== use)
      found.push({ severity: "warning", path: "keys", message: "have one key for two uses" });
    numbers.set(id, use);
  }
  return found;
}
