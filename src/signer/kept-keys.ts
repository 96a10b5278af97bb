import { toHex } from "../encoding/bytes.ts";
import type { Keep } from "../kept.ts";
import type { Backends, KeyHandle } from "./backend.ts";
import { settingsOf } from "./definitions.ts";
import type { Modes, OpenedMode } from "./mode.ts";

/**
 * Handles that go on as they are where an entry's settings did: what a handle knows of its service (sessions, that it
 * is down) is not to be found out anew. What is read from files is opened anew, since they may hold something else.
 */
export function keptBackends(backends: Backends, keep: Keep): Backends {
  return Object.fromEntries(
    Object.entries(backends).map(([backend, open]): [string, Backends[string]] => [
      backend,
      async (entry: object, deps) => {
        const settings = JSON.stringify(settingsOf({ ...entry, backend }));
        if (/"(?:file|env):/.test(settings)) return open(entry, deps);
        // Only what was opened whole: what is wrong is told each time.
        const held = keep(`backend ${backend} ${settings}`, (): { handle?: KeyHandle } => ({}));
        const handle = held.handle ?? (await open(entry, deps));
        if (handle !== undefined) held.handle = handle;
        return handle;
      },
    ]),
  );
}

/** Intermediates and unwrapped keys that go on: neither is obtained anew because a rule was changed. */
export function keptModes(modes: Modes, keep: Keep): Modes {
  return Object.fromEntries(
    Object.entries(modes).map(([mode, open]): [string, typeof open] => [
      mode,
      async (key, deps) => {
        const { id, use, kid, settings, issuer } = key;
        const life = use === "x509" ? deps.longestLife.x509 : 0;
        const certificate = issuer === undefined ? "" : toHex(issuer.certificate.raw);
        const facts = JSON.stringify([mode, id, use, kid, settings, life, certificate]);
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
