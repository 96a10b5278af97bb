import { readFile } from "node:fs/promises";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Moto, startMoto } from "../../scripts/interop/moto.ts";
import { runChecked } from "../../scripts/interop/processes.ts";
import { awsSts } from "../../src/attestors/aws/sts.ts";
import { signCallerIdentity } from "../../src/client/aws-sts.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";
import type { AwsCredentials } from "../../src/platform/sigv4.ts";
import { JKT, judge, OTHER_JKT, outcome } from "../conformance/attestor.ts";
import { buildClean, ISSUER } from "../unit/attestors/support.ts";
import { counterparts } from "./support/counterparts.ts";

const needs = counterparts("moto");
const ACCOUNT = "123456789012";
const REGION = "eu-central-1";
const BOUND = `${ISSUER}/jkt/${JKT}`;
const BODY_SHA256 = "ab821ae955788b0e33ebd34c208442ccfc2d406e2edc5e7a39bd6458fbb4f843";

/** moto answers in XML whatever it is asked for. AWS's JSON has the same texts under the same names. */
async function asJson(answer: Response): Promise<Response> {
  const text = await answer.text();
  const value = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];
  const { status } = answer;
  if (status !== 200) return Response.json({ Error: { Code: value("Code") } }, { status });
  const result = { Account: value("Account"), Arn: value("Arn"), UserId: value("UserId") };
  return Response.json({
    GetCallerIdentityResponse: { GetCallerIdentityResult: result, ResponseMetadata: {} },
  });
}

interface SdkRequest {
  readonly hostname: string;
  readonly body: unknown;
  headers: Readonly<Record<string, string>>;
}
type Handler = (args: { readonly request: SdkRequest }) => Promise<unknown>;
/** The little that is used of the SDK's stack, whose own types stand in none of its packages that we have. */
interface Stack {
  addRelativeTo(middleware: (next: Handler) => Handler, options: object): void;
}

/** What the SDK would send, had it only these headers. Nothing is sent. */
async function signedBySdk(credentials: AwsCredentials, binding: string): Promise<SdkRequest> {
  const client = new STSClient({ region: REGION, credentials });
  const stack = client.middlewareStack as unknown as Stack;
  const captured: SdkRequest[] = [];
  const toMiddleware = "httpSigningMiddleware";
  stack.addRelativeTo(
    (next) => async (args) => {
      const { headers, hostname } = args.request;
      const { host = hostname, "content-type": type = "" } = headers;
      args.request.headers = { host, "content-type": type, "x-svidmint-binding": binding };
      return next(args);
    },
    { relation: "before", toMiddleware, name: "bind" },
  );
  stack.addRelativeTo(
    () => async (args) => {
      captured.push(args.request);
      throw new Error("not sent");
    },
    { relation: "after", toMiddleware, name: "keep" },
  );
  await client.send(new GetCallerIdentityCommand({})).catch(() => undefined);
  const [request] = captured;
  if (request === undefined) throw new Error("the SDK signed nothing");
  return request;
}

