import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../free-port.ts";
import { answers, type Server, startServer } from "./processes.ts";
import { projectRoot } from "./programs.ts";

export interface Worker extends AsyncDisposable {
  readonly server: Server;
  readonly url: string;
}

/** `wrangler dev`: the production entry in workerd, with these variables and secrets. */
export async function startWorker(variables: Readonly<Record<string, string>>): Promise<Worker> {
  const folder = mkdtempSync(join(tmpdir(), "workerd-"));
  const file = join(folder, "variables.env");
  writeFileSync(file, Object.entries(variables).map(toLine).join(""), { mode: 0o600 });
  const [port, inspector] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const args = `dev --config infra/cloudflare/wrangler.jsonc --ip 127.0.0.1 --port ${port} --inspector-port ${inspector}`;
  const more = `--env-file ${file} --persist-to ${folder}/state --show-interactive-dev-session=false --live-reload=false`;
  const server = await startServer(
    process.execPath,
    [
      join(projectRoot, "node_modules/wrangler/bin/wrangler.js"),
      ...args.split(" "),
      ...more.split(" "),
    ],
    {
      cwd: projectRoot,
      env: { WRANGLER_SEND_METRICS: "false", CI: "true" },
      folder,
      deadlineMs: 300_000,
      readyMs: 60_000,
      ready: () => answers(`${url}/readyz`),
    },
  );
  return {
    server,
    url,
    [Symbol.asyncDispose]: server.stop,
  };
}

/** Single quotes keep everything as it stands; PEM and JSON hold none. */
function toLine([name, value]: readonly [string, string]): string {
  if (value.includes("'")) throw new Error(`${name} holds a single quote`);
  return `${name}='${value}'\n`;
}
