import { ecdsaRawToDer } from "../../src/encoding/ecdsa.ts";
import { failure, keyArn, type KmsAnswer, type KmsFault } from "./aws-kms.ts";
import { base64, fromBase64 } from "./keys.ts";

const change = (members: (answer: KmsAnswer) => object): KmsFault => {
  return (answer) => Response.json({ ...answer, ...members(answer) });
};
const signature = (made: (bytes: Uint8Array) => Uint8Array): KmsFault => {
  return change(({ Signature: text = "" }) => ({ Signature: base64(made(fromBase64(text))) }));
};

/** Answers that say they are of something else than was asked for, whatever that was. */
export const FOREIGN: Readonly<Record<string, KmsFault>> = {
  "another key's ARN": change(() => ({ KeyId: keyArn("two") })),
  "the key's id in place of its ARN": change(() => ({ KeyId: "one" })),
  "no key": change(() => ({ KeyId: undefined })),
  "another algorithm": change(() => ({
    SigningAlgorithm: "ECDSA_SHA_384",
    EncryptionAlgorithm: "RSAES_OAEP_SHA_256",
  })),
};

export const FLIPPED_BIT = signature((bytes) => bytes.map((b, at) => (at === 40 ? b ^ 1 : b)));

/** Answers of the right key that are no ECDSA signature of what it was given. */
export const UNSOUND: Readonly<Record<string, KmsFault>> = {
  "no signature": change(() => ({ Signature: undefined })),
  "a number": change(() => ({ Signature: 7 })),
  "what is no base64": change(() => ({ Signature: "%%%" })),
  "garbage for DER": signature(() => new Uint8Array(70).fill(0x30)),
  "raw for DER": signature(() => new Uint8Array(64).fill(1)),
  "DER cut short": signature((bytes) => bytes.subarray(0, -1)),
  "DER with a byte behind": signature((bytes) => new Uint8Array([...bytes, 0])),
  "a flipped bit": FLIPPED_BIT,
  "well-formed DER of other numbers": signature(() => ecdsaRawToDer(new Uint8Array(64).fill(9))),
};

interface Failure {
  readonly code: "denied" | "throttled" | "unavailable";
  readonly fault: KmsFault;
}

const named = (code: Failure["code"], type: string, status?: number): Failure => ({
  code,
  fault: () => failure(type, status),
});
const BOMB = new Uint8Array(1024 * 1024);

/** What the service says, or does, instead of an answer. All but `denied` may pass. */
export const FAILURES: Readonly<Record<string, Failure>> = {
  "access denied": named("denied", "AccessDeniedException"),
  "a disabled key": named("denied", "DisabledException"),
  "a key about to be deleted": named("denied", "KMSInvalidStateException"),
  "403": { code: "denied", fault: () => new Response("no", { status: 403 }) },
  "a redirect": { code: "denied", fault: () => Response.redirect("https://other.example/", 307) },
  "200 that is no JSON": { code: "denied", fault: () => new Response("<html>") },
  "200 with a list": { code: "denied", fault: () => Response.json([]) },
  "more than any answer": { code: "denied", fault: () => new Response(BOMB) },
  throttling: named("throttled", "ThrottlingException"),
  "429": { code: "throttled", fault: () => new Response("slow down", { status: 429 }) },
  "500": named("unavailable", "KMSInternalException", 500),
  "503": { code: "unavailable", fault: () => new Response("", { status: 503 }) },
  "a lost connection": {
    code: "unavailable",
    fault: () => Promise.reject(new TypeError("fetch failed")),
  },
};

/** Answers, but not at once. @param after what has to come first */
export function slow(after: Promise<unknown>): KmsFault {
  return async () => {
    await after;
    return undefined;
  };
}

/** Half open: the request went out, and nothing ever comes back. */
export const hang: KmsFault = () => new Promise(() => undefined);
