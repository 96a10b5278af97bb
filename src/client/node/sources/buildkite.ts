import { outputOf } from "../run-program.ts";
import { tokenIn } from "../token.ts";
import type { EvidenceSource } from "./source.ts";
import { set } from "./variable.ts";

/** Names can be given to another; a token has these only where they are asked for. */
const IDS = ["--claim", "organization_id", "--claim", "pipeline_id"];

/** @see https://buildkite.com/docs/agent/cli/reference/oidc */
export const source: EvidenceSource = {
  type: "oidc",
  about:
    "The ID token of a Buildkite job, made for S by buildkite-agent oidc request-token, with the ids of organization and pipeline beside their names.",
  audience: "key",
  detect: (env) => set(env, "BUILDKITE"),
  async fetch({ audience }) {
    const printed = await outputOf(
      "buildkite-agent",
      ["oidc", "request-token", "--audience", await audience(), ...IDS],
      "run this in a Buildkite job, where the agent is on the PATH (mount it into a container)",
    );
    return { token: tokenIn(printed.toString("utf8"), "buildkite-agent's output") };
  },
};
