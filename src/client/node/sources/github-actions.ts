import { obtain } from "../ask.ts";
import { SourceError } from "../source-error.ts";
import { memberOf, tokenIn } from "../token.ts";
import type { EvidenceSource } from "./source.ts";
import { set } from "./variable.ts";

const ADDRESS = "ACTIONS_ID_TOKEN_REQUEST_URL";
const SECRET = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
const PERMISSION =
  "write permissions: { id-token: write } into the workflow or job; jobs of forks never get it";

/** @see https://docs.github.com/actions/reference/security/oidc#methods-for-requesting-the-oidc-token */
export const source: EvidenceSource = {
  type: "oidc",
  about:
    "The ID token of a GitHub Actions job, made for S. The job needs permissions: { id-token: write }.",
  audience: "key",
  detect: (env) => set(env, ADDRESS, "GITHUB_ACTIONS"),
  async fetch({ env, audience }) {
    const address = env[ADDRESS];
    const secret = env[SECRET];
    if (address === undefined || secret === undefined)
      throw new SourceError(`${ADDRESS} and ${SECRET} are not set: ${PERMISSION}`);
    if (!URL.canParse(address)) throw new SourceError(`${ADDRESS} is not a URL`);
    const url = new URL(address);
    url.searchParams.set("audience", await audience());
    const answer = await obtain(
      {
        url: url.href,
        headers: { authorization: `bearer ${secret}`, accept: "application/json" },
      },
      (status) =>
        status === 401 || status === 403
          ? "its token serves only while the job runs"
          : "try again; githubstatus.com tells of outages",
    );
    return { token: tokenIn(memberOf(answer, "value", "GitHub"), "GitHub's answer") };
  },
};
