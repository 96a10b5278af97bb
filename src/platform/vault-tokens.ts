import { keptCredentials, type CredentialSource, type LastingCredentials } from "./credentials.ts";
import type { Platform } from "./platform.ts";
import { within } from "./within.ts";

/** Tokens for requests to Vault. Both throw `CredentialError`. */
export interface VaultTokens {
  /** Asked before each request. */
  readonly token: CredentialSource<string>;
  /**
   * One in place of a token that was refused, which may be revoked, or want permissions that a new one has.
   * @returns undefined where there is no other, or the last was replaced a moment ago and refused as well
   */
  another(refused: string): Promise<string | undefined>;
}

/** Somebody else's login is waited for no longer: on Workers its request may be gone, and it never ends. */
const PATIENCE_MS = 1000;
/** Tokens that are refused are replaced no more often: a login with too few permissions is no use twice. */
const REPLACE_SECONDS = 10;

/** Keeps a token until shortly before its end; who comes while one is obtained waits for that one. */
export function vaultTokens(
  platform: Pick<Platform, "now">,
  obtain: () => Promise<LastingCredentials<string>>,
): VaultTokens {
  let source = keptCredentials(platform, obtain);
  let running: { readonly token: Promise<string>; readonly begun: number } | undefined;
  let replacedAt = -Infinity;

  function begin(): Promise<string> {
    const fresh = source();
    const run = { token: fresh, begun: performance.now() };
    running = run;
    const over = (): void => {
      if (running === run) running = undefined;
    };
    fresh.then(over, over);
    return fresh;
  }

  async function token(): Promise<string> {
    const left = running === undefined ? 0 : running.begun + PATIENCE_MS - performance.now();
    if (running === undefined || left <= 0) return begin();
    const late = new Error("late");
    try {
      return await within(running.token, left, () => late);
    } catch (error) {
      if (error === late) return begin();
      throw error;
    }
  }

  return {
    token,
    async another(refused) {
      const now = platform.now();
      let current = await token();
      if (current === refused && now >= replacedAt + REPLACE_SECONDS) {
        replacedAt = now;
        source = keptCredentials(platform, obtain);
        current = await begin();
      } else if (current === refused) {
        // Somebody else who was refused may have begun to replace it since.
        current = await token();
      }
      return current === refused ? undefined : current;
    },
  };
}
