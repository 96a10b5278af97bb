import { encodeBase64url } from "../../encoding/base64.ts";
import { isJsonObject, type JsonObject } from "../../encoding/json.ts";
import { parseJwk, spkiOf } from "../../encoding/public-key.ts";
import { azureCredentials } from "../../platform/azure-credentials.ts";
import { NO_SIMULATION, vaultAddress } from "../../signer/azure-key-vault.ts";
import { UsageError } from "../errors.ts";
import {
  keyIn,
  type AdminDeps,
  type KeyAdmin,
  type KeyRequest,
  type KeySettings,
  type KeyType,
} from "./key-admin.ts";
import { bytesIn, callService, malformed, obtained, refusal } from "./service-call.ts";

const API_VERSION = "7.4";
const VAULT =
  /^https:\/\/[a-z][a-z0-9-]{2,23}\.(vault\.azure\.net|vault\.azure\.cn|vault\.usgovcloudapi\.net|managedhsm\.azure\.net)$/;
const SHAPES: Readonly<Partial<Record<KeyType, Readonly<Record<string, string | number>>>>> = {
  p256: { kty: "EC", crv: "P-256" },
  p384: { kty: "EC", crv: "P-384" },
  rsa2048: { kty: "RSA", key_size: 2048 },
  rsa3072: { kty: "RSA", key_size: 3072 },
  rsa4096: { kty: "RSA", key_size: 4096 },
};

/** @see https://learn.microsoft.com/en-us/rest/api/keyvault/keys/operation-groups */
export function azureKeyVaultAdmin(deps: AdminDeps): KeyAdmin {
  const ask = async (
    method: "GET" | "POST",
    url: string,
    client: unknown,
    body?: object,
  ): Promise<JsonObject> => {
    const { origin, hostname, pathname } = new URL(url);
    const resource = `https://${hostname.slice(hostname.indexOf(".") + 1)}`;
    const id = typeof client === "string" ? client : undefined;
    const at = vaultAddress(origin, deps);
    if (at === undefined) throw new UsageError(NO_SIMULATION);
    const token = await obtained(azureCredentials(deps, resource, id));
    const { status, body: answer } = await callService(deps, "Azure Key Vault", {
      method,
      url: `${at}${pathname}?api-version=${API_VERSION}`,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (status === 200) return answer;
    const name = isJsonObject(answer["error"]) ? answer["error"]["code"] : undefined;
    throw refusal("Azure Key Vault refuses", { status, name }, status === 403 || status === 401, {
      Forbidden: ": these credentials lack the permission on the vault or key",
      KeyNotFound: ": there is no such key or version",
    });
  };
  const known = (settings: KeySettings): string => {
    const kid = keyIn(settings, deps);
    if (URL.canParse(kid) && VAULT.test(new URL(kid).origin)) return kid;
    throw new UsageError(
      "a key of Key Vault is named like https://NAME.vault.azure.net/keys/KEY/VERSION",
    );
  };
  return {
    name: "Azure Key Vault",
    byHand({ id, mode, type, where = "https://VAULT.vault.azure.net" }) {
      const vault = /^https:\/\/([^.]+)/.exec(where)?.[1] ?? "VAULT";
      const { kty, crv, key_size: size } = shapeOf(mode, type);
      const kind =
        crv === undefined ? `--kty ${kty} --size ${size}` : `--kty ${kty} --curve ${crv}`;
      const ops = mode === "wrapped" ? "wrapKey unwrapKey" : "sign";
      return [
        `az keyvault key create --vault-name ${vault} --name ${id} ${kind} --ops ${ops} --query key.kid --output tsv`,
        ...(mode === "wrapped"
          ? []
          : [
              `az keyvault key download --vault-name ${vault} --name ${id} --encoding PEM --file ${id}.pub`,
            ]),
      ];
    },
    leastPolicy(mode) {
      const verb = mode === "wrapped" ? "unwrap" : "sign";
      const dataActions = [`Microsoft.KeyVault/vaults/keys/${verb}/action`];
      return JSON.stringify(
        { Name: "svidmint issuer", Actions: [], DataActions: dataActions },
        undefined,
        2,
      );
    },
    async create(request) {
      const { mode, type, id } = request;
      const body = {
        ...shapeOf(mode, type),
        key_ops: mode === "wrapped" ? ["wrapKey", "unwrapKey"] : ["sign"],
      };
      const { key } = await ask("POST", `${vaultOf(request)}/keys/${id}/create`, undefined, body);
      const kid = isJsonObject(key) ? key["kid"] : undefined;
      if (typeof kid !== "string") throw malformed("Azure Key Vault");
      return { key: kid };
    },
    async publicKey(settings) {
      const kid = known(settings);
      const { key } = await ask("GET", kid, settings["client_id"]);
      if (!isJsonObject(key) || key["kid"] !== kid) throw malformed("Azure Key Vault");
      const { kty, crv, x, y, n, e } = key;
      // Of keys in hardware the type ends in -HSM, which is no type of a JWK.
      const plain = typeof kty === "string" ? kty.replace(/-HSM$/, "") : "";
      const info = parseJwk(
        plain === "RSA"
          ? { kty: plain, n: n ?? "", e: e ?? "" }
          : { kty: plain, crv: crv ?? "", x: x ?? "", y: y ?? "" },
      );
      if (!info.ok) throw malformed("Azure Key Vault");
      return spkiOf(info.value);
    },
    async dataKey(settings) {
      const kid = known(settings);
      const plain = deps.platform.random(32);
      // Key Vault binds no context: the key that the data key opens is bound to it.
      const body = { alg: "RSA-OAEP-256", value: encodeBase64url(plain) };
      const answer = await ask("POST", `${kid}/wrapkey`, settings["client_id"], body);
      if (answer["kid"] !== kid) throw malformed("Azure Key Vault");
      return { plain, wrapped: bytesIn(answer, "value", "Azure Key Vault", "base64url") };
    },
    endpoint: (settings) => new URL(known(settings)).origin,
  };
}

function shapeOf(
  mode: KeyRequest["mode"],
  type: KeyType,
): Readonly<Record<string, string | number>> {
  const shape = mode === "wrapped" ? { kty: "RSA", key_size: 3072 } : SHAPES[type];
  if (shape === undefined)
    throw new UsageError(`Key Vault's keys are of type ${Object.keys(SHAPES).join(", ")}`);
  return shape;
}

function vaultOf({ where }: KeyRequest): string {
  const url = where?.replace(/\/$/, "");
  if (url === undefined || !VAULT.test(url))
    throw new UsageError("name the vault: --where https://NAME.vault.azure.net");
  return url;
}
