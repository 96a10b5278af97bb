import { X509Certificate } from "node:crypto";
import { importJWK, jwtVerify, type JWK } from "jose";

/** A verifier that shares no code with the issuer: node:crypto for chains, jose for tokens, a bundle that it refreshes. */

export interface Signed {
  readonly kind: "x509" | "jwt" | "wit";
  /** Chain in PEM, or token. */
  readonly svid: string;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Name of the key that signed it, from the audit log. */
  readonly signer: string;
}

interface Held {
  readonly sequence: number;
  readonly text: string;
  readonly roots: readonly X509Certificate[];
  readonly tokens: ReadonlyMap<string, { readonly use: string; readonly jwk: JWK }>;
}

export class Consumer {
  #held: Held | undefined;

  get sequence(): number | undefined {
    return this.#held?.sequence;
  }

  /** Takes what the URL answers with, unless it is older than what is held. @returns whether it holds something else now */
  async refresh(url: string): Promise<boolean> {
    const text = await (await fetch(url)).text();
    const bundle = JSON.parse(text);
    const before = this.#held;
    if (before !== undefined && bundle.spiffe_sequence < before.sequence) return false;
    const keys: (JWK & { x5c?: string[] })[] = bundle.keys;
    this.#held = {
      sequence: bundle.spiffe_sequence,
      text,
      roots: keys
        .filter(({ use }) => use === "x509-svid")
        .map(({ x5c = [] }) => new X509Certificate(Buffer.from(x5c[0] ?? "", "base64"))),
      tokens: new Map(keys.map((jwk) => [jwk.kid ?? "", { use: jwk.use ?? "", jwk }])),
    };
    return before?.text !== text;
  }

  /** @param now Unix seconds */
  async accepts({ kind, svid }: Signed, now: number): Promise<boolean> {
    return kind === "x509" ? this.#acceptsChain(svid, now) : this.#acceptsToken(kind, svid, now);
  }

  #acceptsChain(pem: string, now: number): boolean {
    const chain = (pem.match(/-----BEGIN[^]*?END CERTIFICATE-----/g) ?? []).map(
      (block) => new X509Certificate(block),
    );
    const inTime = chain.every(
      ({ validFrom, validTo }) =>
        Date.parse(validFrom) <= now * 1000 && now * 1000 < Date.parse(validTo),
    );
    const linked = chain.slice(1).every((issuer, i) => isIssuedBy(chain[i], issuer));
    const last = chain.at(-1);
    return inTime && linked && (this.#held?.roots.some((root) => isIssuedBy(last, root)) ?? false);
  }

  async #acceptsToken(kind: "jwt" | "wit", token: string, now: number): Promise<boolean> {
    const { kid } = JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());
    const key = this.#held?.tokens.get(kid);
    if (key?.use !== `${kind}-svid`) return false;
    try {
      await jwtVerify(token, await importJWK(key.jwk, "ES256"), {
        currentDate: new Date(now * 1000),
        clockTolerance: 60,
      });
      return true;
    } catch {
      return false;
    }
  }
}

function isIssuedBy(certificate: X509Certificate | undefined, issuer: X509Certificate): boolean {
  return certificate?.checkIssued(issuer) === true && certificate.verify(issuer.publicKey);
}
