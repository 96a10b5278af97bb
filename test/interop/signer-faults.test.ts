import { describe } from "vitest";
import { signerFaults } from "../conformance/signer-faults.ts";
import { counterparts } from "./support/counterparts.ts";
import { simulatedAws } from "./support/simulated-aws.ts";
import { simulatedAzure } from "./support/simulated-azure.ts";
import { simulatedGcp } from "./support/simulated-gcp.ts";

const needs = counterparts();

describe.skipIf(needs.absent)(`svidmint serve, and a simulated key service${needs.note}`, () => {
  describe("Azure Key Vault", () => {
    signerFaults(simulatedAzure(), { refused: 10_000 });
  });
  // That it is refused before a key service is asked has nothing to do with which one it is.
  describe("AWS KMS", () => {
    signerFaults(simulatedAws(), { refused: 1000 });
  });
  describe("Google Cloud KMS", () => {
    signerFaults(simulatedGcp(), { refused: 1000 });
  });
});
