import { ConfigError } from "../config-issue.ts";
import type { ClaimStore } from "../stores/claim-store.ts";
import type { ClaimsSection, OpenStore, StoreDeps } from "../stores/definition.ts";

/** The claim stores that a runtime has, by the value of `claims.store`. */
export type StoreOpeners = Readonly<Record<string, OpenStore>>;

/** Opens the store that a checked `claims:` names. @throws ConfigError, also where this runtime has no such store */
export async function openClaimStore(
  section: ClaimsSection,
  openers: StoreOpeners,
  { report, ...deps }: StoreDeps,
): Promise<ClaimStore> {
  const { store } = section;
  const open = Object.hasOwn(openers, store) ? openers[store] : undefined;
  if (open === undefined) {
    const message = `this runtime has no claim store ${store}: there are ${Object.keys(openers).join(", ")}`;
    throw new ConfigError([{ path: ["claims", "store"], message, severity: "error" }]);
  }
  try {
    return await open(section, {
      ...deps,
      report: (issue) => report({ ...issue, path: ["claims", ...issue.path] }),
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      error.issues.map((issue) => ({ ...issue, path: ["claims", ...issue.path] })),
      { cause: error },
    );
  }
}
