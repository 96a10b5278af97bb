import type { EvidenceIssuer } from "../../scripts/interop/configuration.ts";
import { startSvidmint } from "../../scripts/interop/svidmint.ts";
import { SERVER_CORE, withRequests, type Latencies } from "../measure.ts";
import type { Figure } from "../report.ts";
import type { Work } from "../work.ts";
import { DELAY_MS } from "./fake.ts";
import type { KmsWorld } from "./keys.ts";

/** Few enough that what a request waits for is its own work, and the key service's. */
const CONNECTIONS = 4;
/** Of the rule that issues: what an intermediate's life follows from. Seconds. */
const TTL = 3600;
/** An intermediate lives for 2 × TTL + 600 s, and is renewed when less than TTL + 300 s of it is left. */
const RENEWED_EVERY = TTL + 300;
/** X.509-SVIDs a second. */
const PACE = 100;
/** Of an instance, for each intermediate: the signature, and another where an answer was lost. */
const PER_INTERMEDIATE = 2;

interface Measured {
  readonly calls: number;
  readonly latencies: Latencies;
}

/** How often the key service is asked, and what a request takes, in each mode. */
export async function modeFigures(
  { kms, direct, spared }: KmsWorld,
  evidence: EvidenceIssuer,
  requests: number,
): Promise<Figure[]> {
  const options = {
    evidence,
    env: kms.env,
    core: SERVER_CORE,
    audit: { sink: "file:audit.jsonl" },
    deadlineMs: 3_600_000,
  };
  const measure = async (
    issuer: Awaited<ReturnType<typeof startSvidmint>>,
    work: Work,
    count = requests,
  ): Promise<Measured> => {
    const before = await kms.calls();
    const latencies = await withRequests(issuer, evidence, work, (drive) =>
      drive(count, CONNECTIONS),
    );
    return { calls: (await kms.calls()) - before, latencies };
  };

  await using asking = await startSvidmint({ ...options, keys: direct });
  const few = Math.ceil(requests / 4);
  const x509Direct = await measure(asking, "x509", few);
  const jwtDirect = await measure(asking, "jwt", few);
  await using sparing = await startSvidmint({ ...options, keys: spared });
  const x509Cold = await measure(sparing, "x509");
  const jwtCold = await measure(sparing, "jwt", 1);
  const x509Warm = await measure(sparing, "x509");
  const jwtWarm = await measure(sparing, "jwt");
  const refused = { forged: 0, "no-rule": 0, malformed: 0 };
  for (const work of ["forged", "no-rule", "malformed"] as const)
    refused[work] = (await measure(sparing, work)).calls + (await measure(asking, work)).calls;

  const kinds = Object.keys(refused).length * 2;
  const refusedCalls = Object.values(refused).reduce((sum, calls) => sum + calls, 0);
  return [
    counted(
      `calls for the first ${requests} X.509-SVIDs of an instance, delegated`,
      x509Cold.calls,
      PER_INTERMEDIATE,
    ),
    counted(`calls for the next ${requests} X.509-SVIDs, delegated, warm`, x509Warm.calls, 0),
    {
      what: `calls per million X.509-SVIDs, delegated, computed from the first: one instance, ${PACE} a second, TTL 1 h`,
      measured: String(x509Cold.calls * Math.ceil(1e6 / PACE / RENEWED_EVERY)),
    },
    counted("calls for the first JWT-SVID of an instance, wrapped", jwtCold.calls, 1),
    counted(`calls for the next ${requests} JWT-SVIDs, wrapped, warm`, jwtWarm.calls, 0),
    counted(
      `calls for ${requests * kinds} refused requests: forged, no rule, not JSON`,
      refusedCalls,
      0,
    ),
    {
      what: "calls per SVID, direct",
      measured: ((x509Direct.calls + jwtDirect.calls) / (2 * few)).toFixed(2),
    },
    took("X.509, direct", x509Direct),
    took("X.509, delegated", x509Warm),
    took("JWT, direct", jwtDirect),
    took("JWT, wrapped", jwtWarm),
  ];
}

function counted(what: string, calls: number, budget: number): Figure {
  return {
    what,
    measured: String(calls),
    budget: budget === 0 ? "0" : `≤ ${budget}`,
    met: calls <= budget,
  };
}

function took(what: string, { latencies: { p50, p99 } }: Measured): Figure {
  return {
    what: `p50; p99 of a request, key service ${DELAY_MS} ms away: ${what}`,
    measured: `${p50.toFixed(1)} ms; ${p99.toFixed(1)} ms`,
  };
}
