import type { AttestorDefinition } from "./attestor.ts";
import { awsIid } from "./aws/iid.ts";
import { awsSts } from "./aws/sts.ts";
import { awsWebIdentity } from "./aws/web-identity.ts";
import { awsNitro } from "./aws/nitro.ts";
import { azureImds } from "./azure/imds.ts";
import { azureMaa } from "./azure/maa.ts";
import { azureMsi } from "./azure/msi.ts";
import { gcpConfidentialSpace } from "./gcp/confidential-space.ts";
import { gcpIit } from "./gcp/iit.ts";
import { ociInstance } from "./oci/instance.ts";
import { oidc } from "./oidc/oidc.ts";
import { spiffe } from "./spiffe/spiffe.ts";
import { x509Pop } from "./x509/pop.ts";

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
