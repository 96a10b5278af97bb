import { isJsonObject, type JsonObject, type JsonValue } from "../encoding/json.ts";
import type { CredentialError } from "./credentials.ts";
import { unusable } from "./google-file.ts";

/**
 * A credential file names the addresses to which tokens are sent. It may come from somebody who is not trusted with the
 * tokens, so that none but Google's are used: a file that names others is refused before anything is sent.
 */

/** Also in a region (`sts.europe-west3.rep.googleapis.com`), or for client certificates. */
const HOSTS = /^(?:sts|iamcredentials|oauth2)(?:\.(?:mtls|[a-z0-9-]+\.rep))?\.googleapis\.com$/;
const MORE_HOSTS = ["www.googleapis.com", "accounts.google.com"];
const NAME = /^[a-z0-9_]{1,64}$/;
const STS = /^https:\/\/sts(?:\.[a-z0-9-]+\.rep)?\.googleapis\.com\/v1\/token$/;
const IMPERSONATION =
  /^https:\/\/iamcredentials(?:\.[a-z0-9-]+\.rep)?\.googleapis\.com\/v1\/projects\/-\/serviceAccounts\/[\w.@-]{1,128}:generateAccessToken$/;

/** A sovereign cloud, whose addresses are others. @throws CredentialError */
export function checkUniverse({ universe_domain: universe = "googleapis.com" }: JsonObject): void {
  if (universe !== "googleapis.com") throw foreign("universe_domain");
}

/**
 * For what reads the file by itself: a URL anywhere in it that is not Google's, or a name that is none of a credential
 * file's but may be that of an option.
 * @throws CredentialError
 */
export function checkGoogleUrls(file: JsonObject): void {
  checkUniverse(file);
  for (const [name, value] of Object.entries(file)) {
    if (!NAME.test(name)) throw unusable("has a member that no credential file has");
    checkValue(name, value);
  }
}

function checkValue(name: string, value: JsonValue | undefined): void {
  if (typeof value === "string" && URL.canParse(value)) {
    const { protocol, hostname, username, password, port } = new URL(value);
    if (protocol !== "https:" && protocol !== "http:") return;
    const plain = username === "" && password === "" && port === "";
    if (protocol === "https:" && plain && (HOSTS.test(hostname) || MORE_HOSTS.includes(hostname)))
      return;
    throw foreign(name);
  }
  if (Array.isArray(value)) for (const item of value) checkValue(name, item);
  else if (isJsonObject(value)) checkGoogleUrls(value);
}

/** The token exchange that a file names. @throws CredentialError */
export function stsUrl({ token_url: url }: JsonObject): string {
  if (typeof url === "string" && STS.test(url)) return url;
  throw foreign("token_url");
}

/** The account that a file has impersonated, if any. @throws CredentialError */
export function impersonationUrl({
  service_account_impersonation_url: url,
}: JsonObject): string | undefined {
  if (url === undefined || url === null) return undefined;
  if (typeof url === "string" && IMPERSONATION.test(url)) return url;
  throw foreign("service_account_impersonation_url");
}

function foreign(name: string): CredentialError {
  return unusable(`${name} is not an address of Google's`);
}
