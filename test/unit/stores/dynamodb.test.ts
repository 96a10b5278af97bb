import { describe, expect, it } from "vitest";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { dynamodbRecords, openDynamodb } from "../../../src/stores/dynamodb.ts";
import { optimisticStore } from "../../../src/stores/optimistic.ts";
import { storeConformance } from "../../conformance/store.ts";
import { failure, FakeDynamodb } from "../../fakes/dynamodb.ts";

const service = new FakeDynamodb();
const platform = webCryptoPlatform({ fetch: service.fetch });
const credentials = async () => ({ accessKeyId: "AKIDEXAMPLE", secretAccessKey: "hunter2" });
const config = { store: "dynamodb", table: "claims", region: "eu-central-1" } as const;
const records = dynamodbRecords(config, platform, credentials);

storeConformance(
  "dynamodb",
  async () =>
    optimisticStore(records, { platform, trustDomain: "prod.example", deadlineMs: 20_000 }),
  {
    runs: 2,
    service: {
      records,
      fault: (fault) => {
        service.fault = (operation) => (operation === "DescribeTable" ? undefined : fault?.());
      },
    },
  },
);

describe("what DynamoDB is asked", () => {
  it("with a token that the platform mounts for everybody in the container, which is no secret file of ours", async () => {
    const URI = "http://169.254.170.23/v1/credentials";
    const tokens: (string | null)[] = [];
    const store = await openDynamodb(config, {
      platform: webCryptoPlatform({
        fetch: async (url, init) => {
          if (url !== URI) return service.fetch(url, init);
          tokens.push(new Headers(init.headers).get("authorization"));
          const Expiration = new Date(Date.now() + 3_600_000).toISOString();
          return Response.json({
            AccessKeyId: "AKIDEXAMPLE",
            SecretAccessKey: "hunter2",
            Token: "T",
            Expiration,
          });
        },
      }),
      trustDomain: "prod.example",
      env: (name) =>
        ({
          AWS_CONTAINER_CREDENTIALS_FULL_URI: URI,
          AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/var/run/token",
        })[name],
      read: async () => {
        throw new Error("can be read by others");
      },
      readMounted: async (reference) => new TextEncoder().encode(`in ${reference}`),
      report: () => undefined,
    });
    expect(await store.show("f".repeat(64))).toBeUndefined();
    expect(new Set(tokens)).toEqual(new Set(["in file:/var/run/token"]));
  });

  it("is one item a name, each write with another version, and when it may be forgotten", async () => {
    service.items.clear();
    expect(await records.write("n", { text: "one", keepUntil: 99.5 }, undefined, 1000)).toBe(true);
    expect(service.items.get("n")).toMatchObject({ data: { S: "one" }, ttl: { N: "100" } });
    const first = await records.read("n", 1000);
    expect(await records.write("n", { text: "one" }, first, 1000)).toBe(true);
    expect(service.items.get("n")).not.toHaveProperty("ttl");
    // What was read before is another state, though it says the same.
    expect(await records.write("n", { text: "two" }, first, 1000)).toBe(false);
    expect(await records.write("n", undefined, first, 1000)).toBe(false);
    expect(await records.write("n", { text: "two" }, undefined, 1000)).toBe(false);
  });

  it.each(["ReplicatedWriteConflictException", "TransactionConflictException"])(
    "takes %s for somebody who came between",
    async (type) => {
      service.fault = (operation) => (operation === "PutItem" ? failure(type) : undefined);
      expect(await records.write("x", { text: "one" }, undefined, 1000)).toBe(false);
      service.fault = () => undefined;
    },
  );

  it.each([
    ["ProvisionedThroughputExceededException", "unavailable"],
    ["ThrottlingException", "unavailable"],
    ["AccessDeniedException", "refused"],
    ["ResourceNotFoundException", "refused"],
    ["ExpiredTokenException", "refused"],
  ])("takes %s for %s", async (type, code) => {
    service.fault = () => failure(type);
    await expect(records.read("x", 1000)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(type),
    });
    service.fault = () => undefined;
  });

  it.each([
    ["no version", { data: { S: "{}" } }],
    ["no text", { version: { S: "v" } }],
    ["a number", { data: { N: "1" }, version: { S: "v" } }],
  ])("does not believe an item with %s", async (_, item) => {
    service.items.set("odd", item);
    await expect(records.read("odd", 1000)).rejects.toMatchObject({ code: "refused" });
  });
});

describe("a table that cannot keep first use honest", () => {
  const replica = [{ RegionName: "eu-west-1" }];
  it.each<[string, object, RegExp]>([
    ["is replicated", { Replicas: replica }, /replicated to other regions/],
    [
      "is replicated eventually",
      { Replicas: replica, MultiRegionConsistency: "EVENTUAL" },
      /replicated/,
    ],
    ["is a global table of the first kind", { GlobalTableVersion: "2017.11.29" }, /replicated/],
    ["says replicas in another form", { Replicas: {} }, /replicated/],
    [
      "is in another region",
      { TableArn: "arn:aws:dynamodb:us-east-1:1:table/claims" },
      /not in eu-/,
    ],
    ["is being made", { TableStatus: "CREATING" }, /not active/],
    ["has another key", { KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }] }, /another key/],
    [
      "has a range key",
      { KeySchema: [{ AttributeName: "id" }, { AttributeName: "sk" }] },
      /another key/,
    ],
  ])("is refused: it %s", async (_, description, message) => {
    service.description = description;
    await expect(records.check?.(1000)).rejects.toMatchObject({
      code: "refused",
      message: expect.stringMatching(message),
    });
  });

  it.each<[string, object]>([
    ["one region", {}],
    ["no replica", { Replicas: [] }],
    [
      "regions that agree on every write",
      { Replicas: replica, GlobalTableVersion: "2019.11.21", MultiRegionConsistency: "STRONG" },
    ],
  ])("is none of %s", async (_, description) => {
    service.description = description;
    await expect(records.check?.(1000)).resolves.toBeUndefined();
  });
});
