import { fail, ok, type Awaitable, type Result } from "../result.ts";
import { whenReady } from "./awaitable.ts";
import { equalBytes } from "./bytes.ts";
import {
  context,
  derInteger,
  derOctets,
  derOid,
  derSmallInteger,
  isContext,
  isNull,
  isSequence,
  isSet,
  readDer,
  unwrap,
  type DerNode,
} from "./der/reader.ts";
import { compareEncodings } from "./der/writer.ts";
import type { CryptoPrimitives, PublicKey, SignatureScheme } from "./primitives.ts";
import { keyBits } from "./public-key.ts";
import { parseHashAlgorithm } from "./signature-algorithm.ts";

/**
 * CMS SignedData (RFC 5652 §5) in the forms that AWS and Azure sign documents in: content embedded, exactly one
 * signer named by issuer and serial number, RSA with SHA-256. Certificates in the envelope are passed on and
 * never trusted; the caller chooses the key.
 */
export interface SignedData {
  /** What was signed. Believe nothing else of the envelope. */
  readonly content: Uint8Array;
  /** The signer's certificate: the DER Name of its issuer and its serial number, big-endian without sign octet. */
  readonly signer: { readonly issuer: Uint8Array; readonly serial: Uint8Array };
  /** Absent: the signature is over the content itself. */
  readonly attributes?: SignedAttributes;
  readonly signature: Uint8Array;
  /** As they stood, in any order, by anybody. */
  readonly certificates: readonly Uint8Array[];
}

interface SignedAttributes {
  /** DER of the attributes under the tag SET OF: what the signature is over (RFC 5652 §5.4). */
  readonly signed: Uint8Array;
  readonly messageDigest: Uint8Array;
}

export interface CmsOptions {
  /** Admits the indefinite lengths and the content in pieces of AWS documents, outside of the signer's part. */
  readonly ber?: boolean;
}

const SIGNED_DATA = "1.2.840.113549.1.7.2";
const DATA = "1.2.840.113549.1.7.1";
const CONTENT_TYPE = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
const SHA256_WITH_RSA = "1.2.840.113549.1.1.11";

const SCHEME: SignatureScheme = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const MAX_BYTES = 16 * 1024;
const MIN_RSA_BITS = 2048;

/**
 * Not verified.
 * @returns `evidence_too_large` | `cms_malformed` | `cms_signers` | `cms_attributes` | `algorithm_not_allowed`
 */
export function parseSignedData(bytes: Uint8Array, options?: CmsOptions): Result<SignedData> {
  if (bytes.length > MAX_BYTES) return fail("evidence_too_large", "cms");
  const read = readDer(bytes, { ber: options?.ber === true });
  if (!read.ok) return fail("cms_malformed", read.error.detail);
  const outer = read.value;
  if (!isSequence(outer) || outer.children.length !== 2) return malformed("content info");
  if (derOid(outer.children[0]) !== SIGNED_DATA) return malformed("not signed data");
  const signedData = unwrap(outer.children[1], 0);
  if (!isSequence(signedData)) return malformed("signed data");

  const [version, digests, encapsulated, ...rest] = signedData.children;
  const versionNumber = derSmallInteger(version);
  if ((versionNumber !== 1 && versionNumber !== 3) || !isSet(digests)) return malformed("version");
  const content = contentOf(encapsulated);
  if (content === undefined) return malformed("content");
  const bag = rest.length === 2 ? rest[0] : undefined;
  const signers = rest.at(-1);
  if (rest.length > 2 || !isSet(signers)) return malformed("signed data");
  const certificates = certificatesIn(bag);
  if (certificates === undefined) return malformed("certificates");
  const [signer] = signers.children;
  if (signer === undefined || signers.children.length !== 1) return fail("cms_signers");

  const parsed = parseSigner(signer);
  return parsed.ok ? ok({ content, certificates, ...parsed.value }) : parsed;
}

function contentOf(node: DerNode | undefined): Uint8Array | undefined {
  if (!isSequence(node) || node.children.length !== 2) return undefined;
  if (derOid(node.children[0]) !== DATA) return undefined;
  return derOctets(unwrap(node.children[1], 0));
}

function certificatesIn(bag: DerNode | undefined): Uint8Array[] | undefined {
  if (bag === undefined) return [];
  if (!isContext(bag, 0) || !bag.constructed || !bag.children.every(isSequence)) return undefined;
  return bag.children.map((certificate) => certificate.raw);
}

type Signer = Pick<SignedData, "signer" | "attributes" | "signature">;

