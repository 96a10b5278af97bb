import { extension, forge, testCa, type Fields, type TestCa } from "../unit/svid/forge.ts";
import { base64, pem, publicKeyDer } from "./keys.ts";
import { tokenKey, type TokenKey } from "./token-issuer.ts";

/** A simulated attestation service of Confidential Space. */
export interface SimulatedSpace {
  /** Of OIDC tokens. */
  readonly key: TokenKey;
  /** Of PKI tokens, PEM. An issuer trusts it by `gcp_confidential_space: { root: … }`. */
  readonly root: string;
  readonly authorities: readonly TestCa[];
  /** A key that signs PKI tokens, and the header that they have. @param leaf over what its certificate would be */
  signer(leaf?: Fields): Promise<{ readonly key: TokenKey; readonly x5c: readonly string[] }>;
}

const DAY = 86_400;

export async function simulateConfidentialSpace(now: number): Promise<SimulatedSpace> {
  const key = await tokenKey("RS256", "simulated-space-1");
  const times = { notBefore: now - DAY, notAfter: now + 30 * DAY };
  const root = await testCa("Confidential Space Root CA", times);
  const middle = await testCa("Confidential Space Intermediate CA", times, root);
  return {
    key,
    root: pem("CERTIFICATE", root.der),
    authorities: [root, middle],
    signer: async (leaf) => {
      const signing = await tokenKey("RS256", "none");
      const spki = await publicKeyDer(signing.publicKey);
      const certificate = await forge(
        {
          subject: "Confidential Space Signer",
          issuer: middle.name,
          spki,
          ...times,
          extensions: [extension.notCa(), extension.keyUsage([0])],
          scheme: { name: "ECDSA", hash: "SHA-256" },
          ...leaf,
        },
        middle.key,
      );
      return { key: signing, x5c: [certificate, middle.der, root.der].map(base64) };
    },
  };
}

export const DIGEST = `sha256:${"61bb0cf00789162e".repeat(4)}`;

/** Claims of a production image. Members are replaced, or left out with undefined. */
export function spaceClaims(
  now: number,
  audience: unknown,
  { container, gce, space, ...members }: SpaceMembers = {},
): Record<string, unknown> {
  const project = "payments-prod";
  return {
    aud: audience,
    iss: "https://confidentialcomputing.googleapis.com",
    sub: `https://www.googleapis.com/compute/v1/projects/${project}/zones/us-central1-a/instances/signer-1`,
    iat: now - 10,
    nbf: now - 10,
    exp: now + 3590,
    eat_nonce: ["a-nonce-for-somebody-else"],
    secboot: true,
    oemid: 11_129,
    hwmodel: "GCP_AMD_SEV",
    swname: "CONFIDENTIAL_SPACE",
    swversion: ["260900"],
    dbgstat: "disabled-since-boot",
    submods: {
      confidential_space: { support_attributes: ["LATEST", "STABLE", "USABLE"], ...space },
      container: {
        image_reference: "us-central1-docker.pkg.dev/payments-prod/images/signer:latest",
        image_digest: DIGEST,
        restart_policy: "Never",
        image_id: DIGEST,
        env: { HOSTNAME: "signer-1" },
        args: ["/signer"],
        ...container,
      },
      gce: {
        zone: "us-central1-a",
        project_id: project,
        project_number: "297985297894",
        instance_name: "signer-1",
        instance_id: "5071524234036179841",
        ...gce,
      },
    },
    google_service_accounts: [`signer@${project}.iam.gserviceaccount.com`],
    ...members,
  };
}

export interface SpaceMembers extends Readonly<Record<string, unknown>> {
  readonly container?: object;
  readonly gce?: object;
  readonly space?: object;
}
