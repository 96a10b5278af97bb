import * as z from "zod/mini";
import type { BackendDefinition } from "../definition.ts";
import { privateKey } from "./fields.ts";

export const caFiles: BackendDefinition = {
  backend: "ca_files",
  x509: ["upstream"],
  token: [],
  settings: () => ({
    ca: z.string().check(z.regex(/^(?:file|data):./, "must be file:… or data:…")),
    private_key: privateKey(),
  }),
};
