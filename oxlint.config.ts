import { defineConfig } from "oxlint";
const base = ["spiffe", "encoding"],
  low = [...base, "platform", "svid"],
  mid = ["attestors", "policy", "signer", "stores", "federation"];
const may: Record<string, readonly string[]> = {
  spiffe: [],
  encoding: ["spiffe"],
  platform: base,
  svid: [...base, "platform"],
  attestors: low,
  policy: low,
  signer: low,
  stores: low,
  federation: low,
  client: low,
  issuer: [...low, ...mid],
  handlers: [...low, ...mid, "issuer"],
  runtimes: [...low, ...mid, "issuer", "handlers"],
  agent: [...low, "client"],
  cli: [...low, ...mid, "issuer", "handlers", "runtimes", "client", "agent"],
};
const sdks = ["@aws-sdk/*", "@azure/*", "google-auth-library", "@peculiar/x509", "yaml", "citty"];
const direction = [
  ...Object.keys(may).map((layer) =>
    restricted(layer, `src/${layer}/**`, ["cli", "client"].includes(layer)),
  ),
  // The shared vocabulary, which every layer imports: what it imported would be imported by all.
  restricted("", "src/*.ts", false),
  // A cloud's own library, where it serves credentials better than our own code would.
  restricted("platform", "src/platform/node/*-library.ts", true),
];
function restricted(layer: string, files: string, mayUseSdks: boolean) {
  return {
    files: [files],
    rules: {
      "eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              group: [
                ...Object.keys(may)
                  .filter((o) => o !== layer && !may[layer]?.includes(o))
                  .map((o) => `**/${o}/**`),
                ...(mayUseSdks ? [] : sdks),
                ...(layer === "attestors" ? [] : ["@sigstore/*"]),
              ],
              message: "against the import direction that CONTRIBUTING.md names",
            },
          ],
        },
      ] as ["error", object],
    },
  };
}
export default defineConfig({
  plugins: ["typescript", "unicorn", "oxc", "import", "promise", "vitest"],
  categories: { correctness: "error", suspicious: "error" },
  options: { typeAware: true },
  ignorePatterns: ["dist", "gen"],
  rules: {
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/await-thenable": "error",
    "typescript/switch-exhaustiveness-check": "error",
    "typescript/no-explicit-any": "error",
    // The compiler's own check of exhaustive switches says it without a dead branch.
    "typescript/consistent-return": "off",
    "typescript/consistent-type-imports": "error",
    "import/no-cycle": ["error", { ignoreTypes: false }],
    "import/no-unassigned-import": [
      "error",
      { allow: ["reflect-metadata", "**/dist/cli/main.js"] },
    ],
    "eslint/max-lines": ["error", { max: 300 }],
    "vitest/expect-expect": ["error", { assertFunctionNames: ["expect", "expect*"] }],
  },
  overrides: [
    ...direction,
    {
      // What a test reads back it checks at once, and its helpers stand where they are read.
      files: ["test/**", "scripts/**", "bench/**"],
      rules: {
        "typescript/no-unsafe-type-assertion": "off",
        "unicorn/consistent-function-scoping": "off",
        "typescript/require-array-sort-compare": "off",
        "typescript/unbound-method": "off",
        "unicorn/no-array-fill-with-reference-type": "off",
      },
    },
  ],
});
