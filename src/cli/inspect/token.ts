import { isJsonObject, member, type JsonValue } from "../../encoding/json.ts";
import { parseJws } from "../../encoding/jws.ts";
import { parseJwk } from "../../encoding/public-key.ts";
import { ok, type Result } from "../../result.ts";
import { parseSpiffeId } from "../../spiffe/spiffe-id.ts";
import { platform } from "../key-file.ts";
import { formatTime } from "../time.ts";
import { lifeWords } from "./certificate.ts";
import type { Description } from "./description.ts";
import { jktOf, keyWords } from "./keys.ts";

/** Claims that are Unix seconds. */
const TIMES = new Set(["iat", "nbf", "exp"]);
const MAX_TOKEN_BYTES = 64 * 1024;

/** A compact JWS: its header and claims. The signature is not shown, since the whole would be a credential again. */
export async function describeToken(token: string): Promise<Result<Description[]>> {
  const jws = parseJws(token, { maxBytes: MAX_TOKEN_BYTES });
  if (!jws.ok) return jws;
  const { header, claims } = jws.value;
  const { nbf, iat, exp } = claims;
  const from = number(nbf) ?? number(iat);
  const claimFields = Object.entries(claims).map(([name, value]) => {
    const time = TIMES.has(name) ? number(value) : undefined;
    return [name, time === undefined ? words(value) : `${formatTime(time)} (${time})`] as const;
  });
  return ok([
    {
      title: title(jws.value.typ, claims["sub"], claims["aud"]),
      fields: [
        ...Object.entries(header).map(([name, value]) => [`header ${name}`, words(value)] as const),
        ...claimFields,
        ["key", await confirmedKey(claims["cnf"])],
        [
          "now",
          number(exp) === undefined ? undefined : lifeWords(platform.now(), from, number(exp)),
        ],
      ],
      notes: ["not verified: no key was consulted"],
      data: { kind: "token", header, claims },
    },
  ]);
}

/** The key that the token is bound to (RFC 7800), by its thumbprint. */
async function confirmedKey(cnf: JsonValue | undefined): Promise<string | undefined> {
  const jwk = isJsonObject(cnf) ? member(cnf, "jwk") : undefined;
  const info = isJsonObject(jwk) ? parseJwk(jwk) : undefined;
  if (info === undefined) return undefined;
  return info.ok ? `${keyWords(info.value)}, thumbprint ${await jktOf(info.value)}` : "not usable";
}

function title(
  typ: string | undefined,
  sub: JsonValue | undefined,
  aud: JsonValue | undefined,
): string {
  if (typ === "dpop+jwt") return "DPoP proof";
  if (typ === "wit+jwt") return "WIT-SVID";
  const svid = typeof sub === "string" && parseSpiffeId(sub).ok && aud !== undefined;
  return svid ? "JWT-SVID" : `Token${typ === undefined ? "" : ` of type ${typ}`}`;
}

function number(value: JsonValue | undefined): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function words(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
