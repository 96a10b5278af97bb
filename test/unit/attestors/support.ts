import type { Attestor, AttestorDefinition, Bundles } from "../../../src/attestors/attestor.ts";
import type { ConfigIssue } from "../../../src/config-issue.ts";
import type { Bundle } from "../../../src/encoding/bundle.ts";
import type { Keep } from "../../../src/kept.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { FakeNetwork } from "../../fakes/network.ts";
import { readDataUrl } from "../../fakes/token-issuer.ts";

export const ISSUER = "https://id.prod.example";
export const NOW = 1_800_000_000;

export interface Surroundings {
  readonly network?: FakeNetwork;
  readonly issuer?: string;
  readonly trustDomain?: string;
  readonly platform?: Platform;
  readonly bundles?: Bundles;
  readonly keep?: Keep;
}

/** Bundles of trust domains as a test holds them; undefined for one that is configured and has none to show. */
export function heldBundles(bundles: Readonly<Record<string, Bundle | undefined>>): Bundles {
  return {
    has: (trustDomain) => Object.hasOwn(bundles, trustDomain),
    find(trustDomain) {
      const bundle = Object.hasOwn(bundles, trustDomain) ? bundles[trustDomain] : undefined;
      return bundle && { bundle };
    },
  };
}

/** Built from its configuration as an issuer would build it, in a world where only `network` answers. */
export async function build<C>(
  definition: AttestorDefinition<C>,
  settings: unknown,
  surroundings: Surroundings = {},
): Promise<{ attestor: Attestor; issues: readonly ConfigIssue[] }> {
  const network = surroundings.network ?? new FakeNetwork();
  const issues: ConfigIssue[] = [];
  const attestor = await definition.create(definition.config().parse(settings), {
    platform: surroundings.platform ?? webCryptoPlatform({ fetch: network.fetch }),
    trustDomain: surroundings.trustDomain ?? "prod.example",
    issuer: surroundings.issuer ?? ISSUER,
    bundles: surroundings.bundles ?? heldBundles({}),
    read: readDataUrl,
    report: (issue) => issues.push(issue),
    ...(surroundings.keep && { keep: surroundings.keep }),
  });
  return { attestor, issues };
}

/** Where nothing is wrong with the configuration. */
export async function buildClean<C>(
  definition: AttestorDefinition<C>,
  settings: unknown,
  surroundings?: Surroundings,
): Promise<Attestor> {
  const { attestor, issues } = await build(definition, settings, surroundings);
  if (issues.length > 0) throw new Error(JSON.stringify(issues));
  return attestor;
}

/** What the schema of a section says of it: the paths that it complains about. */
export function complaints<C>(definition: AttestorDefinition<C>, settings: unknown): string[] {
  const parsed = definition.config().safeParse(settings);
  return parsed.success ? [] : parsed.error.issues.map(({ path }) => path.join("."));
}
