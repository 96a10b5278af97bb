import * as z from "zod/mini";
import { once } from "../once.ts";
import { decodeBase64, encodeBase64 } from "../encoding/base64.ts";
import type { ClaimEntry } from "./claim-rules.ts";
import { StoreError } from "./store-error.ts";

/** What records say, as JSON. What was not written so, be it by a later version, is not believed. */

const time = () => z.number().check(z.nonnegative());
const claim = once(() =>
  z.strictObject({
    generation: z.number(),
    unseen: z.exactOptional(z.literal(true)),
    banned: z.boolean(),
    expiresAt: time(),
    owners: z.array(
      z.strictObject({
        owner: z.string(),
        since: time(),
        renewedAt: time(),
        createdBy: z.exactOptional(z.string()),
      }),
    ),
  }),
);
const mark = once(() => z.strictObject({ until: time(), by: z.string() }));
const snapshot = once(() => z.strictObject({ bytes: z.string() }));

/** A one-time value: since when it may be new again, and by whom it was seen. */
export type OnceMark = z.output<ReturnType<typeof mark>>;

export const claimText = {
  read: (text: string): ClaimEntry => believed(claim(), text),
  write: (entry: ClaimEntry): string => JSON.stringify(entry),
};

export const onceText = {
  read: (text: string): OnceMark => believed(mark(), text),
  write: (seen: OnceMark): string => JSON.stringify(seen),
};

export const snapshotText = {
  read(text: string): Uint8Array {
    const bytes = decodeBase64(believed(snapshot(), text).bytes);
    if (!bytes.ok) throw corrupt();
    return bytes.value;
  },
  write: (bytes: Uint8Array): string => JSON.stringify({ bytes: encodeBase64(bytes) }),
};

function believed<T>(schema: z.ZodMiniType<T>, text: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw corrupt();
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw corrupt();
  return parsed.data;
}

function corrupt(): StoreError {
  return new StoreError("corrupt", "the claim store holds a record that svidmint did not write");
}
