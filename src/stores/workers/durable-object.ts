import { DurableObject } from "cloudflare:workers";
import { ConfigError } from "../../config-issue.ts";
import { encodeBase64url } from "../../encoding/base64.ts";
import { attempts } from "../attempts.ts";
import {
  assigned,
  banned,
  decideClaim,
  decideRelease,
  recordOf,
  type ClaimEntry,
  type Step,
} from "../claim-rules.ts";
import type { ClaimAnswer, ClaimRecord, ClaimRequest, ClaimStore } from "../claim-store.ts";
import type { StoreDeps } from "../definition.ts";
import type { DurableObjectConfig } from "../definitions.ts";
import { CLAIM_GRACE_SECONDS, ONCE_GRACE_SECONDS } from "../retention.ts";
import { StoreError } from "../store-error.ts";
import { within } from "../../platform/within.ts";

const DEADLINE_MS = 2000;
const DEFAULT_BINDING = "CLAIMS";

/**
 * What one name stands for: a claim, a one-time value or a snapshot. The platform runs one object of a name in all
 * the world, one call at a time, and holds back its answer until what it wrote is on several disks.
 */
export class ClaimObject extends DurableObject {
  claim(request: ClaimRequest): Promise<ClaimAnswer> {
    return this.#step((entry) => decideClaim(entry, request));
  }

  release(which?: { owner?: string; unusedBy?: string }): Promise<boolean> {
    return this.#step((entry) => decideRelease(entry, which));
  }

  assign(owner: string, now: number, ttlSeconds: number): Promise<void> {
    return this.#set((entry) => assigned(entry, owner, now, ttlSeconds));
  }

  ban(now: number): Promise<void> {
    return this.#set((entry) => banned(entry, now));
  }

  show(): Promise<ClaimRecord | undefined> {
    return this.#step((entry) => ({ answer: entry && recordOf(entry) }));
  }

  /** @param by one caller's question, which may be asked again */
  async once(now: number, ttlSeconds: number, by: string): Promise<"new" | "seen"> {
    const seen = this.ctx.storage.kv.get<{ until: number; by: string }>("once");
    if (seen !== undefined && now < seen.until) return seen.by === by ? "new" : "seen";
    const until = now + ttlSeconds;
    await this.#put("once", { until, by }, until + ONCE_GRACE_SECONDS);
    return "new";
  }

  get(): Uint8Array | undefined {
    return this.ctx.storage.kv.get<Uint8Array>("snapshot");
  }

  put(value: Uint8Array): Promise<void> {
    return this.#put("snapshot", value, Infinity);
  }

  /** Nothing is decided by it: what has ended long ago is forgotten. */
  override async alarm(): Promise<void> {
    const { storage } = this.ctx;
    const keepUntil = storage.kv.get<number>("keepUntil") ?? Infinity;
    if (keepUntil <= Date.now() / 1000) await storage.deleteAll();
    else if (keepUntil < Infinity) await storage.setAlarm(keepUntil * 1000);
  }

  async #step<T>(decide: (entry: ClaimEntry | undefined) => Step<T>): Promise<T> {
    const { answer, change } = decide(this.ctx.storage.kv.get<ClaimEntry>("claim"));
    if (change?.next !== undefined) {
      const keepUntil = recordOf(change.next).expiresAt + CLAIM_GRACE_SECONDS;
      await this.#put("claim", change.next, keepUntil);
    } else if (change !== undefined) {
      await this.ctx.storage.deleteAll();
    }
    return answer;
  }

  #set(next: (entry: ClaimEntry | undefined) => ClaimEntry): Promise<void> {
    return this.#step((entry) => ({ answer: undefined, change: { next: next(entry) } }));
  }

  async #put(name: string, value: unknown, keepUntil: number): Promise<void> {
    const { storage } = this.ctx;
    storage.kv.put(name, value);
    storage.kv.put("keepUntil", keepUntil);
    await (keepUntil < Infinity ? storage.setAlarm(keepUntil * 1000) : storage.deleteAlarm());
  }
}

/** @throws ConfigError where the Worker has no such binding */
export async function openDurableObject(
  { binding = DEFAULT_BINDING }: DurableObjectConfig,
  { env, platform, trustDomain }: StoreDeps,
): Promise<ClaimStore> {
  const namespace = env(binding);
  if (!isNamespace(namespace)) {
    const message = `the Worker has no binding ${binding} to the Durable Objects of the class ClaimObject`;
    throw new ConfigError([{ path: ["binding"], message, severity: "error" }]);
  }
  /** Each try by a stub of its own: one that failed once fails for good. */
  const ask = <T>(name: string, question: (object: ClaimObject) => Promise<T>): Promise<T> =>
    attempts(DEADLINE_MS, async (_, left) => ({
      done: await answered(question(namespace.get(namespace.idFromName(name))), left()),
    }));
  const ofClaim = <T>(key: string, question: (object: ClaimObject) => Promise<T>): Promise<T> =>
    ask(`claim.${key}`, question);
  const snapshot = (name: string): string => JSON.stringify(["snapshot", trustDomain, name]);
  return {
    claim: (request) => ofClaim(request.key, (object) => object.claim(request)),
    assign: (key, owner, now, ttl) => ofClaim(key, (object) => object.assign(owner, now, ttl)),
    release: (key, which) => ofClaim(key, (object) => object.release({ ...which })),
    show: (key) => ofClaim(key, (object) => object.show()),
    ban: (key, now) => ofClaim(key, (object) => object.ban(now)),
    once(key, now, ttl) {
      const by = encodeBase64url(platform.random(12));
      return ask(`once.${key}`, (object) => object.once(now, ttl, by));
    },
    get: (name) => ask(snapshot(name), async (object) => object.get()),
    // A copy: with a view the platform sends, and keeps, all the memory beneath it, where others' octets may lie.
    put: (name, value) => ask(snapshot(name), (object) => object.put(value.slice())),
  };
}

/** What is used of a namespace; its stubs have the methods of the class. */
interface ClaimNamespace {
  idFromName(name: string): unknown;
  get(id: unknown): ClaimObject;
}

function isNamespace(value: unknown): value is ClaimNamespace {
  return typeof value === "object" && value !== null && "idFromName" in value;
}

/** @throws StoreError whatever the platform says, which may name the object */
async function answered<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
  try {
    return await within(answer, timeoutMs, () => new Error("late"));
  } catch (error) {
    throw new StoreError("unavailable", "the Durable Object does not answer", { cause: error });
  }
}
