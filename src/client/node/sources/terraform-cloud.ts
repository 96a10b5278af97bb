import { set, variableSource } from "./variable.ts";

/** @see https://developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/manual-generation */
export const source = variableSource({
  about:
    "The workload identity token of an HCP Terraform run. A variable of the workspace states its audience, so that it names no key.",
  variables: ["TFC_WORKLOAD_IDENTITY_TOKEN_SVIDMINT", "TFC_WORKLOAD_IDENTITY_TOKEN"],
  seen: (env) => set(env, "TFC_RUN_ID"),
  fix: "set TFC_WORKLOAD_IDENTITY_AUDIENCE_SVIDMINT to the issuer URL as an environment variable of the workspace",
});
