import { tokenOfVariable } from "../token.ts";
import type { Environment, EvidenceSource } from "./source.ts";

interface VariableSource {
  /** What the place is called, and how it comes to set the variable. */
  readonly about: string;
  /** Where the token lies, the first that is set. */
  readonly variables: readonly string[];
  /** What shows that this is the place, be there a token or not. */
  readonly seen: (env: Environment) => string | undefined;
  /** How to have the variable set. */
  readonly fix: string;
}

/** A token that was made before the job began, for an audience that its configuration states. */
export function variableSource({ about, variables, seen, fix }: VariableSource): EvidenceSource {
  const [first = ""] = variables;
  return {
    type: "oidc",
    about,
    audience: "fixed",
    options: {
      variable: { value: "NAME", about: `environment variable with the token [default: ${first}]` },
    },
    examples: [{ does: "from a variable of another name", options: "--variable OTHER_ID_TOKEN" }],
    detect: (env) => set(env, ...variables) ?? seen(env),
    async fetch({ env, options }) {
      const name = options["variable"] ?? variables.find((one) => set(env, one)) ?? first;
      return { token: tokenOfVariable(env, name, fix) };
    },
  };
}

/** The first of these that is set, as `detect` says it. */
export function set(env: Environment, ...names: readonly string[]): string | undefined {
  const name = names.find((one) => (env[one] ?? "") !== "");
  return name === undefined ? undefined : `${name} is set`;
}
