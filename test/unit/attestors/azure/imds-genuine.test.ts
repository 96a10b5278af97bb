import { describe, expect, it } from "vitest";
import { azureImds } from "../../../../src/attestors/azure/imds.ts";
import { decodeBase64, encodeBase64 } from "../../../../src/encoding/base64.ts";
import { accepted, judge, outcome, sample } from "../../../conformance/attestor.ts";
import { FakeNetwork } from "../../../fakes/network.ts";
import { dataUrl } from "../../../fakes/token-issuer.ts";
import { buildClean } from "../support.ts";

/** Documents that Azure signed, 2019 to 2026. They lie beside the project and are never part of it. */
const files: Readonly<Record<string, string>> = {
  ...import.meta.glob<string>("../../../../../shared/vectors/azure-imds/*.b64", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
  ...import.meta.glob<string>("../../../../../shared/trust-roots/azure/**/*.pem", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
};
const here = Object.keys(files).length > 0;
if (!here) console.warn("skipped: genuine evidence is not beside the project");

const vector = (name: string) =>
  (files[`../../../../../shared/vectors/azure-imds/${name}.pkcs7.b64`] ?? "").trim();
const pemOf = (...words: readonly string[]) =>
  Object.entries(files).flatMap(([path, text]) =>
    path.endsWith(".pem") && words.some((word) => path.includes(word)) ? [dataUrl(text)] : [],
  );
/** What signed until 2022: a root that has left, and is believed only where somebody says so. */
const baltimore = () => ({
  roots: pemOf("Baltimore"),
  intermediates: pemOf("Microsoft_IT_TLS_CA_", "Microsoft_RSA_TLS_CA_"),
});

const TENANT = "6f0c1c92-0d5d-4c3f-9d1c-2a6f3f1f7b10";
const network = new FakeNetwork();

async function makeAttestor(subscription: string, more: object = {}) {
  const settings = { subscriptions: { [subscription]: TENANT }, ...more };
  return buildClean(azureImds, settings, { network });
}

const GENUINE = [
  ["taskcluster-2023-01-05", "5c5a6349-a52b-4e7f-ac78-3a62c211eda4", "2023-01-05T10:41:55Z"],
  ["taskcluster-2023-10-31", "5c5a6349-a52b-4e7f-ac78-3a62c211eda4", "2023-10-31T15:30:11Z"],
  ["taskcluster-2024-06-28", "8a205152-b25a-417f-a676-80465535a6c9", "2024-06-28T10:10:14Z"],
  ["taskcluster-2025-08-19", "8a205152-b25a-417f-a676-80465535a6c9", "2025-08-19T19:04:40Z"],
  ["taskcluster-2025-11-19", "8a205152-b25a-417f-a676-80465535a6c9", "2025-11-19T12:53:30Z"],
  ["taskcluster-2026-04-23", "8a205152-b25a-417f-a676-80465535a6c9", "2026-04-23T15:49:58Z"],
  ["coder-2026-eastus", "05e8b285-4ce1-46a3-b4c9-f51ba67d6acc", "2026-06-25T18:56:45Z"],
  ["coder-rsa", "05e8b285-4ce1-46a3-b4c9-f51ba67d6acc", "2024-04-22T17:32:45Z"],
] as const;
const GENUINE_OF_BALTIMORE = [
  ["taskcluster-2021-04-21", "fe7fd10a-bdc1-44b0-811e-94c4b4be754f", "2021-04-21T18:09:27Z"],
  ["taskcluster-2022-03-10", "eba12516-eef8-4ad3-ad56-58c3c29ca6cf", "2022-03-10T10:56:58Z"],
  ["coder-regular", "5f130ffc-0a3e-4795-b691-4f56a12a5547", "2022-04-19T01:27:21Z"],
] as const;

describe.runIf(here)("attested documents that Azure signed (../shared/vectors)", () => {
  it.each([...GENUINE, ...GENUINE_OF_BALTIMORE])(
    "%s verifies while it is good, and for its own subscription",
    async (name, subscription, createdOn) => {
      const old = GENUINE_OF_BALTIMORE.some(([one]) => one === name);
      const more = old ? baltimore() : {};
      const attestor = await makeAttestor(subscription, more);
      const evidence = { type: "azure_imds", signature: vector(name) };
      const created = Date.parse(createdOn) / 1000;
      const attestation = accepted(await judge(attestor, evidence, created + 60));
      expect(attestation).toMatchObject({
        binding: { kind: "none" },
        notBefore: created,
        notAfter: created + 21_600,
        claims: { cloud: "public", subscription, tenant: TENANT },
      });
      expect(attestation.claims["vm_id"]).toMatch(/^[0-9a-f-]{36}$/);
      const late = await judge(attestor, evidence, created + 21_660);
      expect(outcome(late)).toBe("evidence_expired");
      expect(outcome(await judge(attestor, evidence, created - 61))).toBe("evidence_not_yet_valid");
      const others = await makeAttestor(TENANT, more);
      expect(outcome(await judge(others, evidence, created + 60))).toBe("tenant_not_configured");
      const elsewhere = await makeAttestor(subscription, { ...more, cloud: "us_government" });
      expect(outcome(await judge(elsewhere, evidence, created + 60))).toBe(
        "certificate_chain_invalid",
      );
    },
  );

  it("are believed by the pinned roots alone, unless the configuration adds one", async () => {
    for (const [name, subscription, createdOn] of GENUINE_OF_BALTIMORE) {
      const attestor = await makeAttestor(subscription); // oxlint-disable-line no-await-in-loop
      const evidence = { type: "azure_imds", signature: vector(name) };
      const result = await judge(attestor, evidence, Date.parse(createdOn) / 1000 + 60); // oxlint-disable-line no-await-in-loop
      expect(outcome(result)).toBe("certificate_chain_invalid");
    }
  });

  it("of before they named a subscription are of nobody", async () => {
    const attestor = await makeAttestor(TENANT, baltimore());
    const now = Date.parse("2019-12-13T00:33:40Z") / 1000 + 60;
    for (const name of ["taskcluster-2019-12-13", "taskcluster-BAD-signature-tampered"]) {
      const evidence = { type: "azure_imds", signature: vector(name) };
      expect(outcome(await judge(attestor, evidence, now))).toBe("claim_missing"); // oxlint-disable-line no-await-in-loop
    }
  });

  it.each([
    ["taskcluster-BAD-selfsigned-metadata.azure.org", "2020-11-15T13:00:00Z", "claim_value"],
    ["msdocs-1", "2018-11-20T22:07:50Z", "claim_missing"],
  ])("%s is refused", async (name, at, expected) => {
    const attestor = await makeAttestor("fe7fd10a-bdc1-44b0-811e-94c4b4be754f", baltimore());
    const evidence = { type: "azure_imds", signature: vector(name) };
    expect(outcome(await judge(attestor, evidence, Date.parse(at) / 1000))).toBe(expected);
  });

  it("are refused with other content, though the chain of their signer is as good as ever", async () => {
    const [name, subscription, createdOn] = GENUINE[6];
    const attestor = await makeAttestor(subscription);
    const altered = btoa(atob(vector(name)).replace('"vmId":"dc18de58', '"vmId":"dc18de59'));
    expect(altered).not.toBe(vector(name));
    const evidence = { type: "azure_imds", signature: altered };
    const result = await judge(attestor, evidence, Date.parse(createdOn) / 1000 + 60);
    expect(outcome(result)).toBe("signature_invalid");
  });

  it("attest the same after a bit was flipped, or nothing", async () => {
    const [name, subscription, createdOn] = GENUINE[6];
    const attestor = await makeAttestor(subscription);
    const now = Date.parse(createdOn) / 1000 + 60;
    const der = decodeBase64(vector(name));
    if (!der.ok) throw new Error("not base64");
    const genuine = accepted(
      await judge(attestor, { type: "azure_imds", signature: vector(name) }, now),
    );
    let same = 0;
    for (const bit of sample(der.value.length * 8, 300)) {
      const flipped = Uint8Array.from(der.value);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const evidence = { type: "azure_imds", signature: encodeBase64(flipped) };
      const result = await judge(attestor, evidence, now); // oxlint-disable-line no-await-in-loop
      if (!result.ok) continue;
      expect(result.value).toEqual(genuine);
      same++;
    }
    expect(same).toBeLessThan(30);
  });

  it("never make anybody ask the network for an issuer", () => {
    expect(network.calls).toEqual([]);
  });
});
