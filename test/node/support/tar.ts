import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

export interface TarEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const BLOCK = 512;

/** The regular files of a tar.gz. Knows ustar names and pax paths, which is all that the archives of vectors use. */
function readTarGz(path: string): readonly TarEntry[] {
  const tar = new Uint8Array(gunzipSync(readFileSync(path)));
  const entries: TarEntry[] = [];
  let longName: string | undefined;
  for (let at = 0; at + BLOCK <= tar.length;) {
    const header = tar.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    const size = Number.parseInt(text(header, 124, 12), 8);
    const bytes = tar.subarray(at + BLOCK, at + BLOCK + size);
    const type = text(header, 156, 1);
    const prefix = text(header, 345, 155);
    const name = longName ?? (prefix === "" ? "" : `${prefix}/`) + text(header, 0, 100);
    longName = undefined;
    if (type === "L") longName = text(bytes, 0, bytes.length);
    else if (type === "x") longName = /\d+ path=([^\n]*)\n/.exec(text(bytes, 0, bytes.length))?.[1];
    else if (type === "0" || type === "") entries.push({ name, bytes });
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return entries;
}

function text(bytes: Uint8Array, start: number, length: number): string {
  const field = new TextDecoder().decode(bytes.subarray(start, start + length));
  const end = field.indexOf("\u0000");
  return end < 0 ? field : field.slice(0, end);
}

const VECTORS = new URL("../../../../shared/vectors/third-party/", import.meta.url);

/** An archive of third-party vectors, or undefined where `../shared` is not there. */
export function vectorArchive(name: string): readonly TarEntry[] | undefined {
  const path = new URL(name, VECTORS).pathname;
  return existsSync(path) ? readTarGz(path) : undefined;
}
