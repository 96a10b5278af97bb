import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { ecdsaRawToDer } from "../../../src/encoding/ecdsa.ts";
import { SignerError } from "../../../src/signer/signer.ts";
import { verified } from "../../../src/signer/verified.ts";
import {
  base64url,
  failure,
  fromBase64url,
  type VaultAnswer,
} from "../../fakes/azure-key-vault.ts";
import { bench, crypto, faultOf } from "./azure-key-vault-support.ts";

const DATA = utf8Encode("bytes that we encoded");
/** Of P-256. */
const ORDER = fromBase64url("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");

const wrong = (change: (answer: VaultAnswer) => object) => (answer: VaultAnswer) =>
  Response.json({ ...answer, ...change(answer) });
const altered = (change: (signature: Uint8Array) => Uint8Array) =>
  wrong(({ value }) => ({ value: base64url(change(fromBase64url(value))) }));
const halves = (r: Uint8Array, s: Uint8Array) => new Uint8Array([...r, ...s]);
const ZERO = new Uint8Array(32);

describe("a signature that is none (F6)", () => {
  it.each<[string, (answer: VaultAnswer) => Response]>([
    ["another version", wrong(({ kid }) => ({ kid: kid.replace(/1$/, "2") }))],
    ["the key without its version", wrong(({ kid }) => ({ kid: kid.slice(0, -33) }))],
    ["another vault's key", wrong(({ kid }) => ({ kid: kid.replace("svidmint", "other") }))],
    ["no key", wrong(() => ({ kid: undefined }))],
    ["no value", wrong(() => ({ value: undefined }))],
    ["an empty value", wrong(() => ({ value: "" }))],
    ["a number", wrong(() => ({ value: 7 }))],
    ["padded base64url", wrong(({ value }) => ({ value: `${value}==` }))],
    ["another alphabet", wrong(({ value }) => ({ value: `+/${value.slice(2)}` }))],
    ["DER where raw was promised", altered((signature) => ecdsaRawToDer(signature))],
    ["a truncated signature", altered((signature) => signature.subarray(0, -1))],
    ["an octet too many", altered((signature) => new Uint8Array([...signature, 0]))],
    ["a flipped bit", altered((signature) => signature.map((b, i) => (i === 63 ? b ^ 1 : b)))],
    ["r = 0", altered((signature) => halves(ZERO, signature.subarray(32)))],
    ["s = 0", altered((signature) => halves(signature.subarray(0, 32), ZERO))],
    ["r = n", altered((signature) => halves(ORDER, signature.subarray(32)))],
    ["s = n", altered((signature) => halves(signature.subarray(0, 32), ORDER))],
    [
      "s above n",
      altered((signature) =>
        halves(
          signature.subarray(0, 32),
          ZERO.map(() => 255),
        ),
      ),
    ],
  ])("%s: unsound, not asked again", async (_, fault) => {
    const { vault, signer } = await bench();
    vault.fault = fault;
    expect(await faultOf(() => verified(signer, crypto).sign(DATA))).toMatchObject({
      code: "unsound",
      retryable: false,
    });
    expect(vault.asked).toHaveLength(1);
  });

  it("of an RSA key that is shorter than its modulus", async () => {
    const { vault, signer } = await bench("RSA-2048");
    vault.fault = altered((signature) => signature.subarray(1));
    expect(await faultOf(() => signer.sign(DATA))).toMatchObject({ code: "unsound" });
  });
});

const BOMB = new Uint8Array(1024 * 1024);

describe("a vault that does not sign (F2 to F5, F7)", () => {
  it.each<[string, string, number, () => Response | Promise<Response>]>([
    ["a token it does not take", "denied", 1, () => failure(401, "Unauthorized")],
    ["access denied", "denied", 1, () => failure(403, "Forbidden", "ForbiddenByRbac")],
    ["a firewall", "denied", 1, () => failure(403, "Forbidden", "ForbiddenByFirewall")],
    ["a disabled key", "denied", 1, () => failure(403, "Forbidden", "KeyDisabled")],
    ["an expired key", "denied", 1, () => failure(403, "Forbidden", "KeyExpired")],
    ["no such key", "denied", 1, () => failure(404, "KeyNotFound")],
    ["another algorithm", "denied", 1, () => failure(400, "BadParameter")],
    ["a redirect", "denied", 1, () => Response.redirect("https://other.example/", 307)],
    ["200 that is no JSON", "denied", 1, () => new Response("<html>")],
    ["200 with a list", "denied", 1, () => Response.json([])],
    ["more than any answer", "denied", 1, () => new Response(BOMB)],
    ["429", "throttled", 2, () => failure(429, "Throttled", undefined, { "retry-after": "9" })],
    ["500", "unavailable", 2, () => failure(500, "InternalServerError")],
    ["503", "unavailable", 2, () => new Response("", { status: 503 })],
    ["a lost connection", "unavailable", 2, () => Promise.reject(new TypeError("fetch failed"))],
  ])("%s: %s after %i call(s), and nothing of what it said", async (_, code, calls, fault) => {
    const { vault, signer } = await bench();
    vault.fault = fault;
    const error = await faultOf(() => signer.sign(DATA));
    expect(error).toBeInstanceOf(SignerError);
    expect(error).toMatchObject({ code, retryable: code !== "denied" });
    expect(vault.asked).toHaveLength(calls);
    expect(String(error)).not.toMatch(/hunter2|eyJ|html/);
  });

  it("is named with its own word for it, if that is a word", async () => {
    const { vault, signer } = await bench();
    vault.fault = () => failure(403, "Forbidden", "KeyDisabled");
    const said = "Azure Key Vault refuses sign for root: status 403";
    const message = `${said} Forbidden KeyDisabled`;
    expect(await faultOf(() => signer.sign(DATA))).toMatchObject({ message });
    vault.fault = () => failure(403, "the secret is hunter2", "hunter2");
    expect(await faultOf(() => signer.sign(DATA))).toMatchObject({ message: said });
  });

  it("is asked again once, and signs", async () => {
    const { vault, signer } = await bench();
    let first = true;
    vault.fault = () => {
      if (!first) return undefined;
      first = false;
      return failure(500, "InternalServerError");
    };
    await verified(signer, crypto).sign(DATA);
    expect(vault.asked).toHaveLength(2);
  });

  it("hears nothing where there is no token", async () => {
    const { open, kid, vault, chosen, key } = await bench();
    const handle = await open({ key: kid }, { IDENTITY_HEADER: "somebody else's" });
    const signer = handle?.signer?.("root", chosen, key.publicKey);
    expect(await faultOf(() => signer?.sign(DATA))).toMatchObject({ code: "denied" });
    expect(vault.asked).toEqual([]);
  });
});
