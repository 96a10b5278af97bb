import { isJsonObject, type JsonObject } from "../encoding/json.ts";
import { variable } from "../platform/credentials.ts";
import type { Platform } from "../platform/platform.ts";
import {
  openVaultLogin,
  vaultHeaders,
  type VaultLogin,
  type VaultServer,
} from "../platform/vault-login.ts";
import type { VaultTokens } from "../platform/vault-tokens.ts";
import type { BackendDeps } from "./backend.ts";
import { keyHere } from "./here.ts";
import { askService, credentialsFrom, malformedAnswer } from "./service-request.ts";
import { SignerError } from "./signer.ts";

/** What the entries of all of Vault's engines have. */
export interface VaultSettings {
  readonly namespace?: string | undefined;
  /** By the variable `VAULT_TOKEN` if absent. */
  readonly login?: VaultLogin | undefined;
}

/** One thing in an engine of Vault, and who asks for it. */
export interface VaultPlace {
  readonly server: VaultServer;
  /** URL of the engine: `https://vault.example.org:8200/v1/transit`. */
  readonly mount: string;
  readonly name: string;
  readonly tokens: VaultTokens;
  readonly platform: Platform;
}

/** Vault's own names of a state that passes: behind its peers, a standby of disaster recovery or of reads. */
const PASSING = [412, 472, 473];
const DEFAULT_LOGIN: VaultLogin = { method: "token", token: "env:VAULT_TOKEN" };

/**
 * @param url of the thing, as the schema lets it through, or such by region
 * @param field of the entry that has it; `kind`: what stands before its name
 * @returns undefined where something is wrong, which `complain` is told
 */
export function vaultPlace(
  url: string | Readonly<Record<string, string>>,
  { field, kind }: { readonly field: string; readonly kind: "keys" | "issuer" },
  { namespace, login = DEFAULT_LOGIN }: VaultSettings,
  deps: BackendDeps,
): VaultPlace | undefined {
  const here = keyHere(url, deps, variable(deps, "AWS_REGION"), field);
  if (here === undefined) return undefined;
  if (login.method === "token" && login.token.startsWith("env:")) {
    const name = login.token.slice(4);
    if (variable(deps, name) === undefined) {
      deps.complain("login", `the variable ${name}, which is to hold Vault's token, is not set`);
      return undefined;
    }
  }
  const end = here.lastIndexOf(`/${kind}/`);
  const server = { address: here.slice(0, here.indexOf("/v1/")), namespace };
  return {
    server,
    mount: here.slice(0, end),
    name: here.slice(end + kind.length + 2),
    tokens: openVaultLogin(login, server, deps),
    platform: deps.platform,
  };
}

/**
 * One request. Where the token is refused, it is made once more with another, if there is one.
 * @param id of the key, for messages
 * @param path within the engine
 * @returns the member `data` of the answer
 * @throws SignerError
 */
export async function askVault(
  id: string,
  path: string,
  parameters: object,
  timeoutMs: number,
  { server, mount, tokens, platform }: VaultPlace,
): Promise<JsonObject> {
  const end = performance.now() + timeoutMs;
  const body = JSON.stringify(parameters);
  const ask = (token: string): ReturnType<typeof askService> => {
    const left = end - performance.now();
    // Nobody waits any more: nothing is signed for nobody.
    if (left <= 0) throw new SignerError("timeout", `there is no Vault token for ${id} in time`);
    return askService(platform, "Vault", id, `${mount}/${path}`, {
      method: "POST",
      headers: {
        ...vaultHeaders(server),
        "content-type": "application/json",
        "x-vault-token": token,
      },
      body,
      timeoutMs: left,
    });
  };
  const token = await credentialsFrom(tokens.token);
  let answer = await ask(token);
  if (answer.status === 403) {
    const other = await credentialsFrom(() => tokens.another(token));
    if (other !== undefined) answer = await ask(other);
  }
  const { status, body: told } = answer;
  if (status !== 200) throw refusal(id, status);
  const data = told?.["data"];
  return isJsonObject(data) ? data : malformedAnswer("Vault", id);
}

/** Vault's reasons are sentences, which are not repeated: its own log has them. */
function refusal(id: string, status: number): SignerError {
  const message = `Vault refuses what ${id} needs: status ${status}`;
  if (status === 429) return new SignerError("throttled", message);
  const passing = status >= 500 || PASSING.includes(status);
  return new SignerError(passing ? "unavailable" : "denied", message);
}
