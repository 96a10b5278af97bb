import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { quickly, type Ran } from "./run.ts";
import { variantOf } from "./variant.ts";

const BASE = `# the production trust domain
trust_domain: prod.example.org
issuer: https://id.example.org
evidence:
  gcp_iit: { projects: [payments-prod] }
rules:
  - name: api
    evidence: { gcp_iit: { project_id: payments-prod } }
    spiffe_id: /api
    x509: { ttl: 1h }
    jwt: { ttl: 10m, audiences: ["https://orders.example.org"] }
`;

/** Published long ago, so that all that is decided by the past is decided. */
export const PUBLISHED = "2026-01-01T00:00:00Z";
export const PUBLISHED_SECONDS = Date.parse(PUBLISHED) / 1000;

const KEYS = `keys:
  x509:
    - id: root-1 # in the safe
      backend: local
      private_key: file:root-1.key
      certificate: file:root-1.pem
      published_at: ${PUBLISHED}
    - id: root-spare
      backend: local
      private_key: file:root-spare.key
      certificate: file:root-spare.pem
      published_at: ${PUBLISHED}
      active_from: standby
  jwt:
    # made by the platform team
    - id: jwt-7
      backend: local
      private_key: file:jwt-7.key
      public_key: file:jwt-7.pub
      published_at: ${PUBLISHED}
    - id: jwt-spare
      backend: local
      private_key: file:jwt-spare.key
      public_key: file:jwt-spare.pub
      published_at: ${PUBLISHED}
      active_from: standby
`;

/** The files of a trust domain with a root and a JWT key, and a standby of each; made by the commands themselves. */
export async function makeTrustDomain(folder: string): Promise<void> {
  await writeFile(join(folder, "svidmint.yaml"), BASE);
  const run = async (...args: string[]): Promise<void> => {
    expect(await quickly(args, { cwd: folder })).toMatchObject({ code: 0 });
  };
  for (const id of ["root-1", "root-spare"]) {
    await run("keys", "create", "x509", "--id", id);
    await run("ca", "init", `${id}.ca.yaml`, "--out", `${id}.pem`);
  }
  for (const id of ["jwt-7", "jwt-spare"]) await run("keys", "create", "jwt", "--id", id);
  await writeFile(join(folder, "svidmint.yaml"), BASE + KEYS);
}

/** Writes another version of the configuration beside it. @returns its name */
export function variant(
  folder: string,
  name: string,
  edit: (text: string) => string,
): Promise<string> {
  return variantOf(folder, "svidmint.yaml", name, edit);
}

export function lines(ran: Ran): readonly string[] {
  return ran.stdout.trimEnd().split("\n");
}

export function instant(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}
