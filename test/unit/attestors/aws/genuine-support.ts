import { decodeBase64, encodeBase64 } from "../../../../src/encoding/base64.ts";
import { utf8Decode, utf8Encode } from "../../../../src/encoding/bytes.ts";
import { derOctets, readDer, type DerNode } from "../../../../src/encoding/der/reader.ts";
import { parseJsonObject } from "../../../../src/encoding/json.ts";
import { makeIid } from "./iid-support.ts";

/** Documents that AWS signed, and certificates it published; empty where `../shared` is not there. */
const vectorFiles = import.meta.glob<string>("../../../../../shared/vectors/aws-iid/*.json", {
  query: "?raw",
  import: "default",
  eager: true,
});
const thirdPartyFiles = import.meta.glob<string>(
  "../../../../../shared/vectors/third-party/attestation-docs/aws-iid-*",
  { query: "?raw", import: "default", eager: true },
);
const certificateFiles = import.meta.glob<string>(
  "../../../../../shared/trust-roots/{aws-rsa2048,aws-rsa1024,aws-rsa1024-prev}/[a-z]*.pem",
  { query: "?raw", import: "default", eager: true },
);

export const absent = Object.keys(vectorFiles).length === 0;
/** Vectors that verify, by their form. */
export const GENUINE = ["teleport-1", "teleport-2", "cloudinit-1"] as const;
export const GENUINE_SMALL = ["cloudinit-1", "coder-1", "chalk-1", "taskcluster-1"] as const;

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("a vector is not what it should be");
  return value;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.[a-z0-9]+$/, "");
}

/** One member of a vector: `document`, `signature`, `rsa2048` or `pkcs7`. */
export function vector(name: string, member: string): string {
  const path = Object.keys(vectorFiles).find((file) => nameOf(file) === name);
  const json = parseJsonObject(must(vectorFiles[path ?? ""]));
  const text = json.ok ? json.value[member] : undefined;
  if (typeof text !== "string") throw new Error(`no ${member} in ${name}`);
  return text;
}

/** The third-party copies: two RSA-2048 documents, and the base64 of one signed with DSA. */
export function thirdParty(kind: "rsa2048" | "dsa"): string[] {
  const files = Object.entries(thirdPartyFiles).filter(([path]) => path.includes(kind));
  return files.map(([, text]) =>
    kind === "dsa" ? must(text.split(/-----[A-Z0-9 ]+-----/)[1]) : text,
  );
}

export interface PublishedCertificate {
  readonly region: string;
  readonly pem: string;
}

/** @param folder as in the path: `aws-rsa1024` without `-prev` is those in force */
export function certificates(...folders: readonly string[]): PublishedCertificate[] {
  return Object.entries(certificateFiles)
    .filter(([path]) => folders.some((folder) => path.includes(`/${folder}/`)))
    .map(([path, pem]) => ({ region: nameOf(path), pem }));
}

export function bytesOf(text: string): Uint8Array {
  const decoded = decodeBase64(text.trim(), { lineBreaks: true });
  if (!decoded.ok) throw new Error("not base64");
  return decoded.value;
}

function signedDataOf(cms: Uint8Array): DerNode {
  const read = readDer(cms, { ber: true });
  return must(read.ok ? read.value.children[1]?.children[0] : undefined);
}

/** What is inside PKCS#7, whoever signed it. */
export function contentOf(cms: Uint8Array): Uint8Array {
  return must(derOctets(signedDataOf(cms).children[2]?.children[1]?.children[0]));
}

/** The SignerInfo as it stands. */
export function signerOf(cms: Uint8Array): Uint8Array {
  return must(signedDataOf(cms).children.at(-1)?.children[0]).raw;
}

/** The RSA-1024 form as a client would send it. */
export function smallForm(name: string): { document: string; signature: string } {
  const fromCms = name.startsWith("chalk") || name.startsWith("cloudinit");
  const document = fromCms
    ? contentOf(bytesOf(vector(name, "pkcs7")))
    : utf8Encode(vector(name, "document"));
  return { document: encodeBase64(document), signature: vector(name, "signature") };
}

/** Read without any check; `now` is a minute after the instance started. */
export function readDocument(bytes: Uint8Array) {
  const text = must(utf8Decode(bytes));
  const read = (member: string) => must(new RegExp(`"${member}" : "([^"]+)"`).exec(text)?.[1]);
  return {
    now: Date.parse(read("pendingTime")) / 1000 + 60,
    account: read("accountId"),
    region: read("region"),
    instanceId: read("instanceId"),
  };
}

/** An attestor that believes the document's account. @param allow the RSA-1024 form */
export async function subject(document: Uint8Array, allow = false) {
  const read = readDocument(document);
  const { attestor } = await makeIid({ accounts: [read.account], allow_rsa1024: allow });
  return { ...read, attestor };
}
