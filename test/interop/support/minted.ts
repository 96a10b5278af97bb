import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runChecked } from "../../../scripts/interop/processes.ts";
import type { Svidmint } from "../../../scripts/interop/svidmint.ts";
import { makeKey } from "../../../scripts/interop/workload.ts";
import { pkcs8Pem } from "./svids.ts";

/**
 * SVIDs that svidmint itself would never issue, such as those that have expired, by the very keys of a server that made
 * its own: OpenSSL and `node:crypto` sign them.
 */
export type Keyed = Pick<Svidmint, "folder">;

export function keyFile({ folder }: Keyed, use: "root" | "jwt", ending: "key" | "pem"): string {
  const own = join(folder, ".svidmint");
  const name = readdirSync(own).find((one) => one.startsWith(use) && one.endsWith(ending));
  if (name === undefined) throw new Error(`no ${use}.${ending} in ${own}`);
  return join(own, name);
}

export interface Leaf {
  readonly chain: string;
  readonly key: string;
}

/** From and to in hours from now. */
export interface Span {
  readonly from?: number;
  readonly to?: number;
}

/** A leaf of the profile, in the name of any workload. */
export async function mintLeaf(
  issuer: Keyed,
  spiffeId: string,
  { from = -1, to = 1 }: Span = {},
): Promise<Leaf> {
  const folder = mkdtempSync(join(tmpdir(), "minted-"));
  const openssl = (...args: readonly string[]): Promise<string> =>
    runChecked("openssl", args, { cwd: folder, deadlineMs: 60_000 });
  try {
    const key = pkcs8Pem(makeKey());
    writeFileSync(join(folder, "leaf.key"), key);
    writeFileSync(join(folder, "index"), "");
    writeFileSync(join(folder, "ca.conf"), caConfiguration(spiffeId));
    const subject = ["-subj", "/O=interop", "-config", "/dev/null"];
    await openssl("req", "-new", "-key", "leaf.key", ...subject, "-out", "leaf.csr");
    const ca = [
      "-cert",
      keyFile(issuer, "root", "pem"),
      "-keyfile",
      keyFile(issuer, "root", "key"),
    ];
    const dates = ["-startdate", opensslTime(from), "-enddate", opensslTime(to)];
    const args = ["-config", "ca.conf", "-batch", "-notext", ...ca, ...dates];
    const chain = await openssl("ca", ...args, "-in", "leaf.csr");
    return { chain, key };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function opensslTime(hours: number): string {
  const time = new Date(Date.now() + hours * 3_600_000).toISOString();
  return time.replaceAll(/[-:T]|\.\d+/gu, "");
}

function caConfiguration(spiffeId: string): string {
  return `[ca]
default_ca = own
[own]
database = index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = leaf
[any]
organizationName = optional
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth,clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = URI:${spiffeId}
`;
}
