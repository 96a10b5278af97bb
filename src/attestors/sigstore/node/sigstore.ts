import type { FactorInfo } from "../../../attestation.ts";
import { ConfigError } from "../../../config-issue.ts";
import type { Attestor, AttestorDefinition, AttestorDeps } from "../../attestor.ts";
import { config, evidence, type SigstoreConfig, TYPE } from "./config.ts";

/**
 * Build provenance for a digest that another piece of evidence attests: a Sigstore bundle of version 0.3.
 * On Node alone; what verifies it is loaded where it is configured, and nowhere else.
 * @see https://slsa.dev/spec/v1.0/provenance
 */
export const sigstore: AttestorDefinition<SigstoreConfig> = {
  type: TYPE,
  nodeOnly: true,
  evidence,
  config,
  standIns: { trusted_root: "data:,", identities: [{ san: "invalid", issuer: "invalid" }] },
  factors: () => [FACTOR],
  create: openSigstore,
};

async function openSigstore(settings: SigstoreConfig, deps: AttestorDeps): Promise<Attestor> {
  const [root, { provenanceAttestor }] = await Promise.all([
    readRoot(settings.trusted_root, deps),
    import("./provenance.ts"),
  ]);
  return provenanceAttestor(evidence, settings, root, deps);
}

async function readRoot(reference: string, deps: AttestorDeps): Promise<Uint8Array> {
  try {
    return await deps.read(reference);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      error.issues.map(({ message, severity }) => ({ path: ["trusted_root"], message, severity })),
    );
  }
}

const FACTOR: FactorInfo = {
  name: TYPE,
  type: TYPE,
  claims: {
    digest: "string",
    san: "string",
    issuer: "string",
    builder_id: "string",
    build_type: "string",
    source_repository: "string",
    source_repository_id: "string",
    source_owner_id: "string",
    source_ref: "string",
    source_commit: "string",
    workflow: "string",
    build_trigger: "string",
    runner_environment: "string",
  },
  pins: [],
  bindings: ["none"],
  defaultBinding: "none",
  joinable: ["digest"],
  statement: true,
  settings: [],
};
