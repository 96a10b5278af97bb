import { beforeAll, describe, expect, it } from "vitest";
import {
  ascii,
  implicit,
  oid,
  printable,
  seq,
  set,
  utf8,
} from "../../../../src/encoding/der/writer.ts";
import { toHex } from "../../../../src/encoding/bytes.ts";
import { spkiOf } from "../../../../src/encoding/public-key.ts";
import { OID } from "../../../../src/svid/extensions.ts";
import { accepted, JKT, judge, outcome, sample } from "../../../conformance/attestor.ts";
import { sha256 } from "../../../fakes/cms-signer.ts";
import { extension, read, rsaModulus, testCa } from "../../svid/forge.ts";
import { proofFor } from "../pop-support.ts";
import { NOW } from "../support.ts";
import { chainOf, issueLeaf, LEAF_EXTENSIONS, makeBench, type PopBench } from "./pop-support.ts";

let bench: PopBench;
beforeAll(async () => {
  bench = await makeBench();
});
const [digitalSignature, clientOnly] = LEAF_EXTENSIONS;

describe("the claims of x509_pop", () => {
  it("are what the certificate says, as it says it", async () => {
    const holder = await issueLeaf(bench.intermediate, {
      serial: Uint8Array.of(0x0a, 1, 0xff),
      subject: "Machine 1",
      extensions: [
        digitalSignature,
        clientOnly,
        extension.altNames(
          implicit(2, ascii("M1.example")),
          implicit(2, ascii("m1.internal.example")),
          implicit(1, ascii("ops@example.org")),
          implicit(6, ascii("urn:machine:1")),
        ),
      ],
    });
    const leaf = read(holder.certificate);
    const evidence = {
      type: "x509_pop",
      certificate_chain: chainOf(holder.certificate, bench.intermediate.der),
      proof: await proofFor(holder.key),
    };
    const attestation = accepted(await judge(bench.attestor, evidence, NOW, JKT));
    const digest = async (bytes: Uint8Array) => toHex(await sha256(bytes));
    expect(attestation).toMatchObject({
      name: "x509_pop.fleet",
      binding: { kind: "key", jkt: JKT },
      notBefore: leaf.notBefore,
      notAfter: leaf.notAfter,
      svidNotAfter: leaf.notAfter,
    });
    expect(attestation.claims).toEqual({
      entry: "fleet",
      common_name: "Machine 1",
      serial: "0a01ff",
      fingerprint: await digest(holder.certificate),
      key_fingerprint: await digest(leaf.spki),
      issuer_key_fingerprint: await digest(bench.intermediate.certificate.spki),
      ca_fingerprint: await digest(bench.root.der),
      dns_names: ["M1.example", "m1.internal.example"],
      emails: ["ops@example.org"],
      uris: ["urn:machine:1"],
    });
  });

  it("have one name only where there is one", async () => {
    const attribute = (type: string, value: Uint8Array) => set(seq(oid(type), value));
    const subject = seq(
      attribute("2.5.4.10", printable("Example")),
      attribute("2.5.4.11", utf8("Ops")),
      attribute("2.5.4.11", utf8("Berlin")),
      attribute("2.5.4.3", utf8("a")),
      attribute("2.5.4.3", utf8("b")),
    );
    const holder = await issueLeaf(bench.intermediate, { subjectName: subject });
    const evidence = {
      type: "x509_pop",
      certificate_chain: chainOf(holder.certificate, bench.intermediate.der),
      proof: await proofFor(holder.key),
    };
    const { claims } = accepted(await judge(bench.attestor, evidence, NOW, JKT));
    expect(claims).toMatchObject({
      organization: "Example",
      organizational_units: ["Ops", "Berlin"],
      dns_name: "m1.example",
    });
    expect(claims).not.toHaveProperty("common_name");
  });
});

