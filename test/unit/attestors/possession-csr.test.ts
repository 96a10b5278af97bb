import { calculateJwkThumbprint } from "jose";
import { describe, expect, it } from "vitest";
import { proveCsr, type ProvenKey } from "../../../src/attestors/possession.ts";
import { buildCsr } from "../../../src/client/csr.ts";
import { concatBytes } from "../../../src/encoding/bytes.ts";
import {
  bits,
  boolean,
  ia5,
  implicit,
  integer,
  nul,
  octets,
  oid,
  seq,
  set,
  utf8,
} from "../../../src/encoding/der/writer.ts";
import { jwkOf } from "../../../src/encoding/public-key.ts";
import type { KeyKind } from "../../../src/platform/platform.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import type { Reason } from "../../../src/reasons.ts";
import type { Result } from "../../../src/result.ts";
import { countingPlatform } from "../../fakes/counting-platform.ts";
import { commonName, csrDer, csrPem, extension, extensionRequest } from "../../fakes/csr.ts";
import { pem } from "../../fakes/keys.ts";
import { newKey } from "../../fakes/private-key.ts";

const platform = webCryptoPlatform();
const KINDS: readonly KeyKind[] = ["P-256", "P-384", "RSA-2048", "Ed25519"];
const key = await platform.generateKey("P-256");
const other = await platform.generateKey("P-256");
const NONE: ReadonlySet<string> = new Set();

async function prove(text: string, ours = NONE): Promise<Result<ProvenKey>> {
  return proveCsr(text, { platform, ours });
}

function refusal(reason: Reason) {
  return { ok: false, error: { reason } };
}

function odd(length: number, fill = 0xa7): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => ((index * 31 + fill) % 256) | 1);
}

function ecdsa(r: Uint8Array | number, s: Uint8Array | number): Uint8Array {
  return seq(integer(r), integer(s));
}

function named(dotted: string, ...parameters: Uint8Array[]): Uint8Array {
  return seq(oid(dotted), ...parameters);
}

