import { ConfigError } from "../config-issue.ts";
import { toHex } from "../encoding/bytes.ts";
import type { Keep } from "../kept.ts";
import type { BackendDeps, Backends, KeyHandle } from "./backend.ts";
import { settingsOf } from "./definitions.ts";
import type { Modes, OpenedMode } from "./mode.ts";

/**
 * Handles that go on as they are where an entry's settings did: what a handle knows of its service (sessions, that it
 * is down) is not to be found out anew. Files that settings name count with what they hold.
 */
export function keptBackends(backends: Backends, keep: Keep): Backends {
  return Object.fromEntries(
    Object.entries(backends).map(([backend, open]): [string, Backends[string]] => [
      backend,
      async (entry: object, deps) => {
        const settings = settingsOf({ ...entry, backend });
        const facts = [backend, settings, await contentsOf(settings, deps)];
        // Only what was opened whole: what is wrong is told each time.
        const held = keep(`backend ${JSON.stringify(facts)}`, (): { handle?: KeyHandle } => ({}));
        const handle = held.handle ?? (await open(entry, deps));
        if (handle !== undefined) held.handle = handle;
        return handle;
      },
    ]),
  );
}

type ContentDeps = Pick<BackendDeps, "platform" | "read"> &
  Partial<Pick<BackendDeps, "readPrivate">>;

/** Digests of the files that settings name, in order. One that cannot be read is for the opener to tell of. */
async function contentsOf(settings: unknown, deps: ContentDeps): Promise<readonly string[]> {
  if (typeof settings === "object" && settings !== null) {
    const values: unknown[] = Object.values(settings);
    return (await Promise.all(values.map((value) => contentsOf(value, deps)))).flat();
  }
  if (typeof settings !== "string" || !settings.startsWith("file:")) return [];
  const { read, readPrivate = read } = deps;
  const secret = await digestOf(settings, readPrivate, deps);
  if (secret !== undefined) return [secret];
  // What others can read is not refused where it is a certificate, and is another case than before where it is a key.
  return [`public ${(await digestOf(settings, read, deps)) ?? ""}`];
}

/** @returns undefined where it cannot be read so */
async function digestOf(
  reference: string,
  read: BackendDeps["read"],
  { platform }: Pick<BackendDeps, "platform">,
): Promise<string | undefined> {
  try {
    return await platform.digestText("SHA-256", await read(reference), "hex");
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** Intermediates and unwrapped keys that go on: neither is obtained anew because a rule was changed. */
export function keptModes(modes: Modes, keep: Keep): Modes {
  return Object.fromEntries(
    Object.entries(modes).map(([mode, open]): [string, typeof open] => [
      mode,
      async (key, deps) => {
        const { id, use, kid, chosen, settings, issuer } = key;
        const { algorithm } = chosen;
        const life = use === "x509" ? deps.longestLife.x509 : 0;
        const certificate = issuer === undefined ? "" : toHex(issuer.certificate.raw);
        const files = await contentsOf(settings, deps);
        const named = [mode, id, use, kid, algorithm];
        const facts = JSON.stringify([named, settings, files, life, certificate]);
        const held = keep(
          `mode ${facts}`,
          (): { of?: KeyHandle | undefined; made?: OpenedMode } => ({}),
        );
        if (held.made !== undefined && held.of === key.handle) return held.made;
        const made = await open(key, deps);
        if (made.signer !== undefined || made.authority !== undefined) {
          held.made = made;
          held.of = key.handle;
        }
        return made;
      },
    ]),
  );
}
