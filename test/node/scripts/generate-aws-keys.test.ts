import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, cpSync, rmSync, copyFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const run = promisify(execFile);
const SCRIPT = "scripts/generate-aws-keys.ts";
const CERTIFICATES = "../shared/trust-roots";

/** Exit code and what was printed. */
async function generate(...args: readonly string[]): Promise<{ code: number; text: string }> {
  try {
    const { stdout } = await run(process.execPath, [SCRIPT, ...args]);
    return { code: 0, text: stdout };
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string }; // oxlint-disable-line no-unsafe-type-assertion -- what execFile rejects with
    return { code, text: stderr };
  }
}

describe("scripts/generate-aws-keys.ts", () => {
  it("says that it skipped where the certificates are not there", async () => {
    const { code, text } = await generate("/nowhere", "--check");
    expect([code, text]).toEqual([0, "skipped: /nowhere is absent\n"]);
    expect((await generate()).code).toBe(2);
  });

  it.skipIf(!existsSync(CERTIFICATES))(
    "finds the committed table as the certificates have it",
    async () => {
      expect((await generate(CERTIFICATES, "--check")).code).toBe(0);
    },
  );

  it.skipIf(!existsSync(CERTIFICATES))("finds a region gone, exchanged or doubled", async () => {
    const folder = mkdtempSync(join(tmpdir(), "aws-keys-"));
    try {
      for (const name of ["aws-rsa2048", "aws-rsa1024"])
        cpSync(join(CERTIFICATES, name), join(folder, name), {
          recursive: true,
          filter: () => true,
        });
      const [west, east] = ["us-west-1", "us-east-1"].map((name) =>
        join(folder, "aws-rsa2048", `${name}.pem`),
      );
      rmSync(west ?? "");
      expect((await generate(folder, "--check")).code).toBe(1);
      copyFileSync(east ?? "", west ?? "");
      expect((await generate(folder, "--check")).text).toContain("two regions share");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
