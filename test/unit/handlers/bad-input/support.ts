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
import {
  expectSoundLog,
  forget,
  problemOf,
  reasons,
  signatures,
  type Problem,
} from "../support.ts";

export const PROJECT = "payments-prod";
const SUB = "104070955682298736149";

/** A world with the evidence of all three clouds, and somebody with a key who asks in it. */
export interface Place {
  readonly world: World;
  readonly google: TokenKey;
  readonly alice: Workload;
  /** What is answered to whatever is not believed. */
  readonly rejection: Omit<Problem, "request_id">;
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
  const evidence = [{ type: "oidc", token: "x" }];
  const answer = await world.post({ evidence, jwt: { audience: [AUDIENCE] } });
  const { request_id: _, ...rejection } = await problemOf(answer);
  return { world, google, alice: await workload(world), rejection };
}

/** An identity token of a machine, as Google's metadata server gives it. */
export function machineClaims(
  { world, alice }: Pick<Place, "world" | "alice">,
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

/**
 * Sends a request that must get what bad input gets: an error with a stable code, the same for whatever is not believed;
 * no 5xx, no signature, no outbound call (all keys are given here), and one sound line in the log with nothing hostile.
 * @returns `code: reason`, as the requester and the operator are told
 */
export async function refused(
  { world, rejection }: Place,
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
  if (told.code === "evidence_rejected") expect(told).toEqual(rejection);
  return `${told.code}: ${String(reasons(world)[0])}`;
}

/** Texts of a request that are nobody's business but the requester's: tokens, documents, keys. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string")
    return value.length > 64 && !value.startsWith(ISSUER) ? [value] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];
}
