import * as z from "zod/mini";
import { runChecked } from "../../../scripts/interop/processes.ts";

/** One operation of `test/interop/go/verify-svid`; its members are explained there. */
export interface GoSpiffeRequest {
  readonly op: "fetch_bundle" | "parse_bundle" | "x509" | "jwt";
  readonly trust_domain: string;
  readonly bundle?: unknown;
  readonly url?: string;
  readonly chain?: string;
  readonly key?: string;
  readonly token?: string;
  readonly audience?: readonly string[];
  readonly at?: number;
}

const verdictSchema = z.strictObject({
  id: z.string(),
  ok: z.boolean(),
  error: z.optional(z.string()),
  spiffe_id: z.optional(z.string()),
  chain_length: z.optional(z.int()),
  audience: z.optional(z.array(z.string())),
  expires_at: z.optional(z.int()),
  x509_authorities: z.optional(z.int()),
  jwt_authorities: z.optional(z.array(z.string())),
  sequence: z.optional(z.int()),
  refresh_hint: z.optional(z.int()),
});

export type GoSpiffeVerdict = z.infer<typeof verdictSchema>;

/** What go-spiffe says about each request, in their order. */
export async function askGoSpiffe(
  program: string,
  requests: readonly GoSpiffeRequest[],
): Promise<GoSpiffeVerdict[]> {
  const input = requests.map((request) => `${JSON.stringify(request)}\n`).join("");
  const printed = await runChecked(program, [], { input, deadlineMs: 60_000 });
  const lines = printed.split("\n").filter((line) => line !== "");
  if (lines.length !== requests.length) throw new Error("a request was not answered");
  return lines.map((line) => verdictSchema.parse(JSON.parse(line)));
}
