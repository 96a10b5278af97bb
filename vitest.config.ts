import { fileURLToPath } from "node:url";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** What these put in a module's place, others that share their process would be given as well. */
const REPLACES_MODULES = ["test/node/runtimes/audit-write.test.ts"];

/** Of what no Worker runs: stores of other runtimes, and what reads, edits or exchanges configurations that are not compiled. */
const NOT_OF_WORKERS = [
  "test/unit/stores/{azure-table,dynamodb,firestore,optimistic,service}.test.ts",
  "test/unit/issuer/{broken-config,every-mistake,reload,sound-part}.test.ts",
  "test/unit/property/rotation.test.ts",
];

/** Many tests start `svidmint`, a fifth of whose start would otherwise be compiling. */
const env = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL("node_modules/.cache/compiled", import.meta.url)),
};

export default defineConfig({
  test: {
    // Many tests wait for a process, a socket or a clock: one more worker than cores keeps the cores busy.
    maxWorkers: 3,
    // Guards against what never ends, not against a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 45_000 } },
    projects: [
      {
        test: {
          name: "node",
          env,
          // 0.3 s a file otherwise. A hook at the top of a helper would be the first file's alone: helpers clean up
          // by `onTestFinished`, or by hooks that a file asks for.
          isolate: false,
          include: [
            "test/unit/**/*.test.ts",
            "test/regression/**/*.test.ts",
            "test/node/**/*.test.ts",
            "test/e2e/**/*.test.ts",
          ],
          exclude: REPLACES_MODULES,
        },
      },
      { test: { name: "node-isolated", env, include: REPLACES_MODULES } },
      {
        plugins: [
          cloudflareTest({ wrangler: { configPath: "./infra/cloudflare/wrangler.jsonc" } }),
        ],
        test: {
          name: "workerd",
          isolate: false, // 0.7 s a file otherwise, on two cores
          include: [
            "test/unit/**/*.test.ts",
            "test/regression/*.test.ts",
            "test/workerd/**/*.test.ts",
          ],
          exclude: NOT_OF_WORKERS,
        },
      },
    ],
  },
});
