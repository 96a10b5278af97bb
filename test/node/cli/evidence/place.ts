import { afterEach, vi } from "vitest";
import { createServer } from "node:http";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { SOURCES } from "../../../../src/client/node/sources.ts";
import { listen } from "../../../fakes/node/listen.ts";
import { quickly, svidmint, type Ran } from "../run.ts";

type Handler = (request: Request) => Promise<Response>;

/** Where nothing answers: no source finds a cloud, whatever machine the tests run on. */
const NOWHERE = "127.0.0.1:9";
/** Of the machine that runs the tests, which may be one of a CI service itself. */
const SHOWN =
  /^(?:ACTIONS_|GITHUB_|GITLAB_|BUILDKITE|CIRCLE|BITBUCKET_|SYSTEM_|TF_|TFC_|SPACELIFT_|VERCEL|FLY_|KUBERNETES_|AWS_|K_SERVICE|CLOUD_RUN_|FUNCTION_|GAE_|IDENTITY_|MSI_|AZURE_|GCE_|SVIDMINT_)/;

/** A place without any cloud; `env` is all that it shows. */
export function place(env: Readonly<Record<string, string>> = {}): void {
  for (const name of Object.keys(process.env))
    if (SHOWN.test(name) && name !== "SVIDMINT_BIN") vi.stubEnv(name, undefined);
  const nowhere = {
    AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://${NOWHERE}`,
    GCE_METADATA_HOST: NOWHERE,
    AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://${NOWHERE}`,
    OCI_METADATA_BASE_URL: `http://${NOWHERE}`,
  };
  for (const [name, value] of Object.entries({ ...nowhere, ...env })) vi.stubEnv(name, value);
}

/** Ends what a test started, and forgets what it set. */
export function places() {
  const ending: (() => Promise<void>)[] = [];
  afterEach(async () => {
    vi.unstubAllEnvs();
    await Promise.all(ending.splice(0).map((end) => end()));
  });
  return {
    /** @returns its URL, without a slash at the end */
    async serve(handler: Handler): Promise<string> {
      const { url, close } = await listen(handler);
      ending.push(close);
      return url;
    },
    /** @returns the path of a Unix socket where it listens */
    async serveSocket(handler: Handler): Promise<string> {
      const folder = await mkdtemp(join(tmpdir(), "svidmint-socket-"));
      const answer = getRequestListener(handler);
      const server = createServer((incoming, outgoing) => void answer(incoming, outgoing));
      server.listen(join(folder, "socket"));
      await once(server, "listening");
      ending.push(async () => {
        server.close();
        server.closeAllConnections();
        await rm(folder, { recursive: true, force: true });
      });
      return join(folder, "socket");
    },
  };
}

export interface Evidence {
  readonly type: string;
  readonly token: string;
  readonly [member: string]: string;
}

interface How {
  readonly cwd?: string;
  readonly input?: string;
  /** In a process of its own: Azure's library keeps what it once found out about its place. */
  readonly apart?: boolean;
}

function run(args: readonly string[], how: How): Promise<Ran> {
  return (how.apart === true ? svidmint : quickly)(["evidence", ...args], how);
}

/** `svidmint evidence …`, which must go well and print one line. */
export async function evidence(args: readonly string[], how: How = {}): Promise<Evidence> {
  const ran = await run(args, how);
  if (ran.code !== 0) throw new Error(`exit code ${ran.code}: ${ran.stderr}`);
  return JSON.parse(ran.stdout);
}

/** As `evidence`, where it cannot: what a person reads. */
export async function refusal(args: readonly string[], how: How = {}): Promise<Ran> {
  const ran = await run(args, how);
  if (ran.code === 0) throw new Error("there was evidence");
  if (ran.stdout !== "") throw new Error("a refusal printed something");
  return ran;
}

export const SOURCE_NAMES = Object.keys(SOURCES);
