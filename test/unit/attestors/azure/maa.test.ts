import { describe, expect, it } from "vitest";
import { azureMaa } from "../../../../src/attestors/azure/maa.ts";
import { boundAudience } from "../../../../src/attestors/binding.ts";
import { accepted, JKT, judge, outcome } from "../../../conformance/attestor.ts";
import { tokenAttestorConformance } from "../../../conformance/token-attestor.ts";
import {
  LAUNCH,
  maaClaims,
  PROVIDER,
  SHARED,
  simulateProvider,
  VM,
  type MaaMembers,
} from "../../../fakes/azure-attestation.ts";
import { base64 } from "../../../fakes/keys.ts";
import { FakeNetwork } from "../../../fakes/network.ts";
import { dataUrl, keySetUrl, utf8 } from "../../../fakes/token-issuer.ts";
import { compile, errorsOf, rule } from "../../policy/fixtures.ts";
import { buildClean, complaints, ISSUER, NOW } from "../support.ts";

const { key, certs } = await simulateProvider();
const settings = { private_providers: [PROVIDER], jwks: { [PROVIDER]: keySetUrl(key) } };
const S = boundAudience(ISSUER, JKT);

tokenAttestorConformance("azure_maa", async () => {
  const network = new FakeNetwork();
  const foreign = maaClaims(NOW, S, { iss: "https://other.weu.attest.azure.net" });
  return {
    attestor: await buildClean(azureMaa, settings, { network }),
    elsewhere: await buildClean(azureMaa, settings, { trustDomain: "test.example" }),
    factor: factorOf(settings),
    now: NOW,
    key,
    network,
    audience: ISSUER,
    byNonce: true,
    maxLifetimeSeconds: 28_860,
    claims: (nonce) => maaClaims(NOW, String(nonce)),
    members: { type: "azure_maa" },
    foreign: async () => ({ type: "azure_maa", token: await key.sign(foreign) }),
    fetching: (served) =>
      buildClean(azureMaa, { private_providers: [PROVIDER] }, { network: served }),
    keysUrl: `${PROVIDER}/certs`,
  };
});

function factorOf(section: object) {
  return azureMaa.factors(azureMaa.config().parse(section))[0]!;
}

async function judgeMembers(members: MaaMembers, by: object = settings, nonce = S) {
  const attestor = await buildClean(azureMaa, by);
  const token = await key.sign(maaClaims(NOW, nonce, members));
  return judge(attestor, { type: "azure_maa", token }, NOW, JKT);
}

const withNonce = (nonce: unknown) => judgeMembers({ runtime: { "client-payload": { nonce } } });

