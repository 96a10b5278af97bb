import type { FactorInfo } from "../attestation.ts";
import type { Attestor, AttestorDefinition } from "../attestors/attestor.ts";
import type { ConfigIssue, ReadResource } from "../config-issue.ts";
import { isIssuerUrl } from "../encoding/issuer-url.ts";
import type { Keep } from "../kept.ts";
import type { PeersConfig } from "../federation/peers-schema.ts";
import type { OpenPeers } from "../federation/open-peers.ts";
import type { HeldPeers } from "../federation/held-peers.ts";
import type { Platform } from "../platform/platform.ts";
import { compilePolicy } from "../policy/compile.ts";
import type { CompiledPolicy } from "../policy/policy.ts";
import {
  configError,
  configWarning,
  forbiddenKeys,
  isMap,
  schemaIssues,
} from "../policy/schema-issues.ts";
import { parseInstant } from "../signer/instant.ts";
import type { KeysConfig } from "../signer/keys-schema.ts";
import {
  isConfigurableTrustDomain,
  isTrustDomain,
  type TrustDomain,
} from "../spiffe/trust-domain.ts";
import type { ClaimsSection } from "../stores/definition.ts";
import { HeldBundles } from "./bundles.ts";
import { loadClaims } from "./claims-section.ts";
import { outerSchema, type AuditConfig } from "./config-schema.ts";
import { judgeKeys, type KeyOpening } from "./judge-keys.ts";
import { loadEvidence } from "./load-evidence.ts";
import { bundlesNamed, loadPeers } from "./load-peers.ts";
import { missingKeys } from "./missing-keys.ts";
import { partsOf } from "./parts.ts";
import { peerFacts } from "./peer-facts.ts";

/** A configuration in which nothing is wrong. Private keys are not read yet. */
export interface Config {
  readonly trustDomain: TrustDomain;
  readonly issuer: string;
  readonly attestors: ReadonlyMap<string, Attestor>;
  /** The sections of `evidence:`, parsed. */
  readonly sections: ReadonlyMap<string, unknown>;
  readonly factors: readonly FactorInfo[];
  readonly policy: CompiledPolicy;
  readonly peers?: PeersConfig;
  /** What is held of them. */
  readonly heldPeers: HeldPeers;
  /** What the attestors ask. Whoever reads the keys binds them to it. */
  readonly bundles: HeldBundles;
  readonly keys?: KeysConfig;
  readonly claims?: ClaimsSection;
  readonly audit?: AuditConfig;
  readonly singleInstance: boolean;
  /** Seconds. */
  readonly refreshHint: number;
  /** Path of the SPIFFE ID of the bundle endpoint of profile `https_spiffe`. */
  readonly endpointPath: string;
  /** Unix seconds; 0 where it is not set. */
  readonly changedAt: number;
}

export interface ConfigDeps {
  readonly platform: Platform;
  readonly registry: readonly AttestorDefinition[];
  readonly read: ReadResource;
  /** What fetches the bundles of peers; absent: nothing does. */
  readonly openPeers?: OpenPeers;
  /** Where configurations follow one upon another. */
  readonly keep?: Keep;
  /** How `keys:` are opened, where what is wrong with them is to be told with the rest; absent: their form alone is judged. */
  readonly keys?: KeyOpening;
  /** Judges rules as if `claims:` named a store: for what only asks them and claims nothing. */
  readonly assumeClaimStore?: boolean;
}

const REFRESH_HINT_SECONDS = 300;
const ENDPOINT_PATH = "/svidmint/bundle-endpoint";

