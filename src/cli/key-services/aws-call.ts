import type { JsonObject } from "../../encoding/json.ts";
import { awsFailureName, awsJsonRequest } from "../../platform/aws-json.ts";
import { variable, type CredentialSource } from "../../platform/credentials.ts";
import type { AwsCredentials } from "../../platform/sigv4.ts";
import type { AdminDeps } from "./key-admin.ts";
import { callService, obtained, refusal } from "./service-call.ts";

const DENIED = [
  "AccessDeniedException",
  "UnrecognizedClientException",
  "InvalidSignatureException",
];

/** As `AWS_ENDPOINT_URL_KMS` says, AWS's own variable, else the region's public one. */
export function awsKmsUrl(region: string, env: AdminDeps["env"]): string {
  const suffix = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return variable({ env }, "AWS_ENDPOINT_URL_KMS") ?? `https://kms.${region}.${suffix}/`;
}

export interface AwsDeps extends AdminDeps {
  readonly credentials: CredentialSource<AwsCredentials>;
}

/**
 * One operation of AWS KMS.
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html
 * @throws KeyServiceError
 */
export async function callAwsKms(
  operation: string,
  parameters: Readonly<Record<string, unknown>>,
  region: string,
  deps: AwsDeps,
): Promise<JsonObject> {
  const url = awsKmsUrl(region, deps.env);
  const target = `TrentService.${operation}`;
  const request = await awsJsonRequest(
    deps.platform,
    { url, region, service: "kms", version: "1.1", target, parameters },
    await obtained(deps.credentials),
  );
  const { status, body: answer } = await callService(deps, `AWS KMS in ${region}`, {
    ...request,
    url,
  });
  if (status === 200) return answer;
  const name = awsFailureName(answer);
  throw refusal(`AWS KMS refuses ${operation}`, { status, name }, DENIED.includes(name), {
    AccessDeniedException: `: these credentials lack kms:${operation}`,
    NotFoundException: ": there is no such key in that region",
    KMSInvalidStateException: ": the key is disabled or about to be deleted",
    DisabledException: ": the key is disabled",
    UnsupportedOperationException: ": the key is of another kind (KeySpec, KeyUsage)",
  });
}
