/**
 * `npm run bench`: the budgets as ratios in one run, written to `docs/performance.md`.
 * `--quick` measures less, for a look while working, and writes nothing; `--check` fails where a
 * budget is missed; `--only issuer`, `kms` or `federation` measures one part
 * alone.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { makeEvidenceIssuer } from "../scripts/interop/configuration.ts";
import { projectRoot } from "../scripts/interop/programs.ts";
import { startSvidmint, type Svidmint } from "../scripts/interop/svidmint.ts";
import { evidenceFigures } from "./attestors.ts";
import { importCpu, workersGzipKib } from "./bundles.ts";
import { federationFigures } from "./federation.ts";
import { kmsFigures } from "./kms.ts";
import { bareCrypto, SERVER_CORE, serverCpu } from "./measure.ts";
import { measurePeers, type PeerFigures } from "./peers.ts";
import { median } from "./process-cpu.ts";
import {
  type Figure,
  renderFederation,
  renderIssuer,
  renderKms,
  type Section,
  writeSection,
} from "./report.ts";
import type { Work } from "./work.ts";

const { values } = parseArgs({
  options: { quick: { type: "boolean" }, check: { type: "boolean" }, only: { type: "string" } },
});
const ROUNDS = values.quick === true ? 2 : 5;
/** More where the figure is near its budget: a neighbour on the machine moves single rounds by a tenth. */
const ISSUANCE_ROUNDS = values.quick === true ? 2 : 9;
const REQUESTS = values.quick === true ? 2_000 : 8_000;

const evidence = makeEvidenceIssuer();
const parts: Readonly<Record<Section, () => Promise<readonly [readonly Figure[], string]>>> = {
  async issuer() {
    const figures = [...(await issuance()), ...(await rules()), ...(await sizes())];
    progress("evidence");
    return [figures, renderIssuer(figures, await evidenceFigures(ROUNDS))];
  },
  async kms() {
    const options = { evidence, rounds: ROUNDS, requests: REQUESTS, progress };
    const figures = await kmsFigures(options);
    return [figures, renderKms(figures)];
  },
  async federation() {
    const figures = await federationFigures({ evidence, rounds: ROUNDS, progress });
    return [figures, renderFederation(figures)];
  },
};
const only = values.only;
if (only !== undefined && !Object.hasOwn(parts, only))
  throw new Error(`--only is ${Object.keys(parts).join(" or ")}`);
for (const section of ["issuer", "kms", "federation"] as const) {
  if (only !== undefined && only !== section) continue;
  const [figures, text] = await parts[section]();
  console.log(text);
  if (values.quick !== true) writeSection(join(projectRoot, "docs/performance.md"), section, text);
  if (values.check === true && figures.some(({ met }) => met === false)) process.exitCode = 1;
}

async function issuance(): Promise<Figure[]> {
  await using issuer = await startSvidmint({ ...server(), rules: 100 });
  const measured: Record<Work | "bareX509" | "bareJwt", number[]> = {
    bareX509: [],
    x509: [],
    bareJwt: [],
    jwt: [],
    forged: [],
    "no-rule": [],
    malformed: [],
  };
  const peers: PeerFigures[] = [];
  for (let round = 1; round <= ISSUANCE_ROUNDS; round++) {
    progress(`issuance, round ${round} of ${ISSUANCE_ROUNDS}`);
    measured.bareX509.push(await bareCrypto("x509"));
    measured.x509.push(await serverCpu(issuer, evidence, "x509", REQUESTS));
    peers.push(await measurePeers(REQUESTS));
    measured.bareJwt.push(await bareCrypto("jwt"));
    for (const work of ["jwt", "forged", "no-rule", "malformed"] as const)
      measured[work].push(await serverCpu(issuer, evidence, work, REQUESTS));
  }
  const micros = (of: keyof typeof measured): string => `${median(measured[of]).toFixed(0)} µs`;
  return [
    atMost(
      "CPU of one X.509 issuance ÷ its bare cryptography",
      measured.x509,
      measured.bareX509,
      1.4,
    ),
    note(
      "that issuance: evidence, possession, 100 rules, lint, awaited audit, local P-256 key",
      micros("x509"),
    ),
    note("its bare cryptography", micros("bareX509")),
    atMost(
      "CPU of one JWT issuance with DPoP ÷ its bare cryptography",
      measured.jwt,
      measured.bareJwt,
      1.4,
    ),
    note("that issuance", micros("jwt")),
    note("its bare cryptography", micros("bareJwt")),
    ...peerFigures(measured.x509, measured.jwt, peers),
    note("a refused request: forged evidence, found by verifying it", micros("forged")),
    note("a refused request: good evidence and possession, no rule", micros("no-rule")),
    note("a refused request: not JSON", micros("malformed")),
  ];
}

