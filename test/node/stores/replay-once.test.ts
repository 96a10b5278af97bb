import { expect, it } from "vitest";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import type { ClaimStore } from "../../../src/stores/claim-store.ts";
import {
  AUDIENCE,
  codeOf,
  createWorld,
  cronToken,
  workload,
  type Workload,
  type World,
} from "../../unit/issuer/world.ts";
import { freshDirectory, opened } from "./file-support.ts";

const RULE = {
  name: "cron",
  evidence: { "oidc.cron": {} },
  binding: { "oidc.cron": "audience" },
  replay: { "oidc.cron": "once" },
  spiffe_id: "/cron",
  jwt: { ttl: "5m", audiences: [AUDIENCE] },
};

/** One world, and one more after each restart: only what is on disk is the same. */
function after(world: World, store: ClaimStore): World {
  Object.assign(world.snapshot, { store });
  return world;
}

it("a token used once is still its first key's after the issuer was restarted, and a proof is still used", async () => {
  const directory = await freshDirectory();
  const first = await opened(directory);
  // Today, since a file that is opened again drops what ended long ago by the machine's clock.
  const now = Math.floor(Date.now() / 1000);
  const world = await createWorld({ platform: nodePlatform, rules: [RULE], store: first, now });
  const [owner, thief] = await Promise.all([workload(world), workload(world)]);
  const body = JSON.stringify({
    evidence: [await cronToken(world)],
    jwt: { audience: [AUDIENCE] },
  });
  const headers = { dpop: await owner.dpop(body) };
  expect((await world.post(body, headers)).status).toBe(200);

  await first.close();
  const restarted = after(world, await opened(directory));
  const as = async (by: Workload) => restarted.post(body, { dpop: await by.dpop(body) });
  expect(await codeOf(await restarted.post(body, headers))).toBe("possession_failed");
  expect(await codeOf(await as(thief))).toBe("evidence_claimed");
  expect((await as(owner)).status).toBe(200);
});
