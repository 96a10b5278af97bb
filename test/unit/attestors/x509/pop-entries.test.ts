import { beforeAll, describe, expect, it } from "vitest";
import { x509Pop } from "../../../../src/attestors/x509/pop.ts";
import { toHex } from "../../../../src/encoding/bytes.ts";
import { bits, seq } from "../../../../src/encoding/der/writer.ts";
import { ecdsaDerToRaw, ecdsaRawToDer } from "../../../../src/encoding/ecdsa.ts";
import { signatureAlgorithmOf } from "../../../../src/encoding/signature-algorithm.ts";
import { accepted, JKT, judge, outcome } from "../../../conformance/attestor.ts";
import { dataUrl } from "../../../fakes/token-issuer.ts";
import { DAY, read, testCa } from "../../svid/forge.ts";
import { proofFor } from "../pop-support.ts";
import { buildClean, NOW } from "../support.ts";
import { chainOf, issueLeaf, makeBench, type PopBench } from "./pop-support.ts";

let bench: PopBench;
beforeAll(async () => {
  bench = await makeBench();
});

describe("entries of x509_pop", () => {
  it("are told apart by name, and never tried one after the other", async () => {
    const [east, west] = [await testCa("East"), await testCa("West")];
    const attestor = await buildClean(x509Pop, {
      east: { ca: dataUrl(chainOf(east.der)) },
      west: { ca: dataUrl(chainOf(west.der)), audience: "urn:west" },
    });
    const holder = await issueLeaf(east);
    const evidence = {
      type: "x509_pop",
      certificate_chain: chainOf(holder.certificate),
      proof: await proofFor(holder.key),
    };
    const judged = async (more: object) =>
      outcome(await judge(attestor, { ...evidence, ...more }, NOW, JKT));
    expect(await judged({ entry: "east" })).toBe("accepted");
    expect(await judged({})).toBe("entry_required");
    expect(await judged({ entry: "north" })).toBe("issuer_not_configured");
    expect(await judged({ entry: "constructor" })).toBe("issuer_not_configured");
    expect(await judged({ entry: "west" })).toBe("audience_mismatch");
    const proof = await proofFor(holder.key, `urn:west/jkt/${JKT}`);
    expect(await judged({ entry: "west", proof })).toBe("certificate_chain_invalid");
    expect(await judged({ entry: "east", proof })).toBe("audience_mismatch");
  });

  it("with one CA are two, each with claims of its own", async () => {
    const ca = dataUrl(chainOf(bench.root.der));
    const attestor = await buildClean(x509Pop, { east: { ca }, west: { ca } });
    const { key, certificate } = await issueLeaf(bench.root);
    const keys = ["east", "west"].map(async (entry) => {
      const proof = await proofFor(key);
      const evidence = { type: "x509_pop", entry, certificate_chain: chainOf(certificate), proof };
      return accepted(await judge(attestor, evidence, NOW, JKT)).claimKey;
    });
    expect(new Set(await Promise.all(keys)).size).toBe(2);
  });

  it("take an intermediate as an anchor as it stands", async () => {
    const root = await testCa("Root");
    const issuing = await testCa("Issuing", {}, root);
    const sibling = await testCa("Sibling", {}, root);
    const attestor = await buildClean(x509Pop, { only: { ca: dataUrl(chainOf(issuing.der)) } });
    for (const [ca, expected] of [
      [issuing, "accepted"],
      [sibling, "certificate_chain_invalid"],
      [root, "certificate_chain_invalid"],
    ] as const) {
      const { key, certificate } = await issueLeaf(ca); // oxlint-disable-line no-await-in-loop
      const evidence = {
        type: "x509_pop",
        certificate_chain: chainOf(certificate, ca.der),
        proof: await proofFor(key), // oxlint-disable-line no-await-in-loop
      };
      expect(outcome(await judge(attestor, evidence, NOW, JKT))).toBe(expected); // oxlint-disable-line no-await-in-loop
    }
  });

  it("know one claim by what was signed, though its signature can be written in another way", async () => {
    const keyed = await issueLeaf(bench.root, { notAfter: NOW + DAY });
    const again = await issueLeaf(bench.root, { notAfter: NOW + DAY }, keyed.key);
    const keyOf = async (certificate: Uint8Array) => {
      const evidence = {
        type: "x509_pop",
        certificate_chain: chainOf(certificate),
        proof: await proofFor(keyed.key),
      };
      return accepted(await judge(bench.attestor, evidence, NOW, JKT)).claimKey;
    };
    expect(await keyOf(keyed.certificate)).toBe(await keyOf(keyed.certificate));
    expect(await keyOf(again.certificate)).not.toBe(await keyOf(keyed.certificate));
    const twisted = twist(keyed.certificate);
    expect(twisted).not.toEqual(keyed.certificate);
    expect(await keyOf(twisted)).toBe(await keyOf(keyed.certificate));
  });
});

/** The same certificate with the other of the two ECDSA signatures: (r, n − s). */
function twist(certificate: Uint8Array): Uint8Array {
  const { tbs, signature } = read(certificate);
  const raw = ecdsaDerToRaw(signature, "P-256");
  if (!raw.ok) throw new Error("no signature");
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const s = order - BigInt(`0x${toHex(raw.value.subarray(32))}`);
  const bytes = s.toString(16).padStart(64, "0").match(/../g) ?? [];
  const other = Uint8Array.from([
    ...raw.value.subarray(0, 32),
    ...bytes.map((hex) => Number(`0x${hex}`)),
  ]);
  const algorithm = signatureAlgorithmOf({ name: "ECDSA", hash: "SHA-256" });
  return seq(tbs, algorithm, bits(ecdsaRawToDer(other)));
}
