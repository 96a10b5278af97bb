import type { KeyAuthority } from "../../../src/encoding/bundle.ts";
import type { JsonObject } from "../../../src/encoding/json.ts";
import { jwkOf } from "../../../src/encoding/public-key.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import type { WitSvidProfile } from "../../../src/svid/wit-svid.ts";
import { NOW, platform } from "./forge.ts";
import { ID } from "./mint.ts";

/** A WIT-SVID's parts, the key that signs it and the key that it is for. */
export interface WitWorld {
  readonly authority: PrivateKey;
  readonly workload: PrivateKey;
  readonly authorities: readonly KeyAuthority[];
  readonly profile: WitSvidProfile;
  readonly header: JsonObject;
  readonly claims: JsonObject & { readonly cnf: { readonly jwk: JsonObject } };
}

export async function witWorld(): Promise<WitWorld> {
  const authority = await platform.generateKey("P-256");
  const workload = await platform.generateKey("P-256");
  const { info } = workload.publicKey;
  const jti = "c29tZSByYW5kb20gYnl0ZXM";
  return {
    authority,
    workload,
    authorities: [{ kid: "wit-1", info: authority.publicKey.info }],
    profile: {
      alg: "ES256",
      kid: "wit-1",
      spiffeId: ID,
      issuedAt: NOW,
      expiresAt: NOW + 3600,
      jti,
      confirmation: { info, alg: "ES256" },
    },
    header: { alg: "ES256", kid: "wit-1", typ: "wit+jwt" },
    claims: {
      sub: ID,
      iat: NOW,
      exp: NOW + 3600,
      jti,
      cnf: { jwk: { ...jwkOf(info), alg: "ES256" } },
    },
  };
}
