/** Writes every generated file of the project; with `--check` fails where one is out of date. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
/** The certificates that clouds publish; without them the tables made of them stay as they are committed. */
const certificates = fileURLToPath(new URL("../../shared/trust-roots", import.meta.url));
const flags = process.argv.slice(2);

for (const name of readdirSync(here).toSorted()) {
  if (!/^generate-.+\.ts$/.test(name)) continue;
  const wantsCertificates = /-(?:aws-keys|azure-certificates)\.ts$/.test(name);
  if (wantsCertificates && !existsSync(certificates)) {
    console.error(`${name}: skipped, there is no ${certificates}`);
    continue;
  }
  const args = [...(wantsCertificates ? [certificates] : []), ...flags];
  const { status } = spawnSync(process.execPath, [here + name, ...args], { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
