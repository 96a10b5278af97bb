import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import * as z from "zod/mini";
import { AUDIENCE } from "../../../scripts/interop/configuration.ts";
import { signJwt, type WorkloadKey } from "../../../scripts/interop/workload.ts";
import { keyFile, type Keyed, type Span } from "./minted.ts";

/** A JWT-SVID for `AUDIENCE`, signed by the key that its `kid` names. */
export function mintToken(
  issuer: Keyed,
  spiffeId: string,
  { from = -1, to = 1 }: Span = {},
): string {
  const privateKey = createPrivateKey(readFileSync(keyFile(issuer, "jwt", "key")));
  const publicKey = createPublicKey(privateKey);
  const jwk = z.record(z.string(), z.string()).parse(publicKey.export({ format: "jwk" }));
  const { crv, kty, x, y } = jwk;
  const canonical = JSON.stringify({ crv, kty, x, y });
  const thumbprint = createHash("sha256").update(canonical).digest("base64url");
  const spki = publicKey.export({ format: "der", type: "spki" });
  const key: WorkloadKey = { privateKey, spki, jwk, thumbprint };
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: spiffeId, aud: [AUDIENCE], iat: now + from * 3600, exp: now + to * 3600 };
  return signJwt({ alg: "ES256", kid: thumbprint, typ: "JWT" }, claims, key);
}
