import { ascii, implicit, nul, seq } from "../../src/encoding/der/writer.ts";
import { OID as EXTENSION } from "../../src/svid/extensions.ts";
import { extension, forge, read, testCa, type Fields, type TestCa } from "../unit/svid/forge.ts";
import { OID, signedData, signerInfo } from "./cms-signer.ts";
import { base64, pem, rsaKeyPair } from "./keys.ts";
import { utf8 } from "./token-issuer.ts";

/** What is asked of the metadata service, and what it knows of its machine. */
export interface AttestedOptions {
  readonly subscription: string;
  readonly vmId: string;
  /** Unix seconds. */
  readonly now: number;
  /** As the requester chose it; a time of the machine's otherwise. */
  readonly nonce?: string;
}

/** A certificate and the key that goes with it: what signs documents. */
export interface AttestedSigner {
  readonly certificate: Uint8Array;
  readonly keys: CryptoKeyPair;
}

/** A simulated cloud's authority over attested documents: root, intermediate and the metadata service's certificate. */
export interface SimulatedAttestation {
  readonly root: TestCa;
  readonly intermediate: TestCa;
  readonly signer: AttestedSigner;
  /** PEM, as configuration takes them. */
  readonly roots: string;
  readonly intermediates: string;
  /** Another certificate for the signer's key. @param fields over those of a genuine one */
  certify(fields?: Fields, by?: TestCa): Promise<AttestedSigner>;
  /** `signature` of the answer to `/metadata/attested/document`. */
  attest(options: AttestedOptions): Promise<string>;
}

const DAY = 86_400;
const LIFETIME_SECONDS = 6 * 3600;

/** RSA keys take long to make: clouds of one process sign with one key unless told, each under certificates of its own. */
let sharedKeys: CryptoKeyPair | undefined;

/**
 * @param now Unix seconds around which its certificates are valid
 * @param options `ownKey` where one cloud's key must not be another's
 */
export async function simulateAttestation(
  now: number,
  { ownKey = false }: { readonly ownKey?: boolean } = {},
): Promise<SimulatedAttestation> {
  const dates = { notBefore: now - 30 * DAY, notAfter: now + 30 * DAY };
  const root = await testCa("Simulated Root", dates);
  const intermediate = await testCa("Simulated Issuing CA", dates, root);
  const keys = ownKey ? await rsaKeyPair() : (sharedKeys ??= await rsaKeyPair());
  const spki = await crypto.subtle.exportKey("spki", keys.publicKey);
  if (!(spki instanceof ArrayBuffer)) throw new Error("no bytes");
  const certify = async (fields: Fields = {}, by = intermediate): Promise<AttestedSigner> => ({
    keys,
    certificate: await forge(
      {
        subject: "metadata.azure.com",
        issuer: by.name,
        ...dates,
        spki: new Uint8Array(spki),
        extensions: signerExtensions(["eastus.metadata.azure.com", "metadata.azure.com"]),
        ...fields,
      },
      by.key,
    ),
  });
  const signer = await certify();
  return {
    root,
    intermediate,
    signer,
    roots: pem("CERTIFICATE", root.der),
    intermediates: pem("CERTIFICATE", intermediate.der),
    certify,
    attest: async (options) => base64(await signDocument(signer, documentText(options))),
  };
}

export function signerExtensions(
  names: readonly string[],
  purposes: readonly string[] = [EXTENSION.serverAuth],
): Uint8Array[] {
  return [
    extension.keyUsage([0, 2]),
    extension.altNames(...names.map((name) => implicit(2, ascii(name)))),
    ...(purposes.length > 0 ? [extension.purposes(...purposes)] : []),
  ];
}

/** The members in the order in which Azure writes them. */
export function documentText({ subscription, vmId, now, nonce }: AttestedOptions): string {
  return JSON.stringify({
    licenseType: "",
    nonce: nonce ?? "20270115-080000",
    plan: { name: "", product: "", publisher: "canonical" },
    sku: "20_04-lts-gen2",
    subscriptionId: subscription,
    timeStamp: { createdOn: stamp(now), expiresOn: stamp(now + LIFETIME_SECONDS) },
    vmId,
  });
}

/** `MM/DD/YY hh:mm:ss -0000` */
export function stamp(unixSeconds: number): string {
  const [date = "", time = ""] = new Date(unixSeconds * 1000).toISOString().split(/[T.]/);
  const [year = "", month, day] = date.split("-");
  return `${month}/${day}/${year.slice(2)} ${time} -0000`;
}

export interface DocumentEnvelope {
  /** The bag; the signer's own certificate alone unless told. */
  readonly certificates?: readonly Uint8Array[];
  /** Further SignerInfos. */
  readonly more?: readonly Uint8Array[];
  readonly attributes?: readonly Uint8Array[];
  /** Signs in place of the key that the certificate is for. */
  readonly key?: CryptoKey;
}

/** PKCS#7 as Azure writes it: DER, no signed attributes, and the signature's algorithm where the digest's should be. */
export async function signDocument(
  signer: AttestedSigner,
  text: string,
  envelope: DocumentEnvelope = {},
): Promise<Uint8Array> {
  const content = utf8(text);
  return signedData({
    content,
    der: true,
    signers: [await signerInfoOf(signer, content, envelope), ...(envelope.more ?? [])],
    certificates: envelope.certificates ?? [signer.certificate],
    digestAlgorithms: [seq(OID.sha256WithRsa, nul())],
  });
}

export async function signerInfoOf(
  { certificate, keys }: AttestedSigner,
  content: Uint8Array,
  { attributes, key }: DocumentEnvelope = {},
): Promise<Uint8Array> {
  const { issuer, serial } = read(certificate);
  return signerInfo({
    key: key ?? keys.privateKey,
    attributes,
    content,
    generation: "2017",
    issuer: issuer.raw,
    serial,
    ...(attributes === undefined && { digestAlgorithm: seq(OID.sha256WithRsa, nul()) }),
  });
}
