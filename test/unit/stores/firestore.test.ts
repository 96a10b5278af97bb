import { describe, expect, it } from "vitest";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { firestoreRecords } from "../../../src/stores/firestore.ts";
import { optimisticStore } from "../../../src/stores/optimistic.ts";
import { storeConformance } from "../../conformance/store.ts";
import { failure, FakeFirestore } from "../../fakes/firestore.ts";

const service = new FakeFirestore();
const platform = webCryptoPlatform({ fetch: service.fetch });
const records = firestoreRecords({ project: "prod-1" }, platform, async () => "ya29");

storeConformance(
  "firestore",
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

describe("what Firestore is asked", () => {
  const name = "projects/prod-1/databases/(default)/documents/svidmint/n";

  it("is one document a name, on a condition, with the moment from which it may be forgotten", async () => {
    expect(await records.write("n", { text: "one", keepUntil: 99.5 }, undefined, 1000)).toBe(true);
    expect(service.documents.get(name)?.fields).toEqual({
      data: { stringValue: "one" },
      expire_at: { timestampValue: "1970-01-01T00:01:40.000Z" },
    });
    const first = await records.read("n", 1000);
    expect(await records.write("n", { text: "two" }, first, 1000)).toBe(true);
    expect(service.documents.get(name)?.fields).toEqual({ data: { stringValue: "two" } });
    expect(await records.write("n", { text: "three" }, first, 1000)).toBe(false);
    expect(await records.write("n", undefined, first, 1000)).toBe(false);
    expect(await records.write("n", { text: "three" }, undefined, 1000)).toBe(false);
    expect(await records.write("gone", { text: "three" }, first, 1000)).toBe(false);
    expect(
      service.asked.every(({ headers }) => headers.get("authorization") === "Bearer ya29"),
    ).toBe(true);
  });

  it("takes contention for somebody who came between", async () => {
    service.fault = () => failure(409, "ABORTED");
    expect(await records.write("x", { text: "one" }, undefined, 1000)).toBe(false);
    service.fault = () => undefined;
  });

  it("takes a database that is not there for no claim of somebody else's", async () => {
    const elsewhere = firestoreRecords({ project: "other" }, platform, async () => "ya29");
    await expect(elsewhere.write("x", { text: "one" }, undefined, 1000)).rejects.toMatchObject({
      code: "refused",
      message: "Firestore refuses: status 404 NOT_FOUND",
    });
  });

  it.each([
    ["PERMISSION_DENIED", 403],
    ["UNAUTHENTICATED", 401],
    ["INVALID_ARGUMENT", 400],
    ["FAILED_PRECONDITION", 400],
  ])("is refused with %s", async (status, code) => {
    service.fault = () => failure(code, status);
    await expect(records.check?.(1000)).rejects.toMatchObject({ code: "refused" });
    await expect(records.write("x", { text: "one" }, undefined, 1000)).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining(status),
    });
    service.fault = () => undefined;
  });

  it.each([
    ["no text", { fields: {}, updateTime: "t" }],
    ["a number", { fields: { data: { integerValue: "1" } }, updateTime: "t" }],
    ["no time", { fields: { data: { stringValue: "{}" } } }],
  ])("does not believe a document with %s", async (_, document) => {
    service.fault = () => Response.json(document);
    await expect(records.read("x", 1000)).rejects.toMatchObject({ code: "refused" });
    service.fault = () => undefined;
  });
});
