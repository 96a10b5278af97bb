import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { awsProfile } from "../../../src/platform/node/aws-profile.ts";

const folder = mkdtempSync(join(tmpdir(), "aws-profile-"));
const config = join(folder, "config");
const credentials = join(folder, "credentials");

function write(text: string): void {
  writeFileSync(config, text);
}

beforeEach(() => {
  vi.stubEnv("AWS_CONFIG_FILE", config);
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", credentials);
  vi.stubEnv("AWS_PROFILE", "");
  rmSync(config, { force: true });
  rmSync(credentials, { force: true });
});
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rmSync(folder, { recursive: true }));

const processed = (answer: object): string =>
  `credential_process = echo '${JSON.stringify({ Version: 1, ...answer })}'`;

describe("credentials of AWS profiles", () => {
  it("are none where no file is", async () => {
    expect(await awsProfile()).toBeUndefined();
  });

  it("are the default profile's keys, and read again as the file changes", async () => {
    const keys = (id: string): string =>
      `[default]\naws_access_key_id = ${id}\naws_secret_access_key = s\n`;
    writeFileSync(credentials, keys("AKIA1"));
    const found = await awsProfile();
    expect(found).toMatchObject({ value: { accessKeyId: "AKIA1", secretAccessKey: "s" } });
    expect(found?.value).not.toHaveProperty("sessionToken");
    expect(Number.isInteger(found?.expiresAt)).toBe(true);
    writeFileSync(credentials, keys("AKIA2"));
    expect(await awsProfile()).toMatchObject({ value: { accessKeyId: "AKIA2" } });
  });

  it("are what a profile's process says, until the end that it says", async () => {
    const end = Math.floor(Date.now() / 1000) + 3000;
    const Expiration = new Date(end * 1000).toISOString();
    const said = { AccessKeyId: "ASIA", SecretAccessKey: "s", SessionToken: "t", Expiration };
    write(`[default]\nregion = eu-central-1\n[profile issuer]\n${processed(said)}\n`);
    vi.stubEnv("AWS_PROFILE", "issuer");
    expect(await awsProfile()).toEqual({
      value: { accessKeyId: "ASIA", secretAccessKey: "s", sessionToken: "t" },
      expiresAt: end,
    });
  });

  it("are looked for elsewhere where the file has but a region", async () => {
    write("[default]\nregion = eu-central-1\n");
    expect(await awsProfile()).toBeUndefined();
  });

  it("are looked for nowhere else where a profile was asked for by name", async () => {
    write("[default]\nregion = eu-central-1\n");
    vi.stubEnv("AWS_PROFILE", "issuer");
    await expect(awsProfile()).rejects.toMatchObject({ name: "CredentialError", retryable: false });
  });

  it.each([
    ["default", "[default]", ""],
    ["named", "[profile issuer]", "issuer"],
  ])(
    "are none where the %s one's process fails, and no word of it is told",
    async (_, head, name) => {
      write(`${head}\ncredential_process = sh -c 'echo hunter2 >&2; exit 1'\n`);
      vi.stubEnv("AWS_PROFILE", name);
      const error: unknown = await awsProfile().catch((e: unknown) => e);
      expect(error).toMatchObject({ name: "CredentialError", retryable: false });
      expect(String(error)).not.toContain("hunter2");
    },
  );
});
