import { caOf, platform, type TestCa } from "../unit/svid/forge.ts";
import { base64 } from "./keys.ts";
import { tokenKey, utf8, type TokenKey } from "./token-issuer.ts";

/** A simulated provider of Microsoft Azure Attestation. */
export interface SimulatedProvider {
  readonly key: TokenKey;
  /** What it publishes at `/certs`: certificates, and no key beside them. */
  readonly certs: { readonly keys: readonly object[] };
}

export async function simulateProvider(): Promise<SimulatedProvider> {
  const key = await tokenKey("RS256", "simulated+maa/1=");
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", key.privateKey);
  if (!(pkcs8 instanceof ArrayBuffer)) throw new Error("no bytes");
  const imported = await platform.importPrivateKey(new Uint8Array(pkcs8));
  if (!imported.ok) throw new Error("no key");
  const own: TestCa = await caOf("attest.azure.net", imported.value);
  const certificate = { kid: key.kid, kty: "RSA", x5c: [base64(own.der)] };
  return { key, certs: { keys: [certificate] } };
}

export const PROVIDER = "https://payments.weu.attest.azure.net";
export const SHARED = "https://sharedweu.weu.attest.azure.net";
export const VM = "6506b531-1634-431e-99d2-42b7d3414ad0";
export const LAUNCH = "ad6de16a".repeat(12);

/** Of a confidential machine with SEV-SNP. @param nonce as the client gave it to its library */
export function maaClaims(
  now: number,
  nonce: string,
  { isolation, runtime, ...members }: MaaMembers = {},
): Record<string, unknown> {
  return {
    iss: PROVIDER,
    iat: now - 10,
    nbf: now - 10,
    exp: now + 28_790,
    jti: "ce395e5de9c638d3",
    secureboot: true,
    "x-ms-attestation-type": "azurevm",
    "x-ms-azurevm-bootdebug-enabled": false,
    "x-ms-azurevm-debuggersdisabled": true,
    "x-ms-azurevm-hypervisordebug-enabled": false,
    "x-ms-azurevm-kerneldebug-enabled": false,
    "x-ms-azurevm-vmid": VM.toUpperCase(),
    "x-ms-isolation-tee": {
      "x-ms-attestation-type": "sevsnpvm",
      "x-ms-compliance-status": "azure-compliant-cvm",
      "x-ms-sevsnpvm-is-debuggable": false,
      "x-ms-sevsnpvm-launchmeasurement": LAUNCH,
      "x-ms-runtime": { "vm-configuration": { vmUniqueId: VM.toUpperCase() } },
      ...isolation,
    },
    "x-ms-policy-hash": "wm9mHlvTU82e8UqoOy1Yj1FBRSNkfe99-69IYDq9eWs",
    "x-ms-runtime": { "client-payload": { nonce: base64(utf8(nonce)) }, keys: [], ...runtime },
    "x-ms-ver": "1.0",
    ...members,
  };
}

export interface MaaMembers extends Readonly<Record<string, unknown>> {
  readonly isolation?: object;
  readonly runtime?: object;
}
