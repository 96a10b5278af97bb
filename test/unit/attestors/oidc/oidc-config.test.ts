import { describe, expect, it } from "vitest";
import { oidc } from "../../../../src/attestors/oidc/oidc.ts";
import { accepted, judge, JKT } from "../../../conformance/attestor.ts";
import { build, buildClean, complaints, ISSUER, NOW } from "../support.ts";
import { CI, key, jwks, entry, CLAIMS } from "./oidc-support.ts";

describe("oidc", () => {
  describe("dev", () => {
    const dev = { dev: { dev: true, pin: "issuer", jwks } };
    it("serves on a loopback host", async () => {
      const issuer = "http://127.0.0.1:8080";
      const attestor = await buildClean(oidc, dev, { issuer });
      const token = await key.sign({
        ...CLAIMS,
        iss: "urn:svidmint:dev:dev",
        aud: `${issuer}/jkt/${JKT}`,
      });
      expect(accepted(await judge(attestor, { type: "oidc", token }, NOW, JKT))).toMatchObject({
        name: "oidc.dev",
        binding: { kind: "key", jkt: JKT },
      });
    });
    it.each([
      "https://id.prod.example",
      "https://127.0.0.1",
      "https://localhost",
      "http://id.prod.example",
      "http://127.0.0.1.example",
      "http://10.0.0.1",
    ])("is refused where the issuer is %s", async (issuer) => {
      const { issues } = await build(oidc, dev, { issuer });
      expect(issues).toContainEqual(
        expect.objectContaining({ path: ["dev", "dev"], severity: "error" }),
      );
    });
    it("needs keys and no preset", () => {
      expect(complaints(oidc, { dev: { dev: true, pin: "issuer" } })).toEqual(["dev.jwks"]);
      expect(complaints(oidc, { dev: { ...dev.dev, dev: false } })).toContain("dev.dev");
    });
  });

  describe("configuration", () => {
    it.each<[object, string]>([
      [{ ci: {} }, "ci.issuer,ci.pin"],
      [{ ci: { issuer: CI } }, "ci.pin"],
      [{ ci: { pin: "issuer" } }, "ci.issuer"],
      [{ ci: { ...entry, pin: "" } }, "ci.pin"],
      [{ ci: { ...entry, pin: { claim: "x", values: [] } } }, "ci.pin.values"],
      [{ ci: { ...entry, pin: { claim: "x" } } }, "ci.pin"],
      [{ ci: { ...entry, pin: "aud" } }, "ci.pin"],
      [{ ci: { ...entry, pin: { claim: "exp", values: ["1"] } } }, "ci.pin"],
      [{ ci: { ...entry, preset: "github_action" } }, "ci.preset"],
      [{ ci: { ...entry, algorithms: ["HS256"] } }, "ci.algorithms.0"],
      [{ ci: { ...entry, algorithms: ["none"] } }, "ci.algorithms.0"],
      [{ ci: { ...entry, algorithms: [] } }, "ci.algorithms"],
      [{ ci: { ...entry, max_lifetime: "25h" } }, "ci.max_lifetime"],
      [{ ci: { ...entry, max_lifetime: "0s" } }, "ci.max_lifetime"],
      [{ ci: { ...entry, jwks: "keys.json" } }, "ci.jwks"],
      [{ ci: { ...entry, jwks_max_bytes: 1_000_000 } }, "ci.jwks_max_bytes"],
      [{ ci: { ...entry, audience: `${ISSUER}/jkt/x` } }, "ci.audience"],
      [{ ci: { ...entry, unknown: 1 } }, "ci"],
      [{ "c.i": entry }, "c.i"],
    ])("refuses %j", (section, paths) => {
      expect(complaints(oidc, section).join(",")).toBe(paths);
    });
    it.each([
      "http://ci.example.com/keys",
      "http://127.0.0.1:9000/keys",
      "http://data:@ci.example.com/keys",
      "https://user@ci.example.com/keys",
      "https://:secret@ci.example.com/keys",
      "https://",
    ])("fetches no keys from %s", async (keys) => {
      const { issues } = await build(oidc, { ci: { ...entry, jwks: keys } });
      expect(issues).toMatchObject([{ path: ["ci", "jwks"], severity: "error" }]);
    });
    it("fetches keys without TLS from this machine alone, and only where the issuer is there", async () => {
      const reported = async (keys: string) => {
        const settings = { ci: { ...entry, jwks: keys } };
        return (await build(oidc, settings, { issuer: "http://localhost:8080" })).issues.length;
      };
      expect(await reported("http://127.0.0.1:9000/keys")).toBe(0);
      expect(await reported("http://ci.example.com/keys")).toBe(1);
      expect(await reported("http://user@127.0.0.1:9000/keys")).toBe(1);
    });
    it("reports a key set that is none, or has a key twice", async () => {
      const twice = `data:,${JSON.stringify({ keys: [key.jwk, key.jwk, { kty: "oct", k: "AA", kid: "x" }] })}`;
      const warned = await build(oidc, { ci: { ...entry, jwks: twice } });
      expect(warned.issues).toMatchObject([{ path: ["ci", "jwks"], severity: "warning" }]);
      for (const text of [
        "",
        "[]",
        '{"keys":{}}',
        '{"keys":[]}',
        '{"keys":[],"keys":[]}',
        JSON.stringify({ keys: [{ ...key.jwk, kid: undefined }] }),
      ]) {
        const broken = await build(oidc, { ci: { ...entry, jwks: `data:,${text}` } }); // oxlint-disable-line no-await-in-loop
        expect(broken.issues).toMatchObject([{ path: ["ci", "jwks"], severity: "error" }]);
      }
    });
  });
});
