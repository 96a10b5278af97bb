import { describe, expect, it } from "vitest";
import { ConfigError } from "../../../../src/config-issue.ts";
import { sigstore } from "../../../../src/attestors/sigstore/node/sigstore.ts";
import { loadConfig } from "../../../../src/issuer/config.ts";
import { storeConfig } from "../../../../src/issuer/store-config.ts";
import { nodePlatform } from "../../../../src/platform/node/node-platform.ts";
import { attestors as registry } from "../../../../src/runtimes/node/attestors.ts";
import { IDENTITY, world } from "./support.ts";

const document = {
  trust_domain: "prod.example.org",
  issuer: "https://id.example.org",
  evidence: { sigstore: { trusted_root: "file:trusted_root.json", identities: [IDENTITY] } },
  rules: [],
};
const deps = {
  platform: nodePlatform(),
  registry,
  read: () => Promise.resolve(world.trustedRoot()),
};

describe("the section", () => {
  const good = { trusted_root: "file:x", identities: [IDENTITY] };
  it.each<[string, object]>([
    ["no trusted root", { trusted_root: undefined }],
    ["a trusted root from the network", { trusted_root: "https://tuf.example" }],
    [
      "a trusted root from the network, with a file in its name",
      { trusted_root: "https://tuf.example/?file:x" },
    ],
    ["nobody", { identities: [] }],
    ["nobody at all", { identities: undefined }],
    ["a pattern", { identities: [{ ...IDENTITY, san: "https://github.com/acme/*" }] }],
    ["a pattern for an issuer", { identities: [{ ...IDENTITY, issuer: "https://*" }] }],
    ["a name without its issuer", { identities: [{ san: IDENTITY.san }] }],
    ["an issuer without a name", { identities: [{ issuer: IDENTITY.issuer }] }],
    ["an empty name", { identities: [{ ...IDENTITY, san: "" }] }],
    ["no repositories", { identities: [{ ...IDENTITY, source_repositories: [] }] }],
    ["a misspelt limit of a name", { identities: [{ ...IDENTITY, source_repository: ["x"] }] }],
    ["an unknown key", { threshold: 0 }],
  ])("refuses %s", (_, parts) => {
    expect(sigstore.config().safeParse(good).success).toBe(true);
    expect(sigstore.config().safeParse({ ...good, ...parts }).success).toBe(false);
  });

  it("names the file that is not there", async () => {
    const read = () =>
      Promise.reject(
        new ConfigError([{ path: [], message: "x does not exist", severity: "error" }]),
      );
    const { config, issues } = await loadConfig(document, { ...deps, read });
    expect(config).toBeUndefined();
    expect(issues).toContainEqual({
      path: ["evidence", "sigstore", "trusted_root"],
      message: "x does not exist",
      severity: "error",
    });
  });
});

it("is refused for Workers, and the operator told why", async () => {
  expect((await loadConfig(document, deps)).config).toBeDefined();
  const refused: unknown = await storeConfig(document, deps).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ConfigError);
  expect((refused as ConfigError).issues).toContainEqual({
    path: ["evidence", "sigstore"],
    message: "runs on Node alone: a Worker cannot verify it",
    severity: "error",
  });
});
