import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { svidmintIn } from "./cli.ts";
import { makeTrustDomain } from "../../node/cli/trust-domain.ts";

/** The trust domain that `publishers` makes. */
export const TRUST_DOMAIN = "prod.example.org";

/** An operator's folder with two configurations of one trust domain, the later of which has one key more. */
export interface Publishers {
  readonly run: ReturnType<typeof svidmintIn>;
  readonly older: string;
  readonly newer: string;
}

/** @param env of each command: credentials */
export async function publishers(
  folder: string,
  env: () => Readonly<Record<string, string>>,
): Promise<Publishers> {
  await makeTrustDomain(folder);
  const run = svidmintIn(folder, env);
  const before = await readFile(join(folder, "svidmint.yaml"), "utf8");
  const made = await run("keys", "create", "jwt", "--id", "jwt-8");
  if (made.code !== 0) throw new Error(made.stderr);
  // In the past, so that it is in the bundle at once, and no rule of rotations is in the way.
  const entry = [
    "    - id: jwt-8",
    "      backend: local",
    "      private_key: file:jwt-8.key",
    "      public_key: file:jwt-8.pub",
    `      published_at: ${new Date(Date.now() - 1000).toISOString().slice(0, 19)}Z`,
    "",
  ].join("\n");
  await writeFile(join(folder, "newer.yaml"), before + entry);
  return { run, older: "svidmint.yaml", newer: "newer.yaml" };
}
