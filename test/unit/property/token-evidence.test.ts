import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Attestor, AttestorDefinition } from "../../../src/attestors/attestor.ts";
import { readAccessToken } from "../../../src/attestors/azure/access-token.ts";
import { azureMsi } from "../../../src/attestors/azure/msi.ts";
import { parseResourceId } from "../../../src/attestors/azure/resource-id.ts";
import { readIdentityToken } from "../../../src/attestors/gcp/identity-token.ts";
import { gcpIit } from "../../../src/attestors/gcp/iit.ts";
import { UNREAD } from "../../../src/attestation.ts";
import { isClaim, readOpenClaims } from "../../../src/attestors/oidc/claims.ts";
import { oidc } from "../../../src/attestors/oidc/oidc.ts";
import type { JsonObject, JsonValue } from "../../../src/encoding/json.ts";
import { FakeNetwork } from "../../fakes/network.ts";
import { base64url, utf8 } from "../../fakes/token-issuer.ts";
import { build, ISSUER, NOW } from "../attestors/support.ts";

const TENANT = "6f0c1c92-0d5d-4c3f-9d1c-2a6f3f1f7b10";
const OID = "7ffb2574-9f6e-4520-8292-614fdefd9fe0";
const SUB = "104070955682298736149";
const GROUP =
  "/subscriptions/ba45b233-e2ef-4169-8808-49eb0d8eba0d/resourceGroups/Payments/providers";

const json = fc.jsonValue() as fc.Arbitrary<JsonValue>;
const members = fc.oneof(json, fc.constantFrom(undefined, "", null, 0, true, [], {}, TENANT, SUB));

const TIMES = { iat: NOW - 10, exp: NOW + 600 };
const GOOGLE = {
  ...TIMES,
  iss: "https://accounts.google.com",
  aud: ISSUER,
  azp: SUB,
  sub: SUB,
  email: "x@payments-prod.iam.gserviceaccount.com",
  email_verified: true,
};
const COMPUTE = {
  instance_creation_timestamp: 1,
  instance_id: "2",
  instance_name: "i",
  project_id: "payments-prod",
  project_number: 3,
  zone: "z",
};
const ENTRA = {
  ...TIMES,
  iss: `https://sts.windows.net/${TENANT}/`,
  aud: ISSUER,
  appid: OID,
  appidacr: "2",
  idtyp: "app",
  oid: OID,
  sub: OID,
  tid: TENANT,
  uti: "x",
  ver: "1.0",
  xms_mirid: `${GROUP}/Microsoft.Web/sites/shop`,
};
const CI = { ...TIMES, iss: "https://ci.example.com", aud: ISSUER, org: "42", sub: "x" };

/** The object with one or two members of it, or others, replaced. */
function mutated(base: object): fc.Arbitrary<JsonObject> {
  const name = fc.oneof(
    fc.constantFrom(...Object.keys(base), "google", "scp", "xms_az_rid"),
    fc.string(),
  );
  return fc
    .array(fc.tuple(name, members), { minLength: 1, maxLength: 2 })
    .map((changes) => ({ ...base, ...Object.fromEntries(changes) }));
}

