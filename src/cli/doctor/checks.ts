import { auditSink } from "./audit-sink.ts";
import { certificates } from "./certificates.ts";
import type { Check } from "./check.ts";
import { claimStore } from "./claim-store.ts";
import { clock } from "./clock.ts";
import { configuration } from "./configuration.ts";
import { evidenceKeys } from "./evidence.ts";
import { fileModes } from "./file-modes.ts";
import { keyServices } from "./key-services.ts";
import { relyingParties } from "./relying-parties.ts";
import { servedBundle } from "./live-bundle.ts";
import { signingKeys } from "./signing-keys.ts";
import { surplus } from "./surplus.ts";

/** What `svidmint doctor` looks at, in the order in which it tells. */
export const CHECKS: readonly Check[] = [
  configuration,
  signingKeys,
  certificates,
  relyingParties,
  fileModes,
  clock,
  keyServices,
  surplus,
  servedBundle,
  claimStore,
  auditSink,
  evidenceKeys,
];
