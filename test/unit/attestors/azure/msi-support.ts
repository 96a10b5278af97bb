import type { Attestation } from "../../../../src/attestation.ts";
import { azureMsi } from "../../../../src/attestors/azure/msi.ts";
import type { Result } from "../../../../src/result.ts";
import { JKT, judge } from "../../../conformance/attestor.ts";
import { keySetUrl, tokenKey } from "../../../fakes/token-issuer.ts";
import { build, NOW } from "../support.ts";

export const TENANT = "6f0c1c92-0d5d-4c3f-9d1c-2a6f3f1f7b10";
export const OTHER_TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47";
export const AUDIENCE = "api://e5c0a9e1-7c0c-4d8e-8f5b-4f8f3c5f0a11/svidmint";
export const KEYS = `https://login.microsoftonline.com/${TENANT}/discovery/v2.0/keys`;
export const OID = "7ffb2574-9f6e-4520-8292-614fdefd9fe0";
export const CLIENT = "c88229ce-c5e4-48bf-b649-c490c6e8f343";
export const GROUP = "/subscriptions/ba45b233-e2ef-4169-8808-49eb0d8eba0d/resourcegroups/Payments";
export const MACHINE = `${GROUP}/providers/Microsoft.Compute/virtualMachines/Api-1`;
export const IDENTITY = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/payments-id`;

export const COMMON = {
  aud: AUDIENCE as unknown,
  iat: NOW - 300,
  nbf: NOW - 300,
  exp: NOW + 86_400,
  aio: "E2FgYFjXypBaFLjyaY9V6pkZK5ZdBAA=",
  idtyp: "app",
  oid: OID,
  sub: OID,
  rh: "0.ARoAv4j5cvGGr0GRqy180BHbR0ZIf3kAutdPukPawfj2MBMaAAA.",
  tid: TENANT,
  uti: "24UKQ6oZrkipJHqubOn_AA",
  xms_mirid: MACHINE,
  xms_tcdt: 1289241547,
};
export const V1 = {
  ...COMMON,
  iss: `https://sts.windows.net/${TENANT}/`,
  ver: "1.0",
  appid: CLIENT,
  appidacr: "2",
};
export const V2 = {
  ...COMMON,
  iss: `https://login.microsoftonline.com/${TENANT}/v2.0`,
  ver: "2.0",
  azp: CLIENT,
  azpacr: "2",
};

export const key = await tokenKey("RS256", "entra-1");
const jwks = keySetUrl(key);
export const settings = { tenants: [TENANT], audience: AUDIENCE, jwks };

/** A token of these claims, as the configured tenant would sign it. */
export async function judgeClaims(
  claims: object,
  header?: object,
  by: object = settings,
): Promise<Result<Attestation>> {
  const { attestor } = await build(azureMsi, by);
  return judge(attestor, { type: "azure_msi", token: await key.sign(claims, header) }, NOW, JKT);
}
