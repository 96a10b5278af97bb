import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";

/** One line of the table. A ratio holds on any machine of the kind; what it is made of does not. */
export interface Figure {
  readonly what: string;
  readonly measured: string;
  /** Absent where the line is only for orientation. */
  readonly budget?: string;
  readonly met?: boolean;
}

/** What verifying one piece of evidence costs. Microseconds of CPU time. */
export interface EvidenceFigure {
  readonly evidence: string;
  /** Keys imported and signatures verified, of one piece. */
  readonly operations: number;
  readonly verification: number;
  readonly bare: number;
  /** Not a number where there is nothing to compare with. */
  readonly ratio: number;
}

const START = "<!-- figures: written by npm run bench -->";
const END = "<!-- figures end -->";

const INTRODUCTION = `# Performance

Every figure comes from one run of one command on one machine, and the budgets are ratios within that run, because
absolute figures differ by a factor of two between machines of one kind.

    npm run bench

Servers are pinned to one core and their load comes from a process on the other one. CPU is what the kernel charges the
server's process, user and system time with all its threads, divided by the number of requests. Requests are prepared
beforehand with distinct keys, tokens and CSRs; each round measures the parts of a ratio right after one another, and the
median of the rounds is what stands here. The *bare cryptography* is measured the same way: the signatures that no
issuer can leave out (verify the evidence, import the client's key, verify its proof, sign, verify what was signed), on
\`node:crypto\`'s synchronous calls, with nothing around them.

step-ca and SPIRE appear where they are installed (\`npx node scripts/interop/install.ts\`). They do other work: step-ca verifies a
one-time token, SPIRE checks no evidence at all, and neither is asked for proof of possession beyond the CSR.
`;

const EVIDENCE = `Verifying one piece of evidence, from its JSON value to attested claims (schema, decoding, every check, signatures), with
distinct pieces from simulated providers in one process on the same platform and core. The *bare cryptography* beside it
is the imports of public keys and the verifications of signatures that this very evidence asked of \`node:crypto\`,
recorded and run again alone; digests are not in it, and \`aws_sts\` has none, because there STS verifies.`;

/** Writes the figures between their markers; what stands around them is kept. */
export function writeReport(
  path: string,
  figures: readonly Figure[],
  evidence: readonly EvidenceFigure[],
): void {
  const section = `${START}\n${render(figures, evidence)}\n${END}\n`;
  const old = existsSync(path) ? readFileSync(path, "utf8") : `${INTRODUCTION}\n${START}\n${END}\n`;
  const [start, end] = [old.indexOf(START), old.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`${path} has lost its markers`);
  const after = old.slice(end + END.length).replace(/^\n/u, "");
  writeFileSync(path, old.slice(0, start) + section + after);
}

export function render(figures: readonly Figure[], evidence: readonly EvidenceFigure[]): string {
  const rows = figures.map(
    ({ what, measured, budget = "", met }) =>
      `| ${what} | ${measured} | ${budget} | ${met === undefined ? "" : met ? "met" : "**missed**"} |`,
  );
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? "unknown"}), Node ${process.version}, ${date}.`;
  return [
    "",
    machine,
    "",
    "| what | measured | budget | |",
    "|---|---|---|---|",
    ...rows,
    "",
    EVIDENCE,
    "",
    "| evidence | CPU | bare cryptography | operations | ratio |",
    "|---|---|---|---|---|",
    ...evidence.map(renderEvidence),
    "",
  ].join("\n");
}

function renderEvidence({
  evidence,
  operations,
  verification,
  bare,
  ratio,
}: EvidenceFigure): string {
  const [cpu, alone] = [verification, bare].map((micros) => `${micros.toFixed(0)} µs`);
  return operations === 0
    ? `| ${evidence} | ${cpu} | none | 0 | |`
    : `| ${evidence} | ${cpu} | ${alone} | ${operations} | ${ratio.toFixed(2)} |`;
}
