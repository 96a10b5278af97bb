import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runChecked } from "./processes.ts";

/** A CA as a company has one, made by OpenSSL: a root, and below it one that issues. All PEM. */
export interface CorporateCa {
  readonly root: string;
  readonly issuing: string;
  /** Of the one that issues: PKCS#8. */
  readonly issuingKey: string;
}

const CA = ["keyUsage=critical,keyCertSign,cRLSign", "subjectKeyIdentifier=hash"];
const DAYS = ["-days", "30"];

/** @param pathLength of the CA that issues: 1 for one that may have intermediates of ours below it */
export async function makeCorporateCa(folder: string, pathLength = 1): Promise<CorporateCa> {
  const openssl = (...args: readonly string[]): Promise<string> =>
    runChecked("openssl", args, { cwd: folder, deadlineMs: 60_000 });
  const extensions = (length: number): string[] => [
    `basicConstraints=critical,CA:TRUE,pathlen:${length}`,
    ...CA,
  ];
  const newKey = (name: string): string[] =>
    `req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -config /dev/null -keyout ${name}.key -subj /O=Corp/CN=${name}`.split(
      " ",
    );
  const named = extensions(2).flatMap((one) => ["-addext", one]);
  await openssl(...newKey("root"), "-x509", ...DAYS, ...named, "-out", "root.pem");
  await openssl(...newKey("issuing"), "-out", "issuing.csr");
  writeFileSync(
    join(folder, "issuing.ext"),
    [...extensions(pathLength), "authorityKeyIdentifier=keyid"].join("\n"),
  );
  const signed = ["-CA", "root.pem", "-CAkey", "root.key", "-extfile", "issuing.ext"];
  await openssl("x509", "-req", "-in", "issuing.csr", ...signed, ...DAYS, "-out", "issuing.pem");
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  return { root: read("root.pem"), issuing: read("issuing.pem"), issuingKey: read("issuing.key") };
}
