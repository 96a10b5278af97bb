import {
  assigned,
  banned,
  decideClaim,
  decideRelease,
  recordOf,
  type ClaimEntry,
  type Step,
} from "./claim-rules.ts";
import type { ClaimStore } from "./claim-store.ts";

/** For tests and trials: forgets everything with the process, so it cannot keep first use honest. */
export function memoryStore(): ClaimStore {
  const claims = new Map<string, ClaimEntry>();
  const seen = new Map<string, number>();
  const snapshots = new Map<string, Uint8Array>();

  function apply<T>(key: string, { answer, change }: Step<T>): T {
    if (change?.next !== undefined) claims.set(key, change.next);
    else if (change !== undefined) claims.delete(key);
    return answer;
  }

  return {
    claim: async (request) => apply(request.key, decideClaim(claims.get(request.key), request)),
    async once(key, now, ttlSeconds) {
      const until = seen.get(key);
      if (until !== undefined && now < until) return "seen";
      seen.set(key, now + ttlSeconds);
      return "new";
    },
    async assign(key, owner, now, ttlSeconds) {
      claims.set(key, assigned(claims.get(key), owner, now, ttlSeconds));
    },
    release: async (key, options) => apply(key, decideRelease(claims.get(key), options)),
    async show(key) {
      const entry = claims.get(key);
      return entry && recordOf(entry);
    },
    async ban(key, now) {
      claims.set(key, banned(claims.get(key), now));
    },
    list: async () => Array.from(claims, ([key, entry]) => ({ key, ...recordOf(entry) })),
    get: async (name) => snapshots.get(name)?.slice(),
    async put(name, value) {
      snapshots.set(name, value.slice());
    },
  };
}
