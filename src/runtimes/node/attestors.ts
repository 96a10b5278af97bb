import type { AttestorDefinition } from "../../attestors/attestor.ts";
import { portableAttestors } from "../../attestors/registry.ts";
import { sigstore } from "../../attestors/sigstore/node/sigstore.ts";

/** The evidence types of Node: those that run anywhere, and those that need it. A bundle holds what its entry lists. */
export const attestors: readonly AttestorDefinition[] = [...portableAttestors, sigstore];
