import { expect, it } from "vitest";
import { createApp } from "../../../src/handlers/app.ts";
import { assembleIssuer } from "../../../src/issuer/assemble.ts";
import type { PublishedKeys } from "../../../src/signer/key-set.ts";
import { createWorld, ISSUER, NOW } from "../issuer/world.ts";
import { problemOf } from "./support.ts";

const world = await createWorld({ peers: new Map() });

/** Statuses of the documents of an issuer that publishes this. */
async function asked(parts: Partial<PublishedKeys>): Promise<Record<string, number>> {
  const { snapshot } = world;
  const published = { ...snapshot.keys.published(NOW), ...parts };
  const keys = { ...snapshot.keys, published: () => published };
  const issuer = assembleIssuer({ ...snapshot, keys }, { audit: { write() {} } });
  const app = createApp(issuer, { openapi: "{}" });
  const answers = await Promise.all(
    ["/bundle", "/bundle/wit", "/bundles", "/bundles/prod.example"].map(
      async (path) => [path, await app.fetch(new Request(ISSUER + path))] as const,
    ),
  );
  for (const [, answer] of answers) {
    if (answer.status === 503) {
      expect(answer.headers.get("retry-after")).toMatch(/^\d+$/); // oxlint-disable-line vitest/no-conditional-expect
      expect(await problemOf(answer)).toMatchObject({ code: "unavailable" }); // oxlint-disable-line vitest/no-conditional-expect, no-await-in-loop
    } else expect(await answer.text()).toMatch(/"keys":\[/); // oxlint-disable-line vitest/no-conditional-expect, no-await-in-loop
  }
  return Object.fromEntries(answers.map(([path, { status }]) => [path, status]));
}

const all = (status: number) => ({
  "/bundle": status,
  "/bundle/wit": status,
  "/bundles": status,
  "/bundles/prod.example": status,
});

it("a bundle without keys is not served (BN-5)", async () => {
  expect(await asked({})).toEqual(all(200));
  expect(await asked({ x509: [], jwt: [], wit: [] })).toEqual(all(503));
  expect(await asked({ x509: [], jwt: [] })).toEqual({ ...all(503), "/bundle/wit": 200 });
});
