import { join } from "node:path";
import { jwkOf } from "../encoding/public-key.ts";
import type { PrivateKey } from "../platform/platform.ts";
import { thumbprint } from "../platform/thumbprint.ts";
import { platform } from "./key-file.ts";

/** Where local state lies, beside the configuration. Never to be committed. */
export const STATE_FOLDER = ".svidmint";
/** What `init` writes and a configuration's `oidc.dev` names. */
export const DEV_JWKS = join(STATE_FOLDER, "dev.jwks");

/** The private half of a development key lies beside its JWKS: `dev.jwks`, `dev.key`. */
export function devKeyPath(jwksPath: string): string {
  return jwksPath.replace(/\.(?:jwks|json|jwks\.json)$/, "").concat(".key");
}

/** Key id of a development token. */
export async function devKeyId(key: PrivateKey): Promise<string> {
  return `dev-${(await thumbprint(platform, key.publicKey.info)).slice(0, 8)}`;
}

export async function devJwks(key: PrivateKey): Promise<string> {
  const jwk = { ...jwkOf(key.publicKey.info), kid: await devKeyId(key), alg: "ES256", use: "sig" };
  return `${JSON.stringify({ keys: [jwk] }, undefined, 2)}\n`;
}
