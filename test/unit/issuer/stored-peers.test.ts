import { describe, expect, it } from "vitest";
import { digestOf, STORED_FORMAT } from "../../../src/issuer/stored-config.ts";
import { NOW } from "./names.ts";
import { compiled, open, refusal, source } from "./stored-world.ts";

const origin = await source(() => NOW);

describe("the peers of a compiled configuration", () => {
  const bundle = () =>
    `data:;base64,${btoa(JSON.stringify({ keys: [{ ...origin.ci.jwk, use: "jwt-svid" }] }))}`;

  it("are carried along, and held again", async () => {
    const peers = { "peer.example": { bundle: bundle() } };
    const document = await compiled(origin, { peers });
    expect(document.config.peers).toEqual(peers);
    expect((await open(document, origin)).ready()).toBe(true);
  });

  it("are held to what a bundle is", async () => {
    const peers = { "peer.example": { bundle: "data:;base64,e30=" } };
    const { config } = await compiled(origin);
    const forged = { ...config, peers };
    const sha256 = await digestOf(forged, origin.platform);
    const document = { svidmint_compiled: STORED_FORMAT, sha256, config: forged };
    expect(await refusal(open(document, origin))).toEqual([
      expect.stringMatching(/^peers\.peer\.example\.bundle: is no SPIFFE bundle/),
    ]);
  });
});
