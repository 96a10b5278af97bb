import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const run = promisify(execFile);
const SCRIPT = "scripts/generate-azure-certificates.ts";
const CERTIFICATES = "../shared/trust-roots";

/** Exit code and what was printed. */
async function generate(...args: readonly string[]): Promise<{ code: number; text: string }> {
  try {
    const { stdout } = await run(process.execPath, [SCRIPT, ...args]);
    return { code: 0, text: stdout };
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { code, text: stderr };
  }
}

describe("scripts/generate-azure-certificates.ts", () => {
  it("says that it skipped where the certificates are not there", async () => {
    const { code, text } = await generate("/nowhere", "--check");
    expect([code, text]).toEqual([0, "skipped: /nowhere is absent\n"]);
    expect((await generate()).code).toBe(2);
  });

  it.skipIf(!existsSync(CERTIFICATES))(
    "finds the committed table to hold what is given, and a pinned root gone",
    async () => {
      expect((await generate(CERTIFICATES, "--check")).code).toBe(0);
      const folder = mkdtempSync(join(tmpdir(), "azure-certificates-"));
      try {
        cpSync(join(CERTIFICATES, "azure"), join(folder, "azure"), { recursive: true });
        const roots = join(folder, "azure/roots");
        const intermediates = join(folder, "azure/intermediates");
        rmSync(join(intermediates, readdirSync(intermediates)[0] ?? ""));
        expect((await generate(folder, "--check")).code).toBe(0); // what is there stays
        for (const file of readdirSync(roots))
          if (file.includes("Root_G2")) rmSync(join(roots, file));
        expect((await generate(folder, "--check")).text).toContain("no root with SHA-256");
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});
