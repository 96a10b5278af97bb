import { isJsonObject, member, parseJsonObject, type JsonObject } from "../encoding/json.ts";
import { utf8Decode } from "../encoding/bytes.ts";
import { awsCredentials, awsRegion } from "./aws-credentials.ts";
import { stsHost } from "./caller-identity.ts";
import { askText, CredentialError } from "./credentials.ts";
import { readNamed, unusable, type GoogleCredentialDeps } from "./google-file.ts";
import { signAwsRequest, type Pair } from "./sigv4.ts";

/** Azure's metadata service, which has no https. */
const PLAIN_HOSTS = ["169.254.169.254"];
const CALLER_IDENTITY: readonly Pair[] = [
  ["Action", "GetCallerIdentity"],
  ["Version", "2011-06-15"],
];

/**
 * What the other side vouches by: the token in a file or behind a URL, or a request to AWS that this workload signed.
 * @throws CredentialError
 */
export async function subjectToken(
  deps: GoogleCredentialDeps,
  { credential_source: source }: JsonObject,
  audience: string,
): Promise<string> {
  if (!isJsonObject(source)) throw unusable("credential_source is not usable");
  const { file, url, headers, environment_id: environment, format } = source;
  const sources = [file, url, environment].filter((one) => one !== undefined);
  // The addresses beside it are those of AWS's metadata service, which is known here.
  if (environment === "aws1") return signedByAws(deps, audience);
  if (sources.length !== 1) throw unusable("credential_source is not usable");
  if (typeof file === "string") {
    const text = utf8Decode(await readNamed(deps, file));
    return tokenIn(text ?? "", format);
  }
  if (typeof url !== "string") throw unusable("credential_source is not usable");
  const request = { plainHosts: PLAIN_HOSTS, headers: headersIn(headers) };
  return tokenIn(await askText(deps, "the source of the subject token", url, request), format);
}

function headersIn(headers: JsonObject[string]): Readonly<Record<string, string>> {
  if (headers === undefined) return {};
  if (!isJsonObject(headers)) throw unusable("credential_source is not usable");
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      if (typeof value !== "string" || !/^[\w-]+$/.test(name))
        throw unusable("credential_source is not usable");
      return [name, value];
    }),
  );
}

/** @param format the text itself is the token, or a member of the JSON object that it is */
function tokenIn(text: string, format: JsonObject[string]): string {
  const { type = "text", subject_token_field_name: name } = isJsonObject(format) ? format : {};
  if (type === "text" && text.trim() !== "") return text.trim();
  const parsed = parseJsonObject(text);
  const token = parsed.ok && typeof name === "string" ? member(parsed.value, name) : undefined;
  if (type === "json" && typeof token === "string" && token !== "") return token;
  throw new CredentialError("the source of the subject token has none", false);
}

/**
 * The request is never sent by us: Google sends it, and reads who signed it. It is good for nothing else, and for no
 * other pool: its audience is signed with it.
 * @see https://cloud.google.com/iam/docs/workload-identity-federation-with-other-clouds
 */
async function signedByAws(deps: GoogleCredentialDeps, audience: string): Promise<string> {
  const region = await awsRegion(deps);
  const host = stsHost(region);
  if (host === undefined) throw new CredentialError("AWS_REGION is no region of AWS", false);
  const target: Pair = ["x-goog-cloud-target-resource", audience];
  const signed = await signAwsRequest(
    deps.platform,
    { method: "POST", host, query: CALLER_IDENTITY, headers: [target] },
    await awsCredentials(deps)(),
    { region, service: "sts", now: deps.platform.now() },
  );
  const headers = [["host", host], target, ...Object.entries(signed.headers)];
  const query = CALLER_IDENTITY.map((pair) => pair.join("=")).join("&");
  return encodeURIComponent(
    JSON.stringify({
      url: `https://${host}?${query}`,
      method: "POST",
      headers: headers.map(([key, value]) => ({ key, value })),
    }),
  );
}
