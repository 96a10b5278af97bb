import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { bundleToJSON, toDSSEBundle } from "@sigstore/bundle";
import { initializeCA, initializeCTLog, initializeTLog, initializeTSA } from "@sigstore/mock";
import { HashAlgorithm, PublicKeyDetails, TrustedRoot } from "@sigstore/protobuf-specs";

type Json = Record<string, unknown>;

/** A certificate authority, a certificate log, a transparency log and a timestamp authority, for one moment. */
export interface SimulatedSigstore {
  /** Bytes of a `trusted_root.json`. @param end Unix seconds at which its authorities end */
  trustedRoot(end?: number): Uint8Array;
  /** A bundle as a CI job makes it, as plain JSON. */
  attest(statement: unknown, options?: AttestOptions): Promise<Json>;
}

interface AttestOptions {
  readonly san?: string;
  readonly issuer?: string;
  /** Fulcio's build extensions by the last number of their object identifier, in place of those of a GitHub job. */
  readonly build?: Readonly<Record<number, string>>;
  readonly payloadType?: string;
  /** Another hand signs than the certificate's. */
  readonly forged?: boolean;
  /** Its certificate is in no certificate log, or in one that nobody knows. */
  readonly certificateLog?: "none" | "unknown";
  /** The log of another world, or the same one at another time, in milliseconds. */
  readonly log?: { readonly foreign?: true; readonly at?: number };
  /** A time-stamp of an authority. */
  readonly stamped?: boolean;
}

export const GITHUB = "https://token.actions.githubusercontent.com";
export const SOURCE = "https://github.com/acme/app";
export const SAN = `${SOURCE}/.github/workflows/release.yml@refs/heads/main`;
export const DIGEST = "a".repeat(64);

const BUILD: Readonly<Record<number, string>> = {
  11: "github-hosted",
  12: SOURCE,
  13: "c".repeat(40),
  14: "refs/heads/main",
  15: "456789",
  17: "123456",
  18: SAN,
  20: "push",
};

/** Build provenance as GitHub's action writes it. */
export function provenance(parts: Json = {}): Json {
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "ghcr.io/acme/app", digest: { sha256: DIGEST } }],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType: "https://actions.github.io/buildtypes/workflow/v1",
        externalParameters: {
          workflow: { ref: "refs/heads/main", repository: SOURCE, path: "release.yml" },
        },
      },
      runDetails: { builder: { id: SAN } },
    },
    ...parts,
  };
}

const keyPair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });

