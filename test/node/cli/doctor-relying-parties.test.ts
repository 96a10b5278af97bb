import { beforeAll, describe, expect, it } from "vitest";
import { quickly, temporaryFolders } from "./run.ts";
import { makeTrustDomain, variant } from "./trust-domain.ts";

interface Found {
  readonly check: string;
  readonly severity: string;
  readonly subject: string;
  readonly message: string;
  readonly fix?: string;
}

const folder = temporaryFolders();
const AUDIENCE = "https://orders.example.org";
let cwd: string;

beforeAll(async () => {
  cwd = await folder();
  await makeTrustDomain(cwd);
  const args = ["keys", "create", "jwt", "--id", "jwt-rsa", "--type", "rsa2048"];
  const { code, stderr } = await quickly(args, { cwd });
  if (code !== 0) throw new Error(stderr);
});

/** Of a trust domain whose rule has the audience, and whose JWT keys are in those files. */
async function findings(audience: string, ...keys: readonly string[]): Promise<readonly Found[]> {
  const name = `${audience.replaceAll(/\W/g, "")}-${keys.join("-")}.yaml`;
  await variant(cwd, name, (text) =>
    keys
      .reduce((so, key, at) => so.replaceAll(["jwt-7", "jwt-spare"][at] ?? "", key), text)
      .replace(AUDIENCE, audience)
      .concat("# \n"),
  );
  const ran = await quickly(["doctor", "--config", name, "--json"], { cwd });
  const all: readonly Found[] = JSON.parse(ran.stdout).findings;
  return all.filter(({ check }) => check === "relying parties");
}

describe("svidmint doctor, of relying parties", () => {
  it("warns of each key that Entra does not take, standby keys too", async () => {
    const found = await findings("api://AzureADTokenExchange", "jwt-7", "jwt-spare");
    expect(found.map(({ severity, message }) => [severity, message])).toEqual([
      ["warning", "Microsoft Entra takes RS256, and keys.jwt.jwt-7 signs ES256"],
      ["warning", "Microsoft Entra takes RS256, and keys.jwt.jwt-spare signs ES256"],
    ]);
    expect(found[0]?.subject).toBe("rules.api.jwt.audiences");
    expect(found[0]?.fix).toContain("--type rsa2048");
  });

  it("has nothing against RS256 for Entra, nor against ES256 for AWS", async () => {
    const entra = await findings("api://AzureADTokenExchange", "jwt-rsa", "jwt-spare");
    expect(entra.map(({ message }) => message)).toEqual([
      "Microsoft Entra takes RS256, and keys.jwt.jwt-spare signs ES256",
    ]);
    const aws = await findings("sts.amazonaws.com", "jwt-7", "jwt-spare");
    expect(aws.map(({ severity, message }) => [severity, message])).toEqual([
      ["good", "AWS takes its keys"],
    ]);
  });

  it("says nothing of audiences that it does not know", async () => {
    expect(await findings("https://other.example.org", "jwt-7", "jwt-spare")).toEqual([]);
  });
});
