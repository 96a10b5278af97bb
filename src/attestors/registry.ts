import type { AttestorDefinition, OpenAttestor } from "./attestor.ts";
import { awsIid, openAwsIid } from "./aws/iid.ts";
import { awsSts, openAwsSts } from "./aws/sts.ts";
import { awsWebIdentity, openAwsWebIdentity } from "./aws/web-identity.ts";
import { awsNitro, openAwsNitro } from "./aws/nitro.ts";
import { azureImds, openAzureImds } from "./azure/imds.ts";
import { azureMaa, openAzureMaa } from "./azure/maa.ts";
import { azureMsi, openAzureMsi } from "./azure/msi.ts";
import { gcpConfidentialSpace, openGcpConfidentialSpace } from "./gcp/confidential-space.ts";
import { gcpIit, openGcpIit } from "./gcp/iit.ts";
import { ociInstance, openOciInstance } from "./oci/instance.ts";
import { oidc, openOidc } from "./oidc/oidc.ts";
import { openSpiffe, spiffe } from "./spiffe/spiffe.ts";
import { openX509Pop, x509Pop } from "./x509/pop.ts";

/** Every evidence type that runs anywhere, one line each: all that the rest of svidmint knows of it. */
export const portableAttestors: readonly AttestorDefinition[] = [
  awsIid,
  awsSts,
  awsWebIdentity,
  awsNitro,
  azureImds,
  azureMaa,
  azureMsi,
  gcpConfidentialSpace,
  gcpIit,
  ociInstance,
  oidc,
  spiffe,
  x509Pop,
];

/** Their run-time halves alone, for runtimes that read only compiled configurations. */
export const portableOpeners: Readonly<Record<string, OpenAttestor>> = {
  aws_iid: openAwsIid,
  aws_sts: openAwsSts,
  aws_web_identity: openAwsWebIdentity,
  aws_nitro: openAwsNitro,
  azure_imds: openAzureImds,
  azure_maa: openAzureMaa,
  azure_msi: openAzureMsi,
  gcp_confidential_space: openGcpConfidentialSpace,
  gcp_iit: openGcpIit,
  oci_instance: openOciInstance,
  oidc: openOidc,
  spiffe: openSpiffe,
  x509_pop: openX509Pop,
};
