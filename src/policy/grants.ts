import { fail, ok, type Result } from "../result.ts";
import { configError, configWarning } from "./schema-issues.ts";
import type { ConfigIssue } from "../config-issue.ts";
import type { RuleInput } from "./schema.ts";

export type SvidKeyType = "p256" | "p384" | "rsa" | "ed25519";

interface X509Grant {
  /** Seconds; a longer life that is asked for is cut to it. */
  readonly ttl: number;
  /** Keys that the requester may bring. */
  readonly keyTypes: readonly SvidKeyType[];
}
export interface JwtGrant {
  readonly ttl: number;
  /** Compared whole. */
  readonly audiences: readonly string[];
  readonly multipleAudiences: boolean;
}
interface WitGrant {
  readonly ttl: number;
}
/** What a rule gives. A kind that is absent is not given. */
export interface Grants {
  readonly x509?: X509Grant;
  readonly jwt?: JwtGrant;
  readonly wit?: WitGrant;
  /** Seconds: the longest of the kinds. */
  readonly longestTtl: number;
}

/** Ed25519 only where a rule asks for it: many TLS stacks and no JWT-SVID verifier take it. */
const DEFAULT_KEY_TYPES: readonly SvidKeyType[] = ["p256", "p384", "rsa"];

export function compileGrants(
  rule: RuleInput,
  issuer: string,
  path: readonly (string | number)[],
): { grants: Grants; issues: ConfigIssue[] } {
  const { x509, jwt, wit } = rule;
  const issues: ConfigIssue[] = [];
  if (x509 === undefined && jwt === undefined && wit === undefined) {
    issues.push(
      configError(path, "gives nothing: state x509, jwt or wit, or use `deny:` to refuse"),
    );
  }
  for (const [index, audience] of (jwt?.audiences ?? []).entries()) {
    const at = [...path, "jwt", "audiences", index];
    const wrong = audienceProblem(audience, issuer);
    if (wrong !== undefined) issues.push(configError(at, wrong));
    else if (jwt?.audiences.indexOf(audience) !== index)
      issues.push(configWarning(at, "is listed twice"));
  }
  const grants: Grants = {
    ...(x509 && { x509: { ttl: x509.ttl, keyTypes: x509.key_types ?? DEFAULT_KEY_TYPES } }),
    ...(jwt && {
      jwt: {
        ttl: jwt.ttl,
        audiences: jwt.audiences,
        multipleAudiences: jwt.multiple_audiences ?? false,
      },
    }),
    ...(wit && { wit: { ttl: wit.ttl } }),
    longestTtl: Math.max(x509?.ttl ?? 0, jwt?.ttl ?? 0, wit?.ttl ?? 0),
  };
  return { grants, issues };
}

function audienceProblem(audience: string, issuer: string): string | undefined {
  if (!/^[\x21-\x7e]+$/.test(audience))
    return "has spaces or characters beyond ASCII, which verifiers read differently";
  if (audience.includes("*")) return "audiences are compared whole: there are no patterns";
  if (audience.includes("/jkt/"))
    return "holds /jkt/, which only evidence addressed to an issuer has";
  const own = issuer.toLowerCase().replace(/\/+$/, "");
  const asked = audience.toLowerCase();
  if (asked === own || asked === `${own}/` || asked.startsWith(`${own}/v1/`))
    return "is this issuer itself: a token for it could be handed in as evidence";
  return undefined;
}

/**
 * Whether a JWT-SVID may be for these audiences.
 * @returns `audience_not_granted`
 */
export function checkAudiences(
  { audiences, multipleAudiences }: JwtGrant,
  asked: readonly string[],
): Result<readonly string[]> {
  if (asked.length === 0) return fail("audience_not_granted", "none was asked for");
  if (asked.length > 1 && !multipleAudiences)
    return fail("audience_not_granted", "more than one was asked for");
  if (new Set(asked).size !== asked.length)
    return fail("audience_not_granted", "one was asked for twice");
  return asked.every((audience) => audiences.includes(audience))
    ? ok(asked)
    : fail("audience_not_granted");
}
