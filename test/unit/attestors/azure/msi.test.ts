import { describe, expect, it } from "vitest";
import { azureMsi } from "../../../../src/attestors/azure/msi.ts";
import { Kept } from "../../../../src/kept.ts";
import { accepted, judge, outcome } from "../../../conformance/attestor.ts";
import { tokenAttestorConformance } from "../../../conformance/token-attestor.ts";
import { FakeNetwork } from "../../../fakes/network.ts";
import { keySet, tokenKey } from "../../../fakes/token-issuer.ts";
import { buildClean, NOW } from "../support.ts";
import {
  TENANT,
  OTHER_TENANT,
  AUDIENCE,
  KEYS,
  OID,
  CLIENT,
  GROUP,
  MACHINE,
  IDENTITY,
  COMMON,
  V1,
  V2,
  key,
  settings,
  judgeClaims,
} from "./msi-support.ts";

describe.each([
  ["version 1", V1, `https://sts.windows.net/${OTHER_TENANT}/`],
  ["version 2", V2, `https://login.microsoftonline.com/${OTHER_TENANT}/v2.0`],
])("%s", (version, claims, otherIssuer) => {
  tokenAttestorConformance(`azure_msi, ${version}`, async () => {
    const network = new FakeNetwork();
    return {
      attestor: await buildClean(azureMsi, settings, { network }),
      elsewhere: await buildClean(azureMsi, settings, { trustDomain: "test.example" }),
      factor: azureMsi.factors(azureMsi.config().parse(settings))[0]!,
      now: NOW,
      key,
      network,
      audience: AUDIENCE,
      maxLifetimeSeconds: 87_000,
      claims: (aud) => ({ ...claims, aud }),
      members: { type: "azure_msi" },
      foreign: async () => ({
        type: "azure_msi",
        token: await key.sign({ ...claims, iss: otherIssuer, tid: OTHER_TENANT }),
      }),
      fetching: (served) =>
        buildClean(azureMsi, { ...settings, jwks: undefined }, { network: served }),
      keysUrl: KEYS,
    };
  });
});

