/**
 * The bytes as WebCrypto and `fetch` want them typed: never on shared memory, which would be copied.
 * Ours never are, so that this is a view.
 */
export function bufferSource(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(bytes);
}