/** @param now Unix seconds at which everything is issued and signed */
export async function simulateSigstore(now: number): Promise<SimulatedSigstore> {
  const at = new Date(now * 1000);
  const keys = { ca: keyPair(), ct: keyPair(), log: keyPair() };
  const ctlog = await initializeCTLog(keys.ct, at);
  const ca = await initializeCA(keys.ca, ctlog, at);
  const secretive = {
    none: await initializeCA(keys.ca, undefined, at),
    unknown: await initializeCA(keys.ca, await initializeCTLog(keyPair(), at), at),
  };
  const tlog = await initializeTLog(REKOR, keys.log, at);
  const tsa = await initializeTSA(keyPair(), at);
  const foreign = await initializeTLog(REKOR, keyPair(), at);

  async function attest(statement: unknown, options: AttestOptions = {}): Promise<Json> {
    const { payloadType = "application/vnd.in-toto+json", build = BUILD } = options;
    const signer = keyPair();
    const by = options.certificateLog === undefined ? ca : secretive[options.certificateLog];
    const certificate = await by.issueCertificate({
      publicKey: signer.publicKey.export({ format: "der", type: "spki" }),
      subjectAltName: options.san ?? SAN,
      extensions: [
        { oid: "1.3.6.1.4.1.57264.1.8", value: options.issuer ?? GITHUB },
        ...Object.entries(build).map(([number, value]) => ({
          oid: `1.3.6.1.4.1.57264.1.${number}`,
          value,
        })),
      ],
    });
    const artifact = Buffer.from(
      typeof statement === "string" ? statement : JSON.stringify(statement),
    );
    const encoded = Buffer.concat([
      Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${artifact.length} `),
      artifact,
    ]);
    const key = options.forged === true ? keyPair() : signer;
    const signature = sign("sha256", encoded, key.privateKey);
    const bundle = toDSSEBundle({
      artifact,
      artifactType: payloadType,
      signature,
      certificate: bufferOf(certificate),
    });
    const { log: { foreign: elsewhere, at: then } = {} } = options;
    const log =
      then === undefined
        ? elsewhere === true
          ? foreign
          : tlog
        : await initializeTLog(REKOR, keys.log, new Date(then));
    const logged: LogAnswer = await log.log({
      kind: "dsse",
      apiVersion: "0.0.1",
      spec: {
        payloadHash: {
          algorithm: "sha256",
          value: createHash("sha256").update(artifact).digest("hex"),
        },
        signatures: [{ signature: signature.toString("base64"), verifier: "" }],
      },
    });
    const entry = Object.values(logged)[0]!;
    const { inclusionProof: proof, signedEntryTimestamp: promise } = entry.verification;
    bundle.verificationMaterial.tlogEntries.push({
      logIndex: String(entry.logIndex),
      logId: { keyId: Buffer.from(entry.logID, "hex") },
      kindVersion: { kind: "dsse", version: "0.0.1" },
      integratedTime: String(entry.integratedTime),
      inclusionPromise: { signedEntryTimestamp: Buffer.from(promise, "base64") },
      inclusionProof: {
        logIndex: String(proof.logIndex),
        treeSize: String(proof.treeSize),
        rootHash: Buffer.from(proof.rootHash, "hex"),
        hashes: [],
        checkpoint: { envelope: proof.checkpoint },
      },
      canonicalizedBody: Buffer.from(entry.body, "base64"),
    });
    if (options.stamped === true)
      bundle.verificationMaterial.timestampVerificationData = {
        rfc3161Timestamps: [
          {
            signedTimestamp: bufferOf(
              await tsa.timestamp({
                artifactHash: createHash("sha256").update(signature).digest(),
                hashAlgorithmOID: "2.16.840.1.101.3.4.2.1",
                nonce: 1,
                policyOID: "1.3.6.1.4.1.57264.2",
              }),
            ),
          },
        ],
      };
    return { ...bundleToJSON(bundle) };
  }

  return {
    attest,
    trustedRoot(end) {
      const validFor = {
        start: new Date((now - 86_400) * 1000),
        ...(end !== undefined && { end: new Date(end * 1000) }),
      };
      const log = (baseUrl: string, publicKey: Buffer) => ({
        baseUrl,
        logId: { keyId: createHash("sha256").update(publicKey).digest() },
        hashAlgorithm: HashAlgorithm.SHA2_256,
        publicKey: {
          rawBytes: publicKey,
          keyDetails: PublicKeyDetails.PKIX_ECDSA_P256_SHA_256,
          validFor,
        },
        checkpointKeyId: undefined,
        operator: "",
      });
      const authority = (...chain: readonly ArrayBufferView[]) => ({
        subject: { commonName: "sigstore", organization: "sigstore.mock" },
        uri: "",
        operator: "",
        certChain: { certificates: chain.map((one) => ({ rawBytes: bufferOf(one) })) },
        validFor,
      });
      const root = TrustedRoot.toJSON({
        mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        tlogs: [log(REKOR, tlog.publicKey)],
        ctlogs: [log("https://ctfe.sigstore.mock", ctlog.publicKey)],
        certificateAuthorities: [authority(ca.rootCertificate)],
        timestampAuthorities: [authority(tsa.intCertificate, tsa.rootCertificate)],
      });
      return new TextEncoder().encode(JSON.stringify(root));
    },
  };
}

const REKOR = "https://rekor.sigstore.mock";

function bufferOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

/** The package's own type of it is in a package that it does not bring along. */
type LogAnswer = Readonly<
  Record<
    string,
    {
      readonly body: string;
      readonly integratedTime: number;
      readonly logID: string;
      readonly logIndex: number;
      readonly verification: {
        readonly signedEntryTimestamp: string;
        readonly inclusionProof: {
          readonly logIndex: number;
          readonly treeSize: number;
          readonly rootHash: string;
          readonly checkpoint: string;
        };
      };
    }
  >
>;
