import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../scripts/free-port.ts";
import { accepts, startServer } from "../../scripts/interop/processes.ts";
import { hmacSha256 } from "../../src/platform/hmac.ts";
import { webCryptoPlatform } from "../../src/platform/webcrypto.ts";
import { azureTableRecords, type AzureAccess } from "../../src/stores/azure-table.ts";
import { optimisticStore } from "../../src/stores/optimistic.ts";
import type { Records } from "../../src/stores/records.ts";
import { storeConformance } from "../conformance/store.ts";
import { counterparts } from "./support/counterparts.ts";

const needs = counterparts("azurite");
/** The emulator's own, published in its documentation. */
const ACCOUNT = "devstoreaccount1";
const KEY = Buffer.from(
  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
  "base64",
);

describe.skipIf(needs.absent)(`Azurite's Table Storage${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const platform = webCryptoPlatform();
  let endpoint = "";

  const records = (access: AzureAccess = { key: KEY }, table = "claims"): Records =>
    azureTableRecords({ account: ACCOUNT, table, endpoint }, platform, access);

  /** As an operator does it. */
  async function newTable(TableName: string): Promise<void> {
    const date = new Date().toUTCString();
    const signed = await hmacSha256(
      platform,
      KEY,
      Buffer.from(`${date}\n/${ACCOUNT}/${ACCOUNT}/Tables`),
    );
    const answer = await fetch(`${endpoint}/Tables`, {
      method: "POST",
      headers: {
        authorization: `SharedKeyLite ${ACCOUNT}:${Buffer.from(signed).toString("base64")}`,
        accept: "application/json;odata=nometadata",
        "content-type": "application/json",
        "x-ms-date": date,
        "x-ms-version": "2020-12-06",
      },
      body: JSON.stringify({ TableName }),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }

  /** A shared access signature for one table. @see https://learn.microsoft.com/en-us/rest/api/storageservices/create-service-sas */
  function signature(permissions: string, until: Date): string {
    const se = `${until.toISOString().slice(0, 19)}Z`;
    const fields = [permissions, "", se, `/table/${ACCOUNT}/claims`, "", "", "", "2019-02-02"];
    const signed = [...fields, "", "", "", ""].join("\n");
    const sig = createHmac("sha256", KEY).update(signed).digest("base64");
    return new URLSearchParams({
      sv: "2019-02-02",
      tn: "claims",
      sp: permissions,
      se,
      sig,
    }).toString();
  }

  beforeAll(async () => {
    const port = await freePort();
    const flags = ["--inMemoryPersistence", "--disableTelemetry", "--silent"];
    const address = ["--tableHost", "127.0.0.1", "--tablePort", String(port)];
    stack.use(
      await startServer(process.execPath, [needs.path("azurite"), ...address, ...flags], {
        deadlineMs: 5 * 60_000,
        ready: () => accepts(port),
        readyMs: 60_000,
      }),
    );
    endpoint = `http://127.0.0.1:${port}/${ACCOUNT}`;
    await newTable("claims");
  });
  afterAll(() => stack.disposeAsync());

  storeConformance(
    "azure table",
    async () =>
      optimisticStore(records(), { platform, trustDomain: "prod.example", deadlineMs: 60_000 }),
    { runs: 5 },
  );

  it("knows its table from one that is not there", async () => {
    await expect(records().check?.(5000)).resolves.toBeUndefined();
    const absent = records({ key: KEY }, "absent");
    await expect(absent.write("x", { text: "{}" }, undefined, 5000)).rejects.toThrow(
      /TableNotFound/,
    );
  });

  it("holds the longest record", async () => {
    const text = "x".repeat(380 * 1024);
    expect(await records().write("long", { text }, undefined, 5000)).toBe(true);
    const stored = await records().read("long", 5000);
    expect(stored?.text).toBe(text);
    expect(await records().write("long", { text: "y" }, stored, 5000)).toBe(true);
    expect((await records().read("long", 5000))?.text).toBe("y");
  });

  it("finds what may be cleared out", async () => {
    await records().write("old", { text: "{}", keepUntil: 1_700_000_000 }, undefined, 5000);
    await records().write("new", { text: "{}", keepUntil: 1_700_000_001 }, undefined, 5000);
    await records().write("ban", { text: "{}" }, undefined, 5000);
    const filter = encodeURIComponent("keep_until lt 1700000001.0");
    const sas = signature("r", new Date(Date.now() + 60_000));
    const answer = await fetch(`${endpoint}/claims()?${sas}&$filter=${filter}`, {
      headers: { accept: "application/json;odata=nometadata" },
    });
    const { value } = (await answer.json()) as { value: { PartitionKey: string }[] };
    expect(value.map(({ PartitionKey }) => PartitionKey)).toEqual(["old"]);
  });

  it("lets nobody in with another key", async () => {
    const stranger = records({ key: Buffer.from("another") });
    await expect(stranger.check?.(5000)).rejects.toMatchObject({
      code: "refused",
      message: "Azure Table Storage refuses: status 403 AuthorizationFailure",
    });
  });

  it("lets in who has a signature to read, add, update and delete, until it ends", async () => {
    const hour = 3_600_000;
    const own = records({ sas: signature("raud", new Date(Date.now() + hour)) });
    expect(await own.write("least", { text: "{}" }, undefined, 5000)).toBe(true);
    const stored = await own.read("least", 5000);
    expect(await own.write("least", undefined, stored, 5000)).toBe(true);
    const late = records({ sas: signature("raud", new Date(Date.now() - hour)) });
    await expect(late.read("least", 5000)).rejects.toMatchObject({ code: "refused" });
    const reader = records({ sas: signature("r", new Date(Date.now() + hour)) });
    await expect(reader.write("x", { text: "{}" }, undefined, 5000)).rejects.toMatchObject({
      code: "refused",
    });
  });
});
