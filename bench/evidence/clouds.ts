import { azureImds } from "../../src/attestors/azure/imds.ts";
import { azureMaa } from "../../src/attestors/azure/maa.ts";
import { azureMsi } from "../../src/attestors/azure/msi.ts";
import { gcpConfidentialSpace } from "../../src/attestors/gcp/confidential-space.ts";
import { gcpIit } from "../../src/attestors/gcp/iit.ts";
import { ociInstance } from "../../src/attestors/oci/instance.ts";
import { JKT } from "../../test/conformance/attestor.ts";
import { maaClaims, PROVIDER, simulateProvider } from "../../test/fakes/azure-attestation.ts";
import { simulateAttestation } from "../../test/fakes/azure-attested.ts";
import { simulateConfidentialSpace, spaceClaims } from "../../test/fakes/confidential-space.ts";
import { simulateGoogle } from "../../test/fakes/gcp-metadata.ts";
import { dataUrl, keySetUrl } from "../../test/fakes/token-issuer.ts";
import { DOCUMENT, nonceFor, settingsFor } from "../../test/unit/attestors/azure/imds-support.ts";
import * as msi from "../../test/unit/attestors/azure/msi-support.ts";
import { makeBench as makeOci } from "../../test/unit/attestors/oci/instance-support.ts";
import { NOW } from "../../test/unit/attestors/support.ts";
import { BOUND, onNode, piecesOf, type Subject, tokenSubject } from "./subject.ts";

export async function azureSubjects(): Promise<readonly Subject[]> {
  const { key } = await simulateProvider();
  const providers = { private_providers: [PROVIDER], jwks: { [PROVIDER]: keySetUrl(key) } };
  return [
    await attestedDocuments(),
    await tokenSubject(azureMaa, providers, { key, claims: maaClaims(NOW, BOUND) }),
    await tokenSubject(azureMsi, msi.settings, { key: msi.key, claims: msi.V2 }),
  ];
}

/** One signer's, below an intermediate that the configuration names. */
async function attestedDocuments(): Promise<Subject> {
  const cloud = await simulateAttestation(NOW);
  const nonce = await nonceFor(JKT);
  return {
    type: azureImds.type,
    attestor: await onNode(azureImds, settingsFor(cloud)),
    pieces: await piecesOf(async (n) => {
      const vmId = `5d06deb3-807b-46dd-aef5-${n.toString(16).padStart(12, "0")}`;
      return {
        type: azureImds.type,
        signature: await cloud.attest({ ...DOCUMENT, vmId, nonce }),
      };
    }),
    jkt: JKT,
  };
}

export async function googleSubjects(): Promise<readonly Subject[]> {
  const cloud = await simulateConfidentialSpace(NOW);
  const pki = await cloud.signer();
  const projects = ["payments-prod"];
  const settings = { projects, jwks: keySetUrl(cloud.key), root: dataUrl(cloud.root) };
  const claims = spaceClaims(NOW, BOUND);
  return [
    await tokenSubject(gcpConfidentialSpace, settings, { key: cloud.key, claims, form: "OIDC" }),
    await tokenSubject(gcpConfidentialSpace, settings, {
      key: pki.key,
      claims,
      form: "PKI",
      header: { kid: undefined, x5c: pki.x5c },
    }),
    await identityTokens(projects),
  ];
}

/** Each of a machine of its own, as its metadata server gives them. */
async function identityTokens(projects: readonly string[]): Promise<Subject> {
  const google = await simulateGoogle(() => NOW);
  const [email, uniqueId] = ["api@payments-prod.iam.gserviceaccount.com", "104070955682298736149"];
  const url = `http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/identity?audience=${encodeURIComponent(BOUND)}&format=full`;
  return {
    type: gcpIit.type,
    attestor: await onNode(gcpIit, { projects, jwks: keySetUrl(google.key) }),
    pieces: await piecesOf(async (n) => {
      const server = google.metadata({
        serviceAccount: { email, uniqueId },
        instance: {
          project: "payments-prod",
          projectNumber: 161_958_465_613,
          zone: "us-east1-b",
          name: `api-${n}`,
          id: String(2_589_221_140_676_718 + n),
          createdAt: NOW - 9000,
        },
      });
      const answer = await server(new Request(url, { headers: { "metadata-flavor": "Google" } }));
      return { type: gcpIit.type, token: await answer.text() };
    }),
    jkt: JKT,
  };
}

/** Proofs of one machine: RSA keys take long to make. */
export async function oracleSubjects(): Promise<readonly Subject[]> {
  const { settings, launch, evidenceOf } = await makeOci();
  const machine = await launch();
  return [
    {
      type: ociInstance.type,
      attestor: await onNode(ociInstance, settings),
      pieces: await piecesOf(() => evidenceOf(machine)),
      jkt: JKT,
    },
  ];
}
