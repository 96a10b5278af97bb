/**
 * Bundles the server entries into one file each: `dist/bundle/node.mjs` (containers) and `dist/bundle/lambda.mjs`.
 * What verifies `sigstore` evidence is `dist/bundle/sigstore.mjs`, which they load from beside them where it is configured.
 */
import { build, type Plugin } from "esbuild";

const beside: Plugin = {
  name: "beside",
  setup({ onResolve }) {
    onResolve({ filter: /\/provenance\.ts$/ }, ({ kind }) =>
      kind === "dynamic-import" ? { path: "./sigstore.mjs", external: true } : undefined,
    );
  },
};

for (const [name, entry] of [
  ["node", "src/runtimes/node.ts"],
  ["lambda", "src/runtimes/lambda.ts"],
  ["sigstore", "src/attestors/sigstore/node/provenance.ts"],
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
    ...(name === "sigstore" && {
      banner: {
        js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);',
      },
    }),
  });
  const heavy = Object.keys(metafile.inputs).filter(
    (input) =>
      /node_modules\/(?:@aws-sdk|@azure|google-auth-library|@peculiar|yaml|citty)\//.test(input) ||
      (name !== "sigstore" && input.includes("node_modules/@sigstore/")),
  );
  if (heavy.length > 0)
    throw new Error(`${name}: not for the server: ${heavy.slice(0, 5).join(", ")}`);
}