function parseSigner(node: DerNode): Result<Signer> {
  // Read again without BER: what is signed has one encoding, and it must be the one that stands here.
  const strict = readDer(node.raw);
  if (!strict.ok) return malformed("signer is not der");
  const { children } = strict.value;
  const [version, name, digest] = children;
  const attributes = context(strict.value, 0);
  if (!isSequence(strict.value) || children.length !== (attributes === undefined ? 5 : 6))
    return malformed("signer");
  if (attributes !== undefined && attributes !== children[3]) return malformed("signer");
  const [issuer, serialNumber] = name?.children ?? [];
  const serial = derInteger(serialNumber);
  if (derSmallInteger(version) !== 1 || !isSequence(name) || name.children.length !== 2)
    return malformed("signer is not named by issuer and serial number");
  if (!isSequence(issuer) || serial === undefined) return malformed("issuer and serial number");

  if (!isDigestAllowed(digest, attributes) || !isSignatureAllowed(children.at(-2)))
    return fail("algorithm_not_allowed", "cms");
  const signature = derOctets(children.at(-1));
  if (signature === undefined) return malformed("signature");
  const signer = { issuer: issuer.raw, serial };
  if (attributes === undefined) return ok({ signer, signature });
  const parsed = parseAttributes(attributes);
  return parsed.ok ? ok({ signer, signature, attributes: parsed.value }) : parsed;
}

/** SHA-256. Azure, whose documents have no attributes, writes the name of the signature algorithm here. */
function isDigestAllowed(node: DerNode | undefined, attributes: DerNode | undefined): boolean {
  if (parseHashAlgorithm(node) === "SHA-256") return true;
  return attributes === undefined && rsaName(node) === SHA256_WITH_RSA;
}

/** RSA PKCS #1 v1.5, named with its hash or without; parameters NULL or absent. */
function isSignatureAllowed(node: DerNode | undefined): boolean {
  const name = rsaName(node);
  return name === RSA_ENCRYPTION || name === SHA256_WITH_RSA;
}

function rsaName(node: DerNode | undefined): string | undefined {
  if (!isSequence(node) || node.children.length > 2) return undefined;
  const [name, parameters] = node.children;
  return parameters === undefined || isNull(parameters) ? derOid(name) : undefined;
}

const SET_OF = 0x31;

/** Content type and digest exactly once with one value each; others (signing time …) are signed but not used. */
function parseAttributes(node: DerNode): Result<SignedAttributes> {
  const seen = new Map<string, DerNode>();
  let previous: Uint8Array | undefined;
  for (const attribute of node.children) {
    const [type, values] = attribute.children;
    const name = derOid(type);
    if (!isSequence(attribute) || attribute.children.length !== 2 || name === undefined)
      return fail("cms_attributes", "not an attribute");
    const value = isSet(values) && values.children.length === 1 ? values.children[0] : undefined;
    if (value === undefined || seen.has(name)) return fail("cms_attributes", "not exactly once");
    // Signed as DER, in which a SET OF is sorted; in any other order these are not the bytes that were signed.
    if (previous !== undefined && compareEncodings(previous, attribute.raw) >= 0)
      return fail("cms_attributes", "not sorted");
    previous = attribute.raw;
    seen.set(name, value);
  }
  const messageDigest = derOctets(seen.get(MESSAGE_DIGEST));
  if (derOid(seen.get(CONTENT_TYPE)) !== DATA) return fail("cms_attributes", "content type");
  if (messageDigest?.length !== 32) return fail("cms_attributes", "message digest");
  const signed = Uint8Array.from(node.raw);
  signed[0] = SET_OF;
  return ok({ signed, messageDigest });
}

/**
 * Whether the key signed the content. What the key is worth is for the caller: a pinned one, or that of the
 * certificate which `signer` names, after path validation.
 * @returns `algorithm_not_allowed` | `cms_attributes` | `cms_digest_mismatch` | `signature_invalid`
 */
export function verifySignedData(
  data: SignedData,
  key: PublicKey,
  crypto: CryptoPrimitives,
): Awaitable<Result<void>> {
  if (key.info.type !== "RSA" || keyBits(key.info) < MIN_RSA_BITS)
    return fail("algorithm_not_allowed", "cms key");
  if (data.signature.length !== key.info.n.length) return fail("signature_invalid");
  const { attributes } = data;
  if (attributes === undefined) {
    // Else a signature over attributes could be presented as one over content that has their bytes.
    if (data.content[0] === SET_OF) return fail("cms_attributes", "content looks like attributes");
    return verifyBytes(data.content, data, key, crypto);
  }
  return whenReady(crypto.digest("SHA-256", data.content), (digest) =>
    equalBytes(digest, attributes.messageDigest)
      ? verifyBytes(attributes.signed, data, key, crypto)
      : fail("cms_digest_mismatch"),
  );
}

function verifyBytes(
  signed: Uint8Array,
  data: SignedData,
  key: PublicKey,
  crypto: CryptoPrimitives,
): Awaitable<Result<void>> {
  return whenReady(crypto.verify(SCHEME, key, data.signature, signed), (good) =>
    good ? ok(undefined) : fail("signature_invalid"),
  );
}

function malformed(detail: string): Result<never> {
  return fail("cms_malformed", detail);
}
