import {
  derOctets,
  derOid,
  derString,
  isContext,
  readDer,
  unwrap,
} from "../../encoding/der/reader.ts";
import { fail, ok, type Result } from "../../result.ts";
import { parseCertificate } from "../../svid/certificate.ts";

/** Who signed, as the certificate authority saw it: the authority, and not the signer, wrote all of this. */
export interface Signer {
  /** The one subject alternative name: of a CI job, the URI of the workflow that signs. */
  readonly san: string;
  /** The OIDC issuer that vouched for the signer. */
  readonly issuer: string;
  /** What the issuer's token said of the build, by the name of the claim; absent where the certificate does not say. */
  readonly build: Readonly<Partial<Record<BuildClaim, string>>>;
}

const FULCIO = "1.3.6.1.4.1.57264.1.";
const ISSUER = `${FULCIO}8`;
const CODE_SIGNING = "1.3.6.1.5.5.7.3.3";

/** @see https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md */
const BUILD = {
  [`${FULCIO}11`]: "runner_environment",
  [`${FULCIO}12`]: "source_repository",
  [`${FULCIO}13`]: "source_commit",
  [`${FULCIO}14`]: "source_ref",
  [`${FULCIO}15`]: "source_repository_id",
  [`${FULCIO}17`]: "source_owner_id",
  [`${FULCIO}18`]: "workflow",
  [`${FULCIO}20`]: "build_trigger",
} as const;
const BUILD_CLAIMS: ReadonlyMap<string, BuildClaim> = new Map(Object.entries(BUILD));
type BuildClaim = (typeof BUILD)[keyof typeof BUILD];

/**
 * Reads a code-signing certificate of Fulcio's profile. It is not verified here.
 * @returns `certificate_malformed` | `key_unsupported` | `not_a_workload` for a certificate of another purpose
 */
export function readSigner(certificate: Uint8Array): Result<Signer> {
  const parsed = parseCertificate(certificate);
  if (!parsed.ok) return parsed;
  const { subjectAltName, extendedKeyUsage, basicConstraints } = parsed.value.extensions;
  if (basicConstraints?.ca === true || extendedKeyUsage?.includes(CODE_SIGNING) !== true)
    return fail("not_a_workload", "the certificate is not for signing code");
  const [name, another] = subjectAltName?.names ?? [];
  if (another !== undefined || (name?.type !== "uri" && name?.type !== "email"))
    return malformed("subject alternative name");
  let issuer: string | undefined;
  const build: Partial<Record<BuildClaim, string>> = {};
  for (const [oid, value] of fulcioExtensions(certificate)) {
    const claim = BUILD_CLAIMS.get(oid);
    if (oid !== ISSUER && claim === undefined) continue;
    const text = readText(value);
    if (text === undefined) return malformed(`extension ${oid}`);
    if (claim === undefined) issuer = text;
    else build[claim] = text;
  }
  return issuer === undefined
    ? fail("claim_missing", "the certificate names no issuer of its signer")
    : ok({ san: name.value, issuer, build });
}

/** Extensions under Fulcio's arc. The certificate has been read whole before, so that each stands in it once. */
function* fulcioExtensions(certificate: Uint8Array): Generator<[oid: string, value: Uint8Array]> {
  const read = readDer(certificate);
  const fields = read.ok ? (read.value.children[0]?.children ?? []) : [];
  const list = unwrap(
    fields.find((field) => isContext(field, 3)),
    3,
  );
  for (const { children } of list?.children ?? []) {
    const oid = derOid(children[0]);
    const value = derOctets(children.at(-1));
    if (oid?.startsWith(FULCIO) === true && value !== undefined) yield [oid, value];
  }
}

function readText(value: Uint8Array): string | undefined {
  const read = readDer(value);
  const text = read.ok ? derString(read.value) : undefined;
  return text === "" ? undefined : text;
}

function malformed(detail: string): Result<never> {
  return fail("certificate_malformed", detail);
}
