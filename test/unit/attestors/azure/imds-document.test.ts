import { beforeAll, describe, expect, it } from "vitest";
import { azureImds } from "../../../../src/attestors/azure/imds.ts";
import { accepted, JKT, judge, OTHER_JKT, outcome } from "../../../conformance/attestor.ts";
import { documentText, signDocument, stamp } from "../../../fakes/azure-attested.ts";
import { base64 } from "../../../fakes/keys.ts";
import { buildClean, ISSUER, NOW } from "../support.ts";
import {
  DOCUMENT,
  makeBench,
  nonceFor,
  settingsFor,
  SUBSCRIPTION,
  TENANT,
  VM,
  type Bench,
} from "./imds-support.ts";

const OTHER_SUBSCRIPTION = "11111111-1111-4222-8333-444444444444";
let bench: Bench;
beforeAll(async () => {
  bench = await makeBench({
    subscriptions: { [SUBSCRIPTION]: TENANT, [OTHER_SUBSCRIPTION]: TENANT },
  });
});

const genuine = (nonce?: string) =>
  JSON.parse(documentText({ ...DOCUMENT, ...(nonce && { nonce }) }));
const textWith = (changes: object) => JSON.stringify({ ...genuine(), ...changes });

describe("an attested document's nonce", () => {
  const outcomeOf = async (nonce: string, jkt?: string) =>
    bench.outcomeOfText(documentText({ ...DOCUMENT, nonce }), jkt);

  it("binds to the key whose S it has a digest of, and to no other", async () => {
    const nonce = await nonceFor(JKT);
    expect(nonce).toMatch(/^[0-9a-f]{32}$/);
    expect(await outcomeOf(nonce, JKT)).toBe("accepted");
    expect(await outcomeOf(nonce, OTHER_JKT)).toBe("binding_mismatch");
    expect(await outcomeOf(nonce)).toBe("binding_mismatch");
  });

  it("is never graded down: made for anybody else's key or issuer, it refuses the document", async () => {
    const others = [
      "0".repeat(32),
      await nonceFor(OTHER_JKT),
      await nonceFor(JKT, "https://id.other.example"),
      await nonceFor(JKT, `${ISSUER}/`),
    ];
    for (const nonce of others) {
      expect(await outcomeOf(nonce, JKT)).toBe("binding_mismatch"); // oxlint-disable-line no-await-in-loop
      expect(await outcomeOf(nonce)).toBe("binding_mismatch"); // oxlint-disable-line no-await-in-loop
    }
  });

  it.each([
    "20270115-080000",
    "1234567890",
    "",
    "x",
    "A".repeat(32),
    "0".repeat(31),
    "0".repeat(33),
  ])("names no key where it is %j", async (nonce) => {
    const signature = await bench.cloud.attest({ ...DOCUMENT, nonce });
    const evidence = { type: "azure_imds", signature };
    for (const jkt of [undefined, JKT]) {
      // oxlint-disable-next-line no-await-in-loop -- two
      const { binding } = accepted(await judge(bench.attestor, evidence, NOW, jkt));
      expect(binding).toEqual({ kind: "none" });
    }
  });

  it("is made from the configured audience, where there is one", async () => {
    const base = "api://svidmint";
    const attestor = await buildClean(azureImds, settingsFor(bench.cloud, { audience: base }));
    const judged = async (nonce: string) => {
      const signature = await bench.cloud.attest({ ...DOCUMENT, nonce });
      return outcome(await judge(attestor, { type: "azure_imds", signature }, NOW, JKT));
    };
    expect(await judged(await nonceFor(JKT, base))).toBe("accepted");
    expect(await judged(await nonceFor(JKT))).toBe("binding_mismatch");
  });
});

