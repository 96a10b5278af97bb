import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import * as z from "zod/mini";

const answerSchema = z.object({
  ok: z.boolean(),
  error: z.optional(z.string()),
  url: z.optional(z.string()),
  bundle: z.optional(z.unknown()),
  sequence: z.int(),
  x509_authorities: z.int(),
});
type Answer = z.infer<typeof answerSchema>;

type Asked =
  | { readonly op: "publish" | "use" | "retire" }
  | {
      readonly op: "fetch";
      readonly trust_domain: string;
      readonly url: string;
      readonly endpoint_id: string;
      /** To verify the endpoint with; else the one that was fetched last. */
      readonly bundle?: unknown;
    };

export interface GoFederation extends AsyncDisposable {
  readonly trustDomain: string;
  readonly endpointId: string;
  readonly url: string;
  /** The first one, as a document. */
  readonly bundle: string;
  ask(asked: Asked): Promise<Answer>;
}

/** `test/interop/go/federate-spiffe`: a trust domain by go-spiffe, whose hint is 10 s. */
export async function startGoFederation(program: string): Promise<GoFederation> {
  const linux = process.platform === "linux";
  const child = spawn(
    linux ? "setpriv" : program,
    linux ? ["--pdeathsig", "SIGKILL", program] : [],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  const next = (): Promise<Answer> =>
    new Promise<string>((resolve, reject) => {
      waiting.push({ resolve, reject });
    }).then((line) => answerSchema.parse(JSON.parse(line)));
  const began = next();
  createInterface({ input: child.stdout }).on("line", (line) => waiting.shift()?.resolve(line));
  child.once("close", () => {
    for (const { reject } of waiting) reject(new Error("the trust domain ended"));
  });
  const { url = "", bundle } = await began;
  return {
    trustDomain: "partner.example",
    endpointId: "spiffe://partner.example/endpoint",
    url,
    bundle: JSON.stringify(bundle),
    ask(asked) {
      const answer = next();
      child.stdin.write(`${JSON.stringify(asked)}\n`);
      return answer;
    },
    async [Symbol.asyncDispose]() {
      const end = once(child, "close");
      child.stdin.end();
      await end;
    },
  };
}
