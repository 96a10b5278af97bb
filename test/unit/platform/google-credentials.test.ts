import { describe, expect, it } from "vitest";
import {
  ACCOUNT,
  AWS,
  AWS_SOURCE,
  AWS_TYPE,
  AUDIENCE,
  bench,
  external,
  IMPERSONATING,
  ON_AWS,
  SCOPE,
  serviceAccount,
} from "./google-credentials-bench.ts";

const path = "/computeMetadata/v1/instance/service-accounts/default/token";
const VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS";

describe("Google credentials of the metadata server", () => {
  it("are its token", async () => {
    const { source, served, calls } = bench();
    served[`http://metadata.google.internal${path}`] = () =>
      Response.json({ access_token: "ya29", expires_in: 3599, token_type: "Bearer" });
    expect(await source(undefined)()).toBe("ya29");
    expect(calls[0]?.headers.get("metadata-flavor")).toBe("Google");
  });

  it("come from no other host in the clear", async () => {
    const { source, served, calls } = bench();
    const evil = source(undefined, { GCE_METADATA_HOST: "evil.example" });
    await expect(evil()).rejects.toMatchObject({ retryable: false });
    expect(calls).toEqual([]);
    served[`http://127.0.0.1:81${path}`] = () => Response.json({ access_token: "x" });
    const other = source(undefined, { GCE_METADATA_HOST: "127.0.0.1:81" });
    await expect(other()).rejects.toThrow(/malformed/);
  });
});

