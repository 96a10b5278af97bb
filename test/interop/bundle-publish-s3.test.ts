import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startMoto, type Moto } from "../../scripts/interop/moto.ts";
import { listen } from "../fakes/node/listen.ts";
import { counterparts } from "./support/counterparts.ts";
import { createUser, iam } from "./support/moto.ts";
import { publishers, type Publishers } from "./support/published.ts";
import { publishChecks } from "./support/publish-checks.ts";

const needs = counterparts("moto", "verify-svid");
const BUCKET = "id-example-org";

// Each command is a process of its own.
vi.setConfig({ testTimeout: 120_000 });

describe.skipIf(needs.absent)(`bundles in moto's S3${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  let moto: Moto;
  let world: Publishers;
  let endpoint = "";

  const target = (prefix: string): string =>
    `s3://${BUCKET}/${prefix}?region=eu-central-1&endpoint=${endpoint}`;

  beforeAll(async () => {
    moto = stack.use(await startMoto(needs.path("moto")));
    endpoint = await oneByOne(stack, moto);
    const admin = async (path: string, body: string): Promise<void> => {
      const headers = { authorization: AS_ANYBODY };
      const made = await fetch(`${endpoint}/${BUCKET}${path}`, { method: "PUT", headers, body });
      if (!made.ok) throw new Error(await made.text());
    };
    await admin("", LOCATION);
    await admin("?policy", JSON.stringify(PUBLIC_READ));
    const folder = mkdtempSync(join(tmpdir(), "svidmint-s3-"));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    world = await publishers(folder, () => ({
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: "true",
    }));
  });
  afterAll(() => stack.disposeAsync());

  publishChecks(
    () => ({ ...world, target: target("site"), url: `${endpoint}/${BUCKET}/site` }),
    () => needs.path("verify-svid"),
    2,
  );

  it("says that there is no such bucket", async () => {
    const elsewhere = `s3://absent-example-org?region=eu-central-1&endpoint=${endpoint}`;
    const told = await world.run("bundle", "publish", "--config", world.newer, "--to", elsewhere);
    expect(told).toMatchObject({ code: 1, stdout: "" });
    expect(told.stderr).toContain("absent-example-org is not there");
  });

  it("needs three actions, and names the one that is missing", async () => {
    const own = await createUser(moto, "publisher");
    const allow = (...actions: readonly string[]): Promise<string> => {
      // moto tells actions apart, not buckets.
      const Statement = [{ Effect: "Allow", Action: actions, Resource: "*" }];
      const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
      return iam(moto, "PutUserPolicy", {
        UserName: "publisher",
        PolicyName: "bundle",
        PolicyDocument,
      });
    };
    await allow("s3:GetObject", "s3:PutObject", "s3:ListBucket");
    const second = await createUser(moto, "reader");
    await iam(moto, "PutUserPolicy", {
      UserName: "reader",
      PolicyName: "bundle",
      PolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: ["s3:GetObject", "s3:ListBucket"], Resource: "*" }],
      }),
    });
    await moto.authenticate();
    const publish = () =>
      world.run("bundle", "publish", "--config", world.newer, "--to", target("least"));
    Object.assign(credentials, second);
    const denied = await publish();
    expect(denied).toMatchObject({ code: 1, stdout: "" });
    expect(denied.stderr).toContain("these credentials lack s3:PutObject");
    Object.assign(credentials, own);
    // By a signature that is checked now.
    expect(await publish()).toMatchObject({ code: 0, stderr: "" });
    Object.assign(credentials, { secretAccessKey: "wrong" });
    expect(await publish()).toMatchObject({ code: 1, stdout: "" });
  });
});

const AS_ANYBODY =
  "AWS4-HMAC-SHA256 Credential=test/20260101/eu-central-1/s3/aws4_request, SignedHeaders=host, Signature=0";
const LOCATION =
  '<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>';
/** As docs/publish.md has it. */
const PUBLIC_READ = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: "*",
      Action: "s3:GetObject",
      Resource: `arn:aws:s3:::${BUCKET}/*`,
    },
  ],
};

/** moto checks a condition and writes in two steps: what comes at once is handed to it one by one. */
async function oneByOne(stack: AsyncDisposableStack, moto: Moto): Promise<string> {
  let turn: Promise<unknown> = Promise.resolve();
  const proxy = await listen((request) => {
    const answer = turn.then(async () => {
      const body = request.method === "PUT" ? { body: await request.text() } : {};
      const { method, headers } = request;
      const { pathname, search } = new URL(request.url);
      // moto takes an unsigned request for a .well-known path for one to Cognito, whoever's host it is.
      const signed = headers.has("authorization") || !pathname.includes("/.well-known/");
      const own = signed ? {} : { authorization: AS_ANYBODY };
      // Of one that nobody signed, the host alone tells the service.
      const url = headers.has("authorization")
        ? request.url
        : `https://s3.eu-central-1.amazonaws.com${pathname}${search}`;
      const answered = await moto.fetch(url, {
        method,
        headers: { ...Object.fromEntries(headers), ...own },
        ...body,
      });
      answered.headers.delete("transfer-encoding");
      return answered;
    });
    turn = answer.catch(() => undefined);
    return answer;
  });
  stack.defer(() => proxy.close());
  return proxy.url;
}
