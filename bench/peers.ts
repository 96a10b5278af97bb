import { driveLoad, startStepCa } from "../scripts/interop/peers.ts";
import { startSpire } from "../scripts/interop/spire.ts";
import { findProgram } from "../scripts/interop/programs.ts";
import { LOAD_CORE, SERVER_CORE } from "./measure.ts";

/** Server CPU per request of the peers that are installed. Microseconds. */
export interface PeerFigures {
  readonly spireX509?: number;
  readonly spireJwt?: number;
  readonly stepCa?: number;
}

const core = { core: SERVER_CORE };

export async function measurePeers(requests: number): Promise<PeerFigures> {
  return { ...(await measureSpire(requests)), ...(await measureStepCa(requests)) };
}

async function measureSpire(requests: number): Promise<PeerFigures> {
  const [server, client] = [findProgram("spire-server"), findProgram("load-spire")];
  if (server === undefined || client === undefined) return {};
  await using spire = await startSpire(server, core);
  const mint = async (work: "x509" | "jwt"): Promise<number> => {
    const target = ["-socket", spire.socket, "-trust-domain", spire.trustDomain, "-work", work];
    const args = [...target, ...bounds(spire.server.pid, requests)];
    const figures = await driveLoad(client, args, { core: LOAD_CORE });
    return figures.server_cpu_micros_per_request;
  };
  return { spireX509: await mint("x509"), spireJwt: await mint("jwt") };
}

async function measureStepCa(requests: number): Promise<PeerFigures> {
  const [server, client] = [findProgram("step-ca"), findProgram("load-step-ca")];
  if (server === undefined || client === undefined) return {};
  await using authority = await startStepCa(server, client, core);
  const target = ["-dir", authority.folder, "-port", String(authority.port)];
  const args = [...target, ...bounds(authority.server.pid, requests)];
  const figures = await driveLoad(client, args, { core: LOAD_CORE });
  return { stepCa: figures.server_cpu_micros_per_request };
}

function bounds(pid: number, requests: number): string[] {
  const warmup = Math.ceil(requests / 4);
  return ["-pid", String(pid), "-requests", String(requests), "-warmup", String(warmup)];
}
