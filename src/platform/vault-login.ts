import { encodeBase64 } from "../encoding/base64.ts";
import { utf8Decode, utf8Encode } from "../encoding/bytes.ts";
import { isJsonObject } from "../encoding/json.ts";
import { awsCredentials } from "./aws-credentials.ts";
import { azureCredentials } from "./azure-credentials.ts";
import { CALLER_IDENTITY_BODY, STS, stsHost } from "./caller-identity.ts";
import {
  askJson,
  CredentialError,
  malformed,
  variable,
  type CredentialDeps,
  type LastingCredentials,
} from "./credentials.ts";
import { googleIdentityToken } from "./google-identity-token.ts";
import type { Platform } from "./platform.ts";
import { signAwsRequest, type Pair } from "./sigv4.ts";
import { vaultTokens, type VaultTokens } from "./vault-tokens.ts";

/** How a token of Vault is had. References are `env:` or `file:` and what is named. */
export type VaultLogin =
  | { readonly method: "token"; readonly token: string }
  | {
      readonly method: "jwt";
      readonly role: string;
      /** A reference, read before each login; or `google` or `azure`: of the machine's own account. */
      readonly token: string;
      /** Whom a token of `google` or `azure` is for. */
      readonly audience?: string | undefined;
      /** Path of the auth method; `jwt` if absent. `kubernetes` and `gcp` take the same login. */
      readonly mount?: string | undefined;
    }
  | {
      readonly method: "aws";
      readonly role: string;
      /** Of the STS endpoint, which has to be the one that Vault is set up with. */
      readonly region: string;
      /** `iam_server_id_header_value` of the auth method, where it has one. */
      readonly server_id?: string | undefined;
      /** `aws` if absent. */
      readonly mount?: string | undefined;
    };

/** Which Vault. */
export interface VaultServer {
  /** The part of its URLs before `/v1/`. */
  readonly address: string;
  readonly namespace?: string | undefined;
}

export interface VaultLoginDeps extends CredentialDeps {
  readonly platform: Pick<Platform, "fetch" | "now" | "digest">;
}

/** What is not wrapped in a login: it is changed by somebody else, and looked at again so often. */
const REREAD_SECONDS = 60;
/** What a header can hold. */
const TOKEN = /^[\x21-\x7e]{1,8192}$/;

/**
 * Tokens by whatever login; nothing is asked before the first one is needed.
 * @see https://developer.hashicorp.com/vault/api-docs/auth/jwt#jwt-login
 * @see https://developer.hashicorp.com/vault/api-docs/auth/aws#login
 */
export function openVaultLogin(
  login: VaultLogin,
  server: VaultServer,
  deps: VaultLoginDeps,
): VaultTokens {
  const { platform } = deps;
  if (login.method === "token")
    return vaultTokens(platform, async () => ({
      value: await secretAt(login.token, deps),
      ...(login.token.startsWith("file:") && { expiresAt: platform.now() + REREAD_SECONDS }),
    }));
  const proof = login.method === "aws" ? awsProof(login, deps) : jwtProof(login, deps);
  const url = `${server.address}/v1/auth/${login.mount ?? login.method}/login`;
  return vaultTokens(platform, async () => {
    const body = JSON.stringify({ role: login.role, ...(await proof()) });
    return logIn(url, body, server, deps);
  });
}

async function logIn(
  url: string,
  body: string,
  server: VaultServer,
  deps: VaultLoginDeps,
): Promise<LastingCredentials<string>> {
  const service = "the login of Vault";
  const asked = deps.platform.now();
  const headers = { ...vaultHeaders(server), "content-type": "application/json" };
  const { auth } = await askJson(deps, service, url, { method: "POST", headers, body });
  if (!isJsonObject(auth)) throw malformed(service);
  const { client_token: value, lease_duration: seconds } = auth;
  if (typeof value !== "string" || !TOKEN.test(value) || typeof seconds !== "number")
    throw malformed(service);
  // A token without an end has the duration 0.
  return { value, ...(seconds > 0 && { expiresAt: asked + seconds }) };
}

/** Those of every request to it, beside the token. */
export function vaultHeaders({ namespace }: VaultServer): Readonly<Record<string, string>> {
  return {
    "x-vault-request": "true",
    ...(namespace !== undefined && { "x-vault-namespace": namespace }),
  };
}

type Proof = () => Promise<Readonly<Record<string, string>>>;

function jwtProof(
  { token, audience = "" }: Extract<VaultLogin, { method: "jwt" }>,
  deps: VaultLoginDeps,
): Proof {
  if (token === "google") return async () => ({ jwt: await googleIdentityToken(deps, audience) });
  if (token === "azure") {
    const source = azureCredentials(deps, audience);
    return async () => ({ jwt: await source() });
  }
  return async () => ({ jwt: await secretAt(token, deps) });
}

/** A signed `sts:GetCallerIdentity`, which Vault sends. */
function awsProof(
  { region, server_id: serverId }: Extract<VaultLogin, { method: "aws" }>,
  deps: VaultLoginDeps,
): Proof {
  const source = awsCredentials(deps);
  return async () => {
    const host = stsHost(region);
    if (host === undefined) throw new CredentialError(`there is no STS in ${region}`, false);
    const headers: readonly Pair[] = [
      ["content-type", "application/x-www-form-urlencoded; charset=utf-8"],
      ...(serverId === undefined ? [] : [["x-vault-aws-iam-server-id", serverId] as const]),
    ];
    const request = { method: "POST", host, headers, body: CALLER_IDENTITY_BODY };
    const scope = { region, service: STS, now: deps.platform.now() };
    const signed = await signAwsRequest(deps.platform, request, await source(), scope);
    return {
      iam_http_request_method: request.method,
      iam_request_url: base64Of(`https://${host}/`),
      iam_request_body: base64Of(request.body),
      iam_request_headers: base64Of(
        JSON.stringify({ ...Object.fromEntries(headers), ...signed.headers }),
      ),
    };
  };
}

function base64Of(text: string): string {
  return encodeBase64(utf8Encode(text));
}

/** @throws CredentialError, or ConfigError where a file is missing */
async function secretAt(reference: string, deps: CredentialDeps): Promise<string> {
  const name = reference.slice(reference.indexOf(":") + 1);
  const secret = reference.startsWith("env:")
    ? variable(deps, name)
    : utf8Decode(await deps.read(reference));
  const text = secret?.trim() ?? "";
  if (TOKEN.test(text)) return text;
  throw new CredentialError(`${name} holds no token`, false);
}
