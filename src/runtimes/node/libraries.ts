import type { CloudLibraries } from "../../platform/credentials.ts";

/** Each is loaded when a token is first asked of it: beside the bundle. */
const libraries: CloudLibraries = {
  azure: async (scope) =>
    (await import("../../platform/node/azure-library.ts")).azureLibraryToken(scope),
};

/** A backend or store that may ask the clouds' own libraries for tokens. */
export function withLibraries<S, D extends { readonly libraries?: CloudLibraries }, R>(
  open: (settings: S, deps: D) => R,
): (settings: S, deps: D) => R {
  return (settings, deps) => open(settings, { ...deps, libraries });
}
