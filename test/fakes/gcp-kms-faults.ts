import { ecdsaRawToDer } from "../../src/encoding/ecdsa.ts";
import { versionName, type Answer } from "./gcp-kms.ts";
import { checksumOf, refuse } from "./gcp-kms-protocol.ts";
import { base64, fromBase64 } from "./keys.ts";

type Fault = (answer: Answer) => Response | Promise<Response>;

const wrong =
  (change: (answer: Answer) => object): Fault =>
  (answer) =>
    Response.json({ ...answer, ...change(answer) });
/** Another signature, whose checksum is right. */
const signed = (change: (signature: Uint8Array) => Uint8Array): Fault =>
  wrong(({ signature }) => {
    const bytes = change(fromBase64(String(signature)));
    return { signature: base64(bytes), signatureCrc32c: checksumOf(bytes) };
  });

/** Answers to `asymmetricSign` with an ECDSA key that are no signature of its bytes. */
export const UNSOUND: Readonly<Record<string, Fault>> = {
  "another version of the key": wrong(() => ({ name: versionName("one", 2) })),
  "another key": wrong(() => ({ name: versionName("two") })),
  "no name": wrong(() => ({ name: undefined })),
  "a digest that was not checked": wrong(() => ({ verifiedDigestCrc32c: false })),
  "no word of whether it was": wrong(() => ({ verifiedDigestCrc32c: undefined })),
  "a word in place of a truth": wrong(() => ({ verifiedDigestCrc32c: "true" })),
  "a check of something else": wrong(() => ({
    verifiedDigestCrc32c: undefined,
    verifiedDataCrc32c: true,
  })),
  "another checksum": wrong(() => ({ signatureCrc32c: "1" })),
  "the checksum as a number": wrong(({ signatureCrc32c: sum }) => ({
    signatureCrc32c: Number(sum),
  })),
  "no checksum": wrong(() => ({ signatureCrc32c: undefined })),
  "a bit flipped on the way": wrong(({ signature }) => ({
    signature: base64(flipped(fromBase64(String(signature)))),
  })),
  "no signature": wrong(() => ({ signature: undefined })),
  "an empty signature": wrong(() => ({ signature: "", signatureCrc32c: "0" })),
  "a number": wrong(() => ({ signature: 7 })),
  "what is no base64": wrong(() => ({ signature: "%%%" })),
  base64url: wrong(() => ({ signature: "-_-_" })),
  "a bit flipped before": signed(flipped),
  "garbage for DER": signed(() => new Uint8Array(70).fill(0x30)),
  "raw for DER": signed(() => new Uint8Array(64).fill(1)),
  "DER cut short": signed((bytes) => bytes.subarray(0, -1)),
  "DER with a byte behind": signed((bytes) => new Uint8Array([...bytes, 0])),
  "well-formed DER of other numbers": signed(() => ecdsaRawToDer(new Uint8Array(64).fill(9))),
};

/** No answer, with the code that it ends in and how often it is asked for. */
export const FAILING: readonly (readonly [string, string, number, Fault])[] = [
  ["permission denied", "denied", 1, () => refuse(403, "PERMISSION_DENIED")],
  ["a key disabled or destroyed", "denied", 1, () => refuse(400, "FAILED_PRECONDITION")],
  ["a key that is not there", "denied", 1, () => refuse(404, "NOT_FOUND")],
  ["a token that has ended", "denied", 1, () => refuse(401, "UNAUTHENTICATED")],
  ["403 of a proxy", "denied", 1, () => new Response("no", { status: 403 })],
  ["a redirect", "denied", 1, () => Response.redirect("https://other.example/", 307)],
  ["200 that is no JSON", "denied", 1, () => new Response("<html>")],
  ["200 with a list", "denied", 1, () => Response.json([])],
  ["more than any answer", "denied", 1, () => new Response(new Uint8Array(1024 * 1024))],
  ["a quota that is used up", "throttled", 2, () => refuse(429, "RESOURCE_EXHAUSTED")],
  ["429 of a proxy", "throttled", 2, () => new Response("slow down", { status: 429 })],
  ["500", "unavailable", 2, () => refuse(500, "INTERNAL")],
  ["503", "unavailable", 2, () => refuse(503, "UNAVAILABLE")],
  ["504", "unavailable", 2, () => refuse(504, "DEADLINE_EXCEEDED")],
  ["a lost connection", "unavailable", 2, () => Promise.reject(new TypeError("fetch failed"))],
];

/** Never answers. */
export const hang: Fault = () => new Promise(() => undefined);

/** Begins to answer, and never ends. */
export const halfOpen: Fault = () =>
  new Response(
    new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode("{")) }),
  );

export function slow(ms: number): Fault {
  return async (answer) => {
    await new Promise((resolve) => {
      setTimeout(resolve, ms);
    });
    return Response.json(answer);
  };
}

function flipped(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte));
}
