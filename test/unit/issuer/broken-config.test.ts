import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { portableAttestors } from "../../../src/attestors/registry.ts";
import { ConfigError, type ConfigIssue } from "../../../src/config-issue.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { loadConfig } from "../../../src/issuer/config.ts";
import { keySet, tokenKey } from "../../fakes/token-issuer.ts";
import { ACCOUNT, platform } from "./config-world.ts";

/** Good configurations that are broken in one to five places: each place is told, nothing else is, and none is taken. */

const UUID = "11111111-2222-3333-4444-555555555555";
const SOUND = {
  trust_domain: "prod.example.org",
  issuer: "https://id.example.org",
  single_instance: true,
  audit: { sink: "file:audit.log", required: true },
  bundle: { refresh_hint: "5m", changed_at: "2026-01-01T00:00:00Z" },
  claims: { store: "file" },
  peers: {
    "a.example": { url: "https://a.example/bundle", profile: "https_web", max_age: "1h" },
    "b.example": { url: "https://b.example/bundle", profile: "https_web" },
  },
  evidence: {
    aws_iid: { accounts: [ACCOUNT, "444455556666"] },
    aws_sts: { accounts: [ACCOUNT], audience: "https://id.example.org" },
    aws_web_identity: {
      accounts: {
        [ACCOUNT]: "https://11111111-2222-3333-4444-555555555555.tokens.sts.global.api.aws",
      },
      jwks: { [ACCOUNT]: "file:aws.jwks" },
    },
    azure_msi: {
      tenants: [UUID, UUID.replace("1", "2")],
      audience: "api://x",
      jwks: "file:a.jwks",
    },
    gcp_iit: { projects: ["payments-prod", "other-prod"], jwks: "file:g.jwks" },
    spiffe: { trust_domains: ["a.example", "b.example"] },
    oidc: {
      ci: { preset: "github_actions", repository_owner_id: ["1"], jwks: "file:ci.jwks" },
      other: { issuer: "https://other.example.org", pin: "sub", jwks: "file:other.jwks" },
    },
  },
  rules: [
    {
      name: "vm",
      evidence: { aws_iid: { account: ACCOUNT } },
      spiffe_id: "/vm/{aws_iid.instance_id}",
      x509: { ttl: "1h" },
    },
    { name: "ci", evidence: { "oidc.ci": { repository: "o/r" } }, spiffe_id: "/ci", x509: {} },
  ],
};

type Path = ConfigIssue["path"];
type Holder = Record<string | number, unknown>;

const isHolder = (value: unknown): value is Holder => typeof value === "object" && value !== null;
const at = (value: unknown, path: Path): unknown =>
  path.reduce((held, step) => (isHolder(held) ? held[step] : undefined), value);
const isWithin = (path: Path, outer: Path) => outer.every((step, index) => path[index] === step);
const meet = (a: Path, b: Path) => isWithin(a, b) || isWithin(b, a);

function placesIn(value: unknown, path: Path = []): Path[] {
  if (!isHolder(value)) return [path];
  const keys = Object.keys(value).map((key) => (Array.isArray(value) ? Number(key) : key));
  return [path, ...keys.flatMap((key) => placesIn(value[key], [...path, key]))];
}

const KINDS = ["typo", "constructor", "toString", 5, null, "file:missing"] as const;

/** @returns where it is wrong now; undefined where it cannot be made wrong so */
function breakAt(document: unknown, path: Path, kind: (typeof KINDS)[number]): Path | undefined {
  const value = at(document, path);
  const holder = at(document, path.slice(0, -1));
  const key = path.at(-1);
  if (!isHolder(holder) || key === undefined) return undefined;
  if (kind === "file:missing") {
    if (!String(value).endsWith(".jwks")) return undefined;
    holder[key] = kind;
    return path;
  }
  if (typeof kind !== "string") {
    holder[key] = kind;
    return path;
  }
  if (!isHolder(value) || Array.isArray(value)) return undefined;
  Object.assign(value, { [kind]: 5 });
  return [...path, kind];
}

const PLACES = placesIn(SOUND).filter(([first, ...more]) => first !== "rules" && more.length > 0);
const breakages = fc.uniqueArray(
  fc.record({ path: fc.constantFrom(...PLACES), kind: fc.constantFrom(...KINDS) }),
  { minLength: 1, maxLength: 5, comparator: (a, b) => meet(a.path, b.path) },
);

const jwks = tokenKey("ES256", "k").then((key) => utf8Encode(JSON.stringify(keySet(key))));
const rsa = tokenKey("RS256", "k").then((key) => utf8Encode(JSON.stringify(keySet(key))));

const judge = (document: unknown) =>
  loadConfig(document, {
    platform,
    registry: portableAttestors,
    read: async (reference) => {
      if (reference.endsWith(".jwks")) return /aws/.test(reference) ? jwks : rsa;
      throw new ConfigError([{ path: [], message: "is missing", severity: "error" }]);
    },
    keys: { backends: {}, env: () => undefined, publicOnly: true },
  });

describe("a configuration that is broken in one to five places", () => {
  it("is sound where it is not", async () => {
    const { config, issues } = await judge(SOUND);
    expect(issues.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(config).toBeDefined();
  });

  it("is never taken, and is told in each of them and nowhere else", async () => {
    await fc.assert(
      fc.asyncProperty(breakages, async (wanted) => {
        const document = structuredClone(SOUND);
        const broken = wanted.flatMap(({ path, kind }) => {
          const place = breakAt(document, path, kind);
          return place === undefined ? [] : [place];
        });
        fc.pre(broken.length > 0);
        const { config, issues } = await judge(document);
        const told = issues.filter(({ severity }) => severity === "error").map(({ path }) => path);
        expect(config).toBeUndefined();
        const isBroken = (...place: Path) => broken.some((path) => meet(path, place));
        const noStore = isBroken("claims", "store");
        const noAccounts = isBroken("evidence", "aws_web_identity", "accounts", ACCOUNT);
        for (const path of broken) {
          // Which settings a store has is known once it is.
          if (noStore && path[0] === "claims") continue;
          // And whose key sets are read, once it is known whose there are.
          if (noAccounts && path.includes("jwks") && path.includes(ACCOUNT)) continue;
          // An entry that lacks what its preset requires is judged no further.
          const entry = path[1] === "oidc" ? path.slice(0, 3) : path;
          if (broken.some((one) => one !== path && isWithin(one, entry))) continue;
          expect(told).toContainEqual(path);
        }
        // What a preset knows is required where there is none.
        for (const path of told)
          expect(broken.some((one) => meet(path, one) || isWithin(path, one.slice(0, -1)))).toBe(
            true,
          );
      }),
      { numRuns: 400 },
    );
  });
});