describe("azure_msi", () => {
  it.each([
    ["version 1", V1],
    ["version 2", V2],
  ])("attests a machine by its own identity, %s", async (_, claims) => {
    expect(accepted(await judgeClaims(claims))).toEqual({
      type: "azure_msi",
      name: "azure_msi",
      claims: {
        kind: "system_assigned",
        tenant: TENANT,
        principal_id: OID,
        client_id: CLIENT,
        identity: MACHINE.toLowerCase(),
        resource: MACHINE.toLowerCase(),
        subscription: "ba45b233-e2ef-4169-8808-49eb0d8eba0d",
        resource_group: "payments",
        resource_type: "microsoft.compute/virtualmachines",
        resource_name: "api-1",
        uti: COMMON.uti,
      },
      binding: { kind: "none" },
      notBefore: NOW - 300,
      notAfter: NOW + 86_400,
      claimKey: expect.stringMatching(/^[0-9a-f]{64}$/),
      generation: 0,
    });
  });

  it("attests an app by an identity that was assigned to it", async () => {
    const resource = `${GROUP}/providers/Microsoft.Web/sites/shop`;
    const { claims } = accepted(
      await judgeClaims({ ...V1, xms_mirid: IDENTITY, xms_az_rid: resource }),
    );
    expect(claims).toMatchObject({
      kind: "user_assigned",
      identity: IDENTITY.toLowerCase(),
      resource: resource.toLowerCase(),
      resource_type: "microsoft.web/sites",
      resource_name: "shop",
    });
  });

  it("attests an assigned identity without saying where, if the token does not say", async () => {
    const { claims } = accepted(await judgeClaims({ ...V1, xms_mirid: IDENTITY }));
    expect(claims).toMatchObject({ kind: "user_assigned", identity: IDENTITY.toLowerCase() });
    expect(claims).not.toHaveProperty("resource");
    expect(claims).not.toHaveProperty("resource_name");
  });

  it("takes the resource of an identity that the system assigned from the identity alone", async () => {
    const xms_az_rid = `${GROUP}/providers/Microsoft.Compute/virtualMachines/Api-2`;
    expect(accepted(await judgeClaims({ ...V1, xms_az_rid })).claims).toMatchObject({
      kind: "system_assigned",
      resource: MACHINE.toLowerCase(),
      resource_name: "api-1",
    });
  });

  it("never reads a key from the audience", async () => {
    const audience = [AUDIENCE, `${AUDIENCE}/2`];
    const { binding } = accepted(
      await judgeClaims({ ...V1, aud: `${AUDIENCE}/2` }, {}, { ...settings, audience }),
    );
    expect(binding).toEqual({ kind: "none" });
  });

  describe("claim key", () => {
    it("is one for one token of Entra, however it is signed and dated", async () => {
      const first = accepted(await judgeClaims(V1)).claimKey;
      expect(
        accepted(await judgeClaims({ ...V1, iat: NOW - 200 }, { x5t: "other" })).claimKey,
      ).toBe(first);
      expect(accepted(await judgeClaims(V2)).claimKey).toBe(first);
      expect(
        accepted(await judgeClaims({ ...V1, uti: "N6oowlsRwUSaz5uhonQkAA" })).claimKey,
      ).not.toBe(first);
    });
    it("is not that of another tenant's token of the same uti", async () => {
      const both = { ...settings, tenants: [TENANT, OTHER_TENANT] };
      const theirs = { ...V1, tid: OTHER_TENANT, iss: `https://sts.windows.net/${OTHER_TENANT}/` };
      const [own, other] = await Promise.all(
        [V1, theirs].map((claims) => judgeClaims(claims, {}, both)),
      );
      expect(accepted(own!).claimKey).not.toBe(accepted(other!).claimKey);
    });
    it.each([undefined, "", 1, null])("needs a uti: refuses %j", async (uti) => {
      expect(outcome(await judgeClaims({ ...V1, uti }))).toBe("claim_missing");
    });
  });

  describe("tenant (AT-10)", () => {
    it("refuses a version that is not its issuer's", async () => {
      expect(outcome(await judgeClaims({ ...V1, ver: "2.0" }))).toBe("claim_value");
      expect(outcome(await judgeClaims({ ...V2, ver: "1.0" }))).toBe("claim_value");
      expect(outcome(await judgeClaims({ ...V1, ver: undefined }))).toBe("claim_value");
      expect(outcome(await judgeClaims({ ...V1, iss: V2.iss }))).toBe("claim_value");
      expect(outcome(await judgeClaims({ ...V2, iss: V1.iss }))).toBe("claim_value");
    });
    it.each([OTHER_TENANT, TENANT.toUpperCase(), "", undefined, null, [TENANT], "common"])(
      "refuses tid %j under a configured issuer",
      async (tid) => {
        expect(outcome(await judgeClaims({ ...V1, tid }))).toBe("tenant_not_configured");
      },
    );
    it.each([
      `https://sts.windows.net/${TENANT}`,
      `https://sts.windows.net/${TENANT.toUpperCase()}/`,
      `https://login.microsoftonline.com/${TENANT}/`,
      `https://login.microsoftonline.com/${TENANT}/v2.0/`,
      `https://login.microsoftonline.com/common/v2.0`,
      `https://login.microsoftonline.com/{tenantid}/v2.0`,
      `https://sts.windows.net/${OTHER_TENANT}/`,
    ])("refuses issuer %s", async (iss) => {
      expect(outcome(await judgeClaims({ ...V1, iss }))).toBe("issuer_not_configured");
    });
    it("asks only the tenant's own keys, and those of no other configured one", async () => {
      const theirs = await tokenKey("RS256", "entra-2");
      const network = new FakeNetwork()
        .serveJson(KEYS, keySet(key))
        .serveJson(
          `https://login.microsoftonline.com/${OTHER_TENANT}/discovery/v2.0/keys`,
          keySet(theirs),
        );
      const both = { tenants: [TENANT, OTHER_TENANT], audience: AUDIENCE };
      const attestor = await buildClean(azureMsi, both, { network });
      const token = await theirs.sign(V1);
      expect(outcome(await judge(attestor, { type: "azure_msi", token }, NOW))).toBe("key_unknown");
      expect(network.calls).toEqual([KEYS]);
    });

    const PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad";
    const of = (tenant: string) => `https://login.microsoftonline.com/${tenant}/v2.0`;
    const judgeByKeyOf = async (keyIssuer: unknown, jwks?: string) => {
      const document = { keys: [{ ...key.jwk, issuer: keyIssuer }] };
      const network = new FakeNetwork().serveJson(jwks ?? KEYS, document);
      const attestor = await buildClean(azureMsi, { ...settings, jwks }, { network });
      const evidence = { type: "azure_msi", token: await key.sign(V1) };
      return outcome(await judge(attestor, evidence, NOW));
    };
    const COMMON_KEYS = "https://login.microsoftonline.com/common/discovery/v2.0/keys";

    it.each([
      ["fetched anew", () => ({})],
      ["kept for the next configuration", () => ({ keep: new Kept().keep })],
    ])(
      "believes the key of one listed tenant for no other, where they share a key set, %s",
      async (_, more) => {
        const both = { ...settings, tenants: [TENANT, OTHER_TENANT], jwks: COMMON_KEYS };
        const judgeIn = async (keyIssuer: string, tenant: string) => {
          const document = { keys: [{ ...key.jwk, issuer: keyIssuer }] };
          const network = new FakeNetwork().serveJson(COMMON_KEYS, document);
          const attestor = await buildClean(azureMsi, both, { network, ...more() });
          const claims = { ...V1, tid: tenant, iss: `https://sts.windows.net/${tenant}/` };
          const evidence = { type: "azure_msi", token: await key.sign(claims) };
          return outcome(await judge(attestor, evidence, NOW));
        };
        expect(await judgeIn(of(TENANT), TENANT)).toBe("accepted");
        expect(await judgeIn(of(OTHER_TENANT), OTHER_TENANT)).toBe("accepted");
        expect(await judgeIn(of(TENANT), OTHER_TENANT)).toBe("key_unknown");
        expect(await judgeIn(of(OTHER_TENANT), TENANT)).toBe("key_unknown");
        expect(await judgeIn(of("{tenantid}"), OTHER_TENANT)).toBe("accepted");
      },
    );

    it.each([undefined, COMMON_KEYS])(
      "believes no key that Entra publishes for another tenant (%s)",
      async (jwks) => {
        for (const issuer of [of(PERSONAL), of(OTHER_TENANT), of(PERSONAL.toUpperCase())])
          expect(await judgeByKeyOf(issuer, jwks)).toBe("key_unknown"); // oxlint-disable-line no-await-in-loop
        for (const issuer of [undefined, of("{tenantid}"), of(TENANT), of(TENANT.toUpperCase())])
          expect(await judgeByKeyOf(issuer, jwks)).toBe("accepted"); // oxlint-disable-line no-await-in-loop
      },
    );
  });
});
