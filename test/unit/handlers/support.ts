import { expect } from "vitest";
import { ENDPOINT, type World } from "../issuer/world.ts";

export const JSON_TYPE = { "content-type": "application/json" } as const;

/** Where the public documents are. */
export const DOCUMENTS = [
  "/bundle",
  "/bundle/wit",
  "/.well-known/openid-configuration",
  "/.well-known/jwks.json",
] as const;

/** A POST with exactly these headers; the body as it stands. */
export function postRaw(
  world: World,
  body: BodyInit | null,
  headers: Readonly<Record<string, string>> = JSON_TYPE,
): Promise<Response> {
  // `duplex` is asked for by Node where the body is a stream; no library knows it as a member yet.
  const init = { method: "POST", body, headers, duplex: "half" };
  return Promise.resolve(world.fetch(new Request(ENDPOINT, init)));
}

/**
 * What is slow of itself is slow each time; a pause of a busy machine is not.
 * @returns milliseconds of the first try that took less than `maxMs`, else of the best of four
 */
export async function quickest(maxMs: number, work: () => Promise<unknown>): Promise<number> {
  let best = Infinity;
  for (let tries = 0; tries < 4 && best >= maxMs; tries++) {
    const began = performance.now();
    await work(); // oxlint-disable-line no-await-in-loop -- one at a time is measured
    best = Math.min(best, performance.now() - began);
  }
  return best;
}

/** A body that arrives in pieces, of a length that nobody declared. */
export function stream(...chunks: readonly (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks)
        controller.enqueue(typeof chunk === "string" ? encoder.encode(chunk) : chunk);
      controller.close();
    },
  });
}

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly request_id: string;
}

/** The problem document of a refusal; fails where the answer is none, or says something else than its status. */
export async function problemOf(answer: Response): Promise<Problem> {
  const text = await answer.text();
  if (answer.headers.get("content-type") !== "application/problem+json")
    throw new Error(`no problem document: ${answer.status} ${text.slice(0, 100)}`);
  const problem = JSON.parse(text) as Problem;
  if (problem.status !== answer.status) throw new Error("the problem's status is another");
  return problem;
}

/** How many signatures the issuer's keys have made. */
export function signatures({ keys }: World): number {
  const { x509Signer, jwtSigner, witSigner } = keys;
  return x509Signer.signed.length + jwtSigner.signed.length + witSigner.signed.length;
}

/** As if nothing had been asked of it yet; only what its claim store holds stays. */
export function forget({ keys, audit }: World): void {
  for (const { signed } of [keys.x509Signer, keys.jwtSigner, keys.witSigner]) signed.length = 0;
  audit.lines.length = 0;
}

/** Internal reasons of the refusals in the audit log, in order. */
export function reasons({ audit }: World): unknown[] {
  return audit
    .events()
    .filter(({ event }) => event === "refused")
    .map(({ reason }) => reason);
}

/** Each line is one object of printable ASCII: what LG-2 asks of a log. */
export function badLines({ audit }: World): string[] {
  return audit.lines.filter((line) => {
    if (!/^\{[\x20-\x7e]*\}$/.test(line)) return true;
    try {
      return typeof JSON.parse(line) !== "object";
    } catch {
      return true;
    }
  });
}

/** Number of series that Prometheus would keep. */
export function seriesOf({ issuer }: World): number {
  return issuer.metrics
    .render()
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#")).length;
}

/** One sound line a request, two where it was granted, none of them long. */
export function expectSoundLog(world: World, requests: number, granted = 0): void {
  expect(badLines(world)).toEqual([]);
  expect(world.audit.lines).toHaveLength(requests + granted);
  expect(Math.max(...world.audit.lines.map(({ length }) => length))).toBeLessThan(4096);
}
