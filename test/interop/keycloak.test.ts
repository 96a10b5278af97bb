import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { AUDIENCE, TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { startKeycloak, type Keycloak } from "../../scripts/interop/keycloak.ts";
import { runChecked } from "../../scripts/interop/processes.ts";
import { counterparts } from "./support/counterparts.ts";
import {
  HOSTILE,
  type JwtIssuer,
  startJwtIssuer,
  SUBJECT,
  SUBJECTS,
} from "./support/jwt-issuer.ts";
import { blockOf } from "./support/page.ts";

const needs = counterparts("keycloak");
const PAGE = "oidc/keycloak.md";
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";
const answerSchema = z.object({
  access_token: z.optional(z.string()),
  error: z.optional(z.string()),
});
type Answer = z.infer<typeof answerSchema> & { readonly status: number };

/**
 * Keycloak reads our bundle endpoint and takes a JWT-SVID for the secret of a client. It is set up by the
 * commands of its page, by the program that the page names.
 */
describe.skipIf(needs.absent)(`a client of Keycloak${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "realm-"));
  let keycloak: Keycloak;
  let issuer: JwtIssuer;
  let realm: string;

  beforeAll(async () => {
    keycloak = stack.use(await startKeycloak(needs.path("keycloak")));
    realm = `${keycloak.url}/realms/workloads`;
    issuer = stack.use(await startJwtIssuer({ audiences: [realm] }));
    const script = blockOf(PAGE, "Setting it up", "sh")
      .replaceAll("kcadm.sh", `sh ${join(needs.path("keycloak"), "../kcadm.sh")}`)
      .replaceAll("https://login.example.org", keycloak.url)
      .replaceAll("https://id.example.org", issuer.issuer)
      .replaceAll("spiffe://prod.example.org/payments/api", SUBJECT)
      .replaceAll("prod.example.org", TRUST_DOMAIN);
    await runChecked("sh", ["-euc", script], {
      cwd: folder,
      env: {
        KEYCLOAK_PASSWORD: keycloak.password,
        KC_OPTS: `-Duser.home=${folder} -XX:TieredStopAtLevel=1`,
      },
      deadlineMs: 400_000,
    });
  }, 840_000);
  afterAll(async () => {
    await stack.disposeAsync();
    rmSync(folder, { recursive: true, force: true });
  });

  async function signIn(assertion: string, type = ASSERTION_TYPE): Promise<Answer> {
    const response = await fetch(`${realm}/protocol/openid-connect/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_assertion_type: type,
        client_assertion: assertion,
      }),
    });
    return { status: response.status, ...answerSchema.parse(await response.json()) };
  }
  const refused = { status: expect.toBeOneOf([400, 401]), error: "invalid_client" };

  it("signs in with a JWT-SVID, and gets a token of its own", async () => {
    const { status, access_token: token = "" } = await signIn(await issuer.issued(realm));
    expect(status).toBe(200);
    const claims: unknown = JSON.parse(
      Buffer.from(token.split(".")[1] ?? "", "base64url").toString(),
    );
    expect(claims).toMatchObject({ iss: realm, azp: "payments-api" });
    expect((await signIn(issuer.signed(realm))).status).toBe(200);
  });

  it.each([...HOSTILE, ...SUBJECTS])("not with %s", async (_, make) => {
    expect(await signIn(await make(issuer, realm))).toMatchObject(refused);
  });

  it("not with two audiences, and not with one that was issued 301 s ago", async () => {
    const two = issuer.signed(realm, { claims: { aud: [realm, AUDIENCE] } });
    expect(await signIn(two)).toMatchObject(refused);
    const iat = Math.floor(Date.now() / 1000) - 301;
    expect(await signIn(issuer.signed(realm, { claims: { iat } }))).toMatchObject(refused);
  });

  it.each<[string, string | undefined]>([
    ["a stranger who serves the same names", undefined],
    ["another trust domain, which serves its own bundle", "other.example"],
  ])("not with a token of %s", async (_, trustDomain) => {
    const options = { audiences: [realm], ...(trustDomain !== undefined && { trustDomain }) };
    await using other = await startJwtIssuer(options);
    expect(await signIn(await other.issued(realm))).toMatchObject(refused);
  });

  it("signs in still when its administrator has it forget the keys", async () => {
    await keycloak.admin("POST", "realms/workloads/clear-keys-cache");
    expect((await signIn(await issuer.issued(realm))).status).toBe(200);
    expect(await signIn(issuer.signed(realm, { key: issuer.keys.removed }))).toMatchObject(refused);
  });

  it("not as another kind of assertion", async () => {
    const type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    expect(await signIn(await issuer.issued(realm), type)).toMatchObject(refused);
  });
});
