import { fork, type ChildProcess } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { SignerError } from "../../signer.ts";
import { PROVIDER } from "./cryptoki.ts";
import type { Answer, Asked, TokenRequest } from "./messages.ts";
import type { TokenFault } from "./refusal.ts";
import { MOST_SESSIONS } from "./sessions.ts";

/** To start, to load the module, and to log in. */
const START_MS = 10_000;
/** No answer to any of the calls that wait: the module hangs, and its process is ended. */
const SILENT_MS = 3000;
const STOP_MS = 2000;
/** Beside the file of this one, in whatever form that is. */
const entry = fileURLToPath(
  new URL(`./pkcs11-process${extname(import.meta.url)}`, import.meta.url),
);

export interface ModuleProcessOptions {
  /** In place of pkcs11js. */
  readonly provider?: string;
  readonly startMs?: number;
  readonly silentMs?: number;
}

interface Waiting {
  readonly pin: string;
  resolve(output: Uint8Array): void;
  reject(fault: TokenFault): void;
}

interface Running {
  readonly child: ChildProcess;
  readonly waiting: Map<number, Waiting>;
  watch: ReturnType<typeof setTimeout> | null;
  answered: boolean;
}

/** A PKCS#11 module in a process of its own, which is started when it is asked, and again after it broke. */
export class ModuleProcess {
  readonly #module: string;
  readonly #options: Required<ModuleProcessOptions>;
  #running: Running | undefined;
  #id = 0;
  /** Of tokens that refused their PIN: whatever becomes of the process, it is not tried again. */
  readonly #refused = new Map<string, TokenFault>();

  constructor(module: string, options: ModuleProcessOptions = {}) {
    this.#module = module;
    this.#options = { provider: PROVIDER, startMs: START_MS, silentMs: SILENT_MS, ...options };
  }

  /** Waits as long as it takes: the caller's time is the caller's. @param id of the key, for messages */
  async ask(id: string, request: TokenRequest): Promise<Uint8Array> {
    const pin = JSON.stringify([request.token, request.pin]);
    const refused = this.#refused.get(pin);
    if (refused !== undefined) throw errorOf(id, refused);
    const running = (this.#running ??= this.#start());
    const asked: Asked = { ...request, id: this.#id++ };
    return new Promise((resolve, reject) => {
      running.waiting.set(asked.id, { pin, resolve, reject: (f) => reject(errorOf(id, f)) });
      if (running.watch === null) this.#watch(running);
      // An end of the process is told by its event.
      running.child.send(asked, () => undefined);
    });
  }

  /** Whoever still waits is refused. It may be asked again. */
  async close(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    const { child } = running;
    child.ref();
    const ended = new Promise((resolve) => {
      child.once("exit", resolve);
    });
    this.#end(running, { code: "unavailable", message: "the issuer stops" });
    await ended;
  }

  #start(): Running {
    const child = fork(entry, [this.#module, this.#options.provider], {
      execArgv: [],
      serialization: "advanced",
      env: { ...process.env, UV_THREADPOOL_SIZE: String(MOST_SESSIONS) },
      // Standard output is the audit log's: what a module prints goes to the other one.
      stdio: ["ignore", 2, 2, "ipc"],
    });
    const running: Running = { child, waiting: new Map(), watch: null, answered: false };
    child.on("message", (answer: Answer) => this.#answer(running, answer));
    const gone = (): void =>
      this.#end(running, { code: "unavailable", message: "the process of its module ended" });
    child.once("exit", gone);
    child.once("error", gone);
    // Who only waits for the process to be asked again need not live for it.
    child.unref();
    child.channel?.unref();
    return running;
  }

  #answer(running: Running, answer: Answer): void {
    const waiting = running.waiting.get(answer.id);
    running.waiting.delete(answer.id);
    running.answered = true;
    this.#watch(running);
    if ("output" in answer) {
      waiting?.resolve(answer.output);
      return;
    }
    const { fault } = answer;
    if (fault.ends === "pin" && waiting) this.#refused.set(waiting.pin, fault);
    waiting?.reject(fault);
    if (fault.ends === "process") this.#end(running, fault);
  }

  /** Until the next answer. */
  #watch(running: Running): void {
    if (running.watch !== null) clearTimeout(running.watch);
    running.watch = null;
    if (running.waiting.size === 0) return;
    const { startMs, silentMs } = this.#options;
    running.watch = setTimeout(
      () => {
        running.child.kill("SIGKILL");
        this.#end(running, { code: "timeout", message: "its module hangs" });
      },
      running.answered ? silentMs : startMs,
    );
    running.watch.unref();
  }

  /** Who waits is told; the process closes its sessions and the module, if it can. */
  #end(running: Running, fault: TokenFault): void {
    if (this.#running === running) this.#running = undefined;
    if (running.watch !== null) clearTimeout(running.watch);
    for (const waiting of running.waiting.values()) waiting.reject(fault);
    running.waiting.clear();
    const { child } = running;
    if (!child.connected) return;
    child.disconnect();
    const kill = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    child.once("exit", () => clearTimeout(kill));
    kill.unref();
  }
}

function errorOf(id: string, { code, message }: TokenFault): SignerError {
  return new SignerError(code, `the token gives nothing for ${id}: ${message}`);
}
