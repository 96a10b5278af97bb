const SLAB_BYTES = 32 * 1024;
/** What is longer than this gets memory of its own. */
const LARGEST = 4 * 1024;

let slab = new ArrayBuffer(SLAB_BYTES);
let used = 0;

/**
 * Zeroed octets. A request makes dozens of short arrays, and memory of its own for each would cost more than filling
 * it: they are cut from a larger piece, each octet of which is handed out once and never again. `buffer` is that piece,
 * others' octets included: copy what leaves the isolate as a view (structured cloning, storage).
 */
export function allocate(length: number): Uint8Array {
  if (length > LARGEST) return new Uint8Array(length);
  if (used + length > SLAB_BYTES) fresh();
  const bytes = new Uint8Array(slab, used, length);
  used += (length + 7) & ~7;
  return bytes;
}

/** As `allocate(most)`, cut to what `fill` says that it wrote. */
export function allocateUpTo(most: number, fill: (bytes: Uint8Array) => number): Uint8Array {
  if (most > LARGEST) {
    const bytes = new Uint8Array(most);
    return bytes.subarray(0, fill(bytes));
  }
  if (used + most > SLAB_BYTES) fresh();
  const length = fill(new Uint8Array(slab, used, most));
  return allocate(length);
}

function fresh(): void {
  slab = new ArrayBuffer(SLAB_BYTES);
  used = 0;
}
