/** What relying parties publish that they insist on, as data; `docs/oidc/` gives each page with its date. */

export type Json = Readonly<Record<string, unknown>>;

/** What a relying party gets to see of an issuer. */
export interface Seen {
  /** What its administrator was given. */
  readonly issuer: string;
  readonly discovery: Json;
  readonly jwks: { readonly keys: readonly Json[] };
  /** Header and claims of a JWT-SVID. */
  readonly header: Json;
  readonly claims: Json;
}

export interface RelyingParty {
  readonly name: string;
  /** Members of the discovery document. */
  readonly discovery: readonly string[];
  readonly algorithms: readonly string[];
  /** Keys in all, of one type. */
  readonly maxKeys?: number;
  /** Of a key, where others are refused. */
  readonly onlyMembers?: readonly string[];
  readonly noPort?: boolean;
  readonly maxIssuer?: number;
  readonly maxSubject?: number;
  readonly maxAudience?: number;
  /** Seconds between `iat` and `exp`. */
  readonly maxLife?: number;
  readonly claims: readonly string[];
  /** Of the whole token, characters. */
  readonly maxToken?: number;
}

const ALL = ["RS", "PS", "ES"].flatMap((kind) => ["256", "384", "512"].map((bits) => kind + bits));
/** OpenID Connect Discovery 1.0 §3, but for the endpoints of a login that does not exist. */
const DISCOVERY = [
  "issuer",
  "jwks_uri",
  "response_types_supported",
  "subject_types_supported",
  "id_token_signing_alg_values_supported",
];
const CLAIMS = ["iss", "sub", "aud", "exp"];

export const RELYING_PARTIES: readonly RelyingParty[] = [
  {
    name: "AWS IAM",
    discovery: [...DISCOVERY, "claims_supported"],
    algorithms: ALL.filter((one) => !one.startsWith("PS")),
    maxKeys: 100,
    noPort: true,
    maxIssuer: 255,
    maxAudience: 255,
    maxToken: 20_000,
    claims: [...CLAIMS, "iat"],
  },
  {
    name: "Google Cloud",
    discovery: ["issuer", "jwks_uri"],
    algorithms: ["RS256", "ES256"],
    onlyMembers: ["kty", "alg", "use", "kid", "n", "e", "x", "y", "crv"],
    maxAudience: 256,
    maxLife: 86_400,
    claims: [...CLAIMS, "iat"],
  },
  {
    name: "Microsoft Entra",
    discovery: ["issuer", "jwks_uri"],
    algorithms: ["RS256"],
    maxIssuer: 600,
    maxSubject: 600,
    maxAudience: 600,
    claims: CLAIMS,
  },
  { name: "Vault", discovery: ["issuer", "jwks_uri"], algorithms: ALL, claims: CLAIMS },
  { name: "Kubernetes", discovery: ["issuer", "jwks_uri"], algorithms: ALL, claims: CLAIMS },
  { name: "Keycloak", discovery: [], algorithms: ALL, maxLife: 300, claims: [...CLAIMS, "iat"] },
];

/** Everything that a relying party would find fault with. */
export function faults(party: RelyingParty, seen: Seen): readonly string[] {
  const { issuer, discovery, header, claims } = seen;
  const url = new URL(issuer);
  const { keys } = seen.jwks;
  const named = keys.filter(({ kid }) => kid === header["kid"]);
  const life = Number(claims["exp"]) - Number(claims["iat"] ?? claims["exp"]);
  const checks: readonly (readonly [boolean, string])[] = [
    [url.protocol === "https:", "issuer: scheme"],
    [url.search + url.hash + url.username === "", "issuer: query, fragment or user"],
    [party.noPort !== true || url.port === "", "issuer: port"],
    [issuer.length <= (party.maxIssuer ?? Infinity), "issuer: length"],
    [claims["iss"] === issuer, "iss"],
    ...(party.discovery.length === 0 ? [] : ofDiscovery(party, issuer, discovery)),
    [party.algorithms.includes(String(header["alg"])), "alg of the token"],
    [header["typ"] === "JWT" || header["typ"] === undefined, "typ of the token"],
    [named.length === 1 && typeof header["kid"] === "string", "kid of the token"],
    [new Set(keys.map(({ kid }) => kid)).size === keys.length, "kid twice"],
    ...keys.flatMap((key) => ofKey(party, key)),
    ...["RSA", "EC"].map((type): readonly [boolean, string] => [
      keys.filter(({ kty }) => kty === type).length <= (party.maxKeys ?? Infinity),
      `number of ${type} keys`,
    ]),
    ...party.claims.map((name): readonly [boolean, string] => [name in claims, `claim ${name}`]),
    [length(claims["sub"]) <= (party.maxSubject ?? Infinity), "sub: length"],
    [typeof claims["aud"] === "string", "aud: one text"],
    [length(claims["aud"]) <= (party.maxAudience ?? Infinity), "aud: length"],
    [life <= (party.maxLife ?? Infinity), "life"],
    [JSON.stringify([header, claims]).length * 2 < (party.maxToken ?? Infinity), "token: length"],
  ];
  return checks.flatMap(([holds, fault]) => (holds ? [] : [fault]));
}

function ofDiscovery(
  party: RelyingParty,
  issuer: string,
  document: Json,
): (readonly [boolean, string])[] {
  const keys = new URL(String(document["jwks_uri"]), "none:").href;
  return [
    ...party.discovery.map((name): readonly [boolean, string] => [name in document, name]),
    [document["issuer"] === issuer, "discovery: issuer"],
    [keys.startsWith(`${issuer}/`), "discovery: jwks_uri"],
  ];
}

function ofKey(party: RelyingParty, key: Json): (readonly [boolean, string])[] {
  const strange = Object.keys(key).filter((name) => party.onlyMembers?.includes(name) === false);
  return [
    [key["kty"] === "RSA" || key["kty"] === "EC", "kty"],
    [key["use"] === "sig", "use"],
    [typeof key["alg"] === "string", "alg of a key"],
    [/^[A-Za-z0-9_-]{1,64}$/.test(String(key["kid"])), "kid of a key"],
    [strange.length === 0, `members ${strange.join()}`],
  ];
}

function length(value: unknown): number {
  return new TextEncoder().encode(String(value)).length;
}
