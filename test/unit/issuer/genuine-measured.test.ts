import { describe, expect, it } from "vitest";
import { dataUrl } from "../../fakes/token-issuer.ts";
import { codeOf, createWorld, workload, type WorldOptions } from "./world.ts";

/** Documents and tokens that AWS and Google signed. They lie beside the project and are never part of it. */
const files = import.meta.glob<string>(
  "../../../../shared/vectors/{nitro-enclave,gcp-confidential-space}/*.{b64,jwt,json}",
  { query: "?raw", import: "default", eager: true },
);
const here = Object.keys(files).length > 0;
if (!here) console.warn("skipped: genuine evidence is not beside the project");
const file = (name: string): string => (files[`../../../../shared/vectors/${name}`] ?? "").trim();

const GRANT = { x509: { ttl: "1h" } };
const ROLE =
  "4a9329d69c836267b18abbf9f4a38889124490453419e426818626348d21f989dc930b1562682a9082887454e53425aa";

const CASES: Readonly<
  Record<string, { readonly world: WorldOptions; readonly evidence: object; readonly path: string }>
> = {
  "nitro-enclave/evervault-1-debug-mode": {
    evidence: {
      type: "aws_nitro",
      document: file("nitro-enclave/evervault-1-debug-mode.b64"),
    },
    path: "/enclave/i-03ad7cdb817437eeb",
    world: {
      now: Date.parse("2022-10-12T13:50:06Z") / 1000,
      evidence: { aws_nitro: { pcr3: [ROLE], allow_debug: true } },
      rules: [
        {
          name: "trial",
          evidence: { aws_nitro: { kind: "enclave_debug", pcr3: ROLE } },
          binding: { aws_nitro: "none" },
          spiffe_id: "/enclave/{aws_nitro.instance_id}",
          ...GRANT,
        },
        {
          name: "production",
          evidence: { aws_nitro: { kind: "enclave", pcr3: ROLE } },
          spiffe_id: "/enclave/production",
          ...GRANT,
        },
      ],
    },
  },
  "gcp-confidential-space/synddb-1-sev-debug": {
    evidence: {
      type: "gcp_confidential_space",
      token: file("gcp-confidential-space/synddb-1-sev-debug.jwt"),
    },
    path: "/space/cs-attestation-vm",
    world: {
      now: Date.parse("2025-12-02T20:36:57Z") / 1000,
      evidence: {
        gcp_confidential_space: {
          projects: ["synd-db-testing"],
          audience: "https://synddb-sequencer.example.com",
          allow_debug: true,
          jwks: dataUrl(file("gcp-confidential-space/google-cs-historical-jwks.json")),
        },
      },
      rules: [
        {
          name: "trial",
          evidence: { gcp_confidential_space: { kind: "debug", project_id: "synd-db-testing" } },
          binding: { gcp_confidential_space: "audience" },
          spiffe_id: "/space/{gcp_confidential_space.instance_name}",
          ...GRANT,
        },
        {
          name: "production",
          evidence: {
            gcp_confidential_space: { kind: "production", project_id: "synd-db-testing" },
          },
          spiffe_id: "/space/production",
          ...GRANT,
        },
      ],
    },
  },
};

describe.runIf(here).each(Object.entries(CASES))("POST /v1/svids with %s", (_, one) => {
  const post = async (options: WorldOptions) => {
    const world = await createWorld(options);
    const { csr } = await workload(world);
    const answer = await world.post({ evidence: [one.evidence], x509: { csr } });
    expect(world.network.calls).toEqual([]);
    return { answer, signed: world.keys.x509Signer.signed.length };
  };

  it("gets an SVID by the rule that names its debug mode", async () => {
    const { answer, signed } = await post(one.world);
    expect(await answer.text()).toContain(`"spiffe_id":"spiffe://prod.example${one.path}"`);
    expect(signed).toBe(1);
  });

  it("gets none by a rule that does not", async () => {
    const { answer, signed } = await post({ ...one.world, rules: one.world.rules?.slice(1) ?? [] });
    expect(await codeOf(answer)).toBe("refused");
    expect(signed).toBe(0);
  });

  it("is rejected a day later", async () => {
    const { answer, signed } = await post({ ...one.world, now: (one.world.now ?? 0) + 86_400 });
    expect(await codeOf(answer)).toBe("evidence_rejected");
    expect(signed).toBe(0);
  });
});
