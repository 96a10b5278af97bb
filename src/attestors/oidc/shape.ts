import type { ClaimKind, Claims, ClaimValue } from "../../attestation.ts";
import { isJsonObject, member, type JsonObject, type JsonValue } from "../../encoding/json.ts";
import type { Reason } from "../../reasons.ts";
import { fail, ok, type Result } from "../../result.ts";
import { isClaim, kindOf } from "./claims.ts";

/** Member names from the root of a token. */
type MemberPath = readonly string[];

/**
 * What is believed of one issuer's tokens, and what they must be. Plain JSON: presets are turned into it when a
 * configuration is read, so that a runtime which reads compiled ones holds no preset.
 */
export interface TokenShape {
  readonly claims: Readonly<Record<string, ShapedClaim>>;
  /** Tried in their order, before any claim is read. */
  readonly demands?: readonly Demand[];
}

export interface ShapedClaim {
  readonly kind: ClaimKind;
  /** The claim's own name unless told. */
  readonly path?: MemberPath;
  readonly required?: true;
  /** Where `iss` begins so, the claim is the rest of it: an issuer for each customer. */
  readonly issuerPrefix?: string;
}

/** One member of a token, and what it must be: with nothing more said, there. */
export interface Demand {
  readonly path: MemberPath;
  readonly reason: Reason;
  readonly oneOf?: readonly (string | boolean)[];
  readonly prefix?: string;
  /** Put together from texts and from other members of the token, which are text. */
  readonly equals?: readonly (string | MemberPath)[];
  readonly absent?: true;
}

/** @returns the reason of the first demand that is not met | `claim_missing` | `claim_type` | `claim_value` */
export function readShape(token: JsonObject, { claims, demands = [] }: TokenShape): Result<Claims> {
  for (const demand of demands) {
    if (!meets(token, demand)) return fail(demand.reason, demand.path.join("."));
  }
  const read: Record<string, ClaimValue> = {};
  for (const [name, claim] of Object.entries(claims)) {
    const value = valueOf(token, at(token, claim.path ?? [name]), claim.issuerPrefix);
    if (isAbsent(value)) {
      if (claim.required === true) return fail("claim_missing", name);
    } else if (value === CONTRADICTION) {
      return fail("claim_value", name);
    } else if (value !== NO_OBJECT && isClaim(value) && kindOf(value) === claim.kind) {
      read[name] = value;
    } else {
      return fail("claim_type", name);
    }
  }
  return ok(read);
}

const CONTRADICTION = Symbol("the issuer names another customer than the claim");
const NO_OBJECT = Symbol("what the member should be in is no object");

function valueOf(
  { iss }: JsonObject,
  value: Found,
  issuerPrefix: string | undefined,
): Found | typeof CONTRADICTION {
  if (issuerPrefix === undefined || typeof iss !== "string" || !iss.startsWith(issuerPrefix))
    return value;
  const rest = iss.slice(issuerPrefix.length);
  return isAbsent(value) || value === rest ? rest : CONTRADICTION;
}

function meets(token: JsonObject, { path, oneOf, prefix, equals, absent }: Demand): boolean {
  const value = at(token, path);
  if (absent === true) return value === undefined;
  if (isAbsent(value) || value === NO_OBJECT) return false;
  if (prefix !== undefined) return typeof value === "string" && value.startsWith(prefix);
  if (equals !== undefined) return value === assembled(token, equals);
  return oneOf === undefined || oneOf.some((one) => one === value);
}

/** @returns undefined where a member is no text */
function assembled(token: JsonObject, parts: readonly (string | MemberPath)[]): string | undefined {
  let text = "";
  for (const part of parts) {
    const value = typeof part === "string" ? part : at(token, part);
    if (typeof value !== "string") return undefined;
    text += value;
  }
  return text;
}

function isAbsent(value: unknown): value is undefined | null | "" {
  return value === undefined || value === null || value === "";
}

type Found = JsonValue | undefined | typeof NO_OBJECT;

function at(token: JsonObject, path: MemberPath): Found {
  let value: JsonValue | undefined = token;
  for (const name of path) {
    if (isAbsent(value)) return undefined;
    if (!isJsonObject(value)) return NO_OBJECT;
    value = member(value, name);
  }
  return value;
}
