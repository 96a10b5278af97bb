import { describe, expect, it } from "vitest";
import { DIGEST, provenance, simulateSigstore } from "../../fakes/node/sigstore.ts";
import { NOW, verdict, world } from "../../node/attestors/sigstore/support.ts";

type Bundle = Record<string, unknown> & {
  verificationMaterial: { tlogEntries: Record<string, unknown>[]; certificate: unknown };
  dsseEnvelope: { payload: string };
};
const attest = async (...args: Parameters<typeof world.attest>) =>
  (await world.attest(...args)) as Bundle;
const about = (sha256: string) => provenance({ subject: [{ name: "x", digest: { sha256 } }] });

describe("what cosign and its like believed", () => {
  it("CVE-2022-36056, CVE-2026-22703: an entry of the log, genuine, about something else", async () => {
    const [mine, other] = [await attest(provenance()), await attest(about("b".repeat(64)))];
    mine.verificationMaterial.tlogEntries = other.verificationMaterial.tlogEntries;
    expect(await verdict(mine)).toBe("log_proof_invalid");
  });

  it("CVE-2022-23649: an entry whose time or place in the log was never promised", async () => {
    for (const change of [{ integratedTime: String(NOW + 5) }, { logIndex: "7" }]) {
      const bundle = await attest(provenance()); // oxlint-disable-line no-await-in-loop -- two
      Object.assign(bundle.verificationMaterial.tlogEntries[0] ?? {}, change);
      expect(await verdict(bundle)).toBe("log_proof_invalid"); // oxlint-disable-line no-await-in-loop
    }
    const foreign = await attest(provenance(), { log: { foreign: true } });
    expect(await verdict(foreign)).toBe("log_proof_invalid");
  });

  it("CVE-2022-35929: another kind of attestation, or none, in place of provenance", async () => {
    const kinds = ["https://spdx.dev/Document", "https://slsa.dev/provenance/v0.2", ""];
    for (const predicateType of kinds)
      expect(await verdict(await attest(provenance({ predicateType })))).toBe("claim_value"); // oxlint-disable-line no-await-in-loop
  });

  it("CVE-2026-24122: an authority that had ended when it signed", async () => {
    expect(await verdict(await attest(provenance()), { root: world.trustedRoot(NOW - 1) })).toBe(
      "certificate_chain_invalid",
    );
  });

  it("CVE-2026-39395: what cannot be parsed is refused, not passed over", async () => {
    const broken = await attest(provenance());
    for (const payload of ["", "AAAA", "e30=", broken.dsseEnvelope.payload.slice(0, -4)]) {
      const bundle = { ...broken, dsseEnvelope: { ...broken.dsseEnvelope, payload } };
      expect(await verdict(bundle)).not.toBe("accepted"); // oxlint-disable-line no-await-in-loop
    }
    for (const text of [
      "payload",
      "{}",
      "[]",
      "null",
      '{"_type":"https://in-toto.io/Statement/v1"}',
    ])
      expect(await verdict(await attest(text))).toMatch(/^(?:json_malformed|claim_)/); // oxlint-disable-line no-await-in-loop
  });

  it("CVE-2026-54787: a signature made when its certificate was not valid", async () => {
    for (const at of [NOW + 3600, NOW - 3600]) {
      const bundle = await attest(provenance(), { log: { at: at * 1000 } }); // oxlint-disable-line no-await-in-loop -- two
      expect(await verdict(bundle, { now: NOW + 7200 })).toBe("certificate_chain_invalid"); // oxlint-disable-line no-await-in-loop
    }
  });

  it("CVE-2026-49834: one entry shown twice is not two", async () => {
    const bundle = await attest(provenance());
    bundle.verificationMaterial.tlogEntries.push(...bundle.verificationMaterial.tlogEntries);
    expect(await verdict(bundle)).toBe("evidence_malformed");
  });

  it("and a statement by an authority of somebody's own is nobody's", async () => {
    const own = await simulateSigstore(NOW);
    expect(await verdict(await own.attest(about(DIGEST)))).toBe("certificate_chain_invalid");
  });
});
