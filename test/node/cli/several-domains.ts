import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exchange } from "../runtimes/raw-client.ts";
import { quickly } from "./run.ts";
import { freePort } from "../../../scripts/free-port.ts";

/** One of two trust domains that `svidmint init` wrote, each in a folder of its own. */
export interface InitialisedDomain {
  readonly name: string;
  readonly issuer: string;
  /** Relative to the folder of both. */
  readonly config: string;
}

/** At one port of this machine, told apart by what clients call it. */
export async function twoInitialised(
  cwd: string,
): Promise<{ port: number; one: InitialisedDomain; two: InitialisedDomain }> {
  const port = await freePort();
  const initialised = async (name: string, issuer: string): Promise<InitialisedDomain> => {
    await quickly(["init", "--dir", name, "--issuer", issuer], { cwd });
    const config = join(name, "svidmint.yaml");
    const text = await readFile(join(cwd, config), "utf8");
    await writeFile(join(cwd, config), text.replaceAll("dev.example.org", `${name}.example`));
    return { name, issuer, config };
  };
  return {
    port,
    one: await initialised("one", `http://127.0.0.1:${port}`),
    two: await initialised("two", `http://localhost:${port}/two`),
  };
}

/** @param lines the request line and headers as they stand. @returns status and body */
export async function raw(
  port: number,
  ...lines: readonly string[]
): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const request = [...lines, "Connection: close", "", ""].join("\r\n");
  const client = await exchange({ host: "127.0.0.1", port }, Buffer.from(request, "latin1"));
  const [status] = client.statuses();
  return { status, body: client.text().split("\r\n\r\n").slice(1).join("\r\n\r\n") };
}

/** Evidence of a trust domain's development key for the key in `svid.csr`, and what asks for an X.509-SVID by it. */
export async function askingFor(cwd: string, { config }: InitialisedDomain): Promise<string> {
  const ran = await quickly(["evidence", "dev", "--config", config, "--csr", "svid.csr"], { cwd });
  const csr = await readFile(join(cwd, "svid.csr"), "utf8");
  return JSON.stringify({ evidence: [JSON.parse(ran.stdout)], x509: { csr } });
}
