import { describe, expect, it } from "vitest";
import { awsCredentials } from "../../../src/platform/aws-credentials.ts";
import type { CredentialDeps } from "../../../src/platform/credentials.ts";

const NOW = 1_800_000_000;
const ROLE = "arn:aws:iam::111122223333:role/issuer";
const STS = "https://sts.eu-central-1.amazonaws.com/";
/** As EKS sets them. */
const EKS: Readonly<Record<string, string>> = {
  AWS_WEB_IDENTITY_TOKEN_FILE: "/var/run/secrets/token",
  AWS_ROLE_ARN: ROLE,
  AWS_REGION: "eu-central-1",
};

/** As the API reference shows it. */
function answer(id: string, changes: Readonly<Record<string, string>> = {}): string {
  const members = {
    SessionToken: "FwoG/+==",
    SecretAccessKey: "s3cr/et+",
    Expiration: new Date((NOW + 3600) * 1000).toISOString(),
    AccessKeyId: id,
    ...changes,
  };
  const inner = Object.entries(members).map(([name, value]) => `<${name}>${value}</${name}>`);
  return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <AssumedRoleUser><AssumedRoleId>AROA:svidmint</AssumedRoleId></AssumedRoleUser>
    <Credentials>${inner.join("\n")}</Credentials>
  </AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>`;
}

interface Asked {
  readonly url: string;
  readonly method: string | undefined;
  readonly form: Readonly<Record<string, string>>;
}

function bench(env: Readonly<Record<string, string>>, respond: () => Response) {
  const asked: Asked[] = [];
  let tokens = 0;
  let now = NOW;
  const deps: CredentialDeps = {
    platform: {
      now: () => now,
      async fetch(url, { method, body }) {
        const text = typeof body === "string" ? body : "";
        asked.push({ url, method, form: Object.fromEntries(new URLSearchParams(text)) });
        return respond();
      },
    },
    env: (name) => env[name],
    read: async (reference) => new TextEncoder().encode(`${reference} ${++tokens}\n`),
  };
  return { asked, deps, wait: (seconds: number) => void (now += seconds) };
}

describe("AWS credentials by a web identity", () => {
  it("are those of the role, asked for in the workload's region with the mounted token", async () => {
    const { asked, deps } = bench(EKS, () => new Response(answer("ASIA1")));
    expect(await awsCredentials(deps)()).toEqual({
      accessKeyId: "ASIA1",
      secretAccessKey: "s3cr/et+",
      sessionToken: "FwoG/+==",
    });
    const form = {
      Action: "AssumeRoleWithWebIdentity",
      Version: "2011-06-15",
      RoleArn: ROLE,
      RoleSessionName: "svidmint",
      WebIdentityToken: "file:/var/run/secrets/token 1",
    };
    expect(asked).toEqual([{ url: STS, method: "POST", form }]);
  });

  it("are asked for again before their end, with the token as it then is", async () => {
    const { asked, deps, wait } = bench(EKS, () => new Response(answer("ASIA1")));
    const source = awsCredentials(deps);
    await source();
    await source();
    wait(3300);
    await source();
    expect(asked.map(({ form }) => form["WebIdentityToken"]?.at(-1))).toEqual(["1", "2"]);
  });

  it("have the session name that the environment gives", async () => {
    const env = { ...EKS, AWS_ROLE_SESSION_NAME: "issuer-a" };
    const { asked, deps } = bench(env, () => new Response(answer("ASIA1")));
    await awsCredentials(deps)();
    expect(asked[0]?.form["RoleSessionName"]).toBe("issuer-a");
  });

  it("come after variables, and before library, container and instance", async () => {
    const all = {
      ...EKS,
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/x",
      AWS_ACCESS_KEY_ID: "AK",
      AWS_SECRET_ACCESS_KEY: "s",
    };
    const first = bench(all, () => new Response(answer("ASIA1")));
    expect(await awsCredentials(first.deps)()).toMatchObject({ accessKeyId: "AK" });
    const libraries = { aws: () => Promise.reject(new Error("is not asked")) };
    const second = bench({ ...all, AWS_ACCESS_KEY_ID: "" }, () => new Response(answer("ASIA1")));
    const source = awsCredentials({ ...second.deps, libraries });
    expect(await source()).toMatchObject({ accessKeyId: "ASIA1" });
  });

  it.each([
    ["no region", { AWS_REGION: "" }],
    ["what is no region", { AWS_REGION: "evil.example/" }],
  ])("are not asked for anywhere with %s", async (_, changes) => {
    const { asked, deps } = bench({ ...EKS, ...changes }, () => new Response(answer("ASIA1")));
    await expect(awsCredentials(deps)()).rejects.toThrow(/AWS_REGION/);
    expect(asked).toEqual([]);
  });

  it.each<[string, boolean, () => Response]>([
    ["a refusal", false, () => new Response("<Error><Code>AccessDenied</Code>", { status: 403 })],
    ["an expired token", false, () => new Response("<Code>ExpiredToken</Code>", { status: 400 })],
    ["a failure", true, () => new Response("", { status: 500 })],
    ["throttling", true, () => new Response("", { status: 429 })],
    ["no XML", false, () => new Response("{}")],
    ["an end that is no time", false, () => new Response(answer("A", { Expiration: "soon" }))],
    ["a member with markup", false, () => new Response(answer("A<b/>"))],
    ["an empty member", false, () => new Response(answer("A", { SessionToken: "" }))],
    ["a redirect", false, () => Response.redirect("https://evil.example/", 307)],
  ])("are none after %s, and the message holds no token", async (_, retryable, respond) => {
    const { deps } = bench(EKS, respond);
    const error: unknown = await awsCredentials(deps)().catch((e: unknown) => e);
    expect(error).toMatchObject({ name: "CredentialError", retryable });
    expect(String(error)).not.toMatch(/secrets|AccessDenied/);
  });
});

describe("AWS credentials by the runtime's own library", () => {
  const deps = (aws: NonNullable<CredentialDeps["libraries"]>["aws"]): CredentialDeps => ({
    ...bench({ AWS_EC2_METADATA_DISABLED: "true" }, () => new Response("")).deps,
    ...(aws && { libraries: { aws } }),
  });

  it("are taken where it has some", async () => {
    const value = { accessKeyId: "AKIA", secretAccessKey: "s" };
    expect(await awsCredentials(deps(async () => ({ value })))()).toEqual(value);
  });

  it.each<[string, NonNullable<CredentialDeps["libraries"]>["aws"]]>([
    ["there is none", undefined],
    ["it has none", async () => undefined],
  ])("are looked for further where %s", async (_, aws) => {
    await expect(awsCredentials(deps(aws))()).rejects.toThrow(/no AWS credentials/);
  });
});
