import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { azureLibraryToken } from "../../../src/platform/node/azure-library.ts";

const SCOPE = "https://vault.azure.net/.default";
const folder = mkdtempSync(join(tmpdir(), "az-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  vi.unstubAllEnvs();
});

/** In place of the Azure CLI: what it was asked goes to `log`. */
function installCli(prints: string): void {
  const az = join(folder, "az");
  writeFileSync(az, `#!/bin/sh\necho "$@" > '${folder}/log'\ncat <<'END'\n${prints}\nEND\n`);
  chmodSync(az, 0o755);
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
  vi.stubEnv("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential");
}

describe("Azure's own library", () => {
  it("brings the token of a developer's login", async () => {
    installCli(JSON.stringify({ accessToken: "eyJ", expires_on: 1_900_000_000 }));
    const token = await azureLibraryToken(SCOPE);
    expect(token).toEqual({ value: "eyJ", expiresAt: 1_900_000_000 });
    expect(readFileSync(join(folder, "log"), "utf8")).toContain(
      "--resource https://vault.azure.net",
    );
  });

  it("says no more than what kind of failure it had", async () => {
    installCli("hunter2");
    await expect(azureLibraryToken(SCOPE)).rejects.toMatchObject({
      name: "CredentialError",
      message: expect.stringMatching(/^@azure\/identity gives no credentials: \w+$/),
      retryable: false,
    });
  });

  it("reads an application's certificate, if there is one", async () => {
    vi.stubEnv("AZURE_CLIENT_CERTIFICATE_PATH", join(folder, "none.pem"));
    vi.stubEnv("AZURE_CLIENT_ID", "00000000-0000-0000-0000-000000000001");
    vi.stubEnv("AZURE_TENANT_ID", "00000000-0000-0000-0000-000000000002");
    // A chain of several credentials would end with an AggregateAuthenticationError.
    await expect(azureLibraryToken(SCOPE)).rejects.toThrow(/: (?!Aggregate)\w+$/);
  });
});
