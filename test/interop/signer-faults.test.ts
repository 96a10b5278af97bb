import { describe } from "vitest";
import { signerFaults } from "../conformance/signer-faults.ts";
import { counterparts } from "./support/counterparts.ts";
import { simulatedAzure } from "./support/simulated-azure.ts";

const needs = counterparts();

describe.skipIf(needs.absent)(`svidmint serve, and Azure Key Vault${needs.note}`, () => {
  signerFaults(simulatedAzure(), { refused: 10_000 });
});
