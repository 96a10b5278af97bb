import { expect, it } from "vitest";
import type { AttestorDeps } from "../../../src/attestors/attestor.ts";
import { openKeys, type KeySourceOptions } from "../../../src/attestors/jwks.ts";
import { Kept } from "../../../src/kept.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { parseJwk } from "../../../src/encoding/public-key.ts";
import { readDataUrl } from "../../fakes/token-issuer.ts";
import { heldBundles, ISSUER } from "./support.ts";

const CI = "https://ci.example.com";

it("fetched keys are kept for who takes them from the same place in the same way, and for nobody else", async () => {
  const deps: AttestorDeps = {
    platform: webCryptoPlatform(),
    trustDomain: "prod.example",
    issuer: ISSUER,
    bundles: heldBundles({}),
    read: readDataUrl,
    report: ({ message }) => expect.fail(message),
    keep: new Kept().keep,
  };
  const open = (location: string | { discover: string }, options?: KeySourceOptions) =>
    openKeys(location, deps, options);
  const readKey = parseJwk;
  const ways = [
    () => open(CI),
    () => open({ discover: CI }),
    () => open(`${CI}/keys`),
    () => open(CI, { maxBytes: 2048 }),
    () => open(CI, { readKey, readBy: "one tenant" }),
    () => open(CI, { readKey, readBy: "another tenant" }),
  ];
  const first = await Promise.all(ways.map((way) => way()));
  const again = await Promise.all(ways.map((way) => way()));
  expect(new Set(first).size).toBe(ways.length);
  for (const [at, keys] of again.entries()) expect(keys).toBe(first[at]);
  // Nobody can say whether two readers without a name are one.
  expect(await open(CI, { readKey })).not.toBe(await open(CI, { readKey }));
});
