import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runChecked } from "../../../scripts/interop/processes.ts";

/** Where Debian's package puts it. */
export const MODULE = "/usr/lib/softhsm/libsofthsm2.so";
export const PIN = "zebra-61-crossing";
const SO_PIN = "87654321";
const DEADLINE = { deadlineMs: 60_000 };

export interface SoftHsm extends Disposable {
  /** What every program that loads the module has to be given. */
  readonly env: Readonly<Record<string, string>>;
  /** The folder that is the token. */
  readonly token: string;
  /** Makes a pair on the token, as an operator does. @returns its public half */
  generate(label: string, id: string, type: string): Promise<KeyObject>;
  /** Brings a key that was made elsewhere. @returns its public half */
  import(
    label: string,
    id: string,
    key: { publicKey: KeyObject; privateKey: KeyObject },
  ): Promise<KeyObject>;
}

/** A software token, labelled `svidmint`, in a folder of its own. */
export async function softHsm(programs: {
  readonly softhsm2: string;
  readonly "pkcs11-tool": string;
}): Promise<SoftHsm> {
  const folder = mkdtempSync(join(tmpdir(), "svidmint-softhsm-"));
  const tokens = join(folder, "tokens");
  mkdirSync(tokens);
  const conf = join(folder, "softhsm2.conf");
  writeFileSync(conf, `directories.tokendir = ${tokens}\nobjectstore.backend = file\n`);
  const env = { SOFTHSM2_CONF: conf };
  const options = { ...DEADLINE, env, cwd: folder };
  const util = (...args: string[]) => runChecked(programs.softhsm2, args, options);
  const tool = (...args: string[]) =>
    runChecked(
      programs["pkcs11-tool"],
      ["--module", MODULE, "--token-label", "svidmint", "--login", "--pin", PIN, ...args],
      options,
    );
  await util("--init-token", "--free", "--label", "svidmint", "--so-pin", SO_PIN, "--pin", PIN);
  const [own = ""] = readdirSync(tokens);
  return {
    env,
    token: join(tokens, own),
    async generate(label, id, type) {
      await tool("--keypairgen", "--key-type", type, "--label", label, "--id", id);
      const out = join(folder, `${label}.der`);
      await tool("--read-object", "--type", "pubkey", "--id", id, "--output-file", out);
      return createPublicKey({ key: readFileSync(out), format: "der", type: "spki" });
    },
    async import(label, id, { publicKey, privateKey }) {
      const file = join(folder, `${label}.pem`);
      writeFileSync(file, privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
      const names = ["--token", "svidmint", "--label", label, "--id", id, "--pin", PIN];
      await util("--import", file, ...names);
      rmSync(file);
      return publicKey;
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export function keyPair(type: "P-256" | "P-384" | "RSA-2048" | "RSA-3072" | "Ed25519") {
  if (type === "Ed25519") return generateKeyPairSync("ed25519");
  if (type.startsWith("P-")) return generateKeyPairSync("ec", { namedCurve: type });
  return generateKeyPairSync("rsa", { modulusLength: Number(type.slice("RSA-".length)) });
}

/** Of the package, from its compiled half. */
export function packageFolder(compiled: string): string {
  return dirname(dirname(dirname(compiled)));
}
