import { describe, expect, it } from "vitest";
import { publicDocuments } from "../../../src/issuer/documents.ts";
import { addKey, at, DAY, jwt, load, NOW, platform, refusal, root, T } from "./key-files.ts";

await Promise.all([addKey("wit"), addKey("wit-2"), addKey("ed", "Ed25519")]);
const wit = { id: "wit", backend: "local", private_key: "file:wit.key", published_at: at(T) };
const next = {
  ...wit,
  id: "wit-2",
  private_key: "file:wit-2.key",
  published_at: at(NOW + 1000),
};
const others = { x509: [root], jwt: [jwt] };

describe("keys of WIT-SVIDs", () => {
  it("have a timeline of their own, by which one signs after the other", async () => {
    const { keys } = await load({ ...others, wit: [wit, next] });
    expect([...keys.uses]).toEqual(["x509", "jwt", "wit"]);
    const kids = [NOW, NOW + 1000 + 1499, NOW + 1000 + 1500].map((now) => keys.wit(now)?.kid);
    expect(kids[0]).toBe(kids[1]);
    expect(kids[2]).not.toBe(kids[0]);
    const published = (now: number) => keys.published(now).wit.map(({ kid }) => kid);
    expect(published(NOW)).toEqual([kids[0]]);
    expect(published(NOW + 1000)).toEqual([kids[0], kids[2]]);
    // An hour that it could sign for, and two refresh hints.
    expect(published(NOW + 2500 + 3600 + 599)).toHaveLength(2);
    expect(published(NOW + 2500 + 3600 + 600)).toEqual([kids[2]]);
    for (const kid of kids) expect(keys.thumbprints.has(kid ?? "")).toBe(true);
  });

  it("change no byte of /bundle, whatever becomes of them, and count in /bundle/wit", async () => {
    const documents = async (config: object) => {
      const { keys } = await load(config);
      return publicDocuments(platform, "https://id.example.org", keys);
    };
    const without = await documents(others);
    const having = await documents({ ...others, wit: [wit, next] });
    const sequences: unknown[] = [];
    for (const later of [0, 999, 1000, 2500, 2500 + 3600 + 600]) {
      const [old, now] = await Promise.all([without(NOW + later), having(NOW + later)]); // oxlint-disable-line no-await-in-loop -- the clock is one
      expect(now.bundle).toEqual(old.bundle);
      expect(now.jwks).toEqual(old.jwks);
      expect(now.discovery).toEqual(old.discovery);
      expect(old.witBundle).toEqual(old.bundle);
      const whole: { keys: { use: string }[]; spiffe_sequence: number } = JSON.parse(
        now.witBundle.body,
      );
      sequences.push([
        whole.spiffe_sequence - T,
        whole.keys.filter(({ use }) => use === "wit-svid").length,
      ]);
    }
    const added = DAY + 1000;
    expect(sequences).toEqual([
      [0, 1],
      [0, 1],
      [added, 2],
      [added, 2],
      [added + 1500 + 3600 + 600, 1],
    ]);
  });

  it.each([
    ["the key of JWT-SVIDs", { ...wit, private_key: "file:jwt.key" }, /is the same key as jwt/],
    ["the root's key", { ...wit, private_key: "file:root.key" }, /is the same key as x509/],
    ["a key that no WIT-SVID is signed by", { ...wit, private_key: "file:ed.key" }, /EdDSA is not/],
    ["no key", { ...wit, private_key: undefined }, /private_key: is needed/],
  ])("are not %s", async (_, entry, message) => {
    expect(await refusal({ ...others, wit: [entry] })).toEqual([expect.stringMatching(message)]);
  });

  it("are not there where none is listed", async () => {
    const { keys } = await load(others);
    expect(keys.wit(NOW)).toBeUndefined();
    expect([...keys.uses]).toEqual(["x509", "jwt"]);
  });
});