function peerFigures(x509: number[], jwt: number[], peers: PeerFigures[]): Figure[] {
  const column = (name: keyof PeerFigures): number[] => peers.flatMap((peer) => peer[name] ?? []);
  const [mintX509, mintJwt, sign] = [column("spireX509"), column("spireJwt"), column("stepCa")];
  const missing = note(
    "beside SPIRE and step-ca",
    "not installed: npx node scripts/interop/install.ts",
  );
  if (mintX509.length < x509.length || sign.length < x509.length) return [missing];
  return [
    atLeast(
      "X.509-SVIDs per core-second ÷ SPIRE's MintX509SVID (no evidence)",
      mintX509,
      x509,
      1.25,
    ),
    atLeast("X.509-SVIDs per core-second ÷ step-ca's /1.0/sign (no database)", sign, x509, 2.5),
    note("SPIRE MintX509SVID", `${median(mintX509).toFixed(0)} µs`),
    note("step-ca /1.0/sign", `${median(sign).toFixed(0)} µs`),
    note("SPIRE MintJWTSVID, which checks nothing", `${median(mintJwt).toFixed(0)} µs`),
    note("JWT-SVIDs per core-second ÷ SPIRE's MintJWTSVID", ratio(mintJwt, jwt).toFixed(2)),
  ];
}

/** The rule that matches is the last one, and the rules before it differ in one value each. */
async function rules(): Promise<Figure[]> {
  await using one = await startSvidmint({ ...server(), rules: 1 });
  await using manyClaims = await startSvidmint({ ...server(), rules: 10_000 });
  await using manyPins = await startSvidmint({ ...server(), rules: 10_000, differIn: "pin" });
  const measured = { one: [] as number[], claims: [] as number[], pins: [] as number[] };
  for (let round = 1; round <= ROUNDS; round++) {
    progress(`rules, round ${round} of ${ROUNDS}`);
    measured.one.push(await issuanceCpu(one));
    measured.claims.push(await issuanceCpu(manyClaims));
    measured.pins.push(await issuanceCpu(manyPins));
  }
  return [
    atMost(
      "CPU with 10 000 rules of one pin that differ in one claim ÷ with one rule",
      measured.claims,
      measured.one,
      1.2,
    ),
    atMost(
      "CPU with 10 000 rules that differ in the pin ÷ with one rule",
      measured.pins,
      measured.one,
      1.2,
    ),
  ];
}

function issuanceCpu(issuer: Svidmint): Promise<number> {
  return serverCpu(issuer, evidence, "x509", REQUESTS);
}

async function sizes(): Promise<Figure[]> {
  progress("bundles");
  const { frame, entry } = await importCpu();
  const kib = await workersGzipKib();
  return [
    atMost(
      "import CPU of the bundled Node entry ÷ Hono and its Node server alone",
      [entry],
      [frame],
      1.5,
    ),
    note(
      "import of that entry, the whole process",
      `${entry.toFixed(0)} ms, of the frame ${frame.toFixed(0)} ms`,
    ),
    {
      what: "Workers bundle, gzip",
      measured: `${kib.toFixed(1)} KiB`,
      budget: "≤ 60 KiB",
      met: kib <= 60,
    },
  ];
}

function server() {
  // Audit goes to a file of its own: a pipe would put its reader on the load's core.
  return {
    evidence,
    core: SERVER_CORE,
    audit: { sink: "file:audit.jsonl" },
    deadlineMs: 3_600_000,
  };
}

/** The median of the rounds' ratios: what shakes one round shakes both of its halves. */
function ratio(above: readonly number[], below: readonly number[]): number {
  return median(above.map((value, n) => value / (below[n] ?? Number.NaN)));
}

function atMost(what: string, above: number[], below: number[], budget: number): Figure {
  const measured = ratio(above, below);
  return { what, measured: measured.toFixed(2), budget: `≤ ${budget}`, met: measured <= budget };
}

/** Work per core-second is the inverse of CPU per request, so the peer's CPU stands above. */
function atLeast(what: string, peer: number[], ours: number[], budget: number): Figure {
  const measured = ratio(peer, ours);
  return { what, measured: measured.toFixed(2), budget: `≥ ${budget}`, met: measured >= budget };
}

function note(what: string, measured: string): Figure {
  return { what, measured };
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}
