import { readNodeReference } from "../../runtimes/node/references.ts";
import { withLibraries } from "../../runtimes/node/libraries.ts";
import { platform } from "../key-file.ts";
import { parseAddress, type Address } from "./address.ts";
import type { Place, PlaceDeps } from "./place.ts";

interface Target {
  /** As the help shows it. */
  readonly form: string;
  /** What may stand behind a question mark. */
  readonly options: readonly string[];
  /** @throws UsageError, PublishError */
  open(address: Address, deps: PlaceDeps): Promise<Place>;
}

/** Where bundles are published, by scheme; the code of each is loaded when it is named. */
const TARGETS: Readonly<Record<string, Target>> = {
  s3: {
    form: "s3://BUCKET/PREFIX?region=REGION",
    options: ["region", "endpoint", "owner"],
    open: async (address, deps) => (await import("./s3.ts")).openS3(address, deps),
  },
  gs: {
    form: "gs://BUCKET/PREFIX",
    options: ["endpoint"],
    open: async (address, deps) => (await import("./gcs.ts")).openGcs(address, deps),
  },
  az: {
    form: "az://ACCOUNT/CONTAINER/PREFIX",
    options: ["endpoint"],
    open: async (address, deps) => (await import("./azure-blob.ts")).openAzureBlob(address, deps),
  },
  file: {
    form: "file:PATH (the bundle) or file:FOLDER/ (a web root)",
    options: [],
    open: async (address, deps) => (await import("./file.ts")).openFile(address, deps),
  },
  configmap: {
    form: "configmap:NAMESPACE/NAME",
    options: [],
    open: async (address, deps) => (await import("./configmap.ts")).openConfigMap(address, deps),
  },
  rolesanywhere: {
    form: "rolesanywhere:TRUST_ANCHOR_ARN",
    options: ["endpoint"],
    open: async (address, deps) =>
      (await import("./roles-anywhere.ts")).openRolesAnywhere(address, deps),
  },
};

export const TARGET_FORMS: readonly string[] = Object.values(TARGETS).map(({ form }) => form);

const open = withLibraries((target: (deps: PlaceDeps) => Promise<Place>, deps: PlaceDeps) =>
  target(deps),
);

/** @throws UsageError, PublishError */
export async function openTarget(text: string): Promise<Place> {
  const address = parseAddress(text, (scheme) =>
    Object.hasOwn(TARGETS, scheme) ? TARGETS[scheme]?.options : undefined,
  );
  return open(
    async (deps) => {
      const target = TARGETS[address.scheme];
      if (target === undefined) throw new TypeError("parseAddress lets no such scheme through");
      return target.open(address, deps);
    },
    {
      platform,
      env: (name) => process.env[name],
      read: (reference) => readNodeReference(reference, process.cwd()),
    },
  );
}
