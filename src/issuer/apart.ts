import { ConfigError, type ConfigIssue } from "../config-issue.ts";
import { issuerPlace, placesMeet } from "../encoding/issuer-place.ts";
import { SVID_USES } from "../signer/algorithms.ts";
import type { TimedKeySet } from "../signer/key-set.ts";

/** What tells the trust domains of one deployment apart. */
export interface Domain {
  /** Its configuration, as people call it. */
  readonly file: string;
  readonly trustDomain: string;
  readonly issuer: string;
  /** Absent where they are not read. */
  readonly keys?: Pick<TimedKeySet, "names"> | undefined;
}

/** @returns what keeps `one` from being served beside `other`; paths are those of `one` */
export function checkApart(one: Domain, other: Domain): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const error = (path: ConfigIssue["path"], message: string): void =>
    void issues.push({ path, message, severity: "error" });
  if (one.trustDomain === other.trustDomain)
    error(["trust_domain"], `is that of ${other.file}, too: each configuration has its own`);
  if (placesMeet(issuerPlace(one.issuer), issuerPlace(other.issuer)))
    error(
      ["issuer"],
      `is at or below ${other.issuer} of ${other.file}, or the other way round: give each a host, or a path that begins no other`,
    );
  const theirs = new Set(SVID_USES.flatMap((use) => [...(other.keys?.names[use].values() ?? [])]));
  for (const use of SVID_USES)
    for (const [id, thumbprint] of one.keys?.names[use] ?? [])
      if (theirs.has(thumbprint))
        error(
          ["keys", use],
          `${id} is a key of ${other.file}, too: no key signs for two trust domains`,
        );
  return issues;
}

/** For domains that are opened one after another. @returns admits one beside those before it. @throws ConfigError */
export function keepApart(): (domain: Omit<Domain, "file">) => void {
  const admitted: Domain[] = [];
  return (one) => {
    const domain = { ...one, file: one.trustDomain };
    const issues = admitted.flatMap((other) => checkApart(domain, other));
    if (issues.length > 0) throw new ConfigError(issues);
    admitted.push(domain);
  };
}
