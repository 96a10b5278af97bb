import { outputOf } from "../run-program.ts";
import { tokenIn, tokenOfVariable } from "../token.ts";
import type { EvidenceSource } from "./source.ts";
import { set } from "./variable.ts";

const FIXED = "CIRCLE_OIDC_TOKEN_V2";

/** @see https://circleci.com/docs/guides/permissions-authentication/oidc-tokens-with-custom-claims/ */
export const source: EvidenceSource = {
  type: "oidc",
  about:
    "The ID token of a CircleCI job, made for S by circleci run oidc get. With --fixed the token that every job has, whose audience is the organization's id: it names no key.",
  audience: "key",
  options: {
    "root-issuer": { about: "by the issuer that all organizations have in common" },
    fixed: { about: `take ${FIXED} as it is` },
  },
  examples: [{ does: "without the circleci command", options: "--fixed" }],
  detect: (env) => set(env, "CIRCLECI"),
  async fetch({ env, audience, options }) {
    if (options["fixed"] !== undefined)
      return {
        token: tokenOfVariable(env, FIXED, "run this in a CircleCI job that uses a context"),
      };
    const common = options["root-issuer"] === undefined ? [] : ["--root-issuer"];
    const claims = JSON.stringify({ aud: await audience() });
    const printed = await outputOf(
      "circleci",
      ["run", "oidc", "get", "--claims", claims, ...common],
      "run this in a CircleCI job, or take the job's own token with --fixed",
    );
    return { token: tokenIn(printed.toString("utf8"), "the output of circleci") };
  },
};
