import { describe, expect, it } from "vitest";
import type { AttestorDefinition } from "../../../src/attestors/attestor.ts";
import { azureMaa } from "../../../src/attestors/azure/maa.ts";
import { gcpConfidentialSpace } from "../../../src/attestors/gcp/confidential-space.ts";
import type { Reason } from "../../../src/reasons.ts";
import { accepted, judge, outcome, sample } from "../../conformance/attestor.ts";
import { base64url, dataUrl, fromBase64url } from "../../fakes/token-issuer.ts";
import { build } from "./support.ts";

/** Attestation tokens that Google and Microsoft signed. They lie beside the project and are never part of it. */
const files = import.meta.glob<string>(
  "../../../../shared/vectors/{gcp-confidential-space,azure-maa}/*.{jwt,json}",
  { query: "?raw", import: "default", eager: true },
);
const here = Object.keys(files).length > 0;
if (!here) console.warn("skipped: genuine evidence is not beside the project");

function file(name: string): string {
  return (files[`../../../../shared/vectors/${name}`] ?? "").trim();
}

interface Case {
  readonly token: string;
  readonly definition: AttestorDefinition;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly now: number;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly binding: string;
  readonly refusals: readonly (readonly [Readonly<Record<string, unknown>>, Reason])[];
}

const GOOGLE = dataUrl(file("gcp-confidential-space/google-cs-historical-jwks.json"));
const MICROSOFT = dataUrl(file("azure-maa/maa-sharedweu-historical-jwks.json"));
const SHARED = "https://sharedweu.weu.attest.azure.net";
const OTHER = "https://sharedeus.eus.attest.azure.net";

const CASES: Readonly<Record<string, Case>> = {
  "gcp-confidential-space/synddb-1-sev-debug": {
    token: file("gcp-confidential-space/synddb-1-sev-debug.jwt"),
    definition: gcpConfidentialSpace,
    settings: {
      projects: ["synd-db-testing"],
      audience: "https://synddb-sequencer.example.com",
      allow_debug: true,
      jwks: GOOGLE,
    },
    now: Date.parse("2025-12-02T20:36:57Z") / 1000,
    claims: {
      kind: "debug",
      hwmodel: "GCP_AMD_SEV",
      swversion: "251001",
      project_id: "synd-db-testing",
      instance_name: "cs-attestation-vm",
      image_digest: "sha256:61bb0cf00789162e9940a97621a6d4e53126638421aea181d8bff39d6e2f21fa",
      restart_policy: "Never",
      service_account: "cs-attestation-workload@synd-db-testing.iam.gserviceaccount.com",
      env_overridden: true,
      cmd_overridden: false,
    },
    binding: "audience",
    refusals: [
      [{ allow_debug: false }, "debug_mode"],
      [{ projects: ["synd-db-production"] }, "tenant_not_configured"],
      [{ audience: "https://synddb-sequencer.example.com/" }, "audience_mismatch"],
      [{ jwks: MICROSOFT }, "key_unknown"],
      [{ max_lifetime: "59m" }, "evidence_lifetime"],
    ],
  },
  "azure-maa/vanlaere-1-azurevm-sevsnp": {
    token: file("azure-maa/vanlaere-1-azurevm-sevsnp.jwt"),
    definition: azureMaa,
    settings: { providers: [SHARED], jwks: { [SHARED]: MICROSOFT } },
    now: Date.parse("2022-12-23T23:01:00Z") / 1000,
    claims: {
      kind: "shared",
      provider: SHARED,
      tee: "sevsnpvm",
      vm_id: "6506b531-1634-431e-99d2-42b7d3414ad0",
      policy_hash: "wm9mHlvTU82e8UqoOy1Yj1FBRSNkfe99-69IYDq9eWs",
      secure_boot: true,
    },
    binding: "none",
    refusals: [
      [{ providers: [OTHER], jwks: { [OTHER]: MICROSOFT } }, "issuer_not_configured"],
      [{ jwks: { [SHARED]: GOOGLE } }, "key_unknown"],
      [{ max_lifetime: "7h" }, "evidence_lifetime"],
    ],
  },
};

describe.skipIf(!here).each(Object.entries(CASES))("genuine token %s", (_, one) => {
  const { token, definition, now } = one;
  const { type } = definition;
  const judgeWith = async (change: object, at = now) => {
    const { attestor, issues } = await build(definition, { ...one.settings, ...change });
    expect(issues).toEqual([]);
    return judge(attestor, { type, token }, at);
  };

  it("is believed at its time under its configuration", async () => {
    const { claims, binding } = accepted(await judgeWith({}));
    expect(claims).toMatchObject(one.claims);
    expect(binding).toEqual({ kind: one.binding });
  });

  it("is refused under any other", async () => {
    for (const [change, reason] of one.refusals)
      expect(outcome(await judgeWith(change))).toBe(reason); // oxlint-disable-line no-await-in-loop
  });

  it("is refused a day later, and a day before", async () => {
    expect(outcome(await judgeWith({}, now + 86_400))).toBe("evidence_expired");
    expect(outcome(await judgeWith({}, now - 86_400))).toBe("evidence_not_yet_valid");
  });

  it("attests nothing with any bit of it flipped", async () => {
    const { attestor } = await build(definition, one.settings);
    const parts = token.split(".").map(fromBase64url);
    const wrong: unknown[] = [];
    for (const [index, bytes] of parts.entries()) {
      for (const at of sample(bytes.length * 8, 120)) {
        const flipped = bytes.slice();
        flipped[at >> 3] = flipped[at >> 3]! ^ (1 << (at & 7));
        const text = parts.with(index, flipped).map(base64url).join(".");
        // oxlint-disable-next-line no-await-in-loop -- one after the other keeps memory flat
        if ((await judge(attestor, { type, token: text }, now)).ok) wrong.push([index, at]);
      }
    }
    expect(wrong).toEqual([]);
  });
});
