import { beforeEach, describe, expect, it } from "vitest";
import { awsCredentials } from "../../../src/platform/aws-credentials.ts";
import type { CredentialDeps } from "../../../src/platform/credentials.ts";

const NOW = 1_800_000_000;
const IMDS = "http://169.254.169.254/latest";
const ROLES = `${IMDS}/meta-data/iam/security-credentials/`;

interface Asked {
  readonly url: string;
  readonly method: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

let now = NOW;
let asked: Asked[] = [];
let served: Record<string, () => Response> = {};
beforeEach(() => {
  now = NOW;
  asked = [];
  served = {};
});

function deps(env: Readonly<Record<string, string>> = {}): CredentialDeps {
  return {
    platform: {
      now: () => now,
      async fetch(url, { method, headers }) {
        asked.push({ url, method, headers: Object.fromEntries(new Headers(headers)) });
        const answer = served[url];
        if (answer === undefined) throw new TypeError("fetch failed");
        return answer();
      },
    },
    env: (name) => env[name],
    read: async (reference) => new TextEncoder().encode(`token in ${reference}\n`),
  };
}

/** As AWS's endpoints give them. */
function temporary(id: string, lasting = 3600): () => Response {
  const Expiration = new Date((now + lasting) * 1000).toISOString();
  return () => Response.json({ AccessKeyId: id, SecretAccessKey: "s", Token: "t", Expiration });
}

describe("AWS credentials", () => {
  it("come from variables first, as Lambda sets them", async () => {
    const env = { AWS_ACCESS_KEY_ID: "AK", AWS_SECRET_ACCESS_KEY: "s", AWS_SESSION_TOKEN: "t" };
    const source = awsCredentials(deps(env));
    expect(await source()).toEqual({ accessKeyId: "AK", secretAccessKey: "s", sessionToken: "t" });
    const lasting = awsCredentials(deps({ ...env, AWS_SESSION_TOKEN: "" }));
    expect(await lasting()).toEqual({ accessKeyId: "AK", secretAccessKey: "s" });
    expect(asked).toEqual([]);
  });

  it("come from the endpoint of ECS, with its token", async () => {
    served["http://169.254.170.2/v2/credentials/x"] = temporary("ECS");
    const env = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2/credentials/x" };
    expect(await awsCredentials(deps(env))()).toMatchObject({ accessKeyId: "ECS" });
    served["http://169.254.170.23/v1/credentials"] = temporary("EKS");
    const pod = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://169.254.170.23/v1/credentials",
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/var/run/token",
    };
    expect(await awsCredentials(deps(pod))()).toMatchObject({ accessKeyId: "EKS" });
    expect(asked.at(-1)?.headers["authorization"]).toBe("token in file:/var/run/token");
  });

  it("send no token to an endpoint in the clear elsewhere", async () => {
    const env = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://evil.example/v1",
      AWS_CONTAINER_AUTHORIZATION_TOKEN: "token",
    };
    await expect(awsCredentials(deps(env))()).rejects.toMatchObject({ retryable: false });
    expect(asked).toEqual([]);
  });

  it("come from the instance, with a session of its metadata service", async () => {
    served[`${IMDS}/api/token`] = () => new Response("session");
    served[ROLES] = () => new Response("web-role\n");
    served[`${ROLES}web-role`] = temporary("EC2");
    expect(await awsCredentials(deps())()).toMatchObject({ accessKeyId: "EC2" });
    expect(
      asked.map(({ method, headers }) => [method, headers["x-aws-ec2-metadata-token"]]),
    ).toEqual([
      ["PUT", undefined],
      ["GET", "session"],
      ["GET", "session"],
    ]);
  });

  it.each([
    ["a role that is a path", ROLES, "../../user-data"],
    ["no role", ROLES, ""],
    ["credentials that are none", `${ROLES}r`, "{}"],
    ["credentials without an end", `${ROLES}r`, '{"AccessKeyId":"a","SecretAccessKey":"b"}'],
    ["no JSON", `${ROLES}r`, "<html>"],
  ])("are refused: %s", async (_, url, text) => {
    served[`${IMDS}/api/token`] = () => new Response("session");
    served[ROLES] = () => new Response("r");
    served[url] = () => new Response(text);
    await expect(awsCredentials(deps())()).rejects.toMatchObject({ retryable: false });
  });

  it("are not looked for where the operator says there are none", async () => {
    const env = { AWS_EC2_METADATA_DISABLED: "true" };
    await expect(awsCredentials(deps(env))()).rejects.toThrow(/no AWS credentials/);
    expect(asked).toEqual([]);
  });
});

describe("credentials that end", () => {
  const url = "http://169.254.170.2/x";
  const env = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/x" };

  it("are kept, replaced before their end, and used until then while that fails", async () => {
    const source = awsCredentials(deps(env));
    served[url] = temporary("one");
    await source();
    now += 3299;
    expect(await source()).toMatchObject({ accessKeyId: "one" });
    expect(asked).toHaveLength(1);
    now += 1;
    served[url] = () => new Response("", { status: 500 });
    expect(await source()).toMatchObject({ accessKeyId: "one" });
    expect(await source()).toMatchObject({ accessKeyId: "one" });
    expect(asked).toHaveLength(2);
    now += 10;
    served[url] = temporary("two");
    expect(await source()).toMatchObject({ accessKeyId: "two" });
  });

  it("are not used past it", async () => {
    const source = awsCredentials(deps(env));
    served[url] = temporary("one");
    await source();
    now += 3590;
    served[url] = () => new Response("", { status: 500 });
    await expect(source()).rejects.toMatchObject({ retryable: true });
    delete served[url];
    await expect(source()).rejects.toMatchObject({ retryable: true });
    served[url] = () => new Response("", { status: 404 });
    await expect(source()).rejects.toMatchObject({ retryable: false });
  });
});
