import { checkEndpoint } from "../../federation/endpoint-url.ts";
import { fetchBounded } from "../../platform/http.ts";
import { CommandError, UsageError } from "../errors.ts";
import { readInput } from "../files.ts";
import { platform } from "../key-file.ts";
import { printable } from "../output.ts";

const MAX_BYTES = 1024 * 1024;
const TIMEOUT_MS = 10_000;

/** A document as it was found. */
export interface FoundDocument {
  /** As messages name it. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Of an answer. */
  readonly headers?: Headers;
}

export function isUrl(text: string): boolean {
  return /^https?:\/\//.test(text);
}

/**
 * A file, standard input for `-`, or what a URL answers. No redirect is followed: consumers differ in that.
 * @throws UsageError, CommandError
 */
export async function findDocument(place: string): Promise<FoundDocument> {
  if (!isUrl(place)) return { name: place, bytes: await readInput(place) };
  // Whoever types an address means it: private ones are no trap here.
  const wrong = checkEndpoint(place, true);
  if (wrong !== undefined) throw new UsageError(wrong);
  const answer = await fetchBounded(platform, place, {
    maxBytes: MAX_BYTES,
    timeoutMs: TIMEOUT_MS,
    headers: { accept: "application/json" },
    allowLoopbackHttp: true,
  });
  if (!answer.ok) {
    const { code, detail = code } = answer.error;
    throw new CommandError(
      code === "redirect"
        ? `${printable(place)} redirects elsewhere, which not every consumer follows: name the place itself`
        : `no answer from ${printable(place)}: ${printable(detail)}`,
    );
  }
  const { status, headers, bytes } = answer.value;
  if (status !== 200) throw new CommandError(`no bundle at ${printable(place)}: status ${status}`);
  return { name: place, bytes, headers };
}
