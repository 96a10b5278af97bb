/**
 * `unavailable`: the store cannot answer now, and nothing was decided that counts.
 * `locked`: another process has it. `lost`: another process took it from us. `corrupt`: it cannot be believed.
 * `refused`: it does not let us, or it is of a kind that cannot keep first use honest.
 */
export type StoreErrorCode = "unavailable" | "locked" | "lost" | "corrupt" | "refused";

/** The claim store failed us; the issuer refuses what needed it. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: StoreErrorCode;
  readonly retryable: boolean;
  constructor(code: StoreErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.retryable = code === "unavailable";
  }
}
