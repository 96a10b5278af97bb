import { equalBytes, utf8Encode } from "../encoding/bytes.ts";

/** Whether an `Authorization` header brings exactly this token, in time that does not tell how much of it. */
export function bearerIs(header: string | null, token: string): boolean {
  return header !== null && equalBytes(utf8Encode(header), utf8Encode(`Bearer ${token}`));
}
