import { nodePlatform } from "../../../../src/platform/node/node-platform.ts";
import { sigstore } from "../../../../src/attestors/sigstore/node/sigstore.ts";
import type { Attestor } from "../../../../src/attestors/attestor.ts";
import type { ConfigIssue } from "../../../../src/config-issue.ts";
import type { Reason } from "../../../../src/reasons.ts";
import { judge, outcome } from "../../../conformance/attestor.ts";
import { heldBundles } from "../../../unit/attestors/support.ts";
import { GITHUB, SAN, simulateSigstore } from "../../../fakes/node/sigstore.ts";

/** Certificates of the simulated authorities are valid from the real clock's now on. */
export const NOW = Math.floor(Date.now() / 1000) + 60;

export const world = await simulateSigstore(NOW);

type Json = Record<string, unknown>;
export const IDENTITY = { san: SAN, issuer: GITHUB };

export interface Opened {
  readonly attestor: Attestor;
  readonly issues: readonly ConfigIssue[];
}

export async function open(section: Json = {}, root = world.trustedRoot()): Promise<Opened> {
  const issues: ConfigIssue[] = [];
  const config = sigstore.config().parse({
    trusted_root: "file:trusted_root.json",
    identities: [IDENTITY],
    ...section,
  });
  const attestor = await sigstore.create(config, {
    platform: nodePlatform({ now: () => NOW }),
    trustDomain: "prod.example.org",
    issuer: "https://id.example.org",
    bundles: heldBundles({}),
    read: () => Promise.resolve(root),
    report: (issue) => issues.push(issue),
  });
  return { attestor, issues };
}

export const evidenceOf = (bundle: unknown) => ({
  type: "sigstore",
  bundle: typeof bundle === "string" ? bundle : JSON.stringify(bundle),
});

const plain = await open();

/** What becomes of a bundle, in one word. */
export async function verdict(
  bundle: unknown,
  { section, root, now = NOW + 10 }: { section?: Json; root?: Uint8Array; now?: number } = {},
): Promise<Reason | "accepted"> {
  const { attestor } =
    section === undefined && root === undefined ? plain : await open(section, root);
  return outcome(await judge(attestor, evidenceOf(bundle), now));
}
