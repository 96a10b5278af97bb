import { fromBase64 } from "./keys.ts";

/** What Google's JSON looks like: bytes in base64, 64-bit integers as strings, errors as all of its APIs tell them. */
export interface Asked {
  readonly digest?: Readonly<Record<string, string>>;
  readonly digestCrc32c?: string;
  readonly data?: string;
  readonly dataCrc32c?: string;
  readonly plaintext?: string;
  readonly ciphertext?: string;
  readonly additionalAuthenticatedData?: string;
  readonly [member: string]: unknown;
}

/** @see https://cloud.google.com/apis/design/errors */
export function refuse(code: number, status: string): Response {
  const error = { code, status, message: "the secret is hunter2", details: [] };
  return Response.json({ error }, { status: code });
}

/** Whether each checksum that was sent is that of what was sent with it. */
export function checksumsHold(body: Asked): boolean {
  return Object.entries(body).every(([name, sum]) => {
    if (!name.endsWith("Crc32c")) return true;
    const of = body[name.slice(0, -"Crc32c".length)];
    const text = typeof of === "string" ? of : Object.values(Object(of))[0];
    return typeof text === "string" && checksumOf(fromBase64(text)) === sum;
  });
}

/** CRC-32C bit by bit, so that it is another's reading than the one under test. */
export function checksumOf(bytes: Uint8Array): string {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return String((crc ^ 0xffffffff) >>> 0);
}
