import { loadForJudging } from "../config.ts";
import { defineCommand } from "../command.ts";
import { judgeEvidence, readEvidence, type Judged } from "../evidence-input.ts";
import { platform } from "../key-file.ts";
import { print, printJson } from "../output.ts";
import { jktOption } from "../options.ts";
import { formatTime, parseTime } from "../time.ts";
import {
  attestationJson,
  failureJson,
  judgeByPolicy,
  printAttestation,
  printFailure,
  printVerdict,
  verdictJson,
} from "../verdict.ts";

export default defineCommand({
  about:
    "Judges evidence as the issuer would, and says what the rules make of it: the attestation with its binding, and the rule that matches or why each does not. No key of the issuer and no claim store is used, and no claim is made. Evidence that names a key is judged as if possession of that key had been proved.",
  args: {
    file: {
      type: "positional",
      required: false,
      description:
        "JSON of one member of evidence, or an array of them; standard input where there is none",
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
      description: "judge as of this moment: RFC 3339 or Unix seconds [default: now]",
    },
    jkt: {
      type: "string",
      valueHint: "THUMBPRINT",
      description: "take this key as proved, instead of the one that the evidence names",
    },
    json: { type: "boolean", description: "print JSON" },
  },
  examples: [
    { does: "evidence in a file", command: "svidmint attest evidence.json" },
    {
      does: "as of another moment, for a program",
      command: "svidmint attest evidence.json --config prod.yaml --at 2026-11-22T10:00:00Z --json",
    },
    {
      does: "from standard input",
      command: "svidmint evidence dev --csr svid.csr | svidmint attest",
    },
  ],
  exits:
    "0 the evidence verified and is of a configured tenant (whatever the rules say), 1 refused, 2 wrong usage or configuration",
  async run(args) {
    const now = args.at === undefined ? platform.now() : parseTime(args.at);
    const jkt = jktOption(args.jkt);
    const { attestors, policy } = await loadForJudging(args.config);
    const members = await readEvidence(args.file);
    const judged = members.ok
      ? await judgeEvidence(attestors, members.value, { now, jkt })
      : members;
    if (!judged.ok) {
      if (args.json === true) printJson({ verified: false, at: now, ...failureJson(judged.error) });
      else printFailure(judged.error);
      return 1;
    }
    const verdict = judgeByPolicy(policy, judged.value.attestations, { now });
    if (args.json === true) {
      printJson({
        verified: true,
        at: now,
        evidence: judged.value.attestations.map(attestationJson),
        ...keyJson(judged.value),
        policy: verdictJson(verdict),
      });
      return 0;
    }
    for (const attestation of judged.value.attestations) printAttestation(attestation);
    if (judged.value.assumed)
      print(
        `as of ${formatTime(now)}, as if possession of the key ${judged.value.jkt} had been proved`,
      );
    else print(`as of ${formatTime(now)}`);
    print();
    printVerdict(verdict);
    return 0;
  },
});

function keyJson({ jkt, assumed }: Judged): Record<string, unknown> {
  return jkt === undefined ? {} : { key: jkt, key_assumed: assumed };
}
