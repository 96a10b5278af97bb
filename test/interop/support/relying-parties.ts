import { dirname, join } from "node:path";
import * as z from "zod/mini";
import { runChecked } from "../../../scripts/interop/processes.ts";
import { moduleRoot } from "../../../scripts/interop/programs.ts";
import type { BundleDocument } from "./svids.ts";

/** What the programs of `test/interop/{python,rust,java}` that verify SVIDs are asked. */
export type Question = { readonly trust_domain: string; readonly bundle: BundleDocument } & (
  | { readonly op: "bundle" }
  | { readonly op: "x509"; readonly chain: string; readonly key: string }
  | { readonly op: "jwt"; readonly token: string; readonly audience: string }
);

const verdictSchema = z.strictObject({
  ok: z.boolean(),
  error: z.optional(z.string()),
  spiffe_id: z.optional(z.string()),
  x509_authorities: z.optional(z.int()),
  jwt_authorities: z.optional(z.int()),
});

export type Verdict = z.infer<typeof verdictSchema>;

/** Each by the path of its installed program. */
const COMMANDS = {
  "python-spiffe": (python: string) => [python, join(moduleRoot, "python/verify_spiffe.py")],
  "rust-spiffe": (program: string) => [program],
  "java-spiffe": (jar: string) => [
    "java",
    "-cp",
    join(dirname(jar), "*"),
    join(moduleRoot, "java/VerifySvid.java"),
  ],
} as const;

export type RelyingParty = keyof typeof COMMANDS;

/** Verdicts in the order of the questions. */
export async function askRelyingParty(
  name: RelyingParty,
  path: string,
  questions: readonly Question[],
): Promise<Verdict[]> {
  const [command = "", ...args] = COMMANDS[name](path);
  const input = questions.map((question) => `${JSON.stringify(question)}\n`).join("");
  const printed = await runChecked(command, args, { input, deadlineMs: 110_000 });
  const lines = printed.split("\n").filter((line) => line !== "");
  if (lines.length !== questions.length) throw new Error("a question was not answered");
  return lines.map((line) => verdictSchema.parse(JSON.parse(line)));
}
