import type { Attestation } from "../attestation.ts";
import { fail, type Result } from "../result.ts";
import { isPathSegment, type SpiffeId, spiffeIdOf } from "../spiffe/spiffe-id.ts";
import type { TrustDomain } from "../spiffe/trust-domain.ts";
import { claimOf } from "./matcher.ts";

/** A claim of one of the rule's factors; `factor` is the index in the rule's factors, which are sorted by name. */
export interface ClaimRef {
  readonly factor: number;
  readonly claim: string;
}

/** A path segment with one claim in it, between two literal ends that may be empty. */
interface Variable extends ClaimRef {
  /** The evidence type says that the claim is a number. Elsewhere 12 and "12" could not be told apart. */
  readonly numeric: boolean;
  readonly prefix: string;
  readonly suffix: string;
}

export interface Template {
  readonly source: string;
  /** One claim a segment at most, so that two different values never make one path. */
  readonly segments: readonly (string | Variable)[];
}

type Resolve = (name: string) => (ClaimRef & { readonly numeric: boolean }) | string;

/** First segments that SPIFFE implementations and we keep for ourselves. */
const RESERVED: readonly string[] = ["spire", "svidmint"];

function isReserved(segment: string): boolean {
  return RESERVED.includes(segment);
}

/** Whether it is the path of a SPIFFE ID that no rule can give. */
export function isReservedPath(path: string): boolean {
  const [root, first = "", ...rest] = path.split("/");
  return root === "" && isReserved(first) && rest.length > 0 && rest.every(isPathSegment);
}

/**
 * Reads `/payments/{aws_iid.instance_id}`.
 * @param resolve finds the claim that a name in braces means; a text says why it means none
 * @returns what is wrong, as messages
 */
export function parseTemplate(source: string, resolve: Resolve): Template | readonly string[] {
  if (source.startsWith("spiffe://"))
    return ["give the path alone: the trust domain is the configuration's own"];
  if (!source.startsWith("/")) return ["expected a path that begins with /"];
  const segments: (string | Variable)[] = [];
  const problems: string[] = [];
  for (const text of splitSegments(source.slice(1))) {
    const segment = parseSegment(text, resolve);
    if (typeof segment === "object" && "problem" in segment) problems.push(segment.problem);
    else segments.push(segment);
  }
  const [first] = segments;
  if (typeof first === "string" && isReserved(first)) problems.push(`/${first} is reserved`);
  if (source.length > 2048) problems.push("longer than the 2048 bytes that a SPIFFE ID may have");
  return problems.length > 0 ? problems : { source, segments };
}

/** Splits at slashes outside braces: a claim may be named `example.com/team`. */
function splitSegments(text: string): string[] {
  const segments: string[] = [];
  let from = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "{") depth++;
    else if (character === "}") depth--;
    else if (character === "/" && depth <= 0) {
      segments.push(text.slice(from, at));
      from = at + 1;
    }
  }
  segments.push(text.slice(from));
  return segments;
}

function parseSegment(text: string, resolve: Resolve): string | Variable | { problem: string } {
  const open = text.indexOf("{");
  if (open < 0) {
    return isPathSegment(text)
      ? text
      : { problem: `${JSON.stringify(text)} is not a legal path segment (A-Z a-z 0-9 . _ -)` };
  }
  const close = text.indexOf("}", open);
  const rest = close < 0 ? "" : text.slice(close + 1);
  if (close < 0) return { problem: `no closing brace in ${JSON.stringify(text)}` };
  if (rest.includes("{"))
    return {
      problem: `two claims in one segment ${JSON.stringify(text)}: different values could make one path, so put a / between them`,
    };
  const prefix = text.slice(0, open);
  // A literal end may be "." or ".." since a whole value, which is never empty, stands beside it.
  if (!isPathSegment(`x${prefix}${rest}`))
    return { problem: `${JSON.stringify(text)} has characters that no path may have` };
  const ref = resolve(text.slice(open + 1, close));
  return typeof ref === "string" ? { problem: ref } : { ...ref, prefix, suffix: rest };
}

/**
 * What a claim puts into a path, or undefined where it cannot stand there: absent, not one legal segment, a list.
 * Nothing is escaped, lower-cased or cut.
 */
export function segmentValue(value: unknown, numeric: boolean): string | undefined {
  if (numeric) return Number.isSafeInteger(value) ? String(value) : undefined;
  return typeof value === "string" && isPathSegment(value) ? value : undefined;
}

/**
 * @param facts in the order of the rule's factors
 * @returns `template_value_illegal`, with the claim's name and never its value
 */
export function renderTemplate(
  template: Template,
  trustDomain: TrustDomain,
  facts: readonly Attestation[],
): Result<SpiffeId> {
  let path = "";
  for (const segment of template.segments) {
    if (typeof segment === "string") {
      path += `/${segment}`;
      continue;
    }
    const fact = facts[segment.factor];
    const value =
      fact === undefined
        ? undefined
        : segmentValue(claimOf(fact.claims, segment.claim), segment.numeric);
    if (value === undefined)
      return fail(
        "template_value_illegal",
        `${fact?.name}.${segment.claim} is not one legal path segment`,
      );
    const rendered = segment.prefix + value + segment.suffix;
    if (path === "" && isReserved(rendered))
      return fail("template_value_illegal", `/${rendered} is reserved`);
    path += `/${rendered}`;
  }
  const id = spiffeIdOf(trustDomain, path);
  return id.ok ? id : fail("template_value_illegal", "the SPIFFE ID would be too long");
}
