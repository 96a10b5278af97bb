import { encodeBase64 } from "../../encoding/base64.ts";
import { utf8Encode } from "../../encoding/bytes.ts";
import { isJsonObject, type JsonObject } from "../../encoding/json.ts";
import { decodePem } from "../../encoding/pem.ts";
import { spkiOf } from "../../encoding/public-key.ts";
import { variable } from "../../platform/credentials.ts";
import { openVaultLogin, vaultHeaders, type VaultLogin } from "../../platform/vault-login.ts";
import { UsageError } from "../errors.ts";
import {
  keyIn,
  KeyServiceError,
  type AdminDeps,
  type KeyAdmin,
  type KeyRequest,
  type KeySettings,
  type KeyType,
} from "./key-admin.ts";
import { bytesIn, callService, malformed, obtained, refusal } from "./service-call.ts";

const TYPES: Readonly<Record<KeyType, string>> = {
  p256: "ecdsa-p256",
  p384: "ecdsa-p384",
  rsa2048: "rsa-2048",
  rsa3072: "rsa-3072",
  rsa4096: "rsa-4096",
  ed25519: "ed25519",
};
const TOKEN: VaultLogin = { method: "token", token: "env:VAULT_TOKEN" };
/** Capabilities that an issuer has no use for, by what they are on. */
const SURPLUS = ["create", "read", "update", "delete", "sudo", "patch", "root"];

/**
 * The transit engine of Vault and OpenBao: as whoever `VAULT_TOKEN` says, else as the entry's `login`.
 * @see https://developer.hashicorp.com/vault/api-docs/secret/transit
 */
export function vaultTransitAdmin(deps: AdminDeps): KeyAdmin {
  const place = (settings: KeySettings): Place => placeOf(keyIn(settings, deps), settings, deps);
  const ask = (at: Place, method: "GET" | "POST", path: string, body?: object) =>
    askVault(at, method, path, body, deps);
  return {
    name: "Vault",
    byHand({ id, mode, type, where }) {
      const mount = mountName(where ?? "https://VAULT/v1/transit");
      return [
        `vault write -f ${mount}/keys/${id} type=${keyType(mode, type)}`,
        ...(mode === "wrapped"
          ? []
          : [
              `vault read -field=keys -format=json ${mount}/keys/${id} | jq -r '."1".public_key' > ${id}.pub`,
            ]),
      ];
    },
    leastPolicy(mode, settings) {
      const url =
        typeof settings["key"] === "string" ? settings["key"] : "https://VAULT/v1/transit/keys/KEY";
      const [mount = "", name = ""] = mountName(url).split("/keys/");
      const verb = mode === "wrapped" ? "decrypt" : "sign";
      return `path "${mount}/${verb}/${name}" { capabilities = ["update"] }`;
    },
    async create(request) {
      const mount = engine(request, deps);
      const key = `${mount}/keys/${request.id}`;
      const namespace = variable(deps, "VAULT_NAMESPACE");
      const settings = { key, ...(namespace !== undefined && { namespace }) };
      const at = place(settings);
      // Vault makes a key once, and takes the second time for the first.
      const there = await ask(at, "GET", `keys/${at.name}`).catch((error: unknown) => {
        if (error instanceof KeyServiceError && error.missing) return undefined;
        throw error;
      });
      if (there !== undefined)
        throw new UsageError(`${key} is there already: name it by --key, or give another --id`);
      await ask(at, "POST", `keys/${at.name}`, { type: keyType(request.mode, request.type) });
      return settings;
    },
    async publicKey(settings) {
      const at = place(settings);
      const { keys } = await ask(at, "GET", `keys/${at.name}`);
      const { version: pinned } = settings;
      const number = typeof pinned === "number" ? pinned : 1;
      const version = isJsonObject(keys) ? keys[String(number)] : undefined;
      const text = isJsonObject(version) ? version["public_key"] : undefined;
      if (typeof text !== "string" || text === "")
        throw malformed("Vault's key has no public half");
      const pem = decodePem(text.endsWith("\n") ? text : `${text}\n`, "PUBLIC KEY", { max: 1 });
      const [der] = pem.ok ? pem.value : [];
      // Of Ed25519 Vault gives the 32 octets alone.
      const info = (): Uint8Array =>
        spkiOf({ type: "Ed25519", x: bytesIn({ text }, "text", "Vault's key") });
      return der ?? info();
    },
    async dataKey(settings, context) {
      const at = place(settings);
      const plain = deps.platform.random(32);
      const { ciphertext } = await ask(at, "POST", `encrypt/${at.name}`, {
        plaintext: encodeBase64(plain),
        associated_data: encodeBase64(utf8Encode(context)),
      });
      if (typeof ciphertext !== "string") throw malformed("Vault's encrypt");
      return { plain, wrapped: utf8Encode(ciphertext) };
    },
    async surplus(settings) {
      const at = place(settings);
      const paths = [`keys/${at.name}`, `export/signing-key/${at.name}`, `backup/${at.name}`].map(
        (path) => `${mountName(at.mount)}/${path}`,
      );
      const server = { ...at, mount: `${at.address}/v1/sys` };
      const told = await ask(server, "POST", "capabilities-self", { paths });
      return paths.flatMap((path) => {
        const granted = told[path];
        const more = Array.isArray(granted)
          ? granted.filter((one) => SURPLUS.includes(String(one)))
          : [];
        return more.length > 0 ? [`${more.join(" and ")} on ${path}`] : [];
      });
    },
    endpoint: (settings) => `${place(settings).address}/v1/sys/health`,
  };
}

