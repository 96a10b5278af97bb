import { expect, it } from "vitest";
import { FetchedKeys, type KeyLocation } from "../../../src/attestors/fetched-keys.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { FakeNetwork } from "../../fakes/network.ts";
import { NOW } from "./support.ts";

const KEYS = "https://issuer.example/keys";
const DOWN = "https://down.example/team";
const MOVED = "https://moved.example";

it.each<[KeyLocation, string]>([
  [{ jwks: KEYS }, `status 500 at ${KEYS}`],
  [{ jwks: `${KEYS}?code=secret` }, `status 500 at ${KEYS}`],
  [{ discover: DOWN }, `ENOTFOUND at ${DOWN}/.well-known/openid-configuration`],
  [{ discover: MOVED }, `status 404 at ${MOVED}/old/keys`],
])(
  "keys that cannot be had: the operator is told why, and of whom (%j)",
  async (location, detail) => {
    const network = new FakeNetwork()
      .serve(KEYS, () => new Response("down", { status: 500 }))
      .serve(`${KEYS}?code=secret`, () => new Response("down", { status: 500 }))
      .serve(`${MOVED}/.well-known/openid-configuration`, () =>
        Response.json({ issuer: MOVED, jwks_uri: `${MOVED}/old/keys` }),
      )
      .serve(`${MOVED}/old/keys`, () => new Response("gone", { status: 404 }))
      .serve(`${DOWN}/.well-known/openid-configuration`, () => {
        throw Object.assign(new TypeError("fetch failed"), { code: "ENOTFOUND" });
      });
    const keys = new FetchedKeys(webCryptoPlatform({ fetch: network.fetch }), location);
    const error = { reason: "keys_unavailable", detail };
    expect(await keys.find("one", "ES256", NOW)).toEqual({ ok: false, error });
  },
);
