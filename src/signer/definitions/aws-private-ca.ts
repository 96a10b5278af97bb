import * as z from "zod/mini";
import type { BackendDefinition } from "../definition.ts";
import { byRegion } from "./fields.ts";

const CA_ARN =
  /^arn:aws(?:-cn|-us-gov)?:acm-pca:[a-z]{2}(?:-[a-z]+)+-\d{1,2}:\d{12}:certificate-authority\/[A-Za-z0-9-]{1,64}$/;
/** What the service names so, and verifiers know. */
const ALGORITHMS = [
  "SHA256WITHECDSA",
  "SHA384WITHECDSA",
  "SHA512WITHECDSA",
  "SHA256WITHRSA",
  "SHA384WITHRSA",
  "SHA512WITHRSA",
  "SHA256WITHRSA_PSS",
  "SHA384WITHRSA_PSS",
  "SHA512WITHRSA_PSS",
];

export const awsPrivateCa: BackendDefinition = {
  backend: "aws_private_ca",
  x509: ["upstream"],
  token: [],
  settings: () => ({
    ca: byRegion(
      z
        .string()
        .check(
          z.regex(CA_ARN, "expected the ARN of a CA (arn:aws:acm-pca:…:certificate-authority/…)"),
        ),
    ),
    signing_algorithm: z.enum(ALGORITHMS),
  }),
};
