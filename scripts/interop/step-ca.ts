import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCorporateCa, type CorporateCa } from "./corporate-ca.ts";
import { freePort } from "../free-port.ts";
import { accepts, startServer } from "./processes.ts";
import { makeKey, type WorkloadKey } from "./workload.ts";

/** The longest that it may live. Milliseconds. */
const DEADLINE_MS = 10 * 60_000;

/** A step-ca with a database, which takes each token once, alone on loopback. */
export interface StepCa extends AsyncDisposable {
  readonly url: string;
  readonly ca: CorporateCa;
  /** File with the root of its own certificate. */
  readonly rootFile: string;
  readonly provisioner: { readonly name: string; readonly key: WorkloadKey };
}

/** @param template of its provisioner, as step-ca's documentation describes them. @param longest as step has durations */
export async function startUpstreamStepCa(
  program: string,
  template: string,
  longest = "48h",
): Promise<StepCa> {
  const folder = mkdtempSync(join(tmpdir(), "step-ca-"));
  const port = await freePort();
  const ca = await makeCorporateCa(folder);
  const provisioner = { name: "svidmint", key: makeKey() };
  const rootFile = join(folder, "root.pem");
  writeFileSync(
    join(folder, "ca.json"),
    JSON.stringify({
      root: rootFile,
      crt: join(folder, "issuing.pem"),
      key: join(folder, "issuing.key"),
      address: `127.0.0.1:${port}`,
      dnsNames: ["127.0.0.1"],
      logger: { format: "json" },
      db: { type: "badgerv2", dataSource: join(folder, "db") },
      authority: {
        provisioners: [
          {
            type: "JWK",
            name: provisioner.name,
            key: {
              ...provisioner.key.jwk,
              kid: provisioner.key.thumbprint,
              alg: "ES256",
              use: "sig",
            },
            claims: { defaultTLSCertDuration: "30m", maxTLSCertDuration: longest },
            options: { x509: { template } },
          },
        ],
      },
    }),
  );
  const server = await startServer(program, [join(folder, "ca.json")], {
    folder,
    deadlineMs: DEADLINE_MS,
    env: { STEPPATH: folder },
    ready: () => accepts(port),
  });
  const url = `https://127.0.0.1:${port}`;
  return { url, ca, rootFile, provisioner, [Symbol.asyncDispose]: server.stop };
}
