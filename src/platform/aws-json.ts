import type { JsonObject } from "../encoding/json.ts";
import type { Platform } from "./platform.ts";
import { signAwsRequest, type AwsCredentials } from "./sigv4.ts";

/** One operation of an AWS service that has them all at one URL and speaks JSON. */
export interface AwsJsonCall {
  readonly url: string;
  readonly region: string;
  /** As its requests are signed: `kms`. */
  readonly service: string;
  /** Of the service's flavour of JSON. */
  readonly version: "1.0" | "1.1";
  /** With what its name stands behind: `TrentService.Sign`. */
  readonly target: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** @see https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html */
export async function awsJsonRequest(
  platform: Platform,
  { url, region, service, version, target, parameters }: AwsJsonCall,
  credentials: AwsCredentials,
) {
  const { host, pathname: path } = new URL(url);
  const body = JSON.stringify(parameters);
  const headers = { "content-type": `application/x-amz-json-${version}`, "x-amz-target": target };
  const signed = await signAwsRequest(
    platform,
    { method: "POST", host, path, headers: Object.entries(headers), body },
    credentials,
    { region, service, now: platform.now() },
  );
  return { method: "POST" as const, headers: { ...headers, ...signed.headers }, body };
}

/** The service's own name of a failure, if it is of that form, else ""; what it says beside it is not to be repeated. */
export function awsFailureName(answer: JsonObject | undefined): string {
  const type = answer?.["__type"];
  const name = typeof type === "string" ? type.slice(type.indexOf("#") + 1) : "";
  return /^\w{1,64}$/.test(name) ? name : "";
}
