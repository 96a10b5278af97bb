import { set, variableSource } from "./variable.ts";

/** @see https://support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc/ */
export const source = variableSource({
  about:
    "The token of a Bitbucket Pipelines step with oidc: true. Its audience is the workspace's, or what the step states: it names no key.",
  variables: ["BITBUCKET_STEP_OIDC_TOKEN"],
  seen: (env) => set(env, "BITBUCKET_BUILD_NUMBER"),
  fix: "write oidc: true into the step",
});
