import type { CloudLibraries } from "../../platform/credentials.ts";
import { awsProfile } from "../../platform/node/aws-profile.ts";

/** Each is loaded when a token is first asked of it: beside the bundle. */
const libraries: CloudLibraries = {
  aws: awsProfile,
  azure: async (scope) =>
    (await import("../../platform/node/azure-library.ts")).azureLibraryToken(scope),
  google: async (...asked) =>
    (await import("../../platform/node/google-library.ts")).googleLibraryToken(...asked),
};

/** A backend or store that may ask the clouds' own libraries for credentials. */
export function withLibraries<S, D extends { readonly libraries?: CloudLibraries }, R>(
  open: (settings: S, deps: D) => R,
): (settings: S, deps: D) => R {
  return (settings, deps) => open(settings, { ...deps, libraries });
}
