/**
 * What evidence of each type costs an issuer, beside the public-key operations in it.
 * `node attestor-cpu.ts <rounds>`; prints one object of JSON a line: the CPU of one piece of evidence in microseconds,
 * and that of its operations alone, a value a round.
 */
import { attestors } from "../src/runtimes/node/attestors.ts";
import { accepted, judge } from "../test/conformance/attestor.ts";
import { awsSubjects } from "./evidence/aws.ts";
import { azureSubjects, googleSubjects, oracleSubjects } from "./evidence/clouds.ts";
import { certificateSubjects, jobSubjects, svidSubjects } from "./evidence/identities.ts";
import type { Subject } from "./evidence/subject.ts";
import { record, replay } from "./recorded-crypto.ts";

/** Code gets compiled: so many pieces, or so long, whatever is less. */
const WARMUP = { pieces: 10_000, micros: 400_000, atOnce: 20 };
/** One half of a round: CPU time, about, and so many pieces at least that garbage is collected several times. */
const ROUND = { micros: 100_000, pieces: 50 };

const rounds = Number(process.argv[2] ?? "5");
const missing = new Set(attestors.map(({ type }) => type));
for (const make of [
  awsSubjects,
  azureSubjects,
  googleSubjects,
  oracleSubjects,
  jobSubjects,
  svidSubjects,
  certificateSubjects,
]) {
  // oxlint-disable-next-line no-await-in-loop -- whatever ran beside a measurement would be measured
  for (const subject of await make()) {
    console.log(JSON.stringify(await measure(subject))); // oxlint-disable-line no-await-in-loop -- likewise
    missing.delete(subject.type);
  }
}
if (missing.size > 0) throw new Error(`not measured: ${[...missing].join(", ")}`);

async function measure(subject: Subject) {
  const { type, form } = subject;
  const judgeSome = judgeInTurn(subject);
  const count = Math.max(ROUND.pieces, Math.ceil(ROUND.micros / (await warmUp(judgeSome))));
  const recorded = Math.min(count, subject.pieces.length);
  const operations = await record(() => judgeSome(recorded));
  const replays = Math.ceil(count / recorded);
  const verification: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    verification.push((await cpuMicros(() => judgeSome(count))) / count);
    // oxlint-disable-next-line no-await-in-loop -- likewise
    const alone = await cpuMicros(async () => {
      for (let n = 0; n < replays; n++) replay(operations);
    });
    bare.push(alone / replays / recorded);
  }
  return { type, form, operations: operations.length / recorded, verification, bare };
}

/** Each call goes on where the last one ended, and begins again behind the last piece. */
function judgeInTurn({ attestor, pieces, jkt }: Subject): (count: number) => Promise<void> {
  let next = 0;
  return async (count) => {
    for (let n = 0; n < count; n++) {
      const piece = pieces[next++ % pieces.length];
      if (piece === undefined) throw new Error("no evidence");
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as they are measured
      accepted(await judge(attestor, piece.evidence, piece.now, jkt));
    }
  };
}

/** @returns CPU time of a piece at the end, microseconds */
async function warmUp(judgeSome: (count: number) => Promise<void>): Promise<number> {
  const { pieces, micros, atOnce } = WARMUP;
  let last = 0;
  for (let [seen, used] = [0, 0]; seen < pieces && used < micros; seen += atOnce) {
    last = await cpuMicros(() => judgeSome(atOnce)); // oxlint-disable-line no-await-in-loop -- likewise
    used += last;
  }
  return last / atOnce;
}

async function cpuMicros(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
