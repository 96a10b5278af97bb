import type { JsonObject } from "../encoding/json.ts";
import { awsCredentials } from "../platform/aws-credentials.ts";
import { awsFailureName, awsJsonRequest } from "../platform/aws-json.ts";
import type { BackendDeps } from "./backend.ts";
import { endpointHere } from "./here.ts";
import { askService, credentialsFrom, malformedAnswer } from "./service-request.ts";
import { SignerError } from "./signer.ts";

/** What services say with status 400 of a moment that passes. */
const THROTTLED = ["ThrottlingException", "LimitExceededException"];

/** One of AWS's services that speak JSON by one URL. */
export interface AwsServiceName {
  /** As messages have it. */
  readonly title: string;
  /** Of its host, and of what is signed. */
  readonly service: string;
  /** What the name of an operation stands behind. */
  readonly target: string;
  /** AWS's own variable for another address. */
  readonly variable: string;
}

interface AwsCall {
  readonly operation: string;
  readonly parameters: JsonObject;
  /** The service's name for an answer that is still to come. */
  readonly pending?: string;
}

export interface AwsService {
  /**
   * @param id of the key, as messages have it
   * @returns the answer; undefined while it is pending
   * @throws SignerError
   */
  ask(id: string, call: AwsCall, timeoutMs: number): Promise<JsonObject | undefined>;
}

/**
 * A service in the region and partition of what an ARN names. Nothing is asked yet.
 * @returns undefined where it has no address, which `deps.complain` is told
 */
export function awsService(
  { title, service, target, variable }: AwsServiceName,
  arn: string,
  deps: BackendDeps,
): AwsService | undefined {
  const [, partition, , region = ""] = arn.split(":");
  const suffix = partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
  const url = endpointHere(variable, `https://${service}.${region}.${suffix}/`, deps);
  if (url === undefined) return undefined;
  const { platform } = deps;
  const credentials = awsCredentials(deps);
  return {
    async ask(id, { operation, parameters, pending }, timeoutMs) {
      const end = performance.now() + timeoutMs;
      const request = await awsJsonRequest(
        platform,
        { url, region, service, version: "1.1", target: `${target}.${operation}`, parameters },
        await credentialsFrom(credentials),
      );
      const left = end - performance.now();
      // Nobody waits any more: nothing is done for nobody.
      if (left <= 0)
        throw new SignerError("timeout", `there are no AWS credentials for ${id} in time`);
      const { status, body: answer } = await askService(platform, title, id, url, {
        ...request,
        timeoutMs: left,
      });
      if (status === 200) return answer ?? malformedAnswer(title, id);
      const name = awsFailureName(answer);
      if (pending !== undefined && name === pending) return undefined;
      const shown = name === "" ? "" : ` ${name}`;
      const message = `${title} refuses ${operation} for ${id}: status ${status}${shown}`;
      if (status === 429 || THROTTLED.includes(name)) throw new SignerError("throttled", message);
      throw new SignerError(status >= 500 ? "unavailable" : "denied", message);
    },
  };
}
