import type * as z from "zod/mini";

/**
 * How a key makes signatures: `direct` signs each SVID where the key lies, `delegated` signs an intermediate for a key
 * of this process, `wrapped` decrypts the signing key for this process, `upstream` has an existing CA certify it.
 */
export type KeyMode = "direct" | "delegated" | "wrapped" | "upstream";

/** A member of an entry, and what is wrong with it. */
export type Misplaced = readonly [member: string, message: string];

/** One entry in `definitions.ts`: what a configuration may say of a backend. Holds nothing that opens one. */
export interface BackendDefinition {
  /** The value of `backend`. */
  readonly backend: string;
  /** Of X.509 keys; the first is the default, none: the backend has no such keys. */
  readonly x509: readonly KeyMode[];
  /** Of JWT and WIT keys, likewise. */
  readonly token: readonly KeyMode[];
  /** No Worker can have it. */
  readonly nodeOnly?: true;
  /** Members of the entry beside those that all entries have. A function: made where it is used. */
  settings(): Readonly<Record<string, z.ZodMiniType>>;
  /** What does not go with the entry's mode, by member. */
  misplaced?(entry: Readonly<Record<string, unknown>>, mode: KeyMode): readonly Misplaced[];
}
