import { OptionError } from "../source-error.ts";
import { text as standardInput } from "node:stream/consumers";
import { tokenIn, tokenOfFile, tokenOfVariable } from "../token.ts";
import type { EvidenceSource } from "./source.ts";

/** Wherever a token comes from that no other source knows. */
export const source: EvidenceSource = {
  type: "oidc",
  about:
    "A token of any configured OpenID Connect issuer, out of a file or an environment variable: whatever made it, and whatever audience it was made for.",
  audience: "fixed",
  options: {
    "token-file": { value: "FILE", about: "file with the token; - for standard input" },
    variable: { value: "NAME", about: "environment variable with the token" },
  },
  needs: "--token-file token.jwt",
  async fetch({ env, options }) {
    const { variable, "token-file": file } = options;
    if ((variable === undefined) === (file === undefined))
      throw new OptionError("give one of --token-file and --variable");
    const token =
      variable !== undefined
        ? tokenOfVariable(env, variable, "name the variable that holds the token")
        : file === "-"
          ? tokenIn(await standardInput(process.stdin), "standard input")
          : await tokenOfFile(file ?? "", "name the file that holds the token");
    return { token };
  },
};
