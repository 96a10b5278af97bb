import { fail, ok, type Result } from "../result.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { equalBytes, utf8Decode } from "./bytes.ts";
import { isContext, isSequence, readDer } from "./der/reader.ts";
import { isJsonObject, member, parseJsonObject, type JsonObject } from "./json.ts";
import type { PublicKeyInfo } from "./primitives.ts";
import { jwkOf, parseJwk, spkiFrom, spkiOf } from "./public-key.ts";

/**
 * The bundle of a trust domain (SPIFFE Trust Domain and Bundle §4): what its SVIDs are verified with. The
 * document does not say whose it is; whoever fetched it keeps that beside it.
 */
export interface Bundle {
  readonly x509Authorities: readonly X509Authority[];
  readonly jwtAuthorities: readonly KeyAuthority[];
  readonly witAuthorities: readonly KeyAuthority[];
  /** Grows with every change; 64 bits and more. */
  readonly sequence?: bigint;
  /** Seconds. */
  readonly refreshHint?: number;
}

export interface X509Authority {
  /** DER of the CA certificate: an anchor in form only, not yet looked at otherwise. */
  readonly certificate: Uint8Array;
  /** The certificate's own key. */
  readonly info: PublicKeyInfo;
}

export interface KeyAuthority {
  readonly kid: string;
  readonly info: PublicKeyInfo;
}

const MAX_BYTES = 1024 * 1024;
const MAX_KEYS = 512;

/**
 * Entries of unknown use or key type, without the members their use needs, or whose certificate has another key
 * than they state, are left out (§4.2.2); what is left may be nothing, which withdraws all trust.
 * @returns `json_malformed` | `json_duplicate_key`
 */
export function parseBundle(input: Uint8Array | string): Result<Bundle> {
  if (input.length > MAX_BYTES) return malformed("too large");
  const text = typeof input === "string" ? input : utf8Decode(input);
  if (text === undefined) return malformed("not utf-8");
  const parsed = parseJsonObject(text);
  if (!parsed.ok) return parsed;
  const keys = member(parsed.value, "keys");
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) return malformed("keys");
  const sequence = readSequence(parsed.value, text);
  const refreshHint = member(parsed.value, "spiffe_refresh_hint");
  if (sequence === "malformed") return malformed("spiffe_sequence");
  if (refreshHint !== undefined && !isWholeNumber(refreshHint))
    return malformed("spiffe_refresh_hint");

  const x509Authorities: X509Authority[] = [];
  const byUse = {
    "jwt-svid": new Map<string, KeyAuthority>(),
    "wit-svid": new Map<string, KeyAuthority>(),
  };
  for (const entry of keys) {
    if (!isJsonObject(entry)) return malformed("key");
    const use = member(entry, "use");
    if (use === "x509-svid") {
      const authority = x509Authority(entry);
      if (authority !== undefined) x509Authorities.push(authority);
    } else if (use === "jwt-svid" || use === "wit-svid") {
      const authority = keyAuthority(entry);
      // Which of two keys of one id is meant must not depend on which one fits: the first stands.
      if (authority !== undefined && !byUse[use].has(authority.kid))
        byUse[use].set(authority.kid, authority);
    }
  }
  return ok({
    x509Authorities,
    jwtAuthorities: [...byUse["jwt-svid"].values()],
    witAuthorities: [...byUse["wit-svid"].values()],
    ...(sequence === undefined ? undefined : { sequence }),
    ...(refreshHint === undefined ? undefined : { refreshHint }),
  });
}

function x509Authority(entry: JsonObject): X509Authority | undefined {
  const chain = member(entry, "x5c");
  // One certificate each; further values are to be ignored (X509-SVID §6.2).
  const text: unknown = Array.isArray(chain) ? chain[0] : undefined;
  if (typeof text !== "string") return undefined;
  const der = decodeBase64(text);
  const stated = parseJwk(entry);
  if (!der.ok || !stated.ok) return undefined;
  const info = certificateKey(der.value);
  if (info === undefined || !equalBytes(spkiOf(info), spkiOf(stated.value))) return undefined;
  return { certificate: der.value, info };
}

/** The subject's key of an X.509 certificate (RFC 5280 §4.1), whose other fields are not looked at. */
function certificateKey(der: Uint8Array): PublicKeyInfo | undefined {
  const read = readDer(der);
  const tbs = read.ok ? read.value.children[0] : undefined;
  if (!isSequence(tbs)) return undefined;
  // version [0], serial number, signature, issuer, validity, subject, key; version 1 has no version field.
  const key = spkiFrom(tbs.children[isContext(tbs.children[0], 0) ? 6 : 5]);
  return key.ok ? key.value : undefined;
}

function keyAuthority(entry: JsonObject): KeyAuthority | undefined {
  const kid = member(entry, "kid");
  const info = parseJwk(entry);
  return typeof kid === "string" && kid !== "" && info.ok ? { kid, info: info.value } : undefined;
}

function isWholeNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** From the text where the number is too big for a double, which would round it. */
function readSequence(document: JsonObject, text: string): bigint | undefined | "malformed" {
  const value = member(document, "spiffe_sequence");
  if (value === undefined) return undefined;
  if (isWholeNumber(value)) return BigInt(value);
  if (typeof value !== "number" || value < 0) return "malformed";
  for (const [, digits] of text.matchAll(
    /"spiffe_sequence"[ \t\r\n]*:[ \t\r\n]*(\d{16,20})(?![\d.eE])/g,
  ))
    if (digits !== undefined && Number(digits) === value) return BigInt(digits);
  return "malformed";
}

/** The same bundle gives the same text: the body and its ETag are stable. WIT keys are written if they are there. */
export function serializeBundle(bundle: Bundle): string {
  const hint =
    bundle.refreshHint === undefined ? "" : `,"spiffe_refresh_hint":${bundle.refreshHint}`;
  return `{${keysAndSequence(bundle)}${hint}}`;
}

/** A Bundle Map (§4.3), in the order of names. Refresh hints are left out: the map has its own pace. */
export function serializeBundleMap(bundles: ReadonlyMap<string, Bundle>): string {
  const entries = [...bundles]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, bundle]) => `${JSON.stringify(name)}:{${keysAndSequence(bundle)}}`);
  return `{"trust_domains":{${entries.join(",")}}}`;
}

function keysAndSequence(bundle: Bundle): string {
  const keys = [
    ...bundle.x509Authorities.map(({ certificate, info }) => ({
      ...jwkOf(info),
      use: "x509-svid",
      x5c: [encodeBase64(certificate)],
    })),
    ...bundle.jwtAuthorities.map(({ kid, info }) => ({ ...jwkOf(info), kid, use: "jwt-svid" })),
    ...bundle.witAuthorities.map(({ kid, info }) => ({ ...jwkOf(info), kid, use: "wit-svid" })),
  ];
  const sequence = bundle.sequence === undefined ? "" : `,"spiffe_sequence":${bundle.sequence}`;
  return `"keys":${JSON.stringify(keys)}${sequence}`;
}

function malformed(detail: string): Result<never> {
  return fail("json_malformed", detail);
}
