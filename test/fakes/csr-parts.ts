import { derOid, readDer, type DerNode } from "../../src/encoding/der/reader.ts";

export interface CsrParts {
  /** DER Name. */
  readonly subject: Uint8Array;
  readonly commonName: string;
  readonly spki: Uint8Array;
  /** By object identifier: the DER Extension. */
  readonly extensions: ReadonlyMap<string, Uint8Array>;
}

/** What a certificate request says, as a CA reads it. */
export function csrParts(csr: Uint8Array): CsrParts {
  const read = readDer(csr);
  const [, subject, spki, attributes] = read.ok ? (read.value.children[0]?.children ?? []) : [];
  if (subject === undefined || spki === undefined) throw new Error("no request");
  const [requested] = (attributes?.children ?? []).filter(
    ({ children }) => derOid(children[0]) === "1.2.840.113549.1.9.14",
  );
  const extensions = requested?.children[1]?.children[0]?.children ?? [];
  return {
    subject: subject.raw,
    commonName: commonName(subject),
    spki: spki.raw,
    extensions: new Map(extensions.map((one) => [derOid(one.children[0]) ?? "", one.raw])),
  };
}

function commonName(subject: DerNode): string {
  const pairs = subject.children.flatMap(({ children }) => children);
  const [, value] = pairs.find(({ children }) => derOid(children[0]) === "2.5.4.3")?.children ?? [];
  return new TextDecoder().decode(value?.content);
}