describe("a certificate for x509_pop", () => {
  const withExtensions = async (...extensions: readonly Uint8Array[]) =>
    bench.outcomeOf(await issueLeaf(bench.intermediate, { extensions }));

  it("may sign, and is for clients if it is for anything", async () => {
    expect(await withExtensions(digitalSignature)).toBe("accepted");
    expect(await withExtensions(digitalSignature, clientOnly)).toBe("accepted");
    const chain = "certificate_chain_invalid";
    expect(await withExtensions(extension.keyUsage([2]), clientOnly)).toBe(chain);
    expect(await withExtensions(clientOnly)).toBe(chain);
    expect(await withExtensions(digitalSignature, extension.purposes(OID.serverAuth))).toBe(chain);
    expect(await withExtensions(digitalSignature, extension.unknown(true))).toBe(chain);
    expect(await withExtensions(extension.ca(), extension.keyUsage([0, 5]))).toBe(chain);
    expect(await withExtensions(extension.keyUsage([0, 5]))).toBe(chain);
  });

  it("is of now", async () => {
    const over = await issueLeaf(bench.intermediate, { notAfter: NOW - 1 });
    expect(await bench.outcomeOf(over)).toBe("evidence_expired");
    const ahead = await issueLeaf(bench.intermediate, { notBefore: NOW + 1 });
    expect(await bench.outcomeOf(ahead)).toBe("evidence_not_yet_valid");
    const old = await testCa("Old CA", { notAfter: NOW - 1 }, bench.root);
    const holder = await issueLeaf(old);
    const certificate_chain = chainOf(holder.certificate, old.der);
    expect(await bench.outcomeOf(holder, { certificate_chain })).toBe("certificate_chain_invalid");
  });

  it("comes from the entry's CA: a CA's own name and certificates of others are worth nothing", async () => {
    const twin = await testCa("Fleet Root");
    const holder = await issueLeaf(twin);
    for (const chain of [[], [twin.der], [bench.intermediate.der, twin.der, bench.root.der]]) {
      const certificate_chain = chainOf(holder.certificate, ...chain);
      // oxlint-disable-next-line no-await-in-loop -- three
      expect(await bench.outcomeOf(holder, { certificate_chain })).toBe(
        "certificate_chain_invalid",
      );
    }
    const self = await testCa("self");
    const own = await issueLeaf(self, { subject: "self" });
    const certificate_chain = chainOf(own.certificate);
    expect(await bench.outcomeOf(own, { certificate_chain })).toBe("certificate_chain_invalid");
  });

  it("needs its intermediates, in any order", async () => {
    const second = await testCa("Fleet Issuing CA 2", {}, bench.intermediate);
    const holder = await issueLeaf(second);
    const judged = (...more: readonly Uint8Array[]) =>
      bench.outcomeOf(holder, { certificate_chain: chainOf(holder.certificate, ...more) });
    const { der } = bench.intermediate;
    expect(await judged(second.der, der)).toBe("accepted");
    expect(await judged(der, second.der)).toBe("accepted");
    expect(await judged(second.der)).toBe("certificate_chain_invalid");
    expect(await judged(second.der, der, der, der)).toBe("accepted");
    expect(await judged(second.der, der, der, der, der)).toBe("certificate_chain_invalid");
  });

  it("brings few certificates, of keys that cost little", async () => {
    const holder = await issueLeaf(bench.intermediate);
    const hundred = Array.from({ length: 100 }, () => holder.certificate);
    const many = chainOf(...hundred.slice(0, 25));
    expect(await bench.outcomeOf(holder, { certificate_chain: many })).toBe(
      "certificate_chain_invalid",
    );
    expect(await bench.outcomeOf(holder, { certificate_chain: chainOf(...hundred) })).toBe(
      "evidence_too_large",
    );
    for (const bytes of [128, 513, 1024, 2048]) {
      const chain = await issueLeaf(bench.intermediate, { spki: rsaSpki(bytes) }, holder.key); // oxlint-disable-line no-await-in-loop
      const as = { certificate_chain: chainOf(chain.certificate, bench.intermediate.der) };
      expect(await bench.outcomeOf(holder, as)).toBe("algorithm_not_allowed"); // oxlint-disable-line no-await-in-loop
      const beside = chainOf(holder.certificate, chain.certificate, bench.intermediate.der);
      const expected = bytes === 128 ? "accepted" : "algorithm_not_allowed";
      expect(await bench.outcomeOf(holder, { certificate_chain: beside })).toBe(expected); // oxlint-disable-line no-await-in-loop
    }
  });

  it("attests the same after a bit was flipped, or nothing", async () => {
    const { key, certificate } = await issueLeaf(bench.root);
    const proof = await proofFor(key);
    const judged = (der: Uint8Array) =>
      judge(bench.attestor, { type: "x509_pop", certificate_chain: chainOf(der), proof }, NOW, JKT);
    accepted(await judged(certificate));
    for (const bit of sample(certificate.length * 8, 400)) {
      const flipped = Uint8Array.from(certificate);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(outcome(await judged(flipped)), `bit ${bit}`).not.toBe("accepted"); // oxlint-disable-line no-await-in-loop
    }
  });
});

/** A public key of so many bytes that nobody has the private half of. */
function rsaSpki(bytes: number): Uint8Array {
  return spkiOf({ type: "RSA", n: rsaModulus(bytes), e: Uint8Array.of(1, 0, 1) });
}
