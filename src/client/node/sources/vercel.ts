import { set, variableSource } from "./variable.ts";

/** @see https://vercel.com/docs/oidc */
export const source = variableSource({
  about:
    "The token of a Vercel build. Its audience is the team's URL: it names no key. A function of Vercel has it in the header x-vercel-oidc-token of each request instead: hand that to svidmint evidence oidc --token-file -.",
  variables: ["VERCEL_OIDC_TOKEN"],
  seen: (env) => set(env, "VERCEL"),
  fix: "turn on OIDC federation in the project's settings; in a function take the header x-vercel-oidc-token of the request",
});
