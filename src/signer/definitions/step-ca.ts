import * as z from "zod/mini";
import type { BackendDefinition } from "../definition.ts";
import { privateKey } from "./fields.ts";

const ADDRESS = /^https:\/\/(?:[A-Za-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?\/?$/;

export const stepCa: BackendDefinition = {
  backend: "step_ca",
  x509: ["upstream"],
  token: [],
  settings: () => ({
    ca: z
      .string()
      .check(z.regex(ADDRESS, "expected the address of a step-ca, such as https://ca.example.org")),
    provisioner: z.string().check(z.minLength(1), z.maxLength(256)),
    kid: z.optional(z.string().check(z.minLength(1), z.maxLength(256))),
    private_key: privateKey(),
  }),
};
