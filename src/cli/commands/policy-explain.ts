import type { Attestation } from "../../attestation.ts";
import { isJsonObject, parseJson } from "../../encoding/json.ts";
import { fail, ok, type Result } from "../../result.ts";
import { forbiddenKeys } from "../../policy/schema-issues.ts";
import { suppose, supposedSchema } from "../cases.ts";
import { loadForJudging, type Judging } from "../config.ts";
import { defineCommand } from "../command.ts";
import { CommandError } from "../errors.ts";
import { judgeEvidence, parseEvidence } from "../evidence-input.ts";
import { readInput } from "../files.ts";
import { platform } from "../key-file.ts";
import { print, printable, printJson } from "../output.ts";
import { describeIssues } from "../../issuer/request.ts";
import { formatTime, parseTime } from "../time.ts";
import {
  attestationJson,
  failureJson,
  judgeByPolicy,
  printFailure,
  printVerdict,
  verdictJson,
} from "../verdict.ts";

export default defineCommand({
  about:
    'Says which rule decides for given evidence and what it gives, and for every other rule why it does not match. The input is evidence as svidmint attest takes it, or claims without evidence: {"evidence": {"aws_iid": {"account": "111122223333", …}}}, with binding, age_seconds and spiffe_id as in svidmint policy test.',
  args: {
    file: {
      type: "positional",
      required: false,
      description: "JSON of evidence or claims; standard input where there is none",
    },
    config: {
      type: "string",
      valueHint: "FILE",
      default: "svidmint.yaml",
      description: "configuration",
    },
    at: {
      type: "string",
      valueHint: "TIME",
      description: "as of this moment: RFC 3339 or Unix seconds [default: now]",
    },
    "spiffe-id": {
      type: "string",
      valueHint: "ID",
      description: "as if the request asked for this SPIFFE ID",
    },
    json: { type: "boolean", description: "print JSON" },
  },
  examples: [
    {
      does: "who gets what, without any evidence",
      command: `echo '{"evidence":{"oidc.dev":{"sub":"app"}}}' | svidmint policy explain`,
    },
    {
      does: "for evidence in a file",
      command: "svidmint policy explain evidence.json --at 2026-11-22T10:00:00Z",
    },
  ],
  exits: "0 an identity is given, 1 none is, 2 wrong usage, configuration or claims",
  async run(args) {
    const now = args.at === undefined ? platform.now() : parseTime(args.at);
    const config = await loadForJudging(args.config);
    const read = await readFacts(await readInput(args.file), config, now);
    if (!read.ok) {
      if (args.json === true) printJson({ granted: false, at: now, ...failureJson(read.error) });
      else printFailure(read.error);
      return 1;
    }
    const { facts, spiffeId } = read.value;
    const wanted = args["spiffe-id"] ?? spiffeId;
    const verdict = judgeByPolicy(config.policy, facts, {
      now,
      ...(wanted === undefined ? {} : { spiffeId: wanted }),
    });
    if (args.json === true) {
      printJson({ at: now, evidence: facts.map(attestationJson), ...verdictJson(verdict) });
    } else {
      print(
        `for ${facts.map(({ name, binding }) => `${printable(name)} (binding ${binding.kind})`).join(" and ") || "no evidence"}, as of ${formatTime(now)}`,
      );
      printVerdict(verdict);
    }
    return verdict.decision.granted ? 0 : 1;
  },
});

interface Facts {
  readonly facts: readonly Attestation[];
  readonly spiffeId?: string | undefined;
}

async function readFacts(bytes: Uint8Array, config: Judging, now: number): Promise<Result<Facts>> {
  const json = parseJson(bytes);
  if (!json.ok) return fail("body_not_json", json.error.detail);
  if (!isJsonObject(json.value) || !isJsonObject(json.value["evidence"])) {
    const members = parseEvidence(bytes);
    const judged = members.ok
      ? await judgeEvidence(config.attestors, members.value, { now })
      : members;
    return judged.ok ? ok({ facts: judged.value.attestations }) : judged;
  }
  const supposed = supposedSchema.safeParse(json.value);
  const [forbidden] = forbiddenKeys(json.value);
  if (forbidden !== undefined)
    throw new CommandError(`${printable(forbidden.path.join("."))}: ${forbidden.message}`, 2);
  if (!supposed.success)
    throw new CommandError(
      `the claims do not have the form that is asked for: ${describeIssues(supposed.error.issues)}`,
      2,
    );
  const facts = suppose(supposed.data, config.factors, now);
  if (!facts.ok) throw new CommandError(printable(facts.error.detail ?? ""), 2);
  return ok({ facts: facts.value, spiffeId: supposed.data.spiffe_id });
}