interface Place {
  readonly address: string;
  readonly mount: string;
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly login: VaultLogin;
}

function placeOf(key: string, settings: KeySettings, deps: AdminDeps): Place {
  const end = key.lastIndexOf("/keys/");
  const at = key.indexOf("/v1/");
  if (end < 0 || at < 0)
    throw new UsageError(
      "a key of Vault is named like https://vault.example.org:8200/v1/transit/keys/NAME",
    );
  const { namespace, login } = settings;
  const operator = variable(deps, "VAULT_TOKEN") !== undefined;
  return {
    address: key.slice(0, at),
    mount: key.slice(0, end),
    name: key.slice(end + "/keys/".length),
    namespace: typeof namespace === "string" ? namespace : undefined,
    login: operator || !isLogin(login) ? TOKEN : login,
  };
}

/** The schema has looked at the rest. */
function isLogin(value: unknown): value is VaultLogin {
  return typeof value === "object" && value !== null && "method" in value;
}

async function askVault(
  at: Place,
  method: "GET" | "POST",
  path: string,
  parameters: object | undefined,
  deps: AdminDeps,
): Promise<JsonObject> {
  const tokens = openVaultLogin(at.login, at, deps);
  const { status, body } = await callService(deps, `Vault at ${at.address}`, {
    method,
    url: `${at.mount}/${path}`,
    headers: {
      ...vaultHeaders(at),
      "content-type": "application/json",
      "x-vault-token": await obtained(tokens.token),
    },
    ...(parameters && { body: JSON.stringify(parameters) }),
  });
  if (status === 204) return {};
  const { data } = body;
  if (status === 200) return isJsonObject(data) ? data : {};
  const why = status === 404 ? "there is no such key or engine" : "this token may not";
  throw refusal(`Vault refuses ${path}, ${why}`, { status }, status === 403);
}

/** The transit engine where a key is to be made. */
function engine({ where }: KeyRequest, deps: AdminDeps): string {
  const address = variable(deps, "VAULT_ADDR");
  const url = where ?? (address === undefined ? undefined : `${address}/v1/transit`);
  if (url === undefined || !URL.canParse(url) || !url.includes("/v1/"))
    throw new UsageError(
      "name the engine: --where https://vault.example.org:8200/v1/transit, or VAULT_ADDR",
    );
  return url.replace(/\/$/, "");
}

function mountName(url: string): string {
  return url.slice(url.indexOf("/v1/") + "/v1/".length);
}

function keyType(mode: KeyRequest["mode"], type: KeyType): string {
  return mode === "wrapped" ? "aes256-gcm96" : TYPES[type];
}
