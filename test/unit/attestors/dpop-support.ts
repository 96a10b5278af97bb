import { proveDpop, type ProvenDpop } from "../../../src/attestors/possession.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import type { Reason } from "../../../src/reasons.ts";
import type { Result } from "../../../src/result.ts";
import { base64url, tokenKey, type TokenKey } from "../../fakes/token-issuer.ts";

export const NOW = 1_800_000_000;
export const HTU = "https://id.prod.example/v1/svids";
export const NONE: ReadonlySet<string> = new Set();

export const platform = webCryptoPlatform({ now: () => NOW });
export const body = utf8Encode('{"jwt":{"audience":["https://orders.example"]}}');
export const bodySha256 = base64url(await platform.digest("SHA-256", body));
export const key = await tokenKey("ES256", "k");
export const rsa = await tokenKey("RS256", "k");
/** The key alone, without what a key set says beside it. */
export const publicJwk = {
  kty: key.jwk["kty"],
  crv: key.jwk["crv"],
  x: key.jwk["x"],
  y: key.jwk["y"],
};

export const CLAIMS = {
  jti: "one-time-value",
  htm: "POST",
  htu: HTU,
  iat: NOW,
  body_sha256: bodySha256,
};
export const HEADER = { typ: "dpop+jwt", jwk: publicJwk };

interface Given {
  readonly now?: number;
  readonly htu?: string;
  readonly bodySha256?: string;
  readonly ours?: ReadonlySet<string>;
}

export function prove(header: string, given: Given = {}): Promise<Result<ProvenDpop>> {
  const target = { htu: HTU, bodySha256, now: NOW, ...given };
  return proveDpop(header, target, { platform, ours: given.ours ?? NONE });
}

/** A proof that differs in the given claims and header members; undefined takes one away. */
export function proof(
  claims: object = {},
  header: object = {},
  by: TokenKey = key,
): Promise<string> {
  return by.sign({ ...CLAIMS, ...claims }, { kid: undefined, ...HEADER, ...header });
}

export function refusal(reason: Reason) {
  return { ok: false, error: { reason } };
}

/** Why each was refused, each reason once; "" for one that was not. */
export async function reasons(proofs: readonly (string | Promise<string>)[]): Promise<string[]> {
  const judged = await Promise.all(proofs.map(async (each) => prove(await each)));
  return [...new Set(judged.map((result) => (result.ok ? "" : result.error.reason)))];
}
