import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod/mini";
import { freePort } from "../free-port.ts";
import { accepts, runChecked, type Server, startServer } from "./processes.ts";

/** The longest that it may live. Milliseconds. */
const DEADLINE_MS = 10 * 60_000;

/** A Vault of one node on loopback, with its storage in a folder: what it holds outlives a `kill -9`. */
export interface Vault extends AsyncDisposable {
  /** For those who set it up. */
  readonly url: string;
  /** For its users. */
  readonly secureUrl: string;
  /** PEM of who signed the certificate of `secureUrl`. */
  readonly ca: string;
  readonly rootToken: string;
  /** @returns the answer's JSON, `{}` where it has none. @throws where the status is none of success */
  call(method: string, path: string, body?: object, token?: string): Promise<unknown>;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** After `kill`: at the same addresses. */
  start(): Promise<void>;
  seal(): Promise<void>;
  unseal(): Promise<void>;
}

const initialised = z.object({ keys_base64: z.array(z.string()), root_token: z.string() });

/** Initialised and unsealed, by one key. @param program the path of Vault */
export async function startVault(program: string): Promise<Vault> {
  const folder = mkdtempSync(join(tmpdir(), "vault-"));
  const [port, securePort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const ca = await makeCertificate(folder);
  const config = join(folder, "vault.json");
  writeFileSync(config, JSON.stringify(configuration(folder, port, securePort)));
  const launch = (): Promise<Server> =>
    startServer(program, ["server", `-config=${config}`], {
      cwd: folder,
      deadlineMs: DEADLINE_MS,
      readyMs: 60_000,
      ready: () => accepts(port),
    });

  let server = await launch();
  let rootToken = "";
  const call: Vault["call"] = async (method, path, body, token = rootToken) => {
    const answer = await fetch(`${url}/v1/${path}`, {
      method,
      headers: { "x-vault-token": token, "x-vault-request": "true" },
      signal: AbortSignal.timeout(20_000),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: status ${answer.status} ${text}`);
    return text === "" ? {} : JSON.parse(text);
  };
  const parts = { secret_shares: 1, secret_threshold: 1 };
  const keys = initialised.parse(await call("PUT", "sys/init", parts));
  rootToken = keys.root_token;
  const unseal = async (): Promise<void> => {
    await call("PUT", "sys/unseal", { key: keys.keys_base64[0] });
  };
  await unseal();
  return {
    url,
    secureUrl: `https://127.0.0.1:${securePort}`,
    ca,
    rootToken,
    call,
    async kill() {
      process.kill(server.pid, "SIGKILL");
      await server.stop();
    },
    async start() {
      server = await launch();
      await unseal();
    },
    async seal() {
      await call("PUT", "sys/seal");
    },
    unseal,
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration(folder: string, port: number, securePort: number): object {
  const address = (of: number) => ({ address: `127.0.0.1:${of}` });
  return {
    storage: { file: { path: join(folder, "data") } },
    listener: [
      { tcp: { ...address(port), tls_disable: true } },
      {
        tcp: {
          ...address(securePort),
          tls_cert_file: join(folder, "cert.pem"),
          tls_key_file: join(folder, "key.pem"),
        },
      },
    ],
    api_addr: `http://127.0.0.1:${port}`,
    disable_mlock: true,
    log_level: "error",
  };
}

/** For loopback, signed by itself. */
async function makeCertificate(folder: string): Promise<string> {
  const request =
    "req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout key.pem -out cert.pem -days 2";
  const args = [...request.split(" "), "-subj", "/CN=vault", "-config", "/dev/null"];
  const names = ["-addext", "subjectAltName=IP:127.0.0.1"];
  await runChecked("openssl", [...args, ...names], { cwd: folder, deadlineMs: 60_000 });
  return readFileSync(join(folder, "cert.pem"), "utf8");
}
