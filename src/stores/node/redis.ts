import { createClient } from "@redis/client";
import { utf8Decode } from "../../encoding/bytes.ts";
import type { ClaimStore } from "../claim-store.ts";
import type { StoreDeps } from "../definition.ts";
import type { RedisConfig } from "../definitions.ts";
import { openOptimistic } from "../optimistic.ts";
import type { Records } from "../records.ts";
import { StoreError } from "../store-error.ts";
import { within } from "../../platform/within.ts";
import { judgeInfo } from "./redis-info.ts";

const CONNECT_TIMEOUT_MS = 1500;
const LONGEST_PAUSE_MS = 1000;
/** Error replies of a moment that passes. */
const PASSING = [
  "BUSY",
  "CLUSTERDOWN",
  "LOADING",
  "MASTERDOWN",
  "MISCONF",
  "OOM",
  "READONLY",
  "TRYAGAIN",
];

/**
 * KEYS[1] becomes ARGV[2] (empty: is removed), to be forgotten at the Unix second ARGV[3] (empty: never), if ARGV[1]
 * (empty: nothing) stands there. One script is one step. What stands there is compared whole, so it is its own version.
 */
const REPLACE = `local there = redis.call('GET', KEYS[1]) or ''
if there ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1])
elseif ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2])
else redis.call('SET', KEYS[1], ARGV[2], 'EXAT', ARGV[3]) end
return 1`;

export interface RedisOptions {
  /** `redis:` or `rediss:`, host and port. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** PEM. */
  readonly ca?: string;
  readonly prefix?: string;
  /** Told of what is doubtful, at each connection. */
  readonly doubt: (message: string) => void;
}

/** One server without replicas. */
export async function openRedis(config: RedisConfig, deps: StoreDeps): Promise<ClaimStore> {
  const { url, username, prefix } = config;
  const text = async (reference: string): Promise<string> =>
    utf8Decode(await deps.read(reference)) ?? "";
  const records = redisRecords({
    url,
    ...(username !== undefined && { username }),
    ...(config.password !== undefined && { password: await text(config.password) }),
    ...(config.ca !== undefined && { ca: await text(config.ca) }),
    ...(prefix !== undefined && { prefix }),
    doubt: (message) => deps.report({ path: ["store"], message, severity: "warning" }),
  });
  return openOptimistic(records, deps);
}

export function redisRecords(options: RedisOptions): Records {
  const { url, username, password, ca, prefix = "svidmint:", doubt } = options;
  const client = createClient({
    url,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    // Without HELLO and CLIENT: nothing that an operator would have to allow beside what is used.
    RESP: 2,
    disableClientInfo: true,
    maintNotifications: "disabled",
    // What cannot be sent now fails now, and is asked again by who needs it.
    disableOfflineQueue: true,
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectStrategy: (retries) =>
        Math.random() * Math.min(LONGEST_PAUSE_MS, 50 * 2 ** Math.min(retries, 10)),
      ...(url.startsWith("rediss:") && { tls: true as const, ...(ca !== undefined && { ca }) }),
    },
  });
  let fault = "not connected";
  /** Each connection may lead to another server: it is looked at before anything is asked over it. */
  let connection = 0;
  let looked: Promise<void> | undefined;
  client.on("error", (error) => {
    fault = nameOf(error);
  });
  client.on("ready", () => {
    connection++;
    looked = undefined;
  });
  const connected = client.connect().catch(() => undefined);

  async function send(command: string[], timeoutMs: number): Promise<unknown> {
    const over = connection;
    try {
      const answer = await within(client.sendCommand(command), timeoutMs, () =>
        unanswered("timeout"),
      );
      if (over !== connection) throw unanswered("the connection was lost");
      return answer;
    } catch (error) {
      if (error instanceof StoreError) throw error;
      const name = nameOf(error);
      if (!isReply(error)) throw unanswered(client.isReady ? name : fault);
      throw new StoreError(
        PASSING.includes(name) ? "unavailable" : "refused",
        `Redis refuses: ${name}`,
      );
    }
  }

  async function look(timeoutMs: number): Promise<void> {
    const info = await send(["INFO"], timeoutMs);
    const verdict = judgeInfo(String(info));
    if (verdict.unfit !== undefined)
      throw new StoreError("refused", `the Redis server ${verdict.unfit}`);
    if (verdict.doubt !== undefined) doubt(verdict.doubt);
  }

  async function ask(command: string[], timeoutMs: number): Promise<unknown> {
    const mine = (looked ??= look(timeoutMs));
    try {
      await mine;
    } catch (error) {
      if (looked === mine) looked = undefined;
      throw error;
    }
    return send(command, timeoutMs);
  }

  return {
    async check(timeoutMs) {
      await Promise.race([connected, new Promise((resolve) => setTimeout(resolve, timeoutMs / 2))]);
      await ask(["PING"], timeoutMs / 2);
    },
    async read(name, timeoutMs) {
      const text = await ask(["GET", prefix + name], timeoutMs);
      return typeof text === "string" ? { text, version: text } : undefined;
    },
    async write(name, next, expected, timeoutMs) {
      const until = next?.keepUntil === undefined ? "" : String(Math.ceil(next.keepUntil));
      const state = [expected?.text ?? "", next?.text ?? "", until];
      return (await ask(["EVAL", REPLACE, "1", prefix + name, ...state], timeoutMs)) === 1;
    },
    async close() {
      if (client.isOpen) client.destroy();
      await connected;
    },
  };
}

function unanswered(why: string): StoreError {
  return new StoreError("unavailable", `Redis gives no answer: ${why}`);
}

function isReply(error: unknown): boolean {
  return error instanceof Error && /^[A-Z]{2,}(?: |$)/.test(error.message);
}

/** The code alone: what else an error says may quote what was sent. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return "error";
  const [reply] = /^[A-Z]{2,}(?= |$)/.exec(error.message) ?? [];
  return reply ?? ("code" in error && typeof error.code === "string" ? error.code : error.name);
}
