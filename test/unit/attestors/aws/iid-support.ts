import type { Attestation } from "../../../../src/attestation.ts";
import { awsIid, openAwsIid } from "../../../../src/attestors/aws/iid.ts";
import type { Attestor } from "../../../../src/attestors/attestor.ts";
import { ConfigError, type ConfigIssue } from "../../../../src/config-issue.ts";
import { encodeBase64 } from "../../../../src/encoding/base64.ts";
import { utf8Encode } from "../../../../src/encoding/bytes.ts";
import { webCryptoPlatform } from "../../../../src/platform/webcrypto.ts";
import type { Reason } from "../../../../src/reasons.ts";
import type { Result } from "../../../../src/result.ts";
import { judge as judgeEvidence } from "../../../conformance/attestor.ts";
import {
  documentText,
  simulateRegion,
  type LaunchOptions,
  type SimulatedRegion,
} from "../../../fakes/aws-metadata.ts";
import { signAsEc2 } from "../../../fakes/cms-signer.ts";
import { heldBundles } from "../support.ts";

/** Built from its configuration as an issuer would; `regions` name PEM text itself where a file would stand. */
export async function makeIid(
  setup: unknown,
  trustDomain = "prod.example",
): Promise<{ attestor: Attestor; issues: ConfigIssue[] }> {
  const issues: ConfigIssue[] = [];
  const attestor = await awsIid.create(awsIid.config().parse(setup), {
    platform: webCryptoPlatform(),
    trustDomain,
    issuer: "https://id.prod.example",
    bundles: heldBundles({}),
    read: async (reference) => {
      if (reference !== "file:gone.pem") return utf8Encode(reference);
      throw new ConfigError([{ path: [], message: "gone.pem does not exist", severity: "error" }]);
    },
    report: (issue) => issues.push(issue),
  });
  return { attestor, issues };
}

/** The same by way of a compiled configuration: settled, written as JSON, and opened with nothing to read. */
export async function makeCompiledIid(setup: unknown): Promise<Attestor> {
  const platform = webCryptoPlatform();
  const settled = await awsIid.settle?.(awsIid.config().parse(setup), {
    platform,
    read: async (reference) => utf8Encode(reference),
    report: ({ message }) => {
      throw new Error(message);
    },
  });
  return openAwsIid(JSON.parse(JSON.stringify(settled)), { platform, trustDomain: "prod.example" });
}

/** The steps of a request in their order, possession left out: nothing of this evidence is about a key. */
export function judge(
  attestor: Attestor,
  evidence: Readonly<Record<string, unknown>>,
  now: number,
): Promise<Result<Attestation>> {
  return judgeEvidence(attestor, { type: "aws_iid", ...evidence }, now);
}

export const NOW = 1_800_000_000;
export const ACCOUNT = "012345678901";
export const LAUNCH: LaunchOptions = {
  account: ACCOUNT,
  instanceId: "i-0123456789abcdef0",
  pendingTime: NOW - 60,
};

export function refusal(reason: Reason) {
  return { ok: false, error: { reason } };
}

/** Two regions that share an RSA-1024 key, as commercial regions do, and an attestor that believes both. */
export async function simulatedCloud() {
  const [west, east] = await Promise.all([
    simulateRegion("xx-west-1"),
    simulateRegion("xx-east-1"),
  ]);
  const regions: Readonly<Record<string, unknown>> = {
    "xx-west-1": { partition: "aws", rsa2048: west.rsa2048, rsa1024: west.rsa1024 },
    "xx-east-1": { partition: "aws", rsa2048: east.rsa2048, rsa1024: west.rsa1024 },
  };
  async function signedText(text: string, region: SimulatedRegion = west) {
    const cms = await signAsEc2(region.keys.rsa2048, utf8Encode(text), LAUNCH.pendingTime + 3);
    return { rsa2048: encodeBase64(cms) };
  }
  return {
    west,
    east,
    regions,
    /** @param allow the RSA-1024 form */
    async attestor(allow = false): Promise<Attestor> {
      const { attestor, issues } = await makeIid({
        accounts: [ACCOUNT],
        allow_rsa1024: allow,
        regions,
      });
      if (issues.length > 0) throw new Error("the simulated regions were not taken");
      return attestor;
    },
    /** Any text, signed as the region signs. */
    signedText,
    /** A document with members of one's own choice, signed as the region signs. */
    signed: (document: Readonly<Record<string, unknown>>, region: SimulatedRegion = west) =>
      signedText(documentText(region.name, { ...LAUNCH, document }), region),
  };
}
