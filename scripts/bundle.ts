/** Bundles the server entries into one file each: `dist/bundle/node.mjs` (containers) and `dist/bundle/lambda.mjs`. */
import { build } from "esbuild";

for (const [name, entry] of [
  ["node", "src/runtimes/node.ts"],
  ["lambda", "src/runtimes/lambda.ts"],
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
  });
  const heavy = Object.keys(metafile.inputs).filter((input) =>
    /node_modules\/(?:@aws-sdk|@azure|google-auth-library|@peculiar|yaml|citty)\//.test(input),
  );
  if (heavy.length > 0)
    throw new Error(`${name}: not for the server: ${heavy.slice(0, 5).join(", ")}`);
}
