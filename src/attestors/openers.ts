import type { OpenAttestor } from "./attestor.ts";
import { openAwsIid } from "./aws/iid.ts";
import { openAwsSts } from "./aws/sts.ts";
import { openAwsWebIdentity } from "./aws/web-identity.ts";
import { openAwsNitro } from "./aws/nitro.ts";
import { openAzureImds } from "./azure/imds.ts";
import { openAzureMaa } from "./azure/maa.ts";
import { openAzureMsi } from "./azure/msi.ts";
import { openGcpConfidentialSpace } from "./gcp/confidential-space.ts";
import { openGcpIit } from "./gcp/iit.ts";
import { openOciInstance } from "./oci/instance.ts";
import { openOidc } from "./oidc/oidc.ts";
import { openSpiffe } from "./spiffe/spiffe.ts";
import { openX509Pop } from "./x509/pop.ts";

/** By name too: an entry that names a few of them ships no other. */
export {
  openAwsIid,
  openAwsSts,
  openAwsWebIdentity,
  openAwsNitro,
  openAzureImds,
  openAzureMaa,
  openAzureMsi,
  openGcpConfidentialSpace,
  openGcpIit,
  openOciInstance,
  openOidc,
  openSpiffe,
  openX509Pop,
};

/** The run-time half of every evidence type, for runtimes that read only compiled configurations: one line each. */
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
