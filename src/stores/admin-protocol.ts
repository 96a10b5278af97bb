import * as z from "zod/mini";
import { once } from "../once.ts";
import type { ClaimRecord, ClaimStore } from "./claim-store.ts";

/** What an operator does with claims and snapshots: nothing that a workload does. */
export type ClaimAdmin = Pick<
  ClaimStore,
  "show" | "list" | "assign" | "release" | "ban" | "put" | "close"
>;

/** One line each way: a question with its number, and the answer with the same. */
export const MAX_QUESTION_BYTES = 4096;

const id = () => z.int();

const question = once(() => {
  const key = z.string().check(z.regex(/^[0-9a-f]{64}$/));
  const owner = z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/));
  /** Of a peer's bundle; no other snapshot is for operators to write. */
  const snapshot = z.string().check(z.regex(/^peer:[a-z0-9._-]{1,255}:[a-z0-9._-]{1,255}$/));
  const base64 = z.string().check(z.regex(/^[A-Za-z0-9+/]{0,1024}={0,2}$/));
  const seconds = z.int().check(z.nonnegative());
  return z.discriminatedUnion("op", [
    z.strictObject({ id: id(), op: z.literal("show"), key }),
    z.strictObject({ id: id(), op: z.literal("list") }),
    z.strictObject({ id: id(), op: z.literal("assign"), key, owner, now: seconds, ttl: seconds }),
    z.strictObject({ id: id(), op: z.literal("release"), key, owner: z.optional(owner) }),
    z.strictObject({ id: id(), op: z.literal("ban"), key, now: seconds }),
    z.strictObject({ id: id(), op: z.literal("put"), name: snapshot, value: base64 }),
  ]);
});
export type Question = z.output<ReturnType<typeof question>>;

/** @returns undefined for anything that is not a question */
export function parseQuestion(line: string): Question | undefined {
  try {
    const parsed = question().safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

const record = () =>
  z.object({
    generation: z.number(),
    banned: z.boolean(),
    // JSON has no infinity: a ban's end is null.
    expiresAt: z.nullable(z.number()),
    owners: z.array(z.object({ owner: z.string(), since: z.number(), renewedAt: z.number() })),
  });
const answer = once(() =>
  z.object({
    id: id(),
    done: z.optional(z.boolean()),
    record: z.optional(record()),
    records: z.optional(z.array(z.extend(record(), { key: z.string() }))),
    error: z.optional(
      z.object({
        code: z.enum(["unavailable", "locked", "lost", "corrupt", "refused"]),
        message: z.string(),
      }),
    ),
  }),
);
export type Answer = z.output<ReturnType<typeof answer>>;

/** @returns undefined for anything that is not an answer */
export function parseAnswer(line: string): Answer | undefined {
  try {
    const parsed = answer().safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

export function recordFrom<T extends z.output<ReturnType<typeof record>>>(
  told: T,
): Omit<T, "expiresAt"> & ClaimRecord {
  return { ...told, expiresAt: told.expiresAt ?? Infinity };
}
