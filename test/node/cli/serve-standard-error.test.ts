import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { temporaryFolders } from "./run.ts";
import { fetch, initialised, serve } from "./server.ts";

const folder = temporaryFolders();
const headers = { "content-type": "application/json" };
const body = '{"evidence":[{"type":"oidc","token":"x"}],"jwt":{"audience":["x"]}}';

it("svidmint serve goes on where neither log takes a line, as on a disk full of both", async () => {
  const { cwd, url } = await initialised(await folder());
  const config = join(cwd, "svidmint.yaml");
  await writeFile(config, `${await readFile(config, "utf8")}\naudit: { sink: file:/dev/full }\n`);
  const { child } = await serve(cwd, url);
  child.stderr?.destroy();
  for (const _ of [1, 2, 3]) {
    await fetch(`${url}/v1/svids`, { method: "POST", body, headers }); // oxlint-disable-line no-await-in-loop
    await delay(100); // oxlint-disable-line no-await-in-loop -- the line of a refusal leaves a little later
    expect((await fetch(`${url}/bundle`)).status).toBe(200); // oxlint-disable-line no-await-in-loop
  }
  child.kill("SIGHUP"); // which has it say something each time
  await delay(1000);
  expect((await fetch(`${url}/bundle`)).status).toBe(200);
});
