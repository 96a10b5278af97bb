import { fail, ok, type Result } from "../result.ts";

/** Between an issuer's URL and the thumbprint of the key that its evidence is bound to. */
export const KEY_MARK = "/jkt/";

/** Whom JWT-SVIDs may be for. */
export interface AudienceGrant {
  /** Compared whole. */
  readonly audiences: readonly string[];
  readonly multipleAudiences: boolean;
  /** Issuer URLs of peers, for each of which or for the proved key at it a token may be, alone. */
  readonly exchange?: readonly string[];
}

/** @returns what is wrong with an audience that a configuration names; undefined if nothing is */
export function audienceProblem(audience: string, issuer: string): string | undefined {
  if (!/^[\x21-\x7e]+$/.test(audience))
    return "has spaces or characters beyond ASCII, which verifiers read differently";
  if (audience.includes("*")) return "audiences are compared whole: there are no patterns";
  if (audience.includes(KEY_MARK))
    return "holds /jkt/, which only evidence addressed to an issuer has";
  const own = issuer.toLowerCase().replace(/\/+$/, "");
  const asked = audience.toLowerCase();
  if (asked === own || asked === `${own}/` || asked.startsWith(`${own}/v1/`))
    return "is this issuer itself: a token for it could be handed in as evidence";
  return undefined;
}

/**
 * Whether a JWT-SVID may be for these audiences.
 * @param jkt thumbprint of the key that the request proved; absent where it proved none
 * @returns `audience_not_granted`
 */
export function checkAudiences(
  { audiences, multipleAudiences, exchange }: AudienceGrant,
  asked: readonly string[],
  jkt: string | undefined,
): Result<readonly string[]> {
  const [first] = asked;
  if (first === undefined) return fail("audience_not_granted", "none was asked for");
  // Alone, whatever else the rule allows: nobody beside the peer is to hold what the peer takes for evidence.
  if (asked.length === 1 && exchange?.some((base) => isAddressed(first, base, jkt)) === true)
    return ok(asked);
  if (asked.length > 1 && !multipleAudiences)
    return fail("audience_not_granted", "more than one was asked for");
  if (new Set(asked).size !== asked.length)
    return fail("audience_not_granted", "one was asked for twice");
  return asked.every((audience) => audiences.includes(audience))
    ? ok(asked)
    : fail("audience_not_granted");
}

/** To a peer's issuer itself, or to it for the key that was proved here. */
function isAddressed(audience: string, base: string, jkt: string | undefined): boolean {
  return audience === base || (jkt !== undefined && audience === base + KEY_MARK + jkt);
}
