import { ConfigError, type ConfigIssue } from "../../config-issue.ts";
import { backends } from "../../runtimes/node/backends.ts";
import { allModes } from "../../signer/modes.ts";
import { loadKeySet } from "../../signer/load-keys.ts";
import { platform } from "../key-file.ts";
import type { Check, Finding } from "./check.ts";

/** Opens every key as `serve` does at its start: files, kinds, algorithms, certificates, timeline. */
export const signingKeys: Check = {
  name: "signing keys",
  async run({ keys, config }) {
    if (config === undefined) return [];
    if (keys === undefined)
      return [
        {
          severity: "warning",
          subject: "keys",
          message: "there are none",
          fix: "svidmint keys create, or svidmint serve on one machine makes local ones",
        },
      ];
    const found: ConfigIssue[] = [];
    try {
      await loadKeySet(keys.keys, {
        platform,
        trustDomain: config.trustDomain,
        read: keys.read,
        readPrivate: keys.readPrivate,
        backends,
        modes: allModes,
        env: (name) => process.env[name],
        now: platform.now(),
        refreshHint: config.refreshHint,
        changedAt: config.changedAt,
        longestLife: config.policy.longestTtl,
        report: (issue) => void found.push(issue),
      });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      found.push(...error.issues);
    }
    const findings = found.map(({ severity, path, message }): Finding => {
      const fix = fixOf(message);
      const subject = named(path, keys.keys);
      return { severity, subject, message, ...(fix !== undefined && { fix }) };
    });
    return found.some(({ severity }) => severity === "error")
      ? findings
      : [
          { severity: "good", subject: "keys", message: "can be opened as serve opens them" },
          ...findings,
        ];
  },
};

/** `keys.jwt.0.public_key` is `keys.jwt.jwt-7.public_key` to whoever wrote it. */
function named(
  path: ConfigIssue["path"],
  keys: Readonly<Record<string, readonly { readonly id: string }[] | undefined>>,
): string {
  const [, use, index] = path;
  const id = typeof index === "number" ? keys[String(use)]?.[index]?.id : undefined;
  return path.map((part, at) => (at === 2 && id !== undefined ? id : part)).join(".");
}

const FIXES: readonly (readonly [RegExp, string])[] = [
  [/there is no standby/, "svidmint keys create, then svidmint keys plan-rotation USE --standby"],
  [/no key signs/, "svidmint keys plan-rotation adds one; until it is known, nothing is signed"],
  [/does not exist/, "put the file there, or correct its name in the entry"],
  [/can be read by others/, "chmod 600 the file, and rotate the key if others could log in here"],
  [
    /has expired|not yet valid/,
    "svidmint ca init signs a new certificate: publish it as a new key",
  ],
  [/names no key for region/, "set SVIDMINT_REGION, or add the region to key"],
  [/is not that of the private key|another key than/, "svidmint keys verify tells which it is"],
];

function fixOf(message: string): string | undefined {
  return FIXES.find(([pattern]) => pattern.test(message))?.[1];
}
