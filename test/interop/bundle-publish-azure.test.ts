import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { freePort } from "../../scripts/free-port.ts";
import { accepts, startServer } from "../../scripts/interop/processes.ts";
import { counterparts } from "./support/counterparts.ts";
import { publishers, type Publishers } from "./support/published.ts";
import { publishChecks } from "./support/publish-checks.ts";

const needs = counterparts("azurite", "verify-svid");
/** The emulator's own, published in its documentation. */
const ACCOUNT = "devstoreaccount1";
const KEY = Buffer.from(
  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
  "base64",
);
const CONTAINER = "id-example-org";

// Each command is a process of its own.
vi.setConfig({ testTimeout: 120_000 });

/** @see https://learn.microsoft.com/en-us/rest/api/storageservices/create-account-sas */
function signature(permissions: string): string {
  const [sv, se] = [
    "2018-11-09",
    `${new Date(Date.now() + 3_600_000).toISOString().slice(0, 19)}Z`,
  ];
  const signed = [ACCOUNT, permissions, "b", "sco", "", se, "", "", sv, ""].join("\n");
  const sig = createHmac("sha256", KEY).update(signed).digest("base64");
  return new URLSearchParams({ sv, ss: "b", srt: "sco", sp: permissions, se, sig }).toString();
}

describe.skipIf(needs.absent)(`bundles in Azurite's Blob Storage${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  let world: Publishers;
  let endpoint = "";
  let sas = "";

  beforeAll(async () => {
    const port = await freePort();
    const program = join(dirname(needs.path("azurite")), "../blob/main.js");
    const flags = ["--inMemoryPersistence", "--disableTelemetry", "--silent"];
    const address = ["--blobHost", "127.0.0.1", "--blobPort", String(port)];
    stack.use(
      await startServer(process.execPath, [program, ...address, ...flags], {
        deadlineMs: 5 * 60_000,
        ready: () => accepts(port),
        readyMs: 60_000,
      }),
    );
    endpoint = `http://127.0.0.1:${port}/${ACCOUNT}`;
    // As an operator makes it: anybody may read its blobs.
    const made = await fetch(`${endpoint}/${CONTAINER}?restype=container&${signature("rwc")}`, {
      method: "PUT",
      headers: { "x-ms-version": "2020-12-06", "x-ms-blob-public-access": "blob" },
    });
    if (!made.ok) throw new Error(await made.text());
    const folder = mkdtempSync(join(tmpdir(), "svidmint-az-"));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    sas = signature("rwc");
    world = await publishers(folder, () => ({ AZURE_STORAGE_SAS_TOKEN: sas }));
  });
  afterAll(() => stack.disposeAsync());

  publishChecks(
    () => ({
      ...world,
      target: `az://${ACCOUNT}/${CONTAINER}/site?endpoint=${endpoint}`,
      url: `${endpoint}/${CONTAINER}/site`,
    }),
    () => needs.path("verify-svid"),
    2,
  );

  it("names the role that is missing, and never the signature", async () => {
    sas = signature("r");
    const target = `az://${ACCOUNT}/${CONTAINER}/other?endpoint=${endpoint}`;
    const denied = await world.run("bundle", "publish", "--config", world.newer, "--to", target);
    expect(denied).toMatchObject({ code: 1, stdout: "" });
    expect(denied.stderr).toContain("Storage Blob Data Contributor");
    expect(denied.stderr).not.toContain("sig=");
  });

  it("says that there is no such container", async () => {
    sas = signature("rwc");
    const target = `az://${ACCOUNT}/absent?endpoint=${endpoint}`;
    const told = await world.run("bundle", "publish", "--config", world.newer, "--to", target);
    expect(told).toMatchObject({ code: 1, stdout: "" });
    expect(told.stderr).toContain("ContainerNotFound");
  });
});
