import { expect } from "vitest";
import { keySetUrl, tokenKey, type TokenKey } from "../../../fakes/token-issuer.ts";
import {
  createWorld,
  workload,
  AUDIENCE,
  ISSUER,
  type Workload,
  type World,
} from "../../issuer/world.ts";
import { RULES } from "../../issuer/names.ts";
import { expectSoundLog, forget, problemOf, reasons, signatures } from "../support.ts";

export const PROJECT = "payments-prod";
const SUB = "104070955682298736149";

/** A world with the evidence of all three clouds, and somebody with a key who asks in it. */
export interface Place {
  readonly world: World;
  readonly google: TokenKey;
  readonly alice: Workload;
}

const GRANTS = { x509: { ttl: "1h" }, jwt: { ttl: "5m", audiences: [AUDIENCE] } };

export async function openPlace(rules: readonly object[] = []): Promise<Place> {
  const google = await tokenKey("RS256", "google-1");
  const gcp = {
    name: "gce",
    evidence: { gcp_iit: { kind: "instance", project_id: PROJECT } },
    spiffe_id: "/gce/{gcp_iit.instance_name}",
    ...GRANTS,
  };
  const jwks = keySetUrl(google);
  const world = await createWorld({
    rules: [...rules.map((rule) => ({ ...GRANTS, ...rule })), ...RULES, gcp],
    more: { gcp_iit: { projects: [PROJECT], service_accounts: [SUB], jwks } },
  });
  return { world, google, alice: await workload(world) };
}

/** An identity token of a machine, as Google's metadata server gives it. */
export function machineClaims(
  { world, alice }: Place,
  compute: object = {},
): Record<string, unknown> {
  return {
    iss: "https://accounts.google.com",
    aud: alice.bound,
    azp: SUB,
    sub: SUB,
    email: "payments@payments-prod.iam.gserviceaccount.com",
    email_verified: true,
    iat: world.now - 10,
    exp: world.now + 3590,
    google: {
      compute_engine: {
        instance_creation_timestamp: world.now - 9000,
        instance_id: "2589221140676718026",
        instance_name: "instance-1",
        project_id: PROJECT,
        project_number: 161958465613,
        zone: "us-east1-b",
        ...compute,
      },
    },
  };
}

/** Evidence that nobody's is, for the answer that all which is not believed gets. */
const NOBODYS = { type: "oidc", token: "x" };

/**
 * Sends a request that must get what bad input gets: an error with a stable code, the same for whatever is not believed;
 * no 5xx, no signature, no outbound call (all keys are given here), and one sound line in the log with nothing hostile.
 * @returns `code: reason`, as the requester and the operator are told
 */
export async function refused(
  { world }: Place,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  forget(world);
  const { request_id: id, ...told } = await problemOf(await world.post(body, headers));
  expect(told.status).toBeGreaterThanOrEqual(400);
  expect(told.status).toBeLessThan(500);
  expect(signatures(world)).toBe(0);
  expect(world.network.calls).toEqual([]);
  expectSoundLog(world, 1);
  const [event] = world.audit.events();
  expect(event).toMatchObject({ event: "refused", code: told.code, request_id: id });
  for (const text of textsOf(body)) expect(world.audit.lines[0]).not.toContain(text);
  const reason = `${told.code}: ${String(reasons(world)[0])}`;
  if (told.code === "evidence_rejected") {
    const other = await problemOf(await world.post({ evidence: [NOBODYS], x509: { csr: CSR } }));
    expect({ ...other, request_id: id }).toEqual({ ...told, request_id: id });
  }
  return reason;
}

const CSR = "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n";

/** Texts of a request that are nobody's business but the requester's: tokens, documents, keys. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string")
    return value.length > 64 && !value.startsWith(ISSUER) ? [value] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];
}
