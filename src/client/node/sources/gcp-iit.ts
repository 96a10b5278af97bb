import { ask, METADATA_MS, obtain } from "../ask.ts";
import { tokenIn } from "../token.ts";
import type { Environment, EvidenceSource } from "./source.ts";
import { set } from "./variable.ts";

const HEADERS = { "metadata-flavor": "Google" };
/** The service may have to ask Google for the token first. */
const TOKEN_MS = 5_000;

/** `GCE_METADATA_HOST` means what it means to Google's own libraries: a host, with or without its port. */
function base(env: Environment): string {
  return `http://${env["GCE_METADATA_HOST"] ?? env["GCE_METADATA_IP"] ?? "metadata.google.internal"}`;
}

/** @see https://cloud.google.com/compute/docs/instances/verifying-instance-identity */
export const source: EvidenceSource = {
  type: "gcp_iit",
  about:
    "An identity token of Google for S, from the metadata server: Compute Engine, Cloud Run, Functions, App Engine, GKE with Workload Identity.",
  audience: "key",
  options: {
    account: {
      value: "EMAIL",
      about: "another service account of this machine [default: its default one]",
    },
    licenses: { about: "with the licences of the machine's image, for license_id" },
  },
  examples: [{ does: "with the licences of the machine's image", options: "--licenses" }],
  detect: (env) => set(env, "K_SERVICE", "CLOUD_RUN_JOB", "FUNCTION_TARGET", "GAE_SERVICE"),
  async probe(env) {
    const answer = await ask({ url: `${base(env)}/`, headers: HEADERS, timeoutMs: METADATA_MS });
    return typeof answer !== "string" && answer.status === 200
      ? "Google's metadata server answers"
      : undefined;
  },
  async fetch({ env, audience, options }) {
    const query = new URLSearchParams({ audience: await audience(), format: "full" });
    if (options["licenses"] !== undefined) query.set("licenses", "TRUE");
    const account = encodeURIComponent(options["account"] ?? "default").replaceAll("%40", "@");
    const answer = await obtain(
      {
        url: `${base(env)}/computeMetadata/v1/instance/service-accounts/${account}/identity?${query}`,
        headers: HEADERS,
        timeoutMs: TOKEN_MS,
      },
      (status) =>
        status === 404
          ? "this machine has no such service account: give it one, or name another with --account"
          : "run this on Google Cloud; on GKE the node pool needs the GKE metadata server (Workload Identity)",
    );
    return { token: tokenIn(answer, "the metadata server's answer") };
  },
};
