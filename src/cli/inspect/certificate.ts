import { toHex } from "../../encoding/bytes.ts";
import { derOid, derString, readDer } from "../../encoding/der/reader.ts";
import { ok, type Result } from "../../result.ts";
import { parseSpiffeId } from "../../spiffe/spiffe-id.ts";
import { parseCertificate, type Certificate } from "../../svid/certificate.ts";
import type { NameConstraints } from "../../svid/extensions.ts";
import type { GeneralName } from "../../svid/general-name.ts";
import type { DistinguishedName } from "../../svid/name.ts";
import { platform } from "../key-file.ts";
import { formatDuration, formatTime } from "../time.ts";
import type { Description } from "./description.ts";
import { jktOf, keyWords, schemeWords } from "./keys.ts";

/** One certificate or a chain, leaf first. Says nothing of trust: for that a bundle is needed. */
export async function describeCertificates(
  ders: readonly Uint8Array[],
): Promise<Result<Description[]>> {
  const certificates: Certificate[] = [];
  for (const der of ders) {
    const certificate = parseCertificate(der);
    if (!certificate.ok) return certificate;
    certificates.push(certificate.value);
  }
  const titles = certificates.map((_, index) =>
    certificates.length === 1 ? "" : ` ${index + 1} of ${certificates.length}`,
  );
  return ok(
    await Promise.all(
      certificates.map((certificate, index) => describe(certificate, titles[index] ?? "")),
    ),
  );
}

async function describe(certificate: Certificate, position: string): Promise<Description> {
  const { extensions, notBefore, notAfter } = certificate;
  const names = extensions.subjectAltName?.names ?? [];
  const uris = names.flatMap((name) => (name.type === "uri" ? [name.value] : []));
  const ca = extensions.basicConstraints?.ca === true;
  const subject = nameWords(certificate.subject);
  const issuer = nameWords(certificate.issuer);
  const jkt = await jktOf(certificate.info);
  const uses = [...(extensions.keyUsage?.uses ?? [])];
  const now = platform.now();
  const serial = toHex(certificate.serial);
  return {
    title: `Certificate${position}: ${role(ca, uris)}`,
    fields: [
      ["SPIFFE ID", uris.filter((uri) => parseSpiffeId(uri).ok).join(", ") || undefined],
      ["subject", subject || "(empty)"],
      [
        "other names",
        names
          .map(generalNameWords)
          .filter((text) => !text.startsWith("uri spiffe:"))
          .join(", ") || undefined,
      ],
      ["issuer", issuer === subject ? `${issuer} (self-issued)` : issuer],
      ["serial", serial],
      [
        "valid",
        `${formatTime(notBefore)} to ${formatTime(notAfter)} (${formatDuration(notAfter - notBefore)})`,
      ],
      ["now", lifeWords(now, notBefore, notAfter)],
      ["key", `${keyWords(certificate.info)}, thumbprint ${jkt}`],
      ["signed with", schemeWords(certificate.scheme)],
      [
        "CA",
        ca
          ? `yes${extensions.basicConstraints?.pathLength === undefined ? "" : `, path length ${extensions.basicConstraints.pathLength}`}`
          : "no",
      ],
      ["name constraints", constraintWords(extensions.nameConstraints)],
      ["key usage", uses.join(", ") || undefined],
      ["extended key usage", extensions.extendedKeyUsage?.map(usageWords).join(", ")],
      ["unknown critical", extensions.unknownCritical.join(", ") || undefined],
    ],
    notes: ["not verified: no bundle was consulted"],
    data: {
      kind: "certificate",
      spiffe_ids: uris,
      subject,
      issuer,
      serial,
      not_before: notBefore,
      not_after: notAfter,
      key: keyWords(certificate.info),
      thumbprint: jkt,
      ca,
      key_usage: uses,
      extended_key_usage: extensions.extendedKeyUsage ?? [],
    },
  };
}

function namesWords(names: readonly GeneralName[]): string {
  return names.map(generalNameWords).join(", ");
}

function constraintWords(constraints: NameConstraints | undefined): string | undefined {
  if (constraints === undefined) return undefined;
  const { permitted, excluded } = constraints;
  return [
    ...(permitted.length > 0 ? [`permitted ${namesWords(permitted)}`] : []),
    ...(excluded.length > 0 ? [`excluded ${namesWords(excluded)}`] : []),
  ].join("; ");
}

function role(ca: boolean, uris: readonly string[]): string {
  const [uri] = uris;
  const id = uris.length === 1 && uri !== undefined ? parseSpiffeId(uri) : undefined;
  if (ca) return id?.ok === true ? "SPIFFE certificate authority" : "certificate authority";
  if (id?.ok !== true) return "not an X.509-SVID (it needs exactly one URI name, a SPIFFE ID)";
  return id.value.path === "" ? "not an X.509-SVID (its SPIFFE ID has no path)" : "X.509-SVID";
}

export function lifeWords(now: number, from: number | undefined, to: number | undefined): string {
  if (from !== undefined && now < from) return `begins in ${formatDuration(from - now)}`;
  if (to === undefined) return "has no end";
  return now > to
    ? `expired ${formatDuration(now - to)} ago`
    : `good for another ${formatDuration(to - now)}`;
}

function usageWords(dotted: string): string {
  const known: Record<string, string> = {
    "1.3.6.1.5.5.7.3.1": "server authentication",
    "1.3.6.1.5.5.7.3.2": "client authentication",
    "1.3.6.1.5.5.7.3.3": "code signing",
    "2.5.29.37.0": "any",
  };
  return known[dotted] ?? dotted;
}

function generalNameWords(name: GeneralName): string {
  if (name.type === "ip") return ipWords(name.value);
  if (name.type === "dns" && name.value === "") return "dns (all)";
  if (name.type === "directory") return `directory ${nameWords(name.value)}`;
  return name.type === "other" ? `other (${name.tag})` : `${name.type} ${name.value}`;
}

/** An address; with a mask behind it, as name constraints have them. */
function ipWords(value: Uint8Array): string {
  if (value.length > 4 && value.every((octet) => octet === 0))
    return value.length === 8 ? "ip (all IPv4)" : "ip (all IPv6)";
  return `ip ${[...value].join(value.length === 4 ? "." : ":")}`;
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.5": "serialNumber",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.45": "x500UniqueIdentifier",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.2.840.113549.1.9.1": "emailAddress",
};

/** `CN=…, O=…` in the order of the certificate. */
function nameWords(name: DistinguishedName): string {
  const read = readDer(name.raw);
  const rdns = read.ok ? read.value.children : [];
  return rdns
    .flatMap((rdn) => rdn.children)
    .map((attribute) => {
      const [type, value] = attribute.children;
      const dotted = derOid(type) ?? "?";
      const text = derString(value) ?? `#${toHex(value?.raw ?? new Uint8Array())}`;
      return `${ATTRIBUTES[dotted] ?? dotted}=${/^[\w .:/@*-]*$/.test(text) ? text : JSON.stringify(text)}`;
    })
    .join(", ");
}
