import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import * as z from "zod/mini";

const verdictSchema = z.object({
  ok: z.boolean(),
  error: z.optional(z.string()),
  sequence: z.int(),
  x509_authorities: z.int(),
  jwt_authorities: z.int(),
  sequences: z.array(z.int()),
  errors: z.int(),
});
type Verdict = z.infer<typeof verdictSchema>;

/** What a relying party is shown; nothing: what it holds. */
interface Shown {
  readonly chain?: string;
  readonly token?: string;
  readonly audience?: readonly string[];
}

export interface Watcher extends AsyncDisposable {
  ask(shown?: Shown): Promise<Verdict>;
}

/** `test/interop/go/watch-bundle`: go-spiffe watches the bundle, and judges by what it holds at that moment. */
export function startWatcher(program: string, trustDomain: string, url: string): Watcher {
  const args = ["-trust-domain", trustDomain, "-url", url, "-every", "500ms"];
  const command = process.platform === "linux" ? "setpriv" : program;
  const wrapped = command === program ? args : ["--pdeathsig", "SIGKILL", program, ...args];
  const child = spawn(command, wrapped, { stdio: ["pipe", "pipe", "inherit"] });
  const waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => waiting.shift()?.resolve(line));
  child.once("close", () => {
    for (const { reject } of waiting) reject(new Error("the watcher ended"));
  });
  return {
    ask(shown = {}) {
      const line = new Promise<string>((resolve, reject) => {
        waiting.push({ resolve, reject });
      });
      child.stdin.write(`${JSON.stringify(shown)}\n`);
      return line.then((text) => verdictSchema.parse(JSON.parse(text)));
    },
    async [Symbol.asyncDispose]() {
      const end = once(child, "close");
      child.stdin.end();
      await end;
    },
  };
}
