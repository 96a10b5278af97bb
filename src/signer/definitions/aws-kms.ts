import * as z from "zod/mini";
import type { BackendDefinition } from "../definition.ts";
import { byRegion } from "./fields.ts";

/** Of one key: an alias may be pointed at another. */
const AWS_KEY =
  /^arn:aws(?:-cn|-us-gov)?:kms:[a-z]{2}(?:-[a-z]+)+-\d{1,2}:\d{12}:key\/[A-Za-z0-9-]{1,64}$/;

export const awsKms: BackendDefinition = {
  backend: "aws_kms",
  x509: ["direct", "delegated"],
  token: ["direct", "wrapped"],
  settings: () => ({
    key: byRegion(
      z
        .string()
        .check(
          z.regex(AWS_KEY, "expected the ARN of a key (arn:aws:kms:…:key/…), not of an alias"),
        ),
    ),
  }),
};