describe("claims of tokens, whatever they are", () => {
  const believed = { projects: new Set(["payments-prod"]), serviceAccounts: new Set([SUB]) };
  it("of Google: only what is configured, typed", () => {
    const tokens = fc.oneof(
      mutated(GOOGLE),
      mutated(COMPUTE).map((compute) => ({ ...GOOGLE, google: { compute_engine: compute } })),
    );
    fc.assert(
      fc.property(tokens, (token) => {
        const read = readIdentityToken(token, believed);
        if (!read.ok) return;
        const { kind, project_id: project, sub, instance_id: instance } = read.value;
        expect(kind === "instance" ? project : sub).toBe(
          kind === "instance" ? "payments-prod" : SUB,
        );
        expect(instance === undefined).toBe(kind === "service_account");
      }),
    );
  });
  it("of Entra: only the tenant of the issuer, names in lower case", () => {
    fc.assert(
      fc.property(mutated(ENTRA), (token) => {
        const read = readAccessToken(token, TENANT, "1.0");
        if (!read.ok) return;
        const { tenant, principal_id: principal, resource } = read.value;
        expect([tenant, principal]).toEqual([TENANT, token["oid"]]);
        expect(resource ?? "").toBe(String(resource ?? "").toLowerCase());
      }),
    );
  });
  it("of anybody: what the token has under that name, and no other", () => {
    const object = fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor")),
      json,
    );
    fc.assert(
      fc.property(object, (token) => {
        const read = readOpenClaims(token);
        if (!read.ok) return;
        for (const name of Object.keys(read.value)) {
          expect(Object.hasOwn(token, name)).toBe(true);
          const value = token[name];
          const expected = typeof value === "object" && !isClaim(value) ? UNREAD : value;
          expect(read.value[name]).toEqual(expected);
        }
      }),
    );
  });
  it("resource ids: the parts are those of the whole", () => {
    const kind = fc.constantFrom(
      "Microsoft.Web/sites",
      "Microsoft.Compute/virtualMachines",
      "microsoft.app/JOBS",
    );
    const name = fc.oneof(fc.stringMatching(/^[A-Za-z0-9_.()-]{1,20}$/), fc.string());
    fc.assert(
      fc.property(kind, name, fc.option(name, { nil: undefined }), (type, first, second) => {
        const id = `${GROUP}/${type}/${first}${second === undefined ? "" : `/slots/${second}`}`;
        const read = parseResourceId(id);
        if (!read.ok) return;
        expect(read.value.id).toBe(id.toLowerCase());
        expect(read.value.name).toBe(
          [first, ...(second === undefined ? [] : [second])].join("/").toLowerCase(),
        );
        expect(read.value.id.endsWith(read.value.name.replace("/", "/slots/"))).toBe(true);
      }),
    );
  });
});

describe("tokens, whatever they are", async () => {
  const network = new FakeNetwork();
  const subjects: readonly (readonly [string, Attestor])[] = [
    ["gcp_iit", await make(gcpIit, { projects: ["payments-prod"], service_accounts: [SUB] })],
    ["azure_msi", await make(azureMsi, { tenants: [TENANT], audience: ISSUER })],
    ["oidc", await make(oidc, { ci: { issuer: CI.iss, pin: { claim: "org", values: ["42"] } } })],
  ];
  async function make<C>(definition: AttestorDefinition<C>, settings: object): Promise<Attestor> {
    return (await build(definition, settings, { network })).attestor;
  }
  const good = { alg: "RS256", kid: "k", typ: "JWT" };
  const header = fc.oneof(fc.constant(good), mutated(good));
  const payload = fc.oneof(mutated(GOOGLE), mutated(ENTRA), mutated(CI), json);
  const encoded = fc
    .tuple(header, payload, fc.uint8Array({ maxLength: 40 }))
    .map(([head, claims, signature]) =>
      [head, claims]
        .map((part) => base64url(utf8(JSON.stringify(part))))
        .concat(base64url(signature))
        .join("."),
    );

  it.each(subjects)(
    "%s parses and examines without throwing, and asks nobody",
    async (type, attestor) => {
      const count = { refused: 0, good: 0 };
      await fc.assert(
        fc.asyncProperty(
          fc.oneof({ weight: 5, arbitrary: encoded }, fc.string()),
          async (token) => {
            const parsed = attestor.parse({ type, token });
            if (!parsed.ok) return;
            const { ok } = await attestor.precheck(parsed.value, { now: NOW });
            count[ok ? "good" : "refused"]++;
          },
        ),
        { numRuns: 1000 },
      );
      expect(network.calls).toEqual([]);
      expect(count.refused).toBeGreaterThan(100);
      expect(count.good).toBeGreaterThan(10);
    },
  );
});
