import { ecdsaRawToDer } from "../../../src/encoding/ecdsa.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { base64url, failure, FakeKeyVault, fromBase64url } from "../../fakes/azure-key-vault.ts";
import { IDENTITY_VARIABLES } from "../../fakes/azure-tokens.ts";
import type { Lie, SimulatedService } from "./fault-world.ts";
import { simulatedKeys } from "./simulated-keys.ts";

const altered =
  (change: (signature: Uint8Array) => Uint8Array): Lie =>
  (answer) => {
    const value = change(fromBase64url(String(answer["value"])));
    return Response.json({ ...answer, value: base64url(value) });
  };

/** Azure Key Vault, and the managed identity's endpoint beside it. */
export function simulatedAzure(): SimulatedService {
  const vault = new FakeKeyVault(nodePlatform());
  return {
    backend: "azure_key_vault",
    handle: vault.handle,
    signs: ({ url }) => new URL(url).pathname.startsWith("/keys/"),
    keys: () => simulatedKeys((name, key) => vault.add(name, key)),
    variables: (url) => ({
      ...IDENTITY_VARIABLES,
      IDENTITY_ENDPOINT: `${url}/msi/token`,
      SVIDMINT_AZURE_KEY_VAULT_ENDPOINT: url,
    }),
    signed: () => vault.ledger.map(({ digest }) => digest),
    refusals: {
      "access denied": () => failure(403, "Forbidden", "ForbiddenByRbac"),
      "a disabled key": () => failure(403, "Forbidden", "KeyDisabled"),
      throttling: () => failure(429, "Throttled", undefined, { "retry-after": "10" }),
      "a fault of its own": () => failure(500, "InternalServerError"),
    },
    lies: {
      "another version": (answer) =>
        Response.json({ ...answer, kid: String(answer["kid"]).replace(/.$/, "2") }),
      "a flipped bit": altered((raw) => raw.map((octet, i) => (i === 63 ? octet ^ 1 : octet))),
      "DER where raw was promised": altered((raw) => ecdsaRawToDer(raw)),
      "a truncated signature": altered((raw) => raw.subarray(0, -1)),
      "another signature": altered(() => new Uint8Array(64).fill(9)),
    },
  };
}
