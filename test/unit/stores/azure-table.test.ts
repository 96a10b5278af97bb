import { describe, expect, it } from "vitest";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { azureTableRecords, type AzureAccess } from "../../../src/stores/azure-table.ts";
import { optimisticStore } from "../../../src/stores/optimistic.ts";
import { storeConformance } from "../../conformance/store.ts";
import { failure, FakeAzureTable } from "../../fakes/azure-table.ts";

const service = new FakeAzureTable();
const NOW = 1_444_445_555;
const platform = webCryptoPlatform({ fetch: service.fetch, now: () => NOW });
const place = { account: "acct", table: "claims", endpoint: "https://acct.table.core.windows.net" };
const SIGNATURE = "6F6qQs8fzx16ZG3TkuUj0v8FRxZdmW8DR2++vKnrz7Q=";
const KEY = new TextEncoder().encode("hunter2");
const as = (access: AzureAccess, table = "claims") =>
  azureTableRecords({ ...place, table }, platform, access);
const records = as({ key: KEY });

storeConformance(
  "azure table",
  async () =>
    optimisticStore(records, { platform, trustDomain: "prod.example", deadlineMs: 20_000 }),
  {
    runs: 2,
    service: {
      records,
      fault: (fault) => {
        service.fault = () => fault?.();
      },
    },
  },
);

describe("who asks", () => {
  const last = () => {
    const asked = service.asked.at(-1);
    if (asked === undefined) throw new Error("nothing was asked");
    return asked;
  };

  it("signs date and path with the account's key", async () => {
    await records.read("once.ab", 1000);
    expect(last().headers.get("x-ms-date")).toBe("Sat, 10 Oct 2015 02:52:35 GMT");
    // By openssl dgst -sha256 -hmac hunter2, over the date, a line feed and /acct/claims(PartitionKey='once.ab',RowKey='')
    expect(last().headers.get("authorization")).toBe(`SharedKeyLite acct:${SIGNATURE}`);
    expect(last().url.search).toBe("");
  });

  it("sends a shared access signature in the query, and nothing else", async () => {
    await as({ sas: "sv=2020-12-06&sig=a%2Fb%3D" }).read("x", 1000);
    expect(last().url.search).toBe("?sv=2020-12-06&sig=a%2Fb%3D");
    expect(last().headers.has("authorization")).toBe(false);
  });

  it("sends a token of its identity", async () => {
    await as({ token: async () => "eyJ" }).read("x", 1000);
    expect(last().headers.get("authorization")).toBe("Bearer eyJ");
  });
});

describe("what is kept", () => {
  it("is an entity a record, in parts that fit a property, and when it may be cleared out", async () => {
    const text = "x".repeat(70_000);
    expect(await records.write("long", { text, keepUntil: 99.5 }, undefined, 1000)).toBe(true);
    const properties = Object(service.entities.get("long")?.properties);
    expect(Object.keys(properties)).toEqual([
      "PartitionKey",
      "RowKey",
      "data0",
      "data1",
      "data2",
      "keep_until",
    ]);
    expect(properties["keep_until"]).toBe(100);
    const stored = await records.read("long", 1000);
    expect(stored?.text).toBe(text);
    // A shorter one leaves no part of the longer behind.
    expect(await records.write("long", { text: "y" }, stored, 1000)).toBe(true);
    expect((await records.read("long", 1000))?.text).toBe("y");
    expect(await records.write("long", { text: "z" }, stored, 1000)).toBe(false);
    expect(await records.write("long", undefined, stored, 1000)).toBe(false);
    expect(await records.write("gone", { text: "z" }, stored, 1000)).toBe(false);
  });

  it.each([
    ["no text", { properties: {}, etag: "W/1" }],
    ["a number", { properties: { data0: 1 }, etag: "W/1" }],
  ])("is not believed with %s", async (_, entity) => {
    service.entities.set("odd", entity);
    await expect(records.read("odd", 1000)).rejects.toMatchObject({ code: "refused" });
  });
});

describe("a table that is not there", () => {
  it("is found at the start, and is no claim that nobody made", async () => {
    const missing = as({ key: KEY }, "other");
    await expect(missing.check?.(1000)).rejects.toMatchObject({
      code: "refused",
      message: "Azure Table Storage refuses: status 404 TableNotFound",
    });
    await expect(missing.write("x", { text: "a" }, undefined, 1000)).rejects.toMatchObject({
      code: "refused",
    });
    await expect(records.check?.(1000)).resolves.toBeUndefined();
  });

  it("nor is one that is going: a conflict is one that the service calls so", async () => {
    service.fault = () => failure(409, "TableBeingDeleted");
    await expect(records.write("x", { text: "a" }, undefined, 1000)).rejects.toMatchObject({
      code: "refused",
    });
    service.fault = () => undefined;
  });
});
