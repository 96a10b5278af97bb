import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod/mini";
import { freePort } from "../free-port.ts";
import { answers, startServer } from "./processes.ts";

/** The longest that it may live. Milliseconds. */
const DEADLINE_MS = 20 * 60_000;
const ADMIN = { username: "admin", password: "loopback-only" };

/** A Keycloak with its data in memory, which authenticates clients by JWT-SVIDs. */
export interface Keycloak extends AsyncDisposable {
  readonly url: string;
  /** Of the administrator `admin`. */
  readonly password: string;
  /** Its administrators' REST interface. @throws where the status is none of success */
  admin(method: string, path: string, body?: object): Promise<void>;
}

const tokenSchema = z.object({ access_token: z.string() });

/** @param program the path of `kc.sh` */
export async function startKeycloak(program: string): Promise<Keycloak> {
  const folder = mkdtempSync(join(tmpdir(), "keycloak-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const features = "--features=spiffe,client-auth-federated";
  const args = ["start-dev", `--http-port=${port}`, "--http-host=127.0.0.1", "--db=dev-mem"];
  const server = await startServer(program, [...args, "--cache=local", features], {
    cwd: folder,
    folder,
    env: {
      JAVA: javaThatDiesWithUs(folder),
      JAVA_OPTS_KC_HEAP: "-Xms256m -Xmx768m",
      JAVA_OPTS_APPEND: "-XX:TieredStopAtLevel=1", // it lives for a minute
      KC_BOOTSTRAP_ADMIN_USERNAME: ADMIN.username,
      KC_BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password,
    },
    deadlineMs: DEADLINE_MS,
    readyMs: 420_000, // it creates its whole database first,
    ready: () => answers(`${url}/realms/master`),
  });

  const admin: Keycloak["admin"] = async (method, path, body) => {
    const form = { grant_type: "password", client_id: "admin-cli", ...ADMIN };
    const signedIn = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
      method: "POST",
      body: new URLSearchParams(form),
    });
    const { access_token: token } = tokenSchema.parse(await signedIn.json());
    const answer = await fetch(`${url}/admin/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      signal: AbortSignal.timeout(20_000),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok)
      throw new Error(`${method} ${path}: status ${answer.status} ${await answer.text()}`);
  };
  return { url, password: ADMIN.password, admin, [Symbol.asyncDispose]: server.stop };
}

/** `kc.sh` has Java as its child, which would outlive a `kc.sh` that is killed. */
function javaThatDiesWithUs(folder: string): string {
  const path = join(folder, "java");
  const wrapped = process.platform === "linux" ? "setpriv --pdeathsig SIGKILL java" : "java";
  writeFileSync(path, `#!/bin/sh\nexec ${wrapped} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}
