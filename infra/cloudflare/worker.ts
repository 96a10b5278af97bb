import {
  ClaimObject,
  openAwsIid,
  openAwsWebIdentity,
  openAzureMsi,
  openGcpIit,
  openOidc,
  worker,
} from "../../src/runtimes/workers.ts";

export { ClaimObject };

/** List here what stands under `evidence:` in your configuration: what is not named is not shipped. */
export default worker({
  aws_iid: openAwsIid,
  aws_web_identity: openAwsWebIdentity,
  azure_msi: openAzureMsi,
  gcp_iit: openGcpIit,
  oidc: openOidc,
});
