import { signPop } from "../../pop.ts";
import { ask, METADATA_MS, obtain } from "../ask.ts";
import { privateKeyIn } from "../private-key.ts";
import type { Environment, EvidenceSource } from "./source.ts";

const HEADERS = { authorization: "Bearer Oracle" };

/** `OCI_METADATA_BASE_URL` means what it means to Oracle's own libraries. */
function base(env: Environment): string {
  const url = env["OCI_METADATA_BASE_URL"] ?? "http://169.254.169.254/opc/v2";
  return url.replace(/\/+$/, "");
}

/** @see https://docs.oracle.com/en-us/iaas/Content/Compute/Tasks/gettingmetadata.htm */
export const source: EvidenceSource = {
  type: "oci_instance",
  about:
    "The certificate of an Oracle Cloud instance, from its metadata service (version 2), with a proof by its key that it wants an SVID for S. Good for a minute: fetch it anew for each request.",
  audience: "key",
  async probe(env) {
    const answer = await ask({
      url: `${base(env)}/instance/id`,
      headers: HEADERS,
      timeoutMs: METADATA_MS,
    });
    return typeof answer !== "string" && answer.status === 200 && answer.text.startsWith("ocid1.")
      ? "Oracle's metadata service answers"
      : undefined;
  },
  async fetch({ env, audience, platform }) {
    const get = (name: string) =>
      obtain(
        { url: `${base(env)}/identity/${name}`, headers: HEADERS, timeoutMs: METADATA_MS },
        () => "run this on an instance of Oracle Cloud whose metadata service is in reach",
      );
    const [certificate, intermediate, pem] = await Promise.all(
      ["cert.pem", "intermediate.pem", "key.pem"].map(get),
    );
    const key = await privateKeyIn(platform, pem ?? "", "the instance's key");
    return {
      certificate: (certificate ?? "").trim(),
      intermediate: (intermediate ?? "").trim(),
      proof: await signPop(platform, key, await audience()),
    };
  },
};
