import { audienceProblem, type AudienceGrant } from "./audience.ts";
import type { PolicyContext } from "./context.ts";
import { checkPeerNames } from "./peer-names.ts";
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
export interface JwtGrant extends AudienceGrant {
  readonly ttl: number;
}
interface WitGrant {
  readonly ttl: number;
}
/** What a rule gives. A kind that is absent is not given. */
export interface Grants {
  readonly x509?: X509Grant;
  readonly jwt?: JwtGrant;
  readonly wit?: WitGrant;
  /** Peers whose bundles come with the answer, in the order of names. */
  readonly federatesWith?: readonly string[];
  /** Seconds: the longest of the kinds. */
  readonly longestTtl: number;
}

/** Ed25519 only where a rule asks for it: many TLS stacks and no JWT-SVID verifier take it. */
const DEFAULT_KEY_TYPES: readonly SvidKeyType[] = ["p256", "p384", "rsa"];

/** A token that a peer takes for evidence, and others hold as well, could be handed in there by any of them. */
function sharedEvidence(
  audience: string,
  { peers }: Pick<PolicyContext, "peers">,
): string | undefined {
  for (const [name, peer] of peers ?? [])
    if (peer.audience === audience)
      return `is the issuer of ${name}, whose evidence is for nobody beside it: name the peer in exchange_to, or leave out multiple_audiences`;
  return undefined;
}

export function compileGrants(
  rule: RuleInput,
  context: Pick<PolicyContext, "issuer" | "trustDomain" | "peers">,
  path: readonly (string | number)[],
): { grants: Grants; issues: ConfigIssue[] } {
  const { x509, jwt, wit, federates_with: federatesWith } = rule;
  const issues: ConfigIssue[] = [];
  if (x509 === undefined && jwt === undefined && wit === undefined) {
    issues.push(
      configError(path, "gives nothing: state x509, jwt or wit, or use `deny:` to refuse"),
    );
  }
  const { audiences = [], exchange_to: exchange } = jwt ?? {};
  if (jwt !== undefined && audiences.length === 0 && exchange === undefined)
    issues.push(configError([...path, "jwt", "audiences"], "required: or `exchange_to`"));
  for (const [index, audience] of audiences.entries()) {
    const at = [...path, "jwt", "audiences", index];
    const wrong =
      audienceProblem(audience, context.issuer) ??
      (jwt?.multiple_audiences === true ? sharedEvidence(audience, context) : undefined);
    if (wrong !== undefined) issues.push(configError(at, wrong));
    else if (audiences.indexOf(audience) !== index)
      issues.push(configWarning(at, "is listed twice"));
  }
  issues.push(
    ...checkPeerNames(federatesWith ?? [], context, [...path, "federates_with"]),
    ...checkPeerNames(exchange ?? [], context, [...path, "jwt", "exchange_to"], (name, peer) =>
      peer.audience === undefined
        ? `has no audience: state peers.${name}.audience, the issuer URL of that peer`
        : undefined,
    ),
  );
  const grants: Grants = {
    ...(x509 && { x509: { ttl: x509.ttl, keyTypes: x509.key_types ?? DEFAULT_KEY_TYPES } }),
    ...(jwt && {
      jwt: {
        ttl: jwt.ttl,
        audiences,
        multipleAudiences: jwt.multiple_audiences ?? false,
        ...(exchange && {
          exchange: exchange.flatMap((name) => context.peers?.get(name)?.audience ?? []),
        }),
      },
    }),
    ...(wit && { wit: { ttl: wit.ttl } }),
    ...(federatesWith && { federatesWith: federatesWith.toSorted() }),
    longestTtl: Math.max(x509?.ttl ?? 0, jwt?.ttl ?? 0, wit?.ttl ?? 0),
  };
  return { grants, issues };
}
