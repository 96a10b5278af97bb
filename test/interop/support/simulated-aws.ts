import { createHash } from "node:crypto";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { failure, FakeKms, KMS_VARIABLES, type KmsAnswer } from "../../fakes/aws-kms.ts";
import { FOREIGN, UNSOUND } from "../../fakes/aws-kms-faults.ts";
import type { Lie, SimulatedService } from "./fault-world.ts";
import { simulatedKeys } from "./simulated-keys.ts";

/** AWS KMS. */
export function simulatedAws(): SimulatedService {
  const kms = new FakeKms(nodePlatform());
  return {
    backend: "aws_kms",
    handle: kms.handle,
    signs: () => true,
    keys: () => simulatedKeys((name, key) => kms.add(name, key)),
    variables: (url) => ({ ...KMS_VARIABLES, AWS_ENDPOINT_URL_KMS: url }),
    signed: () =>
      kms.signed.map(({ message }) => createHash("sha256").update(message).digest("hex")),
    refusals: {
      "access denied": () => failure("AccessDeniedException"),
      "a disabled key": () => failure("DisabledException"),
      throttling: () => failure("ThrottlingException"),
      "a fault of its own": () => failure("KMSInternalException", 500),
    },
    lies: Object.fromEntries(
      Object.entries({ ...FOREIGN, ...UNSOUND }).map(([name, fault]): [string, Lie] => [
        name,
        (answer) => fault(answer as unknown as KmsAnswer),
      ]),
    ),
  };
}