/** Reads a configuration document. @returns everything that is wrong, at once; `config` where there are no errors */
export async function loadConfig(
  document: unknown,
  deps: ConfigDeps,
): Promise<{ config?: Config; issues: readonly ConfigIssue[] }> {
  const issues: ConfigIssue[] = forbiddenKeys(document).filter(
    ({ path }) => path[0] !== "rules" && path[0] !== "deny",
  );
  const parsed = outerSchema.safeParse(document);
  if (!parsed.success) issues.push(...schemaIssues(parsed.error, document));
  // What is wrong outside must not hide what is wrong inside: the parts are judged as far as they are there.
  const outer = parsed.success ? parsed.data : partsOf(document);
  if (outer === undefined) return { issues };
  const trustDomain = checkTrustDomain(outer.trust_domain, issues);
  const issuer = checkIssuer(outer.issuer, issues);
  // Stand-ins, so that a wrong name does not hide what is wrong with the rest; nothing is made of them.
  const names = {
    trustDomain: trustDomain ?? standIn("invalid"),
    // On a loopback host more is allowed than elsewhere: what is not is wrong wherever the issuer is.
    issuer: issuer ?? "http://localhost:1",
  };
  const written = isMap(document) ? document : {};
  const readPeers = outer.peers ?? (written["peers"] === undefined ? {} : undefined);
  const peers = await loadPeers(readPeers, written["peers"], names.trustDomain, deps, issues);
  const bundles = new HeldBundles(names.trustDomain, peers);
  const { attestors, sections, factors, broken } = await loadEvidence(
    outer.evidence ?? {},
    {
      ...names,
      bundles: bundlesNamed(written["peers"], bundles),
      ownAuthorities: (outer.keys?.x509 ?? []).map(({ certificate }) => certificate),
    },
    deps,
    issues,
  );
  const single = isSingle({ issuer: names.issuer, singleInstance: outer.single_instance ?? false });
  const deployment = issuer === undefined ? undefined : { issuer, single };
  const claims = outer.claims && loadClaims(outer.claims, deployment, issues);
  const context = {
    ...names,
    claimStore: outer.claims !== undefined || deps.assumeClaimStore === true,
    broken,
    peers: readPeers && peerFacts(readPeers, names.issuer, issues),
  };
  const { policy, issues: policyIssues } = compilePolicy(
    { rules: outer.rules, deny: outer.deny },
    factors,
    context,
  );
  issues.push(...policyIssues);
  // Without `keys:` local ones are made later, for all that there is.
  if (policy !== undefined && outer.keys !== undefined)
    issues.push(...missingKeys(policy, outer.keys));
  const refreshHint = outer.bundle?.refresh_hint ?? REFRESH_HINT_SECONDS;
  const changedAt = parseInstant(outer.bundle?.changed_at ?? "") ?? 0;
  const isWrong = (): boolean => issues.some(({ severity }) => severity === "error");
  // Where nothing is wrong yet, private keys are read next, in earnest, and all that is wrong with them is told then.
  const { publicOnly, always } = deps.keys ?? {};
  if (deps.keys !== undefined && (publicOnly === true || always === true || isWrong())) {
    const opening = {
      ...deps.keys,
      platform: deps.platform,
      read: deps.read,
      trustDomain: names.trustDomain,
      now: deps.platform.now(),
      refreshHint,
      changedAt,
      longestLife: policy?.longestTtl ?? { x509: 0, jwt: 0, wit: 0 },
    };
    const bundleIsRight = outer.bundle !== undefined || written["bundle"] === undefined;
    const timed = trustDomain !== undefined && bundleIsRight;
    issues.push(...(await judgeKeys(written["keys"], timed, opening)));
  }
  if (policy === undefined || trustDomain === undefined || issuer === undefined || isWrong())
    return { issues };
  const config: Config = {
    trustDomain,
    issuer,
    attestors,
    sections,
    factors,
    policy,
    ...(outer.peers && { peers: outer.peers }),
    heldPeers: peers,
    bundles,
    ...(outer.keys && { keys: outer.keys }),
    ...(claims && { claims }),
    ...(outer.audit && { audit: outer.audit }),
    singleInstance: outer.single_instance ?? false,
    refreshHint,
    endpointPath: outer.bundle?.endpoint_spiffe_id ?? ENDPOINT_PATH,
    changedAt,
  };
  return { config, issues };
}

function standIn(name: string): TrustDomain {
  if (!isTrustDomain(name)) throw new TypeError("not a trust domain");
  return name;
}

function checkTrustDomain(
  name: string | undefined,
  issues: ConfigIssue[],
): TrustDomain | undefined {
  if (name === undefined) return undefined;
  if (!isTrustDomain(name)) {
    issues.push(
      configError(
        ["trust_domain"],
        "a trust domain is 1 to 255 characters of a-z, 0-9, dot, hyphen and underscore, without spiffe://",
      ),
    );
    return undefined;
  }
  if (!isConfigurableTrustDomain(name)) {
    issues.push(
      configError(
        ["trust_domain"],
        "each label between dots has 1 to 63 characters: others are refused by common verifiers",
      ),
    );
    return undefined;
  }
  return name;
}

function checkIssuer(url: string | undefined, issues: ConfigIssue[]): string | undefined {
  if (url === undefined) return undefined;
  if (!isIssuerUrl(url, { loopbackHttp: true }) || url.endsWith("/")) {
    issues.push(
      configError(
        ["issuer"],
        "expected an https URL without user, query, fragment or slash at its end; http only on localhost, 127.0.0.1 or [::1]",
      ),
    );
    return undefined;
  }
  if (url.startsWith("http:"))
    issues.push(configWarning(["issuer"], "is plain http, for trials on this machine only"));
  return url;
}

/** Local keys and stores of one process are for one process: on this machine, or where the operator says so. */
export function isSingle({
  issuer,
  singleInstance,
}: Pick<Config, "issuer" | "singleInstance">): boolean {
  return singleInstance || issuer.startsWith("http:");
}
