import { set, variableSource } from "./variable.ts";

/** @see https://docs.gitlab.com/ci/secrets/id_token_authentication/ */
export const source = variableSource({
  about:
    "The ID token of a GitLab CI job. The job's id_tokens: names the variable and states the audience, so that the token names no key: the rule takes binding audience.",
  variables: ["SVIDMINT_ID_TOKEN"],
  seen: (env) => set(env, "GITLAB_CI"),
  fix: "give the job id_tokens: { SVIDMINT_ID_TOKEN: { aud: <issuer URL> } }, or name the variable with --variable",
});
