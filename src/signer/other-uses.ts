import type { ConfigIssue, ReadResource } from "../config-issue.ts";
import { equalBytes } from "../encoding/bytes.ts";
import type { PublicKeyInfo } from "../encoding/primitives.ts";
import { spkiOf } from "../encoding/public-key.ts";
import type { Platform } from "../platform/platform.ts";
import { SVID_USES, type SvidUse } from "./algorithms.ts";
import { openBackend, type Backends } from "./backend.ts";
import { readPublicFiles } from "./key-material.ts";
import type { KeysByUse, Timelines } from "./key-set.ts";
import type { KeyConfig } from "./keys-schema.ts";

/** See `KeyDeps`. */
interface OtherUsesDeps {
  readonly platform: Platform;
  readonly read: ReadResource;
  readonly readPrivate?: ReadResource;
  readonly backends: Backends;
  readonly env: (name: string) => unknown;
  readonly now: number;
  readonly publicOnly?: boolean;
}

/** Keys that an entry past its removal has, too, under another use: as far as its files are still there to tell. */
export async function otherUses(
  lists: Readonly<Record<SvidUse, readonly KeyConfig[]>>,
  timelines: Timelines,
  keys: KeysByUse,
  deps: OtherUsesDeps,
): Promise<readonly ConfigIssue[]> {
  const issues: ConfigIssue[] = [];
  for (const was of SVID_USES) {
    for (const [index, entry] of lists[was].entries()) {
      if ((timelines[was][index]?.removedAt ?? Infinity) > deps.now) continue;
      const info = await publicHalf(entry, deps); // oxlint-disable-line no-await-in-loop -- a handful, once
      if (info === undefined) continue;
      for (const use of SVID_USES.filter((one) => one !== was)) {
        const again = keys[use].find((key) => equalBytes(spkiOf(key.info), spkiOf(info)));
        if (again === undefined) continue;
        const at = lists[use].findIndex(({ id }) => id === again.life.id);
        const message = `was ${was} ${entry.id} until that was removed: one key serves one use`;
        issues.push({ severity: "error", path: ["keys", use, at, "id"], message });
      }
    }
  }
  return issues;
}

/** @returns undefined where the files are gone, as those of a key that was removed may be, or of no use */
async function publicHalf(
  entry: KeyConfig,
  { platform, read, readPrivate = read, backends, env, publicOnly }: OtherUsesDeps,
): Promise<PublicKeyInfo | undefined> {
  const { certificate, publicKey } = await readPublicFiles(entry, read, quiet);
  const info = certificate?.info ?? publicKey;
  if (info !== undefined || publicOnly === true || entry.backend !== "local") return info;
  const deps = { platform, read, readPrivate, env, complain: quiet };
  return (await openBackend(backends, entry.backend, entry, deps))?.publicKey?.info;
}

function quiet(): void {}
