import { equalBytes, toHex } from "../../encoding/bytes.ts";
import { spkiOf } from "../../encoding/public-key.ts";
import { SVID_USES } from "../../signer/algorithms.ts";
import { printable } from "../output.ts";
import { formatTime } from "../time.ts";
import type { LoadedKeys } from "./load.ts";
import type { PublicKeySet } from "./material.ts";
import { editProblems } from "./problems.ts";
import { keysMissing, publishedKeys, type BundleName, type ServedBundle } from "./published.ts";

export type Bundles = Readonly<Partial<Record<BundleName, ServedBundle>>>;

export interface Version {
  readonly loaded: LoadedKeys;
  readonly material: PublicKeySet;
}

/** What forbids putting one version of a configuration in the place of another. */
export function versionProblems(before: Version, after: Version, now: number): readonly string[] {
  const domain = before.loaded.config.trustDomain;
  if (after.loaded.config.trustDomain !== domain)
    return [`trust_domain is not ${domain} any more: another trust domain has another file`];
  return [
    ...editProblems(before.loaded, after.loaded, now),
    ...changedKeys(before.material, after.material, now),
  ];
}

/** Keys that verifiers were to learn from the live bundle, by what the entries say, and did not find there. */
export function latePublications(
  live: Bundles,
  { loaded, material }: Version,
  now: number,
): readonly string[] {
  const served = new Set(
    Object.values(live).flatMap(({ bundle }) => publishedKeys(bundle).map(toHex)),
  );
  return SVID_USES.flatMap((use) => {
    if (live[use === "wit" ? "/bundle/wit" : "/bundle"] === undefined) return [];
    return material.keys[use].flatMap(({ life, info }): string[] => {
      const late = life.publishedAt < now - loaded.config.refreshHint && now < life.removedAt;
      if (!late || served.has(toHex(spkiOf(info)))) return [];
      const id = `keys.${use}.${life.id}`;
      return [
        `${id}: is not in the live bundle, though published_at is ${formatTime(life.publishedAt)}: set it to now`,
      ];
    });
  });
}

/** What is published under one id stays that key. */
function changedKeys(before: PublicKeySet, after: PublicKeySet, now: number): readonly string[] {
  return SVID_USES.flatMap((use) =>
    before.keys[use].flatMap(({ life, info }): string[] => {
      const other = after.keys[use].find((key) => key.life.id === life.id);
      if (life.publishedAt > now || other === undefined) return [];
      return equalBytes(spkiOf(info), spkiOf(other.info))
        ? []
        : [printable(`keys.${use}.${life.id}: is another key now; a new key has an id of its own`)];
    }),
  );
}

/**
 * What forbids serving a bundle after another: consumers keep the one with the higher sequence, and take two of one
 * sequence for the same.
 * @param explains whether an entry tells why a key is gone
 */
export function bundleProblems(
  live: Bundles,
  computed: Required<Bundles>,
  explains: boolean,
): readonly string[] {
  return (["/bundle", "/bundle/wit"] as const).flatMap((name): string[] => {
    const was = live[name];
    const is = computed[name];
    if (was === undefined) return [];
    const [old = 0n, next = 0n] = [was.bundle.sequence, is.bundle.sequence];
    const gone = keysMissing(was.bundle, is.bundle);
    const problems: string[] = [];
    if (next < old)
      problems.push(
        `${name}: spiffe_sequence falls from ${old} to ${next}: consumers would keep the old bundle. Restore the instants that gave it, or set bundle.changed_at to ${formatTime(Number(old) + 1)} or later`,
      );
    else if (next === old && was.body !== is.body)
      problems.push(
        `${name}: its bytes change and spiffe_sequence stays ${old}: set bundle.changed_at to now`,
      );
    if (gone.length > 0 && !explains)
      problems.push(
        `${name}: loses ${gone.join(", ")} which no entry with a removed_at in the past accounts for: put the entry back`,
      );
    return problems;
  });
}
