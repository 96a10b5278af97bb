import type { AttestorDefinition, OpenAttestor } from "./attestor.ts";
import { awsIid, openAwsIid } from "./aws/iid.ts";
import { awsWebIdentity, openAwsWebIdentity } from "./aws/web-identity.ts";
import { awsNitro, openAwsNitro } from "./aws/nitro.ts";
import { azureMsi, openAzureMsi } from "./azure/msi.ts";
import { gcpIit, openGcpIit } from "./gcp/iit.ts";
import { oidc, openOidc } from "./oidc/oidc.ts";

/** Every evidence type that runs anywhere, one line each: all that the rest of svidmint knows of it. */
export const portableAttestors: readonly AttestorDefinition[] = [
  awsIid,
  awsWebIdentity,
  awsNitro,
  azureMsi,
  gcpIit,
  oidc,
];

/** Their run-time halves alone, for runtimes that read only compiled configurations. */
export const portableOpeners: Readonly<Record<string, OpenAttestor>> = {
  aws_iid: openAwsIid,
  aws_web_identity: openAwsWebIdentity,
  aws_nitro: openAwsNitro,
  azure_msi: openAzureMsi,
  gcp_iit: openGcpIit,
  oidc: openOidc,
};
