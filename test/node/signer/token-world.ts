import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { parseSpki } from "../../../src/encoding/public-key.ts";
import type { PublicKeyInfo } from "../../../src/encoding/primitives.ts";
import { SignerError } from "../../../src/signer/signer.ts";
import { writeModule, type FakeModule } from "../../fakes/node/cryptoki.ts";

/** What stands in for the package `pkcs11js`. */
export const FAKE = fileURLToPath(new URL("../../fakes/node/cryptoki.ts", import.meta.url));
export const PIN = "hunter2";

const pkcs8 = { format: "pem", type: "pkcs8" } as const;
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ed = generateKeyPairSync("ed25519");
const other = generateKeyPairSync("ed25519");
const RSA_KEY = {
  label: "rsa",
  id: "01",
  privateKey: rsa.privateKey.export(pkcs8).toString(),
};
export const ED_KEY = { label: "ed", id: "02", privateKey: ed.privateKey.export(pkcs8).toString() };
export const OTHER_KEY = other.privateKey.export(pkcs8).toString();
export const RSA_INFO = infoOf(rsa.publicKey.export({ format: "der", type: "spki" }));
export const ED_INFO = infoOf(ed.publicKey.export({ format: "der", type: "spki" }));
export const RSA_PUBLIC = rsa.publicKey;

export const TOKEN = { label: "svidmint", serial: "0a", pin: PIN, keys: [RSA_KEY, ED_KEY] };
export const MODULE: FakeModule = { tokens: [TOKEN] };

/** @returns the path of a module, which goes with the test */
export function moduleFile(
  module: FakeModule = MODULE,
  finished: (clean: () => void) => void = onTestFinished,
): string {
  const folder = mkdtempSync(join(tmpdir(), "svidmint-token-"));
  finished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "module.json");
  writeModule(path, module);
  return path;
}

/** What a call that has to fail fails with. */
export async function faultOf(run: () => unknown): Promise<SignerError> {
  const error: unknown = await (async () => run())().catch((e: unknown) => e);
  if (error instanceof SignerError) return error;
  throw new Error(`not refused: ${String(error)}`);
}

function infoOf(spki: Uint8Array): PublicKeyInfo {
  const info = parseSpki(new Uint8Array(spki));
  if (!info.ok) throw new Error(info.error.reason);
  return info.value;
}
