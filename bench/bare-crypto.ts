/**
 * The cryptography that no issuer can leave out, through `node:crypto`'s synchronous calls and
 * nothing else: the limit that an issuance is measured against.
 * `node bare-crypto.ts x509|jwt`; prints the CPU time of one such set of operations.
 *
 * Keys that a server keeps (its own, the evidence issuer's) are imported once; the client's key is
 * new in each request, so its import counts.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";

const DISTINCT = 512;
const WARMUP = 1_000;
const ITERATIONS = 6_000;

/** About the sizes of the real things: a token's signing input, a CSR's info, a TBS, a DPoP proof, a JWT. */
const SIZES = { token: 900, csrInfo: 110, tbs: 420, proof: 420, jwt: 420 };

const evidenceKey = generateKeyPairSync("rsa", { modulusLength: 2048 });
const issuerKey = generateKeyPairSync("ec", { namedCurve: "P-256" });

interface Sample {
  readonly token: Buffer;
  readonly tokenSignature: Buffer;
  readonly spki: Buffer;
  /** What the client signed: the CSR's info, or the input of the DPoP proof. */
  readonly proof: Buffer;
  readonly proofSignature: Buffer;
  /** What we sign: the TBSCertificate, or the input of the JWT-SVID. */
  readonly issued: Buffer;
}

const work = process.argv[2] === "jwt" ? "jwt" : "x509";
const samples = Array.from({ length: DISTINCT }, () => makeSample(work));
for (let n = 0; n < WARMUP; n++) once(samples[n % DISTINCT], issuerKey.privateKey);
const before = process.cpuUsage();
for (let n = 0; n < ITERATIONS; n++) once(samples[n % DISTINCT], issuerKey.privateKey);
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ micros: (user + system) / ITERATIONS }));

function once(sample: Sample | undefined, key: KeyObject): void {
  if (sample === undefined) throw new Error("no sample");
  const evidence = verify("sha256", sample.token, evidenceKey.publicKey, sample.tokenSignature);
  const client = createPublicKey({ key: sample.spki, format: "der", type: "spki" });
  const possession = verify("sha256", sample.proof, client, sample.proofSignature);
  const signature = sign("sha256", sample.issued, key);
  const sound = verify("sha256", sample.issued, issuerKey.publicKey, signature);
  if (!evidence || !possession || !sound) throw new Error("a signature does not verify");
}

function makeSample(kind: "x509" | "jwt"): Sample {
  const client = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const token = filler(SIZES.token);
  const proof = filler(kind === "x509" ? SIZES.csrInfo : SIZES.proof);
  return {
    token,
    tokenSignature: sign("sha256", token, evidenceKey.privateKey),
    spki: client.publicKey.export({ format: "der", type: "spki" }),
    proof,
    proofSignature: sign("sha256", proof, client.privateKey),
    issued: filler(kind === "x509" ? SIZES.tbs : SIZES.jwt),
  };
}

function filler(size: number): Buffer {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(size)));
}
