import { UsageError } from "./errors.ts";

/** An RFC 7638 SHA-256 thumbprint, as `key new` and `inspect` print it. @throws UsageError */
export function jktOption(value: string | undefined): string | undefined {
  if (value !== undefined && !/^[\w-]{43}$/.test(value)) {
    throw new UsageError(
      "a thumbprint is 43 characters of base64url, as svidmint inspect prints it",
    );
  }
  return value;
}
