import * as z from "zod/mini";
import type { BackendDefinition, Misplaced } from "../definition.ts";
import { byRegion } from "./fields.ts";

const KEY =
  /^projects\/(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]\/locations\/[a-z0-9-]{1,63}\/keyRings\/[\w-]{1,63}\/cryptoKeys\/[\w-]{1,63}(?:\/cryptoKeyVersions\/[1-9]\d{0,9})?$/;
const EXPECTED =
  "expected the full name of a key (projects/…/locations/…/keyRings/…/cryptoKeys/…), with /cryptoKeyVersions/… of one that signs";

export const gcpKms: BackendDefinition = {
  backend: "gcp_kms",
  x509: ["direct", "delegated"],
  token: ["direct", "wrapped"],
  settings: () => ({ key: byRegion(z.string().check(z.regex(KEY, EXPECTED))) }),
  /** A key alone does not say which of its versions signs; what one of them encrypted says so itself. */
  misplaced({ key }, mode): readonly Misplaced[] {
    const names = typeof key === "string" ? [key] : Object.values(Object(key));
    const versions = names.filter((name) => String(name).includes("/cryptoKeyVersions/"));
    if (mode === "wrapped")
      return versions.length === 0
        ? []
        : [["key", "names a version: in mode wrapped it is the key that decrypts, without one"]];
    return versions.length === names.length
      ? []
      : [["key", "names no version: what signs is …/cryptoKeyVersions/… of a key"]];
  },
};
