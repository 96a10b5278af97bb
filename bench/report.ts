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

/** What a run writes, each between markers of its own, so that one can be measured again alone. */
const SECTIONS = {
  issuer: ["<!-- figures: written by npm run bench -->", "<!-- figures end -->"],
  kms: ["<!-- key services: written by npm run bench -->", "<!-- key services end -->"],
  federation: ["<!-- federation: written by npm run bench -->", "<!-- federation end -->"],
} as const;
export type Section = keyof typeof SECTIONS;

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

const KMS = `## Keys in a key service

The key service is the simulated AWS KMS in a process of its own on the load's core, which takes 20 ms for each call. Calls are
those that it counted. A request's time is measured at the client, four of which send one after the other. The CPU of a backend is that of one signature in a process
that does nothing else, beside the very HTTP request that it sends, to a server that answers at once: it holds its
credentials, makes and signs the request, and reads and checks the answer; verifying the signature is not in it.`;

const EVIDENCE = `Verifying one piece of evidence, from its JSON value to attested claims (schema, decoding, every check, signatures), with
distinct pieces from simulated providers in one process on the same platform and core. The *bare cryptography* beside it
is the imports of public keys and the verifications of signatures that this very evidence asked of \`node:crypto\`,
recorded and run again alone; digests are not in it, and \`aws_sts\` has none, because there STS verifies.`;

/** Writes a section between its markers; what stands around it is kept. A section that is new goes to the end. */
export function writeSection(path: string, section: Section, text: string): void {
  const [start, end] = SECTIONS[section];
  const old = existsSync(path) ? readFileSync(path, "utf8") : `${INTRODUCTION}\n`;
  const [from, to] = [old.indexOf(start), old.indexOf(end)];
  const written = `${start}\n${text}\n${end}\n`;
  if (from < 0 && to < 0) {
    writeFileSync(path, `${old.trimEnd()}\n\n${written}`);
    return;
  }
  if (from < 0 || to < from) throw new Error(`${path} has lost its markers`);
  const after = old.slice(to + end.length).replace(/^\n/u, "");
  writeFileSync(path, old.slice(0, from) + written + after);
}

export function renderIssuer(
  figures: readonly Figure[],
  evidence: readonly EvidenceFigure[],
): string {
  return [
    "",
    machine(),
    "",
    ...table(figures),
    "",
    EVIDENCE,
    "",
    "| evidence | CPU | bare cryptography | operations | ratio |",
    "|---|---|---|---|---|",
    ...evidence.map(renderEvidence),
    "",
  ].join("\n");
}

const FEDERATION = `## Bundles and peers

Requests for the published documents over kept-alive connections, 16 at once, from the other core; with a key service that has gone away since the start,
beside the same keys in files. A peer's bundle holds three JWT keys; memory is the resident set of the whole process, once every bundle is held.`;

export function renderFederation(figures: readonly Figure[]): string {
  return ["", FEDERATION, "", machine(), "", ...table(figures), ""].join("\n");
}

export function renderKms(figures: readonly Figure[]): string {
  return ["", KMS, "", machine(), "", ...table(figures), ""].join("\n");
}

function table(figures: readonly Figure[]): readonly string[] {
  const rows = figures.map(
    ({ what, measured, budget = "", met }) =>
      `| ${what} | ${measured} | ${budget} | ${met === undefined ? "" : met ? "met" : "**missed**"} |`,
  );
  return ["| what | measured | budget | |", "|---|---|---|---|", ...rows];
}

function machine(): string {
  const date = new Date().toISOString().slice(0, 10);
  return `${cpus().length} cores (${cpus()[0]?.model ?? "unknown"}), Node ${process.version}, ${date}.`;
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
