import { describe, expect, it } from "vitest";
import type { Attestation, Binding } from "../../../src/attestation.ts";
import type { ProvenDpop, ProvenKey } from "../../../src/attestors/possession.ts";
import type { PublicKeyInfo } from "../../../src/encoding/primitives.ts";
import { checkGrants } from "../../../src/issuer/grant-check.ts";
import type { Possession } from "../../../src/issuer/possession.ts";
import type { SvidRequest } from "../../../src/issuer/request.ts";
import type { SvidKeyType } from "../../../src/policy/grants.ts";
import type { Decision } from "../../../src/policy/match.ts";
import { AUDIENCE, TRUST_DOMAIN } from "./names.ts";

const BYTES = new Uint8Array(32).fill(1);
const ec = (curve: "P-256" | "P-384" | "P-521"): PublicKeyInfo => ({
  type: "EC",
  curve,
  x: BYTES,
  y: BYTES,
});
const ecdsa = { name: "ECDSA", hash: "SHA-256" } as const;
const rsa = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;
const KEYS = {
  p256: [ec("P-256"), ecdsa],
  p384: [ec("P-384"), { ...ecdsa, hash: "SHA-384" }],
  p521: [ec("P-521"), { ...ecdsa, hash: "SHA-512" }],
  rsa: [{ type: "RSA", n: new Uint8Array(256).fill(0xff), e: Uint8Array.of(1, 0, 1) }, rsa],
  ed25519: [{ type: "Ed25519", x: BYTES }, { name: "Ed25519" }],
} as const satisfies Record<string, readonly [PublicKeyInfo, ProvenKey["scheme"]]>;

/** A key proved by a CSR or, as it holds a `jti`, by a DPoP proof. */
function proved(kind: keyof typeof KEYS, jkt = "alice"): ProvenDpop {
  const [info, scheme] = KEYS[kind];
  return { key: { info, spki: BYTES }, jkt, scheme, jti: "once" };
}

const fact = (kind: Binding["kind"]): Attestation => ({
  type: "t",
  name: "t",
  claims: {},
  binding: kind === "key" ? { kind, jkt: "alice" } : { kind },
  claimKey: "c",
  generation: 0,
});
const bearer = fact("none");

function decision(keyTypes: readonly SvidKeyType[], claimed: boolean): Decision {
  return {
    rule: "r",
    spiffeId: { uri: "spiffe://prod.example/a", trustDomain: TRUST_DOMAIN, path: "/a" },
    grants: {
      x509: { ttl: 60, keyTypes },
      jwt: { ttl: 60, audiences: [AUDIENCE], multipleAudiences: false },
      wit: { ttl: 60 },
      longestTtl: 60,
    },
    claims: claimed ? [{ attestation: bearer, maxOwners: 1 }] : [],
    auditRules: [],
  };
}

interface Asked {
  readonly possession: Possession;
  readonly facts?: readonly Attestation[];
  readonly keyTypes?: readonly SvidKeyType[];
  /** Whether the rule asks for a claim. */
  readonly claimed?: boolean;
}

function check(asked: Partial<SvidRequest>, { possession, facts, keyTypes, claimed }: Asked) {
  const request: SvidRequest = { evidence: [{ type: "t" }], ...asked };
  const decided = decision(keyTypes ?? ["p256"], claimed ?? false);
  const result = checkGrants(request, decided, possession, facts ?? [fact("audience")]);
  return result.ok ? "given" : result.error.reason;
}

const x509 = { csr: "-" };
const jwt = { audience: [AUDIENCE] };

describe("key_types of a rule", () => {
  const granted: readonly SvidKeyType[] = ["p256", "p384", "rsa", "ed25519"];
  it.each(Object.keys(KEYS) as (keyof typeof KEYS)[])("takes %s where it is named", (kind) => {
    const possession = { csr: proved(kind), owner: "alice" };
    const others = granted.filter((type) => type !== kind);
    expect(check({ x509 }, { possession, keyTypes: others })).toBe("key_unsupported");
    expect(check({ x509 }, { possession, keyTypes: granted })).toBe(
      kind === "p521" ? "key_unsupported" : "given",
    );
  });

  it("say nothing of the key of a WIT-SVID, which is one that such a token can name", () => {
    for (const kind of ["p384", "p521", "rsa"] as const) {
      const csr = proved(kind);
      expect(check({ wit: {} }, { possession: { csr, wit: csr, owner: "alice" } })).toBe("given");
    }
    const csr = proved("ed25519");
    const possession = { csr, wit: csr, owner: "alice" };
    expect(check({ wit: {} }, { possession, keyTypes: granted })).toBe("key_unsupported");
    // Asked for a certificate alone, it is that of no token.
    expect(check({ x509 }, { possession: { csr, owner: "alice" }, keyTypes: granted })).toBe(
      "given",
    );
  });
});

/** Of some evidence it shows only once it is verified that it is of one key. */
describe("evidence of one key", () => {
  it.each<[string, readonly Attestation[], boolean]>([
    ["bound", [fact("key")], false],
    ["one of two bound", [fact("audience"), fact("key")], false],
    ["claimed", [bearer], true],
    ["claimed beside what is made for us", [bearer, fact("audience")], true],
  ])("gives no token without a DPoP proof: %s", (_, facts, claimed) => {
    const csr = proved("p256");
    const by = { csr, owner: "alice" };
    expect(check({ jwt }, { possession: {}, facts, claimed })).toBe("possession_missing");
    expect(check({ x509, jwt }, { possession: by, facts, claimed })).toBe("possession_missing");
    const possession = { dpop: proved("p256"), owner: "alice" };
    expect(check({ jwt }, { possession, facts, claimed })).toBe("given");
    expect(check({ x509 }, { possession: by, facts, claimed })).toBe("given");
  });

  it("gives a token without any key where it is of none", () => {
    expect(check({ jwt }, { possession: {} })).toBe("given");
  });

  it("is claimed by a key only", () => {
    expect(check({ x509 }, { possession: {}, facts: [bearer], claimed: true })).toBe(
      "possession_missing",
    );
  });
});

describe("a CSR of another key than the DPoP proof's", () => {
  const possession = { csr: proved("p256", "bob"), dpop: proved("p256"), owner: "alice" };
  it.each<[string, readonly Attestation[], boolean, string]>([
    ["made for us, and under no claim", [fact("audience")], false, "key_mismatch"],
    ["made for us, and used once", [fact("audience")], true, "key_mismatch"],
    ["bearer and made for us", [bearer, fact("audience")], true, "key_mismatch"],
    ["bearer, which names an instance that another piece proves", [bearer], false, "key_mismatch"],
    ["bearer, under a claim", [bearer], true, "given"],
    ["two bearers, under a claim", [bearer, bearer], true, "given"],
  ])("%s", (_, facts, claimed, answer) => {
    expect(check({ x509, jwt }, { possession, facts, claimed })).toBe(answer);
  });
});
