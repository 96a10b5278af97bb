import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startMoto, type Moto } from "../../scripts/interop/moto.ts";
import { signAwsRequest, type AwsCredentials } from "../../src/platform/sigv4.ts";
import { webCryptoPlatform } from "../../src/platform/webcrypto.ts";
import { dynamodbRecords } from "../../src/stores/dynamodb.ts";
import { optimisticStore } from "../../src/stores/optimistic.ts";
import type { Records } from "../../src/stores/records.ts";
import { storeConformance } from "../conformance/store.ts";
import { NOW } from "../conformance/store-subject.ts";
import { counterparts } from "./support/counterparts.ts";

const needs = counterparts("moto");
const REGION = "eu-central-1";
const ANYBODY: AwsCredentials = { accessKeyId: "test", secretAccessKey: "test" };

/** moto checks a condition and writes in two steps: what comes at once is handed to it one by one. */
function oneByOne(fetch: Moto["fetch"]): Moto["fetch"] {
  let turn: Promise<unknown> = Promise.resolve();
  return (url, init) => {
    const answer = turn.then(() => fetch(url, init));
    turn = answer.catch(() => undefined);
    return answer;
  };
}

describe.skipIf(needs.absent)(`moto's DynamoDB${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  let moto: Moto;
  let credentials = ANYBODY;
  let platform: ReturnType<typeof webCryptoPlatform>;

  const records = (table = "claims"): Records =>
    dynamodbRecords(
      { store: "dynamodb", table, region: REGION },
      platform,
      async () => credentials,
    );

  /** As an operator does it: not what the store may. */
  function administer(operation: string, parameters: object): Promise<string> {
    const headers = {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": `DynamoDB_20120810.${operation}`,
    };
    const scope = { service: "dynamodb", region: REGION };
    return send(`dynamodb.${REGION}.amazonaws.com`, scope, headers, JSON.stringify(parameters));
  }

  function iam(Action: string, parameters: Readonly<Record<string, string>>): Promise<string> {
    const body = new URLSearchParams({ Action, Version: "2010-05-08", ...parameters }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return send("iam.amazonaws.com", { service: "iam", region: "us-east-1" }, headers, body);
  }

  async function send(
    host: string,
    scope: { service: string; region: string },
    headers: Readonly<Record<string, string>>,
    body: string,
  ): Promise<string> {
    const request = { method: "POST", host, headers: Object.entries(headers), body };
    const signed = await signAwsRequest(platform, request, ANYBODY, {
      ...scope,
      now: platform.now(),
    });
    const init = { method: "POST", headers: { ...headers, ...signed.headers }, body };
    const answer = await moto.fetch(`https://${host}/`, init);
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return text;
  }

  const newTable = (TableName: string, AttributeName = "id"): Promise<string> =>
    administer("CreateTable", {
      TableName,
      KeySchema: [{ AttributeName, KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName, AttributeType: "S" }],
      BillingMode: "PAY_PER_REQUEST",
    });

  beforeAll(async () => {
    moto = stack.use(await startMoto(needs.path("moto")));
    platform = webCryptoPlatform({ fetch: oneByOne(moto.fetch) });
    await newTable("claims");
    await newTable("pairs", "pk");
  });
  afterAll(() => stack.disposeAsync());

  storeConformance(
    "dynamodb",
    async () =>
      optimisticStore(records(), { platform, trustDomain: "prod.example", deadlineMs: 60_000 }),
    { runs: 5 },
  );

  it("is fit for claims, unless its key is another", async () => {
    await expect(records().check?.(5000)).resolves.toBeUndefined();
    await expect(records("pairs").check?.(5000)).rejects.toThrow(/another key/);
    await expect(records("absent").check?.(5000)).rejects.toThrow(/ResourceNotFoundException/);
  });

  it("keeps what its own Time to Live goes by", async () => {
    await administer("UpdateTimeToLive", {
      TableName: "claims",
      TimeToLiveSpecification: { AttributeName: "ttl", Enabled: true },
    });
    await records().write("kept", { text: "{}", keepUntil: NOW + 1 }, undefined, 5000);
    const item = await administer("GetItem", { TableName: "claims", Key: { id: { S: "kept" } } });
    expect(JSON.parse(item)).toMatchObject({ Item: { ttl: { N: String(NOW + 1) } } });
  });

  it("asks for four actions, signed so that the signature is checked", async () => {
    await iam("CreateUser", { UserName: "svidmint" });
    const key = await iam("CreateAccessKey", { UserName: "svidmint" });
    const part = (name: string): string => new RegExp(`<${name}>([^<]+)<`).exec(key)?.[1] ?? "";
    const Action = ["DescribeTable", "GetItem", "PutItem", "DeleteItem"].map(
      (one) => `dynamodb:${one}`,
    );
    const PolicyDocument = JSON.stringify({
      Version: "2012-10-17",
      // moto tells actions apart, not tables.
      Statement: [{ Effect: "Allow", Action, Resource: "*" }],
    });
    await iam("PutUserPolicy", { UserName: "svidmint", PolicyName: "claims", PolicyDocument });
    await moto.authenticate();
    credentials = { accessKeyId: part("AccessKeyId"), secretAccessKey: part("SecretAccessKey") };
    const own = records();
    await expect(own.check?.(5000)).resolves.toBeUndefined();
    expect(await own.write("least", { text: "{}" }, undefined, 5000)).toBe(true);
    const stored = await own.read("least", 5000);
    expect(await own.write("least", undefined, stored, 5000)).toBe(true);
    credentials = { ...credentials, secretAccessKey: "wrong" };
    await expect(own.read("least", 5000)).rejects.toThrow(/status 403/);
  });
});
