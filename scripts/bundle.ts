/**
 * Bundles the server entries into one file each: `dist/bundle/node.mjs` (containers) and `dist/bundle/lambda.mjs`.
 * What verifies `sigstore` evidence, the client of Redis, clouds' own libraries and what speaks to tokens are files
 * beside them, loaded where they are configured.
 */
import { build, type Plugin } from "esbuild";

/** What few deployments need: a file each, and how it is imported. */
const BESIDE = [
  ["sigstore", /\/provenance\.ts$/],
  ["redis", /\/stores\/node\/redis\.ts$/],
  ["azure-library", /\/platform\/node\/azure-library\.ts$/],
  ["aws-library", /\/aws-library\.ts$/],
  ["google-library", /\/platform\/node\/google-library\.ts$/],
  ["pkcs11", /\/pkcs11\/pkcs11\.ts$/],
] as const;

const beside: Plugin = {
  name: "beside",
  setup({ onResolve }) {
    for (const [name, filter] of BESIDE)
      onResolve({ filter }, ({ kind }) =>
        kind === "dynamic-import" ? { path: `./${name}.mjs`, external: true } : undefined,
      );
  },
};

for (const [name, entry] of [
  ["node", "src/runtimes/node.ts"],
  ["lambda", "src/runtimes/lambda.ts"],
  ["sigstore", "src/attestors/sigstore/node/provenance.ts"],
  ["redis", "src/stores/node/redis.ts"],
  ["azure-library", "src/platform/node/azure-library.ts"],
  ["aws-library", "src/platform/node/aws-library.ts"],
  ["google-library", "src/platform/node/google-library.ts"],
  ["pkcs11", "src/signer/node/pkcs11/pkcs11.ts"],
  ["pkcs11-process", "src/signer/node/pkcs11/pkcs11-process.ts"],
] as const) {
  const { metafile } = await build({
    entryPoints: [entry],
    outfile: `dist/bundle/${name}.mjs`,
    bundle: true,
    minify: true,
    platform: "node",
    target: "node22",
    format: "esm",
    metafile: true,
    legalComments: "none",
    logLevel: "warning",
    plugins: [beside],
    // Packages of the old module format ask for Node's own modules by `require`.
    ...(BESIDE.some(([one]) => one === name) && {
      banner: {
        js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);',
      },
    }),
  });
  const heavy = Object.keys(metafile.inputs).filter(
    (input) =>
      /node_modules\/(?:@peculiar|yaml|citty)\//.test(input) ||
      (name !== "google-library" && input.includes("node_modules/google-auth-library/")) ||
      (name !== "aws-library" && input.includes("node_modules/@aws-sdk/")) ||
      (name !== "azure-library" && input.includes("node_modules/@azure/")) ||
      (name !== "sigstore" && input.includes("node_modules/@sigstore/")) ||
      (name !== "redis" && input.includes("node_modules/@redis/")),
  );
  if (heavy.length > 0)
    throw new Error(`${name}: not for the server: ${heavy.slice(0, 5).join(", ")}`);
}

// What the entries load by name is there under that name.
for (const [name, part] of [
  ["sigstore", "provenanceAttestor"],
  ["aws-library", "fromIni"],
  ["google-library", "googleLibraryToken"],
  ["pkcs11", "openPkcs11"],
] as const) {
  const url = new URL(`../dist/bundle/${name}.mjs`, import.meta.url).href;
  const loaded = (await import(url)) as Record<string, unknown>;
  if (typeof loaded[part] !== "function") throw new Error(`${name}: no ${part}`);
}
