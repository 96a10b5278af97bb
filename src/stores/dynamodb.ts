import { encodeBase64url } from "../encoding/base64.ts";
import { isJsonObject, type JsonObject } from "../encoding/json.ts";
import { awsCredentials } from "../platform/aws-credentials.ts";
import { awsFailureName, awsJsonRequest } from "../platform/aws-json.ts";
import type { CredentialSource } from "../platform/credentials.ts";
import type { Platform } from "../platform/platform.ts";
import type { AwsCredentials } from "../platform/sigv4.ts";
import type { ClaimStore } from "./claim-store.ts";
import type { StoreDeps } from "./definition.ts";
import type { DynamodbConfig } from "./definitions.ts";
import { openOptimistic } from "./optimistic.ts";
import type { NextRecord, Records, StoredRecord } from "./records.ts";
import { askService, credentialsOf, malformedAnswer, refusal } from "./service.ts";
import { StoreError } from "./store-error.ts";

const SERVICE = "DynamoDB";
const TARGET = "DynamoDB_20120810";
/** Somebody came between: in the table itself, or in another region of one that is strongly consistent. */
const CONFLICTS = [
  "ConditionalCheckFailedException",
  "ReplicatedWriteConflictException",
  "TransactionConflictException",
];
/** What DynamoDB says with status 400 of a moment that passes. */
const PASSING = [
  "LimitExceededException",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "ThrottlingException",
];

/** One table in one region, whose hash key is the string `id`. @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/ */
export function openDynamodb(config: DynamodbConfig, deps: StoreDeps): Promise<ClaimStore> {
  const credentials = awsCredentials({ ...deps, read: deps.readMounted ?? deps.read });
  return openOptimistic(dynamodbRecords(config, deps.platform, credentials), deps);
}

export function dynamodbRecords(
  { table, region, endpoint }: DynamodbConfig,
  platform: Platform,
  credentials: CredentialSource<AwsCredentials>,
): Records {
  const suffix = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const url = `${endpoint ?? `https://dynamodb.${region}.${suffix}`}/`;

  /** @returns undefined where a condition did not hold. @throws StoreError */
  async function call(
    operation: string,
    parameters: JsonObject,
    timeoutMs: number,
  ): Promise<JsonObject | undefined> {
    const request = await awsJsonRequest(
      platform,
      {
        url,
        region,
        service: "dynamodb",
        version: "1.0",
        target: `${TARGET}.${operation}`,
        parameters: { TableName: table, ...parameters },
      },
      await credentialsOf(credentials, timeoutMs),
    );
    const asked = { ...request, url };
    const { status, body: answer } = await askService(platform, SERVICE, asked, timeoutMs);
    if (status === 200) return answer;
    const code = awsFailureName(answer);
    if (CONFLICTS.includes(code)) return undefined;
    if (PASSING.includes(code)) throw new StoreError("unavailable", `${SERVICE} is busy: ${code}`);
    throw refusal(SERVICE, status, code);
  }

  return {
    async check(timeoutMs) {
      const answer = await call("DescribeTable", {}, timeoutMs);
      const description = answer?.["Table"];
      if (!isJsonObject(description)) throw malformedAnswer(SERVICE);
      const fault = unfit(description, region);
      if (fault !== undefined) throw new StoreError("refused", `table ${table} ${fault}`);
    },
    async read(name, timeoutMs) {
      const answer = await call(
        "GetItem",
        { Key: { id: { S: name } }, ConsistentRead: true },
        timeoutMs,
      );
      if (answer === undefined) throw malformedAnswer(SERVICE);
      const { Item: item } = answer;
      return item === undefined ? undefined : recordIn(item);
    },
    async write(name, next, expected, timeoutMs) {
      const key = { id: { S: name } };
      const condition = conditionOf(expected);
      const answer =
        next === undefined
          ? await call("DeleteItem", { Key: key, ...condition }, timeoutMs)
          : await call(
              "PutItem",
              { Item: { ...key, ...itemOf(next, platform) }, ...condition },
              timeoutMs,
            );
      return answer !== undefined;
    },
  };
}

function conditionOf(expected: StoredRecord | undefined): JsonObject {
  if (expected === undefined)
    return {
      ConditionExpression: "attribute_not_exists(#id)",
      ExpressionAttributeNames: { "#id": "id" },
    };
  return {
    ConditionExpression: "#version = :version",
    ExpressionAttributeNames: { "#version": "version" },
    ExpressionAttributeValues: { ":version": { S: expected.version } },
  };
}

/** Each write has a version of its own. `ttl` is for the table's Time to Live, which nothing is decided by. */
function itemOf({ text, keepUntil }: NextRecord, platform: Pick<Platform, "random">): JsonObject {
  return {
    version: { S: encodeBase64url(platform.random(16)) },
    data: { S: text },
    ...(keepUntil !== undefined && { ttl: { N: String(Math.ceil(keepUntil)) } }),
  };
}

function recordIn(item: JsonObject[string]): StoredRecord {
  const [text, version] = [textOf(item, "data"), textOf(item, "version")];
  if (text === undefined || version === undefined) throw malformedAnswer(SERVICE);
  return { text, version };
}

function textOf(item: JsonObject[string], name: string): string | undefined {
  const value = isJsonObject(item) ? item[name] : undefined;
  const text = isJsonObject(value) ? value["S"] : undefined;
  return typeof text === "string" ? text : undefined;
}

/** Why a table cannot keep first use honest. */
function unfit(table: JsonObject, region: string): string | undefined {
  const { TableStatus: status, TableArn: arn, KeySchema: keys, Replicas: replicas } = table;
  if (status !== "ACTIVE" && status !== "UPDATING") return "is not active";
  if (typeof arn !== "string" || arn.split(":")[3] !== region) return `is not in ${region}`;
  const [key, ...others] = Array.isArray(keys) ? keys : [];
  if (!isJsonObject(key) || key["AttributeName"] !== "id" || others.length > 0)
    return "has another key than id alone";
  const replicated =
    (Array.isArray(replicas) ? replicas.length > 0 : replicas !== undefined) ||
    table["GlobalTableVersion"] !== undefined;
  if (replicated && table["MultiRegionConsistency"] !== "STRONG")
    return "is replicated to other regions without strong consistency: two keys could each be first in their own region";
  return undefined;
}
