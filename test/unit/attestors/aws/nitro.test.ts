import type { Binding } from "../../../../src/attestation.ts";
import { describe, expect, it } from "vitest";
import { awsNitro } from "../../../../src/attestors/aws/nitro.ts";
import { webCryptoPlatform } from "../../../../src/platform/webcrypto.ts";
import { boundAudience } from "../../../../src/attestors/binding.ts";
import {
  accepted,
  attestorConformance,
  JKT,
  judge,
  OTHER_JKT,
  outcome,
} from "../../../conformance/attestor.ts";
import {
  ENCLAVE,
  INSTANCE,
  registerHex,
  registers,
  simulateNitro,
} from "../../../fakes/nitro-device.ts";
import { dataUrl, utf8 } from "../../../fakes/token-issuer.ts";
import { caOf, extension, platform } from "../../svid/forge.ts";
import { buildClean, complaints, ISSUER, NOW } from "../support.ts";
import {
  enclave,
  everything,
  judgeDocument,
  judgeMembers,
  nitro,
  NONCE,
  root,
  settings,
  tpm,
} from "./nitro-support.ts";
import { newKey } from "../../../fakes/private-key.ts";

const stranger = await simulateNitro(NOW);

attestorConformance("aws_nitro", async () => {
  const evidence = async (members: object, key = enclave.key) => ({
    type: "aws_nitro",
    document: await enclave.sign(enclave.payload({ nonce: NONCE, ...members }), key),
  });
  const nonceOf = (binding: Binding, base: string) =>
    binding.kind === "key" ? utf8(boundAudience(base, binding.jkt)) : null;
  return {
    attestor: await buildClean(awsNitro, settings),
    elsewhere: await buildClean(awsNitro, settings, { trustDomain: "test.example" }),
    factor: awsNitro.factors(awsNitro.config().parse(settings))[0]!,
    now: NOW,
    member: "document",
    good: (binding) => evidence({ nonce: nonceOf(binding, ISSUER) }),
    misdirected: (binding) => evidence({ nonce: nonceOf(binding, "https://other.example") }),
    foreign: () => evidence({ pcrs: registers({ 0: 1, 1: 2, 2: 3, 3: 9, 8: 9 }) }),
    forged: async () => evidence({}, (await nitro.device(NOW)).key),
    calls: () => 0,
  };
});

