/**
 * What a signature by each backend costs this process beside the bare HTTP request that it makes: the same method,
 * headers and body, to a server that knows the answer. `node backend-cpu.ts ROUNDS SIGNATURES` prints a JSON line each.
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../scripts/free-port.ts";
import { accepts, startServer } from "../../scripts/interop/processes.ts";
import { LOAD_CORE } from "../measure.ts";
import { recordBackends } from "./backends.ts";

/** As long as an X.509-SVID's TBSCertificate. */
const DATA = new Uint8Array(420).fill(7);

const [rounds = 0, signatures = 0] = process.argv.slice(2).map(Number);
const backends = await recordBackends(DATA);
const folder = mkdtempSync(join(tmpdir(), "bench-canned-"));
const file = join(folder, "answers.json");
const answers = backends.map(({ backend, answer }) => [`/${backend}`, answer]);
writeFileSync(file, JSON.stringify(Object.fromEntries(answers)));
const port = await freePort();
const script = fileURLToPath(new URL("canned-server.ts", import.meta.url));
const server = await startServer(process.execPath, [script, String(port), file], {
  core: LOAD_CORE,
  folder,
  deadlineMs: 600_000,
  ready: () => accepts(port),
});

try {
  for (const { backend, signer, request, redirect } of backends) {
    const url = `http://127.0.0.1:${port}/${backend}`;
    redirect((_, init) => fetch(url, init));
    const sign = async (): Promise<void> => void (await signer.sign(DATA));
    const bare = async (): Promise<void> => void (await (await fetch(url, request)).arrayBuffer());
    await micros(sign);
    await micros(bare);
    const measured = { backend, sign: [] as number[], bare: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      measured.sign.push(await micros(sign));
      measured.bare.push(await micros(bare));
    }
    console.log(JSON.stringify(measured));
  }
} finally {
  await server.stop();
}

/** CPU time of one, over many. */
async function micros(run: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  for (let n = 0; n < signatures; n++) await run(); // oxlint-disable-line no-await-in-loop -- one after the other
  const { user, system } = process.cpuUsage(before);
  return (user + system) / signatures;
}