describe("possession by CSR", () => {
  it.each(KINDS)("proves a %s key and names it by its thumbprint", async (kind) => {
    const made = await newKey(platform, kind);
    const { platform: counted, calls } = countingPlatform();
    for (const csr of [await csrPem(platform, made), await buildCsr(platform, made)]) {
      const proven = await proveCsr(csr, { platform: counted, ours: NONE });
      const jkt = await calculateJwkThumbprint({ ...jwkOf(made.publicKey.info) });
      expect(proven).toMatchObject({
        ok: true,
        value: { jkt, key: { info: made.publicKey.info } },
      });
    }
    expect(calls).toEqual({ imports: 0, verifications: 2 });
  });

  it("takes nothing of a request but its key", async () => {
    const wishes = [
      extension("2.5.29.19", true, seq(boolean(true), integer(0))),
      extension("2.5.29.15", true, bits(Uint8Array.of(0x06), 1)),
      extension("2.5.29.37", false, seq(oid("2.5.29.37.0"))),
      extension(
        "2.5.29.17",
        false,
        seq(implicit(6, ia5("spiffe://prod.example/admin").subarray(2))),
      ),
      extension("1.3.6.1.4.1.99999.1", true, octets(new Uint8Array(64))),
      extension("2.5.29.30", true, seq()),
    ];
    const password = seq(oid("1.2.840.113549.1.9.7"), set(utf8("secret")));
    const plain = await prove(await csrPem(platform, key));
    for (const options of [
      { subject: commonName("spiffe://prod.example/admin") },
      { attributes: [extensionRequest(...wishes)] },
      ...wishes.map((wish) => ({ attributes: [extensionRequest(wish)] })),
      { attributes: [password, extensionRequest(wishes[0] ?? seq()), password] },
      { attributes: [seq(oid("1.2.3.4"), set())] },
    ])
      expect(await prove(await csrPem(platform, key, options))).toMatchObject({
        ok: true,
        value: plain.ok ? { jkt: plain.value.jkt, key: { spki: plain.value.key.spki } } : {},
      });
    expect(plain).toMatchObject({ ok: true });
  });

  it("refuses the issuer's own keys", async () => {
    const csr = await csrPem(platform, key);
    const jkt = await calculateJwkThumbprint({ ...jwkOf(key.publicKey.info) });
    expect(await prove(csr, new Set(["another", jkt]))).toMatchObject(refusal("key_is_ours"));
    expect(await prove(csr, new Set(["another"]))).toMatchObject({ ok: true });
  });

  it("refuses signatures that the key did not make over this request", async () => {
    const scheme = { name: "ECDSA", hash: "SHA-256" } as const;
    const sha384 = seq(oid("1.2.840.10045.4.3.3"));
    expect(await prove(await csrPem(platform, other, { spki: key.publicKey.spki }))).toMatchObject(
      refusal("csr_signature_invalid"),
    );
    expect(await prove(await csrPem(platform, key, { algorithm: sha384 }))).toMatchObject(
      refusal("csr_signature_invalid"),
    );
    for (const signature of [ecdsa(1, 1), ecdsa(odd(32), odd(32)), ecdsa(odd(32, 3), 1)])
      expect(await prove(await csrPem(platform, key, { signature }))).toMatchObject({ ok: false });
    const raw = await platform.sign(scheme, key, key.publicKey.spki);
    for (const signature of [
      raw,
      new Uint8Array(),
      ecdsa(0, 1),
      ecdsa(1, 0),
      seq(),
      concatBytes(ecdsa(1, 1), nul()),
    ])
      expect(await prove(await csrPem(platform, key, { signature }))).toMatchObject(
        refusal("csr_malformed"),
      );
  });

  it("refuses algorithms that are weak, unknown, or another key's", async () => {
    const cases: [Uint8Array, Reason][] = [
      [named("1.2.840.10045.4.1"), "key_unsupported"],
      [named("1.2.840.113549.1.1.5", nul()), "key_unsupported"],
      [named("1.2.840.113549.1.1.4", nul()), "key_unsupported"],
      [named("1.2.840.10045.4.3.2", nul()), "key_unsupported"],
      [named("2.16.840.1.101.3.4.3.2"), "key_unsupported"],
      [named("1.2.840.113549.1.1.11", nul()), "csr_malformed"],
      [named("1.3.101.112"), "csr_malformed"],
    ];
    for (const [algorithm, reason] of cases)
      expect(await prove(await csrPem(platform, key, { algorithm }))).toMatchObject(
        refusal(reason),
      );
  });

  it("refuses text that is not one PEM block of the right label", async () => {
    const csr = await csrPem(platform, key);
    const der = await csrDer(platform, key);
    const texts = [
      "",
      "MIIB",
      csr + csr,
      csr + (await csrPem(platform, other)),
      `Certificate Request:\n${csr}`,
      `${csr}x`,
      pem("NEW CERTIFICATE REQUEST", der),
      pem("CERTIFICATE", der),
      pem("PUBLIC KEY", key.publicKey.spki),
      csr.replace("REQUEST-----", "REQUEST----- "),
      csr.replaceAll("\n", ""),
      csr.slice(0, -20),
      `${csr}${" ".repeat(16_384)}`,
      pem("CERTIFICATE REQUEST", concatBytes(der, Uint8Array.of(0))),
      pem("CERTIFICATE REQUEST", concatBytes(der, der)),
      pem("CERTIFICATE REQUEST", der.subarray(0, -1)),
      pem("CERTIFICATE REQUEST", key.publicKey.spki),
      pem("CERTIFICATE REQUEST", new Uint8Array(300)),
    ];
    for (const text of texts) expect(await prove(text)).toMatchObject(refusal("csr_malformed"));
    expect(await prove(`\n${csr}\n\n`)).toMatchObject({ ok: true });
  });

  it("refuses requests that are no PKCS#10", async () => {
    const { spki } = key.publicKey;
    const attributes = implicit(0, new Uint8Array(), true);
    const bodies = [
      seq(integer(1), seq(), spki, attributes),
      seq(seq(), spki, attributes),
      seq(integer(0), seq(), spki),
      seq(integer(0), seq(), spki, attributes, nul()),
      seq(integer(0), seq(), attributes),
      seq(integer(0), set(), spki, attributes),
      seq(integer(0), seq(), spki, implicit(1, new Uint8Array(), true)),
      octets(spki),
    ];
    for (const tbs of bodies)
      expect(await prove(await csrPem(platform, key, { tbs }))).toMatchObject(
        refusal("csr_malformed"),
      );
  });

  it("refuses a request in which any single bit flipped", { timeout: 30_000 }, async () => {
    const der = await csrDer(platform, key, { subject: commonName("x") });
    let acceptances = 0;
    for (let bit = 0; bit < der.length * 8; bit++) {
      const flipped = der.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if ((await prove(pem("CERTIFICATE REQUEST", flipped))).ok) acceptances++;
    }
    expect(acceptances).toBe(0);
  });
});