describe("aws_nitro", () => {
  it("attests an enclave", async () => {
    expect(accepted(await judgeMembers({}))).toEqual({
      type: "aws_nitro",
      name: "aws_nitro",
      claims: {
        kind: "enclave",
        module_id: ENCLAVE,
        instance_id: INSTANCE,
        region: "us-east-1",
        pcr0: registerHex(1),
        pcr1: registerHex(2),
        pcr2: registerHex(3),
        pcr3: registerHex(0x33),
        pcr4: registerHex(0x44),
        pcr8: registerHex(0x88),
      },
      binding: { kind: "key", jkt: JKT },
      notBefore: NOW,
      notAfter: NOW + 3600,
      claimKey: expect.stringMatching(/^[0-9a-f]{64}$/),
      generation: 0,
    });
  });

  it("takes the audience of its configuration as the base of S", async () => {
    const own = await buildClean(awsNitro, { ...settings, audience: "nitro:ü" });
    const nonce = utf8(boundAudience("nitro:ü", JKT));
    expect(accepted(await judgeMembers({ nonce }, own)).binding.kind).toBe("key");
    expect(outcome(await judgeMembers({}, own))).toBe("audience_mismatch");
  });

  describe("binding", () => {
    it.each<[string, unknown]>([
      ["null", null],
      ["random octets", new Uint8Array(32).fill(0xc6)],
      ["a time", utf8("2026-11-25T23:00:00Z")],
      ["the base alone", utf8(ISSUER)],
      ["a thumbprint alone", utf8(JKT)],
      ["another word than jkt", utf8(`${ISSUER}/JKT/${JKT}`)],
      ["a thumbprint that is too short", utf8(`${ISSUER}/jkt/${JKT.slice(1)}`)],
      ["a thumbprint with a line break", utf8(`${ISSUER}/jkt/${JKT}\n`)],
    ])("a nonce of %s binds to nothing", async (_, nonce) => {
      expect(accepted(await judgeMembers({ nonce })).binding).toEqual({ kind: "none" });
    });
    it.each([
      `https://other.example/jkt/${JKT}`,
      `/jkt/${JKT}`,
      `${ISSUER}//jkt/${JKT}`,
      `${ISSUER}/x/jkt/${JKT}`,
      ` ${ISSUER}/jkt/${JKT}`,
      `${ISSUER.toUpperCase()}/jkt/${JKT}`,
      `${ISSUER}/jkt/${OTHER_JKT}/jkt/${JKT}`,
    ])("nonce %j names a key at somebody else's, and is never graded down", async (text) => {
      expect(outcome(await judgeMembers({ nonce: utf8(text) }))).toBe("audience_mismatch");
    });
    it("never by public_key or user_data, though they carry S", async () => {
      const members = { nonce: null, public_key: NONCE, user_data: NONCE };
      expect(accepted(await judgeMembers(members)).binding).toEqual({ kind: "none" });
    });
    it("never to another key than the one that was proved", async () => {
      const document = await enclave.sign(enclave.payload({ nonce: NONCE }));
      const result = await judge(everything, { type: "aws_nitro", document }, NOW, OTHER_JKT);
      expect(outcome(result)).toBe("binding_mismatch");
    });
  });

  describe("time", () => {
    it.each([
      [59, "accepted"],
      [-60, "accepted"],
      [-61, "evidence_not_yet_valid"],
      [3659, "accepted"],
      [3661, "evidence_expired"],
    ] as const)("%i s after the document: %s", async (seconds, expected) => {
      const document = await enclave.sign(enclave.payload({ nonce: NONCE, timestamp: NOW * 1000 }));
      const by = await buildClean(awsNitro, settings);
      expect(outcome(await judgeDocument(document, by, NOW + seconds))).toBe(expected);
    });
    it("ends with its claim, whatever part of a second it says", async () => {
      const document = await enclave.sign(enclave.payload({ timestamp: NOW * 1000 + 999 }));
      const by = await buildClean(awsNitro, settings);
      const { notAfter = 0 } = accepted(await judgeDocument(document, by, NOW + 3659));
      expect(outcome(await judgeDocument(document, by, notAfter + 60))).toBe("evidence_expired");
    });
    it("takes a shorter life", async () => {
      const by = await buildClean(awsNitro, { ...settings, max_lifetime: "5m" });
      const document = await enclave.sign(enclave.payload({ nonce: NONCE }));
      expect(accepted(await judgeDocument(document, by)).notAfter).toBe(NOW + 300);
      expect(outcome(await judgeDocument(document, by, NOW + 361))).toBe("evidence_expired");
    });
    it("never says that it is good beyond its certificates", async () => {
      const by = await buildClean(awsNitro, { ...settings, max_lifetime: "3h" });
      const document = await enclave.sign(enclave.payload({ nonce: NONCE }));
      expect(accepted(await judgeDocument(document, by)).notAfter).toBe(NOW + 10_797);
    });
  });

  describe("chain", () => {
    const DAY = 86_400;
    const payload = (members = {}) => enclave.payload({ nonce: NONCE, ...members });
    const chain = nitro.authorities.map(({ der }) => der);
    it("leads to the pinned root, whatever stands in its place in the document", async () => {
      for (const first of [stranger.authorities[0]!.der, new Uint8Array(3).fill(1), chain[1]]) {
        const document = await enclave.sign(payload({ cabundle: [first, ...chain.slice(1)] }));
        expect(outcome(await judgeDocument(document))).toBe("accepted"); // oxlint-disable-line no-await-in-loop
      }
    });
    it("of a stranger who has a root of the same name is refused", async () => {
      const device = await stranger.device(NOW);
      const document = await device.sign(device.payload({ nonce: NONCE }));
      expect(outcome(await judgeDocument(document))).toBe("certificate_chain_invalid");
      const mixed = device.payload({ nonce: NONCE, cabundle: chain });
      expect(outcome(await judgeDocument(await device.sign(mixed)))).toBe(
        "certificate_chain_invalid",
      );
    });
    it.each<[string, unknown, string]>([
      ["cut", chain.slice(0, 3), "certificate_chain_invalid"],
      ["the root alone", chain.slice(0, 1), "certificate_chain_invalid"],
      ["without its root", chain.slice(1), "certificate_chain_invalid"],
      ["empty", [], "claim_type"],
      ["no list", chain[0], "claim_type"],
      ["of text", ["x", "y"], "claim_type"],
      ["of nine", Array.from({ length: 9 }, () => chain[0]), "claim_type"],
      ["with rubbish in it", [...chain, new Uint8Array(9).fill(0x30)], "certificate_malformed"],
      ["with a certificate of 2 KiB", [...chain, new Uint8Array(2048)], "claim_type"],
    ])("that is %s is refused", async (_, cabundle, reason) => {
      expect(outcome(await judgeDocument(await enclave.sign(payload({ cabundle }))))).toBe(reason);
    });
    it("has no certificate of another kind of key", async () => {
      const key = await newKey(platform, "RSA-2048");
      const { der } = await caOf("rsa", key);
      const document = await enclave.sign(payload({ cabundle: [...chain, der] }));
      expect(outcome(await judgeDocument(document))).toBe("certificate_chain_invalid");
    });
    it("has no certificate that may not sign others", async () => {
      const device = enclave.payload().get("certificate");
      const document = await enclave.sign(payload({ cabundle: [...chain, device] }));
      expect(outcome(await judgeDocument(document))).toBe("certificate_chain_invalid");
    });
    it("in another order is a chain", async () => {
      const cabundle = [chain[0], ...chain.slice(1).toReversed()];
      expect(outcome(await judgeDocument(await enclave.sign(payload({ cabundle }))))).toBe(
        "accepted",
      );
    });
    it.each<[string, object]>([
      ["expired", { notAfter: NOW - 1 }],
      ["not yet valid", { notBefore: NOW + 30, notAfter: NOW + DAY }],
      ["without key usage", { extensions: [extension.notCa()] }],
      ["that of a CA", { extensions: [extension.ca(), extension.keyUsage([0, 5])] }],
    ])("whose device's certificate is %s is refused", async (_, leaf) => {
      const device = await nitro.device(NOW, { leaf });
      const document = await device.sign(device.payload({ nonce: NONCE }));
      expect(outcome(await judgeDocument(document))).toBe("certificate_chain_invalid");
    });
    it("never signs a document by a certificate of its own authorities", async () => {
      const [, , , instance] = nitro.authorities;
      const document = await enclave.sign(payload({ certificate: instance!.der }), instance!.key);
      expect(outcome(await judgeDocument(document))).toBe("certificate_chain_invalid");
    });
    it("signs documents by the key of its own device alone", async () => {
      const other = await nitro.device(NOW);
      const document = await other.sign(payload(), enclave.key);
      expect(outcome(await judgeDocument(document))).toBe("accepted");
      expect(outcome(await judgeDocument(await enclave.sign(payload(), other.key)))).toBe(
        "signature_invalid",
      );
    });
  });

  describe("configuration", () => {
    it.each<[object, readonly string[]]>([
      [{}, [""]],
      [{ nitrotpm: false }, [""]],
      [{ allow_debug: true }, [""]],
      [{ pcr3: [] }, ["pcr3"]],
      [{ pcr3: registerHex(1) }, ["pcr3"]],
      [{ pcr3: [registerHex(0)] }, ["pcr3.0"]],
      [{ pcr8: ["AB".repeat(48)] }, ["pcr8.0"]],
      [{ pcr8: [registerHex(1).slice(2)] }, ["pcr8.0"]],
      [{ pcr8: [`${registerHex(1)}01`, `x${registerHex(1)}`] }, ["pcr8.0", "pcr8.1"]],
      [{ pcr8: [registerHex(1)], pcr0: [registerHex(1)] }, [""]],
      [{ nitrotpm: true, max_lifetime: "4h" }, ["max_lifetime"]],
      [{ nitrotpm: true, audience: `x/jkt/${JKT}` }, ["audience"]],
    ])("refuses %j", (section, paths) => {
      expect(complaints(awsNitro, section)).toEqual(paths);
    });
    it("reports two roots", async () => {
      const own = dataUrl(nitro.root + nitro.root);
      await expect(buildClean(awsNitro, { ...settings, root: own })).rejects.toThrow(/one/);
    });
    it.each([
      "data:,nonsense",
      "data:,-----BEGIN CERTIFICATE-----%0AAAAA%0A-----END CERTIFICATE-----",
    ])("reports a root that is none: %s", async (own) => {
      await expect(buildClean(awsNitro, { ...settings, root: own })).rejects.toThrow(/root/);
    });
    it("ships the root of AWS, which is not the simulated one", async () => {
      const { root: _, ...shipped } = settings;
      const by = await buildClean(awsNitro, shipped);
      expect(outcome(await judgeMembers({}, by))).toBe("certificate_chain_invalid");
    });
    it("keeps its root when it is compiled", async () => {
      const deps = {
        platform: webCryptoPlatform(),
        read: () => Promise.reject(new Error("no files")),
        report: () => undefined,
      };
      const settled = await awsNitro.settle!(awsNitro.config().parse({ nitrotpm: true }), deps);
      expect(settled).toMatchObject({ nitrotpm: true, root: expect.stringMatching(/^MII/) });
    });
  });

  it("reads 16 KiB of text and no more", async () => {
    expect(outcome(await judgeDocument("A".repeat(16_384)))).toBe("cose_malformed");
    expect(outcome(await judgeDocument("A".repeat(16_388)))).toBe("evidence_too_large");
  });

  it("knows a TPM from an enclave (both ways)", async () => {
    const document = await tpm.sign(tpm.payload({ nonce: NONCE }));
    expect(outcome(await judgeDocument(document))).toBe("tenant_not_configured");
    expect(accepted(await judgeDocument(document, everything)).claims["kind"]).toBe("nitrotpm");
    const only = await buildClean(awsNitro, { nitrotpm: true, root });
    expect(outcome(await judgeMembers({}, only))).toBe("tenant_not_configured");
  });
});