describe.skipIf(needs.absent)(`moto's STS${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  let moto: Moto;
  let credentials: Required<AwsCredentials>;

  const attestor = (accounts = [ACCOUNT]) =>
    buildClean(
      awsSts,
      { accounts },
      {
        platform: nodePlatform({ fetch: async (url, init) => asJson(await moto.fetch(url, init)) }),
      },
    );
  const now = () => Math.floor(Date.now() / 1000);

  beforeAll(async () => {
    moto = stack.use(await startMoto(needs.path("moto")));
    const form = {
      Action: "CreateRole",
      Version: "2010-05-08",
      RoleName: "payments",
      Path: "/service/",
      AssumeRolePolicyDocument: '{"Version":"2012-10-17","Statement":[]}',
    };
    const created = await moto.fetch("https://iam.amazonaws.com/", {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(form).toString(),
    });
    if (!created.ok) throw new Error(`moto made no role: status ${created.status}`);
    const sdk = new STSClient({
      region: REGION,
      endpoint: `http://127.0.0.1:${moto.port}`,
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    });
    const { Credentials: given } = await sdk.send(
      new AssumeRoleCommand({
        RoleArn: `arn:aws:iam::${ACCOUNT}:role/service/payments`,
        RoleSessionName: "payments-api",
      }),
    );
    const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = given ?? {};
    credentials = {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
    };
    await moto.authenticate();
  });
  afterAll(() => stack.disposeAsync());

  const sign = (binding = BOUND, by: Partial<AwsCredentials> = {}) =>
    signCallerIdentity(nodePlatform(), { region: REGION, binding }, { ...credentials, ...by });
  const SESSION = {
    account: ACCOUNT,
    partition: "aws",
    role_name: "payments",
    role_id: expect.stringMatching(/^AROA[A-Z0-9]+$/),
    session_name: "payments-api",
  };

  it("knows who signed what the AWS SDK signed and we built again", async () => {
    const { headers, hostname, body } = await signedBySdk(credentials, BOUND);
    expect([hostname, body]).toEqual([
      "sts.eu-central-1.amazonaws.com",
      "Action=GetCallerIdentity&Version=2011-06-15",
    ]);
    expect(headers["x-amz-content-sha256"]).toBe(BODY_SHA256);
    const authorization = headers["authorization"] ?? "";
    expect(authorization).toContain(
      "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-svidmint-binding,",
    );
    const evidence = {
      type: "aws_sts",
      region: REGION,
      access_key_id: credentials.accessKeyId,
      session_token: headers["x-amz-security-token"],
      amz_date: headers["x-amz-date"],
      signature: authorization.slice(-64),
    };
    const result = await judge(await attestor(), evidence, now(), JKT);
    expect(result).toMatchObject({ ok: true, value: { claims: SESSION } });
    expect(outcome(await judge(await attestor(), evidence, now(), OTHER_JKT))).toBe(
      "signature_invalid",
    );
    expect(outcome(await judge(await attestor(), evidence, now()))).toBe("signature_invalid");
  });

  it("knows who signed what our own client signed, as the SDK signs it", async () => {
    const evidence = await sign();
    const result = await judge(await attestor(), evidence, now(), JKT);
    expect(result).toMatchObject({ ok: true, value: { claims: SESSION } });
  });

  it("knows who signed what the page's lines for Lambda signed", async () => {
    const page = await readFile(
      new URL("../../docs/attestors/aws-sts.md", import.meta.url),
      "utf8",
    );
    const [, lines = ""] = /^```python\n(.*?)^```$/ms.exec(page) ?? [];
    const program = `${lines}\nimport json, sys\nprint(json.dumps(sts_evidence(sys.argv[1])))\n`;
    const printed = await runChecked(needs.path("moto"), ["-", BOUND], {
      input: program,
      env: {
        AWS_REGION: REGION,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_SESSION_TOKEN: credentials.sessionToken,
      },
      deadlineMs: 60_000,
    });
    const evidence: unknown = JSON.parse(printed);
    const result = await judge(await attestor(), evidence, now(), JKT);
    expect(result).toMatchObject({ ok: true, value: { claims: SESSION } });
    expect(outcome(await judge(await attestor(), evidence, now(), OTHER_JKT))).toBe(
      "signature_invalid",
    );
  });

  it("refuses what was signed for another key, by another, or with another session's token", async () => {
    const by = await attestor();
    for (const evidence of [
      await sign(`${ISSUER}/jkt/${OTHER_JKT}`),
      await sign(ISSUER),
      await sign(BOUND, { secretAccessKey: "guessed" }),
      await sign(BOUND, { sessionToken: `${credentials.sessionToken.slice(0, -4)}AAAA` }),
      await sign(BOUND, { accessKeyId: "ASIAQWERTYUIOPASDFGH" }),
      { ...(await sign()), region: "eu-west-1" },
    ])
      expect(outcome(await judge(by, evidence, now(), JKT))).toBe("signature_invalid");
  });

  it("knows the account, which decides", async () => {
    const elsewhere = await attestor(["111122223333"]);
    expect(outcome(await judge(elsewhere, await sign(), now(), JKT))).toBe("tenant_not_configured");
  });
});
