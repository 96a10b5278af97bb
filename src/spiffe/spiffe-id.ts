import { fail, ok, type Result } from "../result.ts";
import { isTrustDomain, type TrustDomain } from "./trust-domain.ts";

/** A SPIFFE ID (SPIFFE-ID §2). Compare `uri` whole; there is one spelling of each. */
export interface SpiffeId {
  readonly trustDomain: TrustDomain;
  /** "" for the ID of the trust domain itself, else "/" and segments. */
  readonly path: string;
  readonly uri: string;
  toString(): string;
}

class ParsedSpiffeId implements SpiffeId {
  readonly trustDomain: TrustDomain;
  readonly path: string;
  readonly uri: string;

  constructor(trustDomain: TrustDomain, path: string, uri: string) {
    this.trustDomain = trustDomain;
    this.path = path;
    this.uri = uri;
  }

  toString(): string {
    return this.uri;
  }
}

const SCHEME = "spiffe://";
const MAX_BYTES = 2048;
const SLASH = 0x2f;
const DOT = 0x2e;

/**
 * Character by character and never with `URL`, which resolves dot segments, decodes, strips and lower-cases
 * where the standard says refuse. @returns `claim_value`
 */
export function parseSpiffeId(text: string): Result<SpiffeId> {
  // Every legal character is ASCII, so that length in characters is length in bytes once the rest is checked.
  if (text.length > MAX_BYTES || !text.startsWith(SCHEME)) return refused();
  const slash = text.indexOf("/", SCHEME.length);
  const end = slash < 0 ? text.length : slash;
  const trustDomain = text.slice(SCHEME.length, end);
  if (!isTrustDomain(trustDomain)) return refused();
  if (slash >= 0 && !areSegments(text, slash)) return refused();
  return ok(new ParsedSpiffeId(trustDomain, text.slice(end), text));
}

/** @param path "" or "/" and segments, as in `SpiffeId.path`. @returns `claim_value` */
export function spiffeIdOf(trustDomain: TrustDomain, path: string): Result<SpiffeId> {
  const uri = SCHEME + trustDomain + path;
  if (uri.length > MAX_BYTES || (path !== "" && !areSegments(path, 0))) return refused();
  return ok(new ParsedSpiffeId(trustDomain, path, uri));
}

/** Whether a value may stand alone between two slashes: what a template may put there. */
export function isPathSegment(text: string): boolean {
  return !text.includes("/") && areSegments(`/${text}`, 0);
}

/** From `start`, which is a slash: each slash is followed by a legal segment that is neither "." nor "..". */
function areSegments(text: string, start: number): boolean {
  if (text.charCodeAt(start) !== SLASH) return false;
  let length = 0;
  let onlyDots = true;
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === SLASH) {
      if (isEmptyOrDots(length, onlyDots)) return false;
      length = 0;
      onlyDots = true;
      continue;
    }
    if (code !== DOT) {
      if (!isSegmentCharacter(code)) return false;
      onlyDots = false;
    }
    length++;
  }
  return !isEmptyOrDots(length, onlyDots);
}

function isEmptyOrDots(length: number, onlyDots: boolean): boolean {
  return length === 0 || (onlyDots && length <= 2);
}

function isSegmentCharacter(code: number): boolean {
  const lower = code | 0x20;
  return (
    (lower >= 0x61 && lower <= 0x7a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2d ||
    code === 0x5f
  );
}

function refused(): Result<never> {
  return fail("claim_value", "not a spiffe id");
}
