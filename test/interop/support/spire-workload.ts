import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import * as z from "zod/mini";

const reportSchema = z.strictObject({
  dialled: z.int(),
  accepted: z.int(),
  failed: z.int(),
  errors: z.array(z.string()),
  ids: z.array(z.string()),
  authorities: z.array(z.string()),
});

type SpireReport = z.infer<typeof reportSchema>;

export interface SpireWorkload extends AsyncDisposable {
  readonly port: number;
  /** Ten times a second. */
  connect(port: number): void;
  report(): Promise<SpireReport>;
}

/** `test/interop/go/spire-workload`: go-spiffe by the Workload API of an agent. */
export async function startSpireWorkload(
  program: string,
  socket: string,
  peer: string,
): Promise<SpireWorkload> {
  const args = ["-workload-api", `unix://${socket}`, "-trust-domain", peer];
  const command = process.platform === "linux" ? "setpriv" : program;
  const wrapped = command === program ? args : ["--pdeathsig", "SIGKILL", program, ...args];
  const child = spawn(command, wrapped, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done === true) throw new Error("the workload ended");
    return line.value;
  };
  const [, port] = /:(\d+)$/u.exec(await next()) ?? [];
  return {
    port: Number(port),
    connect: (to) => void child.stdin.write(`127.0.0.1:${to}\n`),
    async report() {
      child.stdin.write("\n");
      return reportSchema.parse(JSON.parse(await next()));
    },
    async [Symbol.asyncDispose]() {
      const end = once(child, "close");
      child.stdin.end();
      await end;
    },
  };
}
