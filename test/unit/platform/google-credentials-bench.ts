import type { PrivateKey } from "../../../src/platform/platform.ts";
import { ConfigError } from "../../../src/config-issue.ts";
import { googleCredentials } from "../../../src/platform/google-credentials.ts";
import type { GoogleCredentialDeps } from "../../../src/platform/google-file.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { FakeGoogleTokens } from "../../fakes/google-tokens.ts";
import { pem } from "../../fakes/keys.ts";
import { newKey } from "../../fakes/private-key.ts";

const NOW = 1_800_000_000;
export const ACCOUNT = "svidmint@acme-identity.iam.gserviceaccount.com";
export const AUDIENCE =
  "//iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/ours/providers/aws";
export const AWS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "hunter2", sessionToken: "st" };
export const SCOPE = "https://www.googleapis.com/auth/cloudkms";
const platform = webCryptoPlatform({ now: () => NOW });

export const external = <S>(source: S, more: object = {}) => ({
  type: "external_account",
  audience: AUDIENCE,
  subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  token_url: "https://sts.googleapis.com/v1/token",
  credential_source: source,
  ...more,
});
export const IMPERSONATING = {
  service_account_impersonation_url: `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${ACCOUNT}:generateAccessToken`,
};
/** As `gcloud iam workload-identity-pools create-cred-config` writes it. */
export const AWS_SOURCE = {
  environment_id: "aws1",
  region_url: "http://169.254.169.254/latest/meta-data/placement/availability-zone",
  url: "http://169.254.169.254/latest/meta-data/iam/security-credentials",
  regional_cred_verification_url:
    "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
};
export const AWS_TYPE = { subject_token_type: "urn:ietf:params:aws:token-type:aws4_request" };
export const ON_AWS = {
  AWS_ACCESS_KEY_ID: AWS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: AWS.secretAccessKey,
  AWS_SESSION_TOKEN: AWS.sessionToken,
  AWS_REGION: "eu-central-1",
};

/** An RSA key takes long to make. */
let accountKey: PrivateKey | undefined;

export async function serviceAccount(tokens: FakeGoogleTokens) {
  const key = (accountKey ??= await newKey(platform, "RSA-2048"));
  tokens.accounts.set(ACCOUNT, key.publicKey);
  return {
    type: "service_account",
    client_email: ACCOUNT,
    private_key_id: "k1",
    private_key: pem("PRIVATE KEY", await platform.exportPrivateKey(key)),
    token_uri: "https://oauth2.googleapis.com/token",
  };
}

/** A world in which only Google and what is served answer, and each call is recorded. */
export function bench() {
  const tokens = new FakeGoogleTokens(platform, () => NOW);
  const served: Record<string, (request: Request) => Response> = {};
  const files: Record<string, string> = {};
  const calls: Request[] = [];
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const request = new Request(url, init);
    calls.push(request);
    const answer = served[url]?.(request) ?? (await tokens.answer(request));
    if (answer === undefined) throw new TypeError("fetch failed");
    return answer;
  };
  const read = async (reference: string): Promise<Uint8Array> => {
    const text = files[reference];
    const issue = { path: [], message: `${reference} does not exist`, severity: "error" } as const;
    if (text === undefined) throw new ConfigError([issue]);
    return new TextEncoder().encode(text);
  };
  const source = (
    file: object | undefined,
    env: Readonly<Record<string, string>> = {},
    more: Partial<GoogleCredentialDeps> = {},
  ) => {
    const all: Record<string, string> = { ...env };
    if (file !== undefined) all["GOOGLE_APPLICATION_CREDENTIALS"] = JSON.stringify(file);
    return googleCredentials(
      {
        platform: webCryptoPlatform({ now: () => NOW, fetch }),
        env: (name) => all[name],
        read,
        ...more,
      },
      SCOPE,
    );
  };
  return { tokens, served, files, calls, source };
}
