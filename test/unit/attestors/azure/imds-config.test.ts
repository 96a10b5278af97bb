import { describe, expect, it } from "vitest";
import {
  AZURE_INTERMEDIATES,
  AZURE_ROOTS,
} from "../../../../src/attestors/azure/imds-certificates.ts";
import { azureImds, openAzureImds } from "../../../../src/attestors/azure/imds.ts";
import { decodeBase64 } from "../../../../src/encoding/base64.ts";
import { webCryptoPlatform } from "../../../../src/platform/webcrypto.ts";
import { OID } from "../../../../src/svid/extensions.ts";
import { validatePath } from "../../../../src/svid/path.ts";
import { accepted, judge } from "../../../conformance/attestor.ts";
import { simulateAttestation } from "../../../fakes/azure-attested.ts";
import { dataUrl, readDataUrl } from "../../../fakes/token-issuer.ts";
import { read } from "../../svid/forge.ts";
import { build, complaints, ISSUER, NOW } from "../support.ts";
import { DOCUMENT, settingsFor, SUBSCRIPTION, TENANT } from "./imds-support.ts";

const subscriptions = { [SUBSCRIPTION]: TENANT };

describe("azure_imds in a configuration", () => {
  it("names each subscription with its tenant, and the least else", () => {
    expect(complaints(azureImds, { subscriptions })).toEqual([]);
    expect(complaints(azureImds, {})).toEqual(["subscriptions"]);
    expect(complaints(azureImds, { subscriptions: {} })).toEqual(["subscriptions"]);
    expect(complaints(azureImds, { subscriptions: [SUBSCRIPTION] })).toEqual(["subscriptions"]);
    const upper = { [SUBSCRIPTION.toUpperCase()]: TENANT };
    expect(complaints(azureImds, { subscriptions: upper })).toHaveLength(1);
    const name = { [SUBSCRIPTION]: "contoso.onmicrosoft.com" };
    expect(complaints(azureImds, { subscriptions: name })).toHaveLength(1);
    for (const tenant of [`x${TENANT}`, `${TENANT}0`, `${TENANT}\n`])
      expect(complaints(azureImds, { subscriptions: { [SUBSCRIPTION]: tenant } })).toHaveLength(1);
    for (const cloud of ["public", "us_government", "china"])
      expect(complaints(azureImds, { subscriptions, cloud })).toEqual([]);
    expect(complaints(azureImds, { subscriptions, cloud: "germany" })).toEqual(["cloud"]);
    expect(complaints(azureImds, { subscriptions, jwks: "file:x" })).toEqual([""]);
    const url = "https://www.microsoft.com/pkiops/certs/x.crt";
    expect(complaints(azureImds, { subscriptions, intermediates: url })).toEqual(["intermediates"]);
  });

  it("offers rules the subscription as pin, and both bindings", () => {
    const [factor] = azureImds.factors(azureImds.config().parse({ subscriptions }));
    expect(factor).toMatchObject({
      pins: [{ claim: "subscription", values: [SUBSCRIPTION] }],
      bindings: ["key", "none"],
      defaultBinding: "key",
      instanceClaims: ["vm_id"],
    });
  });

  it("refers to certificates of CAs, in PEM", async () => {
    const cloud = await simulateAttestation(NOW);
    const { certificate } = cloud.signer;
    const leaf = `-----BEGIN CERTIFICATE-----\n${btoa(String.fromCharCode(...certificate))}\n-----END CERTIFICATE-----\n`;
    for (const [text, message] of [
      ["no pem", /PEM/],
      [leaf, /CA/],
    ] as const) {
      const settings = settingsFor(cloud, { intermediates: dataUrl(text) });
      const { issues } = await build(azureImds, settings); // oxlint-disable-line no-await-in-loop -- two
      expect(issues).toMatchObject([{ path: ["intermediates"], severity: "error" }]);
      expect(issues[0]?.message).toMatch(message);
    }
  });

  it("is the same when it was compiled: certificates as they were read, nothing left to read", async () => {
    const cloud = await simulateAttestation(NOW);
    const settled = await azureImds.settle?.(azureImds.config().parse(settingsFor(cloud)), {
      platform: webCryptoPlatform(),
      read: readDataUrl,
      report: ({ message }) => {
        throw new Error(message);
      },
    });
    const attestor = await openAzureImds(JSON.parse(JSON.stringify(settled)), {
      platform: webCryptoPlatform(),
      trustDomain: "prod.example",
      issuer: ISSUER,
    });
    const signature = await cloud.attest(DOCUMENT);
    const evidence = { type: "azure_imds", signature };
    expect(accepted(await judge(attestor, evidence, NOW)).claims).toMatchObject({ tenant: TENANT });
  });
});

describe("the certificates that are shipped for azure_imds", () => {
  const certificates = (list: readonly string[]) =>
    list.map((text) => {
      const der = decodeBase64(text);
      if (!der.ok) throw new Error("not base64");
      return read(der.value);
    });

  it("lead from each intermediate to a pinned root, for TLS servers", async () => {
    const roots = certificates(AZURE_ROOTS);
    const intermediates = certificates(AZURE_INTERMEDIATES);
    expect(roots).toHaveLength(3);
    const lost: string[] = [];
    for (const ca of intermediates) {
      const options = {
        now: (ca.notBefore + ca.notAfter) / 2,
        leaf: "any" as const,
        purposes: [OID.serverAuth],
      };
      // oxlint-disable-next-line no-await-in-loop -- one after the other, so that a failure names its certificate
      const path = await validatePath(ca, intermediates, roots, options, webCryptoPlatform());
      if (!path.ok) lost.push(`${ca.subject.key}: ${path.error.detail}`);
    }
    expect(lost).toEqual([]);
  });
});
