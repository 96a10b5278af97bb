import { existsSync, readFileSync } from "node:fs";
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { json, quickly, svidmint, temporaryFolders } from "./run.ts";

const folder = temporaryFolders();
const vectors = fileURLToPath(new URL("../../../../shared/vectors/", import.meta.url));

const CONFIG = `trust_domain: prod.example.org
issuer: https://id.example.org
evidence:
  oidc:
    github:
      preset: github_actions
      repository_owner_id: ["4163707"]
      audience: https://github.com/n-e
      jwks: file:github.jwks
rules:
  - name: playground
    evidence: { oidc.github: { repository_id: "1171605621", ref: refs/heads/main } }
    binding: { oidc.github: audience }
    spiffe_id: /ci/{oidc.github.repository_id}
    x509: {}
`;

describe.skipIf(!existsSync(vectors))(
  "svidmint attest with GitHub's own token (skipped where ../shared is absent)",
  () => {
    it("says who gets what at its time, and why not under another owner or later", async () => {
      const cwd = await folder();
      await copyFile(`${vectors}oidc/github-historical-jwks.json`, join(cwd, "github.jwks"));
      await writeFile(join(cwd, "svidmint.yaml"), CONFIG);
      const token = readFileSync(`${vectors}oidc/github-1-ne-playground-2026.jwt`, "utf8").trim();
      const input = JSON.stringify({ type: "oidc", token });
      const ran = await svidmint(["attest", "--json", "--at", "2026-03-03T12:49:00Z"], {
        cwd,
        input,
      });
      expect(ran).toMatchObject({ code: 0, stderr: "" });
      expect(json(ran)).toMatchObject({
        verified: true,
        evidence: [
          {
            name: "oidc.github",
            binding: { kind: "audience" },
            claims: { repository_owner_id: "4163707", event_name: "workflow_dispatch" },
          },
        ],
        policy: {
          granted: true,
          rule: "playground",
          spiffe_id: "spiffe://prod.example.org/ci/1171605621",
        },
      });
      const later = await quickly(["attest", "--json", "--at", "2026-03-03T12:51:00Z"], {
        cwd,
        input,
      });
      expect(json(later)).toMatchObject({ verified: false, reason: "evidence_expired" });

      await writeFile(join(cwd, "other.yaml"), CONFIG.replace('"4163707"', '"4163708"'));
      const at = ["--at", "2026-03-03T12:49:00Z", "--config", "other.yaml"];
      const other = await quickly(["attest", "--json", ...at], { cwd, input });
      expect(json(other)).toMatchObject({ verified: false, reason: "tenant_not_configured" });
    });
  },
);

describe("a configuration with presets", () => {
  it("is told what it lacks, and where", async () => {
    const cwd = await folder();
    const lacking = CONFIG.replace(/ +repository_owner_id.*\n/, "").replace(
      "rules:",
      "    cluster-a: { preset: kubernetes }\nrules:",
    );
    await writeFile(join(cwd, "svidmint.yaml"), lacking);
    const ran = await quickly(["policy", "check"], { cwd });
    expect(ran.code).toBe(2);
    expect(ran.stdout + ran.stderr).toMatch(/repository_owner_id.*required.*name yours \(gh api/);
    expect(ran.stdout + ran.stderr).toMatch(/cluster-a\.jwks.*required.*kubectl get --raw/);
  });
});
