import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { runChecked } from "../scripts/interop/processes.ts";
import { projectRoot } from "../scripts/interop/programs.ts";
import { SERVER_CORE } from "./measure.ts";
import { median } from "./process-cpu.ts";

const IMPORT_RUNS = 15;
const entryBundle = join(projectRoot, "dist/bundle/node.mjs");

/** The frame that the server stands on, and nothing else: what its import is compared with. */
const FRAME = `
import { serve } from "@hono/node-server";
import { Hono } from "hono";
export { Hono, serve };
`;

/** The entry would go on to serve: it is measured and ended once it is imported. */
const PROBE = `
import { writeSync } from "node:fs";
await import(process.argv[2]);
const { user, system } = process.cpuUsage();
writeSync(1, String((user + system) / 1000));
process.exit(0);
`;

/** CPU time of a process that imports a bundle and ends. Milliseconds, the median of many. */
export async function importCpu(): Promise<{ frame: number; entry: number }> {
  const folder = mkdtempSync(join(tmpdir(), "import-"));
  try {
    const frame = join(folder, "frame.mjs");
    await build({
      stdin: { contents: FRAME, resolveDir: projectRoot },
      outfile: frame,
      // As scripts/bundle.ts makes the entry.
      bundle: true,
      minify: true,
      platform: "node",
      target: "node22",
      format: "esm",
      legalComments: "none",
      logLevel: "error",
    });
    const probe = join(folder, "probe.mjs");
    writeFileSync(probe, PROBE);
    const once = async (bundle: string): Promise<number> =>
      Number(
        await runChecked(process.execPath, [probe, bundle], {
          cwd: folder,
          core: SERVER_CORE,
          deadlineMs: 20_000,
        }),
      );
    const times = { frame: [] as number[], entry: [] as number[] };
    for (let n = 0; n < IMPORT_RUNS; n++) {
      times.frame.push(await once(frame));
      times.entry.push(await once(entryBundle));
    }
    return { frame: median(times.frame), entry: median(times.entry) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What wrangler would upload, compressed. KiB. */
export async function workersGzipKib(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "worker-"));
  try {
    const wrangler = join(projectRoot, "node_modules/wrangler/bin/wrangler.js");
    const args = `deploy --dry-run --minify --outdir ${folder} --config infra/cloudflare/wrangler.jsonc`;
    await runChecked(process.execPath, [wrangler, ...args.split(" ")], {
      cwd: projectRoot,
      env: { WRANGLER_SEND_METRICS: "false" },
      deadlineMs: 60_000,
    });
    const scripts = readdirSync(folder).filter((name) => name.endsWith(".js"));
    if (scripts.length === 0) throw new Error("wrangler wrote no script");
    const sizes = scripts.map((name) => gzipSync(readFileSync(join(folder, name))).length);
    return sizes.reduce((sum, size) => sum + size, 0) / 1024;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
