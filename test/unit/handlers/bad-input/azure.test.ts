import { describe, expect, it } from "vitest";
import { simulateTenant } from "../../../fakes/azure-metadata.ts";
import { codeOf, msiToken, TENANT, workload } from "../../issuer/world.ts";
import { openPlace, refused } from "./support.ts";

const place = await openPlace();
const { world, alice } = place;
const { key } = world.tenant;
const x509 = { csr: alice.csr };
const OTHER = "72f988bf-86f1-41af-91ab-2d7cd011db47";

const { token: genuine } = await msiToken(world);
const [, payload = ""] = genuine.split(".");
const good: Record<string, unknown> = JSON.parse(
  atob(payload.replaceAll("-", "+").replaceAll("_", "/")),
);

const asked = (token: string): Promise<string> =>
  refused(place, { evidence: [{ type: "azure_msi", token }], x509 });
const of = async (claims: object, header: object = {}): Promise<string> =>
  asked(await key.sign({ ...good, ...claims }, header));

describe("bad azure_msi evidence at POST /v1/svids", () => {
  it("other tenant", async () => {
    const foreign = await simulateTenant(OTHER, () => world.now);
    expect(await asked((await msiToken({ ...world, tenant: foreign })).token)).toBe(
      "evidence_rejected: issuer_not_configured",
    );
    const iss = `https://sts.windows.net/${OTHER}/`;
    expect(await of({ iss, tid: OTHER })).toBe("evidence_rejected: issuer_not_configured");
    expect(await of({ iss })).toBe("evidence_rejected: issuer_not_configured");
    for (const tid of [OTHER, TENANT.toUpperCase(), "common", "", null, [TENANT]])
      expect(await of({ tid })).toMatch(/^evidence_rejected: /);
  });

  it("v1/v2 issuer mismatch", async () => {
    const v1 = `https://sts.windows.net/${TENANT}/`;
    const v2 = `https://login.microsoftonline.com/${TENANT}/v2.0`;
    expect(good).toMatchObject({ iss: v1, ver: "1.0" });
    expect(await of({ ver: "2.0" })).toBe("evidence_rejected: claim_value");
    expect(await of({ iss: v2 })).toBe("evidence_rejected: claim_value");
    for (const iss of [v1.slice(0, -1), `${v2}/`, v2.replace("/v2.0", "/"), v1.toUpperCase()])
      expect(await of({ iss })).toBe("evidence_rejected: issuer_not_configured");
  });

  it("Graph token with nonce", async () => {
    for (const nonce of ["x", "", null])
      expect(await of({}, { nonce })).toBe("evidence_rejected: jws_header_forbidden");
    expect(await of({ aud: "00000003-0000-0000-c000-000000000000" }, { nonce: "x" })).toBe(
      "evidence_rejected: audience_mismatch",
    );
  });

  it("idtyp user", async () => {
    for (const claims of [{ idtyp: "user" }, { scp: "user_impersonation" }, { upn: "a@b.example" }])
      expect(await of(claims)).toBe("evidence_rejected: not_a_workload");
  });

  it("ARM audience", async () => {
    for (const aud of ["https://management.azure.com", "https://management.azure.com/"])
      expect(await of({ aud })).toBe("evidence_rejected: audience_mismatch");
  });

  it("none of it has claimed the token that all others vary: its first key gets an SVID", async () => {
    const evidence = [{ type: "azure_msi", token: genuine }];
    const bob = await workload(world);
    expect((await world.post({ evidence, x509: { csr: bob.csr } })).status).toBe(200);
    expect(await codeOf(await world.post({ evidence, x509 }))).toBe("evidence_claimed");
  });
});
