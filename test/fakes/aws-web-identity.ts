import { keySet, tokenKey, utf8, type TokenKey } from "./token-issuer.ts";

/** A simulated STS of one region, for principals of one account that has outbound identity federation on. */
export interface SimulatedSts {
  readonly region: string;
  readonly account: string;
  /** Of the account's web identity tokens. */
  readonly issuer: string;
  readonly key: TokenKey;
  /** https://sts.<region>.amazonaws.com: `GetWebIdentityToken` and `GetCallerIdentity`, each properly signed. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** The issuer's `/.well-known/jwks.json`, at any host. */
  readonly published: (request: Request) => Promise<Response>;
}

export interface SimulatedPrincipal {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly role: string;
  readonly session: string;
  /** `AROA…` */
  readonly roleId: string;
  /** Within the namespace claim of its tokens: `lambda_source_function_arn` … */
  readonly claims?: Readonly<Record<string, string>>;
  /** Refused `sts:GetWebIdentityToken`, with this error. */
  readonly denied?: string;
}

export interface StsOptions {
  readonly region: string;
  readonly account: string;
  readonly principals: readonly SimulatedPrincipal[];
  /** Unix seconds. */
  readonly now?: () => number;
}

export async function simulateSts(options: StsOptions): Promise<SimulatedSts> {
  const { region, account, principals } = options;
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const key = await tokenKey("ES384", "EC384_0");
  const issuer = "https://0c1d2e3f-4a5b-4c6d-8e7f-901a2b3c4d5e.tokens.sts.global.api.aws";
  return {
    region,
    account,
    issuer,
    key,
    published: async (request) =>
      new URL(request.url).pathname === "/.well-known/jwks.json"
        ? Response.json(keySet(key))
        : new Response(null, { status: 404 }),
    async fetch(request) {
      // Not `text()`: workerd warns of it for a form.
      const body = new TextDecoder().decode(await request.arrayBuffer());
      const caller = await authenticate(request, body, options, now());
      const json = request.headers.get("accept") === "application/json";
      const refuse = (status: number, code: string) => (json ? jsonError : xmlError)(status, code);
      if (typeof caller === "string") return refuse(403, caller);
      const principal = principals.find(({ accessKeyId }) => accessKeyId === caller.accessKeyId);
      const form = new URLSearchParams(body);
      if (principal === undefined) return refuse(403, "InvalidClientTokenId");
      const arn = `arn:aws:sts::${account}:assumed-role/${principal.role}/${principal.session}`;
      const userId = `${principal.roleId}:${principal.session}`;
      switch (form.get("Action") ?? "") {
        case "GetCallerIdentity":
          return answer(json, "GetCallerIdentity", { Arn: arn, UserId: userId, Account: account });
        case "GetWebIdentityToken": {
          if (principal.denied !== undefined) return refuse(403, principal.denied);
          if (form.get("SigningAlgorithm") !== "ES384") return refuse(400, "ValidationError");
          const lifetime = Number(form.get("DurationSeconds") ?? 300);
          const claims = {
            aud: form.get("Audience.member.1"),
            sub: `arn:aws:iam::${account}:role/${principal.role}`,
            iss: issuer,
            iat: now(),
            exp: now() + lifetime,
            jti: crypto.randomUUID(),
            "https://sts.amazonaws.com/": {
              aws_account: account,
              source_region: region,
              principal_id: `arn:aws:iam::${account}:role/${principal.role}`,
              ...principal.claims,
            },
          };
          const expiration = new Date((now() + lifetime) * 1000).toISOString();
          return answer(json, "GetWebIdentityToken", {
            WebIdentityToken: await key.sign(claims),
            Expiration: expiration,
          });
        }
        default:
          return refuse(400, "InvalidAction");
      }
    },
  };
}

function answer(json: boolean, action: string, result: Readonly<Record<string, string>>): Response {
  const RequestId = crypto.randomUUID();
  if (json)
    return Response.json({
      [`${action}Response`]: { [`${action}Result`]: result, ResponseMetadata: { RequestId } },
    });
  const members = Object.entries(result).map(([name, value]) => `<${name}>${value}</${name}>`);
  return xml(
    200,
    `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>${members.join("")}</${action}Result><ResponseMetadata><RequestId>${RequestId}</RequestId></ResponseMetadata></${action}Response>`,
  );
}

function jsonError(status: number, code: string): Response {
  const error = { Code: code, Message: "refused", Type: "Sender" };
  return Response.json({ Error: error, RequestId: crypto.randomUUID() }, { status });
}

function xmlError(status: number, code: string): Response {
  return xml(
    status,
    `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>refused</Message></Error><RequestId>${crypto.randomUUID()}</RequestId></ErrorResponse>`,
  );
}

function xml(status: number, body: string): Response {
  return new Response(body, { status, headers: { "content-type": "text/xml" } });
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/sts\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
const CLOCK_SECONDS = 900;

/** Signature Version 4 as AWS checks it, written anew. @returns the error's code where it does not hold */
async function authenticate(
  request: Request,
  body: string,
  { region, principals }: StsOptions,
  now: number,
): Promise<{ readonly accessKeyId: string } | string> {
  const parts = AUTHORIZATION.exec(request.headers.get("authorization") ?? "");
  if (parts === null) return "IncompleteSignature";
  const [, accessKeyId = "", day = "", scope = "", signed = "", signature = ""] = parts;
  const date = request.headers.get("x-amz-date") ?? "";
  const instant = Date.parse(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (!date.startsWith(day) || Math.abs(instant / 1000 - now) > CLOCK_SECONDS)
    return "SignatureDoesNotMatch";
  const principal = principals.find((one) => one.accessKeyId === accessKeyId);
  if (principal === undefined) return "InvalidClientTokenId";
  if (request.headers.get("x-amz-security-token") !== principal.sessionToken)
    return "InvalidClientTokenId";
  const names = signed.split(";");
  if (scope !== region || !names.includes("host") || !names.includes("x-amz-date"))
    return "SignatureDoesNotMatch";
  const host = new URL(request.url).host;
  const headers = names.map(
    (name) => `${name}:${name === "host" ? host : (request.headers.get(name) ?? "").trim()}\n`,
  );
  const canonical = [
    request.method,
    new URL(request.url).pathname,
    new URL(request.url).search.slice(1),
    headers.join(""),
    signed,
    await sha256(body),
  ].join("\n");
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${day}/${region}/sts/aws4_request\n${await sha256(canonical)}`;
  let key: Uint8Array<ArrayBuffer> = utf8(`AWS4${principal.secretAccessKey}`);
  for (const text of [day, region, "sts", "aws4_request", toSign]) key = await hmac(key, text);
  return hex(key) === signature ? { accessKeyId } : "SignatureDoesNotMatch";
}

async function sha256(text: string): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text))));
}

async function hmac(key: Uint8Array<ArrayBuffer>, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, utf8(text)));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
