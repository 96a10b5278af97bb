import { obtain } from "../ask.ts";
import { SourceError } from "../source-error.ts";
import { memberOf, tokenIn } from "../token.ts";
import type { EvidenceSource } from "./source.ts";
import { set } from "./variable.ts";

const ADDRESS = "SYSTEM_OIDCREQUESTURI";
const SECRET = "SYSTEM_ACCESSTOKEN";

/** @see https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create */
export const source: EvidenceSource = {
  type: "oidc",
  about:
    "The ID token of an Azure Pipelines job itself, not of a service connection. Its audience is always api://AzureADTokenExchange: it names no key. The step must map SYSTEM_ACCESSTOKEN: $(System.AccessToken).",
  audience: "fixed",
  detect: (env) => set(env, ADDRESS, "TF_BUILD"),
  async fetch({ env }) {
    const address = env[ADDRESS];
    const secret = env[SECRET];
    if (address === undefined)
      throw new SourceError(`${ADDRESS} is not set: run this in an Azure Pipelines job`);
    if (secret === undefined)
      throw new SourceError(
        `${SECRET} is not set: write env: { ${SECRET}: $(System.AccessToken) } into the step`,
      );
    if (!URL.canParse(address)) throw new SourceError(`${ADDRESS} is not a URL`);
    const url = new URL(address);
    url.searchParams.set("api-version", "7.1");
    const answer = await obtain(
      {
        url: url.href,
        method: "POST",
        headers: {
          authorization: `Bearer ${secret}`,
          "content-type": "application/json",
          // Else a token that is not taken any more is answered with the page to sign in.
          "x-tfs-fedauthredirect": "Suppress",
        },
        body: "",
      },
      () => "the job's access token must be its own and of this run",
    );
    return {
      token: tokenIn(memberOf(answer, "oidcToken", "Azure DevOps"), "Azure DevOps's answer"),
    };
  },
};
