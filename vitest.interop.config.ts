import { defineConfig } from "vitest/config";

/** `npm run test:interop`: real counterparts, installed by `scripts/interop/install.ts`. */
export default defineConfig({
  test: {
    name: "interop",
    environment: "node",
    include: ["test/interop/**/*.test.ts"],
    fileParallelism: false, // each file starts servers, and there are two cores
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 45_000 } },
  },
});
