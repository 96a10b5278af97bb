import { ec2Metadata, seeEc2 } from "../ec2-metadata.ts";
import type { EvidenceSource } from "./source.ts";

/** @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-identity-documents.html */
export const source: EvidenceSource = {
  type: "aws_iid",
  about:
    "The identity document of an EC2 instance, from its metadata service (version 2). It names no key: the first key that uses it owns it.",
  audience: "fixed",
  probe: async (env) =>
    (await seeEc2(env)) === undefined
      ? undefined
      : "the EC2 metadata service answers, and gives no role",
  async fetch({ env }) {
    const metadata = await ec2Metadata(env);
    const rsa2048 = await metadata.get(
      "dynamic/instance-identity/rsa2048",
      "this metadata service gives out no signed identity document",
    );
    return { rsa2048: rsa2048.trim() };
  },
};
