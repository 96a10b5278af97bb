import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { AUDIENCE, TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { keyAudience, makeCsr, makeKey } from "../../scripts/interop/workload.ts";
import { counterparts } from "./support/counterparts.ts";
import { bundleInSpire, until } from "./support/spire-bundles.ts";
import { federate, type SpireFederation } from "./support/spire-federation.ts";
import { bundleRoots, fetchBundle, forgeToken, issueJwt, splitPem } from "./support/svids.ts";

const needs = counterparts("spire-server", "spire-agent");

const PROFILES = ["https_web", "https_spiffe"] as const;

describe.skipIf(needs.absent).each(PROFILES)(
  `SPIRE and svidmint, by %s${needs.note}`,
  (profile) => {
    const stack = new AsyncDisposableStack();
    let world: SpireFederation;

    beforeAll(async () => {
      const programs = { server: needs.path("spire-server"), agent: needs.path("spire-agent") };
      world = stack.use(await federate({ ...programs, profile }));
    });
    afterAll(() => stack.disposeAsync());

    const validate = (token: string, audience = AUDIENCE) =>
      world.agent.command("validate", "jwt", "-audience", audience, "-svid", token);

    it("SPIRE holds our bundle, fetched from its endpoint", async () => {
      const held = await bundleInSpire(world.spire);
      const ours = await fetchBundle(world.issuer.url);
      const certificates = (bundle = ours) => bundle.keys.flatMap((key) => key.x5c ?? []);
      expect(certificates(held)).toEqual(certificates());
      expect(held).toMatchObject({ spiffe_refresh_hint: 60 });
    });

    it("a workload's agent verifies our JWT-SVID by it", async () => {
      const token = await issueJwt(world.issuer.url, world.evidence);
      const taken = await validate(token);
      expect(taken.stdout).toContain(`spiffe://${TRUST_DOMAIN}/ci/build`);
      expect(taken.code).toBe(0);
      expect((await validate(forgeToken(token))).code).not.toBe(0);
      expect((await validate(token, "https://elsewhere.example")).code).not.toBe(0);
    });

    /** A SPIRE workload asks us for an SVID, its own JWT-SVID in hand. */
    const exchange = async (change: (token: string) => string = (token) => token) => {
      const key = makeKey();
      const audience = keyAudience(world.issuer.url, key);
      const printed = await world.agent.command(
        "fetch",
        "jwt",
        "-audience",
        audience,
        "-output",
        "json",
      );
      const [, token = ""] = /"svid":"([^"]+)"/u.exec(printed.stdout.replaceAll(/\s/gu, "")) ?? [];
      return fetch(`${world.issuer.url}/v1/svids`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          evidence: [{ type: "spiffe", token: change(token) }],
          x509: { csr: makeCsr(key) },
        }),
      });
    };

    const reasonOf = async (refused: Response): Promise<string | undefined> => {
      const { request_id: id } = z.object({ request_id: z.string() }).parse(await refused.json());
      const lines = () =>
        world.issuer.server
          .output()
          .split("\n")
          .filter((line) => line.includes(id));
      await until(async () => lines().length > 0); // it may be written after the answer has come
      return /"reason":"([a-z_0-9]+)"/u.exec(lines().join())?.[1];
    };

    it("we verify a JWT-SVID of SPIRE by the bundle that we fetched", async () => {
      const answer = await (await exchange()).json();
      expect(answer).toMatchObject({ spiffe_id: `spiffe://${TRUST_DOMAIN}/partner/orders` });
    });

    it("we take no forged one, and none of ours in its place", async () => {
      const ours = await issueJwt(world.issuer.url, world.evidence);
      expect(await reasonOf(await exchange(forgeToken))).toBe("signature_invalid");
      expect(await reasonOf(await exchange(() => ours))).toBe("tenant_not_configured");
    });

    it("the workload gets our authorities beside its own, under our name alone", async () => {
      const { folder } = world.spire;
      expect((await world.agent.command("fetch", "x509", "-write", folder)).code).toBe(0);
      const fingerprints = (name: string) =>
        splitPem(readFileSync(join(folder, name), "utf8")).map(
          (pem) => new X509Certificate(pem).fingerprint256,
        );
      const roots = splitPem(bundleRoots(await fetchBundle(world.issuer.url)));
      const ours = roots.map((pem) => new X509Certificate(pem).fingerprint256);
      expect(fingerprints("federated_bundle.0.0.pem")).toEqual(ours);
      expect(fingerprints("bundle.0.pem")).not.toContain(ours[0]);
    });
  },
);
