import type { Attestation } from "../../src/attestation.ts";
import type { Attestor } from "../../src/attestors/attestor.ts";
import type { Result } from "../../src/result.ts";
import type { FakeNetwork } from "../fakes/network.ts";
import type { TokenKey } from "../fakes/token-issuer.ts";
import { JKT, judge, type AttestorFixture } from "./attestor.ts";

/** An attestor of tokens, and the key that its provider signs with. */
export interface TokenFixture extends Omit<
  AttestorFixture,
  "member" | "good" | "forged" | "calls"
> {
  readonly key: TokenKey;
  readonly network: FakeNetwork;
  /** What the attestor's configuration, or the issuer URL, gives as the one audience. */
  readonly audience: string;
  readonly maxLifetimeSeconds: number;
  /** Its tokens have no `aud`: what `claims` takes for one, it puts into a nonce. */
  readonly byNonce?: true;
  /** Its tokens may bring certificates, which are held against a root. */
  readonly certified?: true;
  /** Good claims at `now`, for that audience. */
  claims(audience: unknown): Record<string, unknown>;
  /** The evidence's other members. */
  readonly members: Readonly<Record<string, unknown>>;
  /** An attestor of the same configuration, but for keys fetched from `keysUrl`. */
  fetching(network: FakeNetwork): Promise<Attestor>;
  readonly keysUrl: string;
}

export interface TokenJudge {
  /** Claims that are good. */
  readonly good: Readonly<Record<string, unknown>>;
  readonly judgeToken: (token: string, by?: Attestor, at?: number) => Promise<Result<Attestation>>;
  /** @param header over that of a good token */
  readonly judgeClaims: (claims: object, header?: object) => Promise<Result<Attestation>>;
}

export function tokenJudge(fixture: TokenFixture): TokenJudge {
  const { attestor, members, now, key } = fixture;
  const judgeToken: TokenJudge["judgeToken"] = (token, by = attestor, at = now) =>
    judge(by, { ...members, token }, at, JKT);
  return {
    good: fixture.claims(fixture.audience),
    judgeToken,
    judgeClaims: async (changed, header) => judgeToken(await key.sign(changed, header)),
  };
}