describe("what an attested document says", () => {
  it("becomes claims, ids in lower case, and what is empty is absent", async () => {
    const signature = await bench.cloud.attest({
      ...DOCUMENT,
      subscription: SUBSCRIPTION.toUpperCase(),
      vmId: VM.toUpperCase(),
    });
    const upper = accepted(await judge(bench.attestor, { type: "azure_imds", signature }, NOW));
    expect(upper.claims).toEqual({
      cloud: "public",
      tenant: TENANT,
      subscription: SUBSCRIPTION,
      vm_id: VM,
      sku: "20_04-lts-gen2",
      plan_publisher: "canonical",
    });
    expect(upper).toMatchObject({ notBefore: NOW, notAfter: NOW + 21_600, generation: 0 });
    const plain = { type: "azure_imds", signature: await bench.cloud.attest(DOCUMENT) };
    expect(accepted(await judge(bench.attestor, plain, NOW)).claimKey).toBe(upper.claimKey);
  });

  it("becomes claims of image and licence, each by its own name", async () => {
    const text = textWith({
      sku: "a",
      licenseType: "b",
      plan: { publisher: "c", product: "d", name: "e", other: "f" },
    });
    const signature = base64(await signDocument(bench.cloud.signer, text));
    const { claims } = accepted(
      await judge(bench.attestor, { type: "azure_imds", signature }, NOW),
    );
    expect(claims).toEqual({
      cloud: "public",
      tenant: TENANT,
      subscription: SUBSCRIPTION,
      vm_id: VM,
      sku: "a",
      license_type: "b",
      plan_publisher: "c",
      plan_product: "d",
      plan_name: "e",
    });
  });

  it("is one claim by machine and subscription, whatever the document and its nonce", async () => {
    const keyOf = async (changes: object, now = NOW) => {
      const signature = await bench.cloud.attest({ ...DOCUMENT, ...changes });
      return accepted(await judge(bench.attestor, { type: "azure_imds", signature }, now, JKT))
        .claimKey;
    };
    const first = await keyOf({});
    expect(await keyOf({ nonce: await nonceFor(JKT) })).toBe(first);
    expect(await keyOf({ now: NOW + 60 }, NOW + 60)).toBe(first);
    expect(await keyOf({ vmId: TENANT })).not.toBe(first);
    expect(await keyOf({ subscription: OTHER_SUBSCRIPTION })).not.toBe(first);
  });

  it.each([
    [{ subscriptionId: undefined }, "claim_missing"],
    [{ vmId: undefined }, "claim_missing"],
    [{ nonce: undefined }, "claim_missing"],
    [{ timeStamp: undefined }, "claim_missing"],
    [{ timeStamp: [] }, "claim_missing"],
    [{ subscriptionId: 1 }, "claim_type"],
    [{ vmId: null }, "claim_type"],
    [{ nonce: ["x"] }, "claim_type"],
    [{ plan: "x" }, "claim_type"],
    [{ sku: 1 }, "claim_type"],
    [{ plan: { name: 1 } }, "claim_type"],
    [{ subscriptionId: "" }, "claim_value"],
    [{ vmId: "some-vm" }, "claim_value"],
    [{ vmId: `${VM} ` }, "claim_value"],
    [{ vmId: VM.replaceAll("-", "") }, "claim_value"],
    [{ subscriptionId: "00000000-1111-4222-8333-444444444444" }, "tenant_not_configured"],
  ])("is refused with %j: %s", async (changes, expected) => {
    expect(await bench.outcomeOfText(textWith(changes))).toBe(expected);
  });

  it("is not read where it is too large for one", async () => {
    const judged = async (signature: string) =>
      outcome(await judge(bench.attestor, { type: "azure_imds", signature }, NOW));
    expect(await judged("A".repeat(16_384))).toBe("cms_malformed");
    expect(await judged("A".repeat(16_385))).toBe("evidence_too_large");
  });

  it("is strict JSON", async () => {
    const twice = documentText(DOCUMENT).replace("{", `{"vmId":"${TENANT}",`);
    expect(await bench.outcomeOfText(twice)).toBe("json_duplicate_key");
    expect(await bench.outcomeOfText("[]")).toBe("json_malformed");
    expect(await bench.outcomeOfText("\u00011")).toBe("json_malformed");
  });
});

describe("an attested document's time", () => {
  const stamped = async (createdOn: unknown, expiresOn: unknown = stamp(NOW + 60), now = NOW) =>
    bench.outcomeOfText(textWith({ timeStamp: { createdOn, expiresOn } }), undefined, now);

  it("is what it was signed for, and a minute more at both ends", async () => {
    const at = async (now: number) => stamped(stamp(NOW), stamp(NOW + 3600), now);
    expect(await at(NOW - 60)).toBe("accepted");
    expect(await at(NOW - 61)).toBe("evidence_not_yet_valid");
    expect(await at(NOW + 3659)).toBe("accepted");
    expect(await at(NOW + 3660)).toBe("evidence_expired");
  });

  it("is a day at most, and not nothing", async () => {
    expect(await stamped(stamp(NOW), stamp(NOW + 86_400))).toBe("accepted");
    expect(await stamped(stamp(NOW), stamp(NOW + 86_401))).toBe("evidence_lifetime");
    expect(await stamped(stamp(NOW), stamp(NOW))).toBe("evidence_lifetime");
    expect(await stamped(stamp(NOW), stamp(NOW - 1))).toBe("evidence_lifetime");
  });

  it.each([
    "01/15/27 08:00:00 +0000",
    "01/15/27 08:00:00 -0100",
    "01/15/27 08:00:00",
    "01/15/27 08:00:00 Z",
    "1/15/27 8:00:00 -0000",
    "01/15/2027 08:00:00 -0000",
    "15/01/27 08:00:00 -0000",
    "00/15/27 08:00:00 -0000",
    "02/30/27 08:00:00 -0000",
    "01/00/27 08:00:00 -0000",
    "01/15/27 24:00:00 -0000",
    "01/15/27 08:60:00 -0000",
    "01/15/27 08:00:60 -0000",
    " 01/15/27 08:00:00 -0000",
    "01/15/27 08:00:00 -0000\n",
    "2027-01-15T08:00:00Z",
    "",
    NOW,
    null,
  ])("is refused where it is written %j", async (text) => {
    expect(await stamped(text)).toBe("claim_value");
    expect(await stamped(stamp(NOW), text)).toBe("claim_value");
  });

  it("is written month first", async () => {
    expect(stamp(NOW)).toBe("01/15/27 08:00:00 -0000");
    expect(await stamped("01/15/27 08:00:00 -0000")).toBe("accepted");
  });
});
