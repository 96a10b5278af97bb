/**
 * Tries what is published: packs the project, installs the tarball in an empty folder, and does there what README.md
 * says, with the very lines it says but for the port: another may have that one. Needs the package registry, and curl
 * and awk as the README does.
 */
import {
  execFileSync,
  spawn,
  type ChildProcess,
  type ExecFileSyncOptionsWithStringEncoding,
} from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.ts";
import { readmeExample } from "./readme-example.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const START_MS = 60_000;
const shell: ExecFileSyncOptionsWithStringEncoding = {
  stdio: ["ignore", "pipe", "inherit"],
  encoding: "utf8",
};

/** What `npm pack --json` says of a tarball. */
interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

const folder = mkdtempSync(join(tmpdir(), "svidmint-package-"));
let server: ChildProcess | undefined;
try {
  const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", folder], {
    ...shell,
    cwd: ROOT,
  });
  const [{ filename, size, files }]: [Packed] = JSON.parse(packed.slice(packed.indexOf("[")));
  console.log(`packed ${filename}: ${Math.round(size / 1024)} KiB, ${files.length} files`);
  const stray = files.filter(({ path }) =>
    /(?:^|\/)(?:test|bench|\.svidmint)\/|\.(?:key|tsbuildinfo)$/.test(path),
  );
  if (stray.length > 0)
    throw new Error(`not to be published: ${stray.map(({ path }) => path).join(", ")}`);
  writeFileSync(join(folder, "package.json"), '{"private":true}\n');
  execFileSync("npm", ["install", "--no-audit", "--no-fund", `./${filename}`], {
    ...shell,
    cwd: folder,
  });
  console.log(
    `installed; svidmint ${execFileSync("npx", ["--no-install", "svidmint", "--version"], { ...shell, cwd: folder }).trim()}`,
  );

  const example = readmeExample();
  const url = `http://127.0.0.1:${await freePort()}`;
  const serve = example.serve.replace("svidmint init", `svidmint init --issuer ${url}`);
  server = spawn("sh", ["-c", serve], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  await untilServed(`${url}/readyz`, server);
  const request = example.request.replaceAll("http://127.0.0.1:8443", url);
  const inspected = execFileSync("sh", ["-c", request], { ...shell, cwd: folder });
  if (!inspected.includes("spiffe://dev.example.org/dev/app"))
    throw new Error(`no SVID:\n${inspected}`);
  const answer: { x509: { certificate_chain: string } } = JSON.parse(
    readFileSync(join(folder, "answer.json"), "utf8"),
  );
  console.log(inspected);
  console.log(
    `1 passed, 0 failed: an SVID of ${answer.x509.certificate_chain.length} characters, with the README's lines`,
  );
} finally {
  if (server?.pid !== undefined) process.kill(-server.pid, "SIGTERM");
  rmSync(folder, { recursive: true, force: true });
}

async function untilServed(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) break;
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the issuer did not start");
}
