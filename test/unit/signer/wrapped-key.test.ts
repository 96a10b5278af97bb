import { expect, it } from "vitest";
import { openWrapped } from "../../../src/signer/wrapped.ts";
import { miscalculating, modeKey } from "./mode-bench.ts";
import { inPlace, wrappedWorld } from "./wrapped-bench.ts";

/** What becomes of a private key once it is out of its envelope. */

const DATA = new Uint8Array(9);

it("leaves neither its data key nor its PKCS#8 in memory, whether it opens or not", async () => {
  const { bench, service, key, own } = await wrappedWorld();
  const seen: Uint8Array[] = [];
  const platform: typeof bench.platform = {
    ...bench.platform,
    importPrivateKey(pkcs8) {
      seen.push(pkcs8);
      return bench.platform.importPrivateKey(pkcs8);
    },
  };
  const settings = { mode: "wrapped", wrapped_key: inPlace(own) } as const;
  const entry = await modeKey(bench, "jwt", key, settings, service.handle);
  const open = async () => (await openWrapped(entry, { ...bench.deps, platform })).signer;
  for (const length of [33, 32]) {
    service.fault = (plain) => {
      const told = new Uint8Array(length).fill(1);
      told.set(plain);
      seen.push(told);
      return told;
    };
    await (async () => (await open())?.sign(DATA))().catch(() => undefined); // oxlint-disable-line no-await-in-loop -- one after the other
  }
  expect(seen.map(({ length }) => length)).toEqual([33, 32, expect.any(Number)]);
  for (const secret of seen) expect(secret).toEqual(new Uint8Array(secret.length));
});

it("is whole, and asks nobody, where private keys are not looked at", async () => {
  const { bench, service, own, open } = await wrappedWorld();
  expect(await open(own, "none")).toBeUndefined();
  expect([bench.complaints, service.asked]).toEqual([[], []]);
});

it("lets no signature out that does not verify under public_key", async () => {
  const { bench, service, key, own } = await wrappedWorld();
  const settings = { mode: "wrapped", wrapped_key: inPlace(own) } as const;
  const entry = await modeKey(bench, "jwt", key, settings, service.handle);
  const { signer } = await openWrapped(entry, { ...bench.deps, platform: miscalculating(bench) });
  // The first, for which the key is unwrapped, and those after it.
  for (const _ of ["first", "next"])
    await expect((async () => signer?.sign(DATA))()).rejects.toMatchObject({ code: "unsound" }); // oxlint-disable-line no-await-in-loop -- one after the other
});
