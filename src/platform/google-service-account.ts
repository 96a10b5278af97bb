import { encodeBase64url } from "../encoding/base64.ts";
import { utf8Encode } from "../encoding/bytes.ts";
import type { JsonObject } from "../encoding/json.ts";
import { decodePem } from "../encoding/pem.ts";
import type { LastingCredentials } from "./credentials.ts";
import { unusable } from "./google-file.ts";
import { askToken } from "./google-token.ts";
import type { Platform, PrivateKey } from "./platform.ts";

const TOKEN_URL = "https://oauth2.googleapis.com/token";
const GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const LIFE_SECONDS = 3600;

interface Deps {
  readonly platform: Pick<Platform, "fetch" | "now" | "importPrivateKey" | "sign">;
}

/**
 * A token for the key of a service account, by an assertion that it signs.
 * @see https://developers.google.com/identity/protocols/oauth2/service-account#httprest
 */
export async function fromServiceAccount(
  deps: Deps,
  file: JsonObject,
  scope: string,
): Promise<LastingCredentials<string>> {
  const { client_email: account, private_key: pem, private_key_id: kid, token_uri: url } = file;
  if (typeof account !== "string" || typeof pem !== "string")
    throw unusable("not the key of a service account");
  // Whoever gets an assertion has the account for an hour: the file does not say who that is.
  if (url !== undefined && url !== TOKEN_URL) throw unusable(`token_uri is not ${TOKEN_URL}`);
  const key = await rsaKey(deps.platform, pem);
  const now = deps.platform.now();
  const header = { alg: "RS256", typ: "JWT", ...(typeof kid === "string" && { kid }) };
  const claims = { iss: account, scope, aud: TOKEN_URL, iat: now, exp: now + LIFE_SECONDS };
  const input = `${encodedJson(header)}.${encodedJson(claims)}`;
  const scheme = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;
  const signature = await deps.platform.sign(scheme, key, utf8Encode(input));
  return askToken(deps, "Google's token endpoint", TOKEN_URL, {
    grant_type: GRANT,
    assertion: `${input}.${encodeBase64url(signature)}`,
  });
}

async function rsaKey(platform: Deps["platform"], pem: string): Promise<PrivateKey> {
  const blocks = decodePem(pem, "PRIVATE KEY", { max: 1 });
  const [der] = blocks.ok ? blocks.value : [];
  const key = der && (await platform.importPrivateKey(der));
  if (key?.ok !== true || key.value.publicKey.info.type !== "RSA")
    throw unusable("not the key of a service account");
  return key.value;
}

function encodedJson(value: object): string {
  return encodeBase64url(utf8Encode(JSON.stringify(value)));
}