describe("Google credentials of a service account's key", () => {
  it("are a token for its assertion, of the scope that is asked", async () => {
    const { source, tokens } = bench();
    expect(await source(await serviceAccount(tokens))()).toBe(`account ${SCOPE}`);
  });

  it("may stand in a file", async () => {
    const { source, tokens, files } = bench();
    files["file:/etc/key.json"] = JSON.stringify(await serviceAccount(tokens));
    expect(await source(undefined, { [VARIABLE]: "/etc/key.json" })()).toContain("account");
    const none = source(undefined, { [VARIABLE]: "/etc/none.json" });
    await expect(none()).rejects.toMatchObject({
      message: `${VARIABLE}: file:/etc/none.json does not exist`,
      retryable: false,
    });
  });

  it.each<[string, object]>([
    ["an address that is not Google's", { token_uri: "https://evil.example/token" }],
    ["another of Google's", { token_uri: "https://accounts.google.com/o/oauth2/token" }],
    ["another universe", { universe_domain: "evil.example" }],
    ["no key", { private_key: undefined }],
    [
      "a key that is none",
      { private_key: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" },
    ],
    ["no account", { client_email: 7 }],
  ])("with %s send nothing", async (_, change) => {
    const { source, tokens, calls } = bench();
    const wrong = source({ ...(await serviceAccount(tokens)), ...change });
    await expect(wrong()).rejects.toMatchObject({ name: "CredentialError", retryable: false });
    expect(calls).toEqual([]);
  });

  it("that Google refuses are none, and what it says stays there", async () => {
    const { source, tokens } = bench();
    const file = await serviceAccount(tokens);
    tokens.accounts.clear();
    const error: Error = await source(file)().then(
      () => expect.fail(),
      (e: Error) => e,
    );
    expect(error.message).toBe("Google's token endpoint gives no credentials: status 400");
  });
});

describe("Google credentials by workload identity federation", () => {
  it("with a token in a file, which is read each time", async () => {
    const { source, tokens, files } = bench();
    tokens.believed.add("eyJ.first");
    files["file:/var/run/token"] = "eyJ.first\n";
    expect(await source(external({ file: "/var/run/token" }))()).toBe("federated");
    expect(tokens.asked[0]?.form).toMatchObject({ audience: AUDIENCE, scope: SCOPE });
    files["file:/var/run/token"] = "eyJ.second\n";
    const later = source(external({ file: "/var/run/token" }));
    await expect(later()).rejects.toThrow(/token exchange gives no credentials: status 400/);
    delete files["file:/var/run/token"];
    await expect(later()).rejects.toMatchObject({ name: "CredentialError" });
  });

  it("with a token behind a URL, in a member of its answer", async () => {
    const { source, tokens, served } = bench();
    tokens.believed.add("eyJ.azure");
    const url = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01";
    served[url] = (request) =>
      request.headers.get("metadata") === "True"
        ? Response.json({ access_token: "eyJ.azure" })
        : new Response("", { status: 400 });
    const format = { type: "json", subject_token_field_name: "access_token" };
    const azure = { url, headers: { Metadata: "True" }, format };
    expect(await source(external(azure))()).toBe("federated");
    const other = { ...azure, format: { ...format, subject_token_field_name: "constructor" } };
    await expect(source(external(other))()).rejects.toThrow(/has none/);
  });

  it("with a request that AWS would say is ours, good for this pool alone", async () => {
    const { source, tokens, calls } = bench();
    tokens.aws = AWS;
    expect(await source(external(AWS_SOURCE, AWS_TYPE), ON_AWS)()).toBe("federated");
    expect(calls.map(({ url }) => url)).toEqual(["https://sts.googleapis.com/v1/token"]);
    const subject = decodeURIComponent(tokens.asked[0]?.form["subject_token"] ?? "");
    expect(subject).toMatch(
      /SignedHeaders=host;x-amz-date;x-amz-security-token;x-goog-cloud-target-resource/,
    );
    expect(subject).not.toContain(AWS.secretAccessKey);
    tokens.aws = { ...AWS, secretAccessKey: "other" };
    const foreign = source(external(AWS_SOURCE, AWS_TYPE), ON_AWS);
    await expect(foreign()).rejects.toThrow(/status 400/);
  });

  it("on a machine of AWS's, whose metadata service tells the rest", async () => {
    const { source, tokens, served } = bench();
    const base = "http://169.254.169.254/latest";
    const Expiration = "2030-01-01T00:00:00Z";
    tokens.aws = AWS;
    served[`${base}/api/token`] = () => new Response("session");
    served[`${base}/meta-data/placement/region`] = () => new Response("eu-central-1\n");
    served[`${base}/meta-data/iam/security-credentials/`] = () => new Response("web");
    served[`${base}/meta-data/iam/security-credentials/web`] = () =>
      Response.json({
        AccessKeyId: AWS.accessKeyId,
        SecretAccessKey: AWS.secretAccessKey,
        Token: AWS.sessionToken,
        Expiration,
      });
    expect(await source(external(AWS_SOURCE, AWS_TYPE))()).toBe("federated");
  });

  it("for the account that they impersonate, until that token ends", async () => {
    const { source, tokens, files } = bench();
    tokens.believed.add("t");
    files["file:/t"] = "t";
    const lasting = { service_account_impersonation: { token_lifetime_seconds: 1800 } };
    const file = external({ file: "/t" }, { ...IMPERSONATING, ...lasting });
    expect(await source(file)()).toBe(`impersonated ${ACCOUNT}`);
    expect(tokens.asked.map(({ form }) => form["scope"])).toEqual([
      "https://www.googleapis.com/auth/cloud-platform",
      [SCOPE],
    ]);
    expect(tokens.asked[1]?.form["lifetime"]).toBe("1800s");
  });
});

describe("Google credentials of an account that others may impersonate", () => {
  const file = (source_credentials: object, more: object = {}) => ({
    type: "impersonated_service_account",
    ...IMPERSONATING,
    source_credentials,
    ...more,
  });

  it("are that account's", async () => {
    const { source, tokens, files } = bench();
    tokens.believed.add("t");
    files["file:/t"] = "t";
    const delegates = ["projects/-/serviceAccounts/other@acme.iam.gserviceaccount.com"];
    const impersonating = file(external({ file: "/t" }), { delegates });
    expect(await source(impersonating)()).toBe(`impersonated ${ACCOUNT}`);
    const form = { scope: [SCOPE], lifetime: "3600s", delegates };
    expect(tokens.asked[1]?.form).toEqual(form);
  });

  it.each<[string, object]>([
    ["a foreign address", { service_account_impersonation_url: "https://evil.example" }],
    ["none", { service_account_impersonation_url: undefined }],
    ["a foreign universe within", { source_credentials: { universe_domain: "evil.example" } }],
  ])("send nothing with %s", async (_, change) => {
    const { source, files, calls } = bench();
    files["file:/t"] = "t";
    const refused = source(file(external({ file: "/t" }), change));
    await expect(refused()).rejects.toMatchObject({ retryable: false });
    expect(calls).toEqual([]);
  });
});
