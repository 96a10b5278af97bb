import * as z from "zod/mini";
import type { BackendDefinition } from "../definition.ts";
import { byRegion } from "./fields.ts";

/** A version of a key where it signs: a key alone says nothing of which one that is. */
const GCP_KEY =
  /^projects\/(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]\/locations\/[a-z0-9-]{1,63}\/keyRings\/[\w-]{1,63}\/cryptoKeys\/[\w-]{1,63}\/cryptoKeyVersions\/[1-9]\d{0,9}$/;

export const gcpKms: BackendDefinition = {
  backend: "gcp_kms",
  x509: ["direct"],
  token: ["direct"],
  settings: () => ({
    key: byRegion(
      z
        .string()
        .check(
          z.regex(
            GCP_KEY,
            "expected the full name of a key version (projects/…/locations/…/keyRings/…/cryptoKeys/…/cryptoKeyVersions/…)",
          ),
        ),
    ),
  }),
};
