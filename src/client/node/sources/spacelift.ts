import { set, variableSource } from "./variable.ts";

/** @see https://docs.spacelift.io/integrations/cloud-providers/oidc */
export const source = variableSource({
  about:
    "The token of a Spacelift run. Its audience is the account's host name: it names no key. On paid accounts it is there in every run.",
  variables: ["SPACELIFT_OIDC_TOKEN"],
  seen: (env) => set(env, "TF_VAR_spacelift_run_id"),
  fix: "it is there only in runs of paid accounts; a copy lies in /mnt/workspace/spacelift.oidc (svidmint evidence oidc --token-file)",
});
