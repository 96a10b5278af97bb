import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { webCryptoPlatform } from "../../src/platform/webcrypto.ts";
import { firestoreRecords } from "../../src/stores/firestore.ts";
import { optimisticStore } from "../../src/stores/optimistic.ts";
import type { Records } from "../../src/stores/records.ts";
import { FakeFirestore } from "../fakes/firestore.ts";
import { listen, type Listening } from "../fakes/node/listen.ts";
import { storeConformance } from "../conformance/store.ts";
import { counterparts } from "./support/counterparts.ts";

const needs = counterparts("google-firestore");

/** What is used of `@google-cloud/firestore`, which is installed apart. */
interface Snapshot {
  readonly exists: boolean;
  readonly updateTime?: unknown;
  data(): Record<string, unknown> | undefined;
}
interface Document {
  get(): Promise<Snapshot>;
  create(data: object): Promise<unknown>;
  set(data: object): Promise<unknown>;
  update(data: object, precondition: object): Promise<unknown>;
  delete(precondition?: object): Promise<unknown>;
}
interface Client {
  doc(path: string): Document;
  terminate(): Promise<void>;
}
type Library = { readonly Firestore: new (settings: object) => Client };

/**
 * Nobody but Google runs Firestore: this is our own simulation, which Google's client library has to get along with,
 * so that it is no mere mirror of our own reading of the reference.
 */
describe.skipIf(needs.absent)(`a simulated Firestore${needs.note}`, () => {
  const service = new FakeFirestore();
  const platform = webCryptoPlatform();
  let served: Listening;
  let google: Client;
  let ours: Records;

  beforeAll(async () => {
    served = await listen(service.handle);
    const load = createRequire(needs.path("google-firestore"));
    const { Firestore }: Library = load("./index.js");
    // Of the same installation: it asks for no credentials and sends none.
    const { PassThroughClient } = load("google-auth-library");
    google = new Firestore({
      projectId: "prod-1",
      host: new URL(served.url).host,
      ssl: false,
      preferRest: true,
      authClient: new PassThroughClient(),
    });
    ours = firestoreRecords(
      { project: "prod-1", endpoint: served.url },
      platform,
      async () => "owner",
    );
  });
  afterAll(async () => {
    await google.terminate();
    await served.close();
  });

  storeConformance(
    "firestore",
    async () => {
      const records = firestoreRecords(
        { project: "prod-1", endpoint: served.url },
        platform,
        async () => "owner",
      );
      return optimisticStore(records, {
        platform,
        trustDomain: "prod.example",
        deadlineMs: 60_000,
      });
    },
    { runs: 5 },
  );

  it("shows Google's client what we wrote, and us what it wrote", async () => {
    await ours.write("ours", { text: "one", keepUntil: 100 }, undefined, 5000);
    const seen = await google.doc("svidmint/ours").get();
    expect(seen.data()).toMatchObject({ data: "one" });
    await google.doc("svidmint/google").create({ data: "two" });
    expect(await ours.read("google", 5000)).toMatchObject({ text: "two" });
    expect((await google.doc("svidmint/nobody").get()).exists).toBe(false);
  });

  it("holds both to the same conditions", async () => {
    await ours.write("both", { text: "one" }, undefined, 5000);
    const document = google.doc("svidmint/both");
    await expect(document.create({ data: "two" })).rejects.toMatchObject({ code: 6 });
    const { updateTime } = await document.get();
    const stale = await ours.read("both", 5000);
    await document.update({ data: "two" }, { lastUpdateTime: updateTime });
    expect(await ours.write("both", { text: "three" }, stale, 5000)).toBe(false);
    await expect(
      document.update({ data: "four" }, { lastUpdateTime: updateTime }),
    ).rejects.toMatchObject({ code: 9 });
    const fresh = await ours.read("both", 5000);
    expect(fresh?.text).toBe("two");
    expect(await ours.write("both", undefined, fresh, 5000)).toBe(true);
    await expect(document.delete({ exists: true })).rejects.toMatchObject({ code: 5 });
  });
});