describe("azure_maa", () => {
  it("attests a confidential machine", async () => {
    expect(accepted(await judgeMembers({}))).toMatchObject({
      claims: {
        kind: "private",
        provider: PROVIDER,
        tee: "sevsnpvm",
        vm_id: VM,
        policy_hash: "wm9mHlvTU82e8UqoOy1Yj1FBRSNkfe99-69IYDq9eWs",
        launch_measurement: LAUNCH,
        secure_boot: true,
      },
      binding: { kind: "key", jkt: JKT },
      notBefore: NOW - 10,
      notAfter: NOW + 28_790,
    });
  });

  it("attests one with TDX", async () => {
    const isolation = {
      "x-ms-attestation-type": "tdxvm",
      tdx_td_attributes_debug: false,
      tdx_mrtd: "12".repeat(48),
    };
    expect(accepted(await judgeMembers({ isolation })).claims).toMatchObject({
      tee: "tdxvm",
      launch_measurement: "12".repeat(48),
    });
    const debug = { ...isolation, tdx_td_attributes_debug: true };
    expect(outcome(await judgeMembers({ isolation: debug }))).toBe("debug_mode");
    const silent = { ...isolation, tdx_td_attributes_debug: undefined };
    expect(outcome(await judgeMembers({ isolation: silent }))).toBe("claim_missing");
  });

  describe("nonce", () => {
    it("is S, in base64 as the client's library writes it, or as it is", async () => {
      expect(accepted(await withNonce(base64(utf8(S)))).binding.kind).toBe("key");
      expect(accepted(await withNonce(S)).binding.kind).toBe("key");
    });
    it.each([
      "",
      "1234",
      base64(utf8("1234")),
      base64(Uint8Array.of(0xff, 0xfe)),
      base64(utf8(ISSUER)),
      base64(utf8(`${S} `)),
      `${base64(utf8(S))}=`,
      base64(utf8(base64(utf8(S)))),
    ])("of %j binds to nothing", async (nonce) => {
      expect(accepted(await withNonce(nonce)).binding).toEqual({ kind: "none" });
    });
    it.each([`https://other.example/jkt/${JKT}`, `${ISSUER}/x/jkt/${JKT}`, ` ${S}`])(
      "of %j names a key at somebody else's",
      async (text) => {
        expect(outcome(await withNonce(base64(utf8(text))))).toBe("audience_mismatch");
        expect(outcome(await withNonce(text))).toBe("audience_mismatch");
      },
    );
    it.each([1, true, [S], { nonce: S }])("of another type is refused: %j", async (nonce) => {
      expect(outcome(await withNonce(nonce))).toBe("claim_type");
    });
    it("elsewhere in the token is not looked at", async () => {
      const members = {
        nonce: S,
        isolation: {
          "x-ms-runtime": {
            "client-payload": { nonce: S },
            "vm-configuration": { vmUniqueId: VM },
          },
        },
        runtime: { "client-payload": undefined, nonce: S },
      };
      expect(accepted(await judgeMembers(members)).binding).toEqual({ kind: "none" });
      expect(accepted(await judgeMembers({ "x-ms-runtime": undefined })).binding).toEqual({
        kind: "none",
      });
    });
    it("is for the audience of the configuration, where it names one", async () => {
      const own = { ...settings, audience: "maa:own" };
      const nonce = boundAudience("maa:own", JKT);
      expect(accepted(await judgeMembers({}, own, nonce)).binding).toEqual({
        kind: "key",
        jkt: JKT,
      });
      expect(outcome(await judgeMembers({}, own))).toBe("audience_mismatch");
      expect(outcome(await judgeMembers({}, settings, nonce))).toBe("audience_mismatch");
    });
    it("is no audience, and an audience is no nonce", async () => {
      for (const aud of [S, ISSUER, [S], null])
        expect(outcome(await judgeMembers({ aud }))).toBe("audience_mismatch"); // oxlint-disable-line no-await-in-loop
    });
  });

  it.each<[string, MaaMembers, string]>([
    ["an SGX enclave", { "x-ms-attestation-type": "sgx" }, "not_a_workload"],
    ["a bare report", { "x-ms-attestation-type": "sevsnpvm" }, "not_a_workload"],
    ["a machine without isolation", { "x-ms-isolation-tee": undefined }, "not_a_workload"],
    [
      "isolation of another kind",
      { isolation: { "x-ms-attestation-type": "vbs" } },
      "not_a_workload",
    ],
    [
      "a container's utility machine",
      { isolation: { "x-ms-compliance-status": "azure-compliant-uvm" } },
      "claim_value",
    ],
    ["no compliance", { isolation: { "x-ms-compliance-status": undefined } }, "claim_value"],
    [
      "a machine that can be debugged",
      { isolation: { "x-ms-sevsnpvm-is-debuggable": true } },
      "debug_mode",
    ],
    [
      "one that does not say",
      { isolation: { "x-ms-sevsnpvm-is-debuggable": undefined } },
      "claim_missing",
    ],
    [
      "one that says so in text",
      { isolation: { "x-ms-sevsnpvm-is-debuggable": "false" } },
      "claim_missing",
    ],
    ["a kernel debugger", { "x-ms-azurevm-kerneldebug-enabled": true }, "debug_mode"],
    ["a boot debugger", { "x-ms-azurevm-bootdebug-enabled": true }, "debug_mode"],
    ["a hypervisor debugger", { "x-ms-azurevm-hypervisordebug-enabled": true }, "debug_mode"],
    ["debuggers that are not disabled", { "x-ms-azurevm-debuggersdisabled": false }, "debug_mode"],
    ["no machine", { "x-ms-azurevm-vmid": undefined }, "claim_value"],
    ["a machine that is no UUID", { "x-ms-azurevm-vmid": `${VM}0` }, "claim_value"],
    [
      "another machine than the hardware reports",
      { "x-ms-azurevm-vmid": VM.replace("6", "7") },
      "claim_value",
    ],
    ["no machine in the hardware's report", { isolation: { "x-ms-runtime": {} } }, "claim_value"],
    ["no policy", { "x-ms-policy-hash": "" }, "claim_missing"],
    [
      "no measurement",
      { isolation: { "x-ms-sevsnpvm-launchmeasurement": undefined } },
      "claim_value",
    ],
    ...[LAUNCH.toUpperCase(), LAUNCH.slice(2), `${LAUNCH}00`].map(
      (launch): [string, MaaMembers, string] => [
        `the measurement ${launch.slice(0, 8)}… of ${launch.length} digits`,
        { isolation: { "x-ms-sevsnpvm-launchmeasurement": launch } },
        "claim_value",
      ],
    ),
    ["secure boot in text", { secureboot: "true" }, "claim_type"],
  ])("refuses %s", async (_, members, reason) => {
    expect(outcome(await judgeMembers(members))).toBe(reason);
  });

  it("reads keys that are published as certificates", async () => {
    const network = new FakeNetwork().serveJson(`${PROVIDER}/certs`, certs);
    const attestor = await buildClean(azureMaa, { private_providers: [PROVIDER] }, { network });
    const token = await key.sign(maaClaims(NOW, S));
    expect(outcome(await judge(attestor, { type: "azure_maa", token }, NOW, JKT))).toBe("accepted");
    for (const x5c of [[], ["AA=="], "x", [1], undefined]) {
      const broken = { keys: [{ ...certs.keys[0], x5c }] };
      const jwks = { [PROVIDER]: dataUrl(JSON.stringify(broken)) };
      // oxlint-disable-next-line no-await-in-loop -- five
      await expect(buildClean(azureMaa, { private_providers: [PROVIDER], jwks })).rejects.toThrow(
        /no public signature key/,
      );
    }
  });

  it("never tries one provider's keys on another's token", async () => {
    const other = await simulateProvider();
    const jwks = { [PROVIDER]: keySetUrl(key), [SHARED]: keySetUrl(other.key) };
    const attestor = await buildClean(azureMaa, { ...settings, providers: [SHARED], jwks });
    const token = await key.sign(maaClaims(NOW, S, { iss: SHARED }));
    const result = await judge(attestor, { type: "azure_maa", token }, NOW, JKT);
    expect(outcome(result)).toBe("signature_invalid");
  });

  it("takes a shared provider's token only beside evidence of a customer", async () => {
    const shared = { providers: [SHARED], jwks: { [SHARED]: keySetUrl(key) } };
    expect(accepted(await judgeMembers({ iss: SHARED }, shared)).claims).toMatchObject({
      kind: "shared",
      provider: SHARED,
    });
    const errors = (section: object, matchers: object) =>
      errorsOf(
        compile([rule({ evidence: { azure_maa: matchers }, spiffe_id: "/x" })], undefined, {}, [
          factorOf(section),
        ]).issues,
      );
    expect(errors(shared, { vm_id: VM })).toEqual([expect.stringMatching(/names no customer/)]);
    expect(errors(settings, { vm_id: VM })).toEqual([]);
    expect(errors({ ...settings, providers: [SHARED] }, { vm_id: VM })).toEqual([
      expect.stringMatching(/state kind: private or shared/),
    ]);
  });

  it.each<[object, string]>([
    [{}, ""],
    [{ providers: [] }, "providers"],
    [{ providers: ["https://attest.azure.net.evil.example"] }, "providers.0"],
    [{ providers: ["http://x.weu.attest.azure.net"] }, "providers.0"],
    [{ providers: ["https://x.weu.attest.azure.net/"] }, "providers.0"],
    [{ providers: ["https://*.attest.azure.net"] }, "providers.0"],
    [{ providers: ["https://X.weu.attest.azure.net"] }, "providers.0"],
    [{ providers: [PROVIDER, PROVIDER] }, ""],
    [{ providers: [PROVIDER], private_providers: [PROVIDER] }, ""],
    [{ private_providers: [SHARED] }, "private_providers"],
    [{ providers: [PROVIDER], jwks: { [SHARED]: "file:x" } }, "jwks"],
    [{ providers: [PROVIDER], max_lifetime: "9h" }, "max_lifetime"],
  ])("refuses the section %j", (section, path) => {
    expect(complaints(azureMaa, section)).toContain(path);
  });
});
