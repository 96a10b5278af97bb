import { describe, expect, it } from "vitest";
import { decodePem } from "../../../src/encoding/pem.ts";
import { allModes } from "../../../src/signer/modes.ts";
import { leafKey } from "../../fakes/x509-key.ts";
import { load, NOW, root, spare } from "./key-files.ts";

const delegated = { ...root, mode: "delegated" };

describe("mode delegated", () => {
  it("signs leaves with an intermediate of this process, and publishes the root alone", async () => {
    const { keys } = await load(
      { x509: [delegated, { ...spare, mode: "delegated" }] },
      { modes: allModes },
    );
    const key = await leafKey(keys.x509(NOW), NOW);
    expect(key.signer.id).toMatch(/^root\/[0-9a-f]{40}$/);
    expect(decodePem(key.chainPem, "CERTIFICATE").ok).toBe(true);
    expect(keys.published(NOW).x509).toHaveLength(2);
    expect(await leafKey(keys.x509(NOW), NOW + 60)).toBe(key);
  });
});
