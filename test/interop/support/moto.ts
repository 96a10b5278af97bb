import type { Moto } from "../../../scripts/interop/moto.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { signAwsRequest, type AwsCredentials } from "../../../src/platform/sigv4.ts";

/** Whom moto takes for anybody, as long as it is not told to authenticate. */
export const ANYBODY: AwsCredentials = { accessKeyId: "test", secretAccessKey: "test" };

const platform = nodePlatform();

/** A request to moto as an administrator makes it. @returns the answer's text. @throws where it is refused */
export async function administer(
  moto: Moto,
  scope: { readonly service: string; readonly region: string },
  host: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<string> {
  const request = { method: "POST", host, headers: Object.entries(headers), body };
  const now = platform.now();
  const signed = await signAwsRequest(platform, request, ANYBODY, { ...scope, now });
  const init = { method: "POST", headers: { ...headers, ...signed.headers }, body };
  const answer = await moto.fetch(`https://${host}/`, init);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}

export function iam(
  moto: Moto,
  Action: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string> {
  const body = new URLSearchParams({ Action, Version: "2010-05-08", ...parameters }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const scope = { service: "iam", region: "us-east-1" };
  return administer(moto, scope, "iam.amazonaws.com", headers, body);
}

/** An IAM user that may do nothing yet, with its access key. */
export async function createUser(moto: Moto, UserName: string): Promise<AwsCredentials> {
  await iam(moto, "CreateUser", { UserName });
  const key = await iam(moto, "CreateAccessKey", { UserName });
  const part = (name: string): string => new RegExp(`<${name}>([^<]+)<`).exec(key)?.[1] ?? "";
  return { accessKeyId: part("AccessKeyId"), secretAccessKey: part("SecretAccessKey") };
}
