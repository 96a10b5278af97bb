import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { makeSigningKeys, type SigningKeys } from "../../scripts/interop/signing-keys.ts";
import type { TlsMaterial } from "../../scripts/interop/tls-material.ts";
import { counterparts } from "./support/counterparts.ts";
import { bundleInSpire, bundleOfSpire, until } from "./support/spire-bundles.ts";
import { federate, type SpireFederation } from "./support/spire-federation.ts";
import { rotateSpire } from "./support/spire-rotation.ts";
import { type SpireWorkload, startSpireWorkload } from "./support/spire-workload.ts";
import {
  type BundleDocument,
  bundleRoots,
  issueX509,
  pkcs8Pem,
  splitPem,
} from "./support/svids.ts";
import { startTlsWorkload, type TlsWorkload } from "./support/tls-workload.ts";

const needs = counterparts("spire-server", "spire-agent", "spire-workload");

/** Of our second root, from the start on: SPIRE asks four times in a refresh hint of a minute. Seconds. */
const TIMES = { published: 20, active: 45, removed: 60 };

const instant = (seconds: number): string =>
  new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z/u, "Z");

function rotatingKeys(first: SigningKeys, second: SigningKeys): Record<string, unknown> {
  const entry = (id: string, { certificate }: SigningKeys, more: object) => ({
    id,
    backend: "local",
    private_key: `env:${id.toUpperCase()}`,
    certificate: `data:application/x-pem-file;base64,${Buffer.from(certificate).toString("base64")}`,
    ...more,
  });
  const published_at = "2026-01-01T00:00:00Z";
  return {
    x509: [
      entry("one", first, { published_at, removed_at: instant(TIMES.removed) }),
      entry("two", second, {
        published_at: instant(TIMES.published),
        active_from: instant(TIMES.active),
      }),
    ],
    jwt: [{ id: "jwt-1", backend: "local", private_key: "env:JWT", published_at }],
  };
}

const count = (bundle: BundleDocument | undefined): number =>
  bundle === undefined ? 0 : splitPem(bundleRoots(bundle)).length;

describe.skipIf(needs.absent)(`mTLS between workloads of two domains${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  let world: SpireFederation;
  let ours: TlsWorkload;
  let theirs: SpireWorkload;

  /** As a workload of ours does: it renews its SVID, and asks its issuer for the bundle of the other domain. */
  async function material(): Promise<TlsMaterial> {
    const { chain, key } = await issueX509(world.issuer.url, world.evidence);
    const bundle = await bundleOfSpire(world.issuer, world.spire);
    return { cert: chain, key: pkcs8Pem(key), ca: splitPem(bundleRoots(bundle)) };
  }

  const renew = async (): Promise<void> => ours.use(await material());

  beforeAll(async () => {
    const [first, second] = [await makeSigningKeys(), await makeSigningKeys()];
    world = stack.use(
      await federate({
        server: needs.path("spire-server"),
        agent: needs.path("spire-agent"),
        profile: "https_spiffe",
        keys: rotatingKeys(first, second),
        env: { ONE: first.x509Key, TWO: second.x509Key, JWT: first.jwtKey },
      }),
    );
    ours = stack.use(await startTlsWorkload(await material(), world.spire.trustDomain));
    const program = needs.path("spire-workload");
    theirs = stack.use(await startSpireWorkload(program, world.agent.socket, TRUST_DOMAIN));
  });
  afterAll(() => stack.disposeAsync());

  it("goes on without a failure while the keys of both rotate", { timeout: 120_000 }, async () => {
    const renewal = setInterval(() => {
      void renew();
    }, 1000);
    try {
      ours.connectEvery(100, theirs.port);
      theirs.connect(ours.port);

      // Theirs: nothing is signed with the new key before we have it, nor the old one taken back while it is in use.
      const seen = () => ours.report.authorities.size;
      await rotateSpire(world.spire, {
        published: () =>
          until(async () => count(await bundleOfSpire(world.issuer, world.spire)) === 2),
        renewed: () => until(async () => seen() === 2),
      });
      await until(async () => count(await bundleOfSpire(world.issuer, world.spire)) === 1);

      // Ours: by its timeline.
      await until(async () => (await theirs.report()).authorities.length === 2, 60);
      await until(async () => count(await bundleInSpire(world.spire)) === 1);
      await sleep(5000);
    } finally {
      clearInterval(renewal);
    }
    const report = await theirs.report();
    expect([...ours.report.errors, ...report.errors].slice(0, 10)).toEqual([]);
    expect(report).toMatchObject({ failed: 0, ids: [`spiffe://${TRUST_DOMAIN}/ci/build`] });
    expect([...ours.report.ids]).toEqual(["spiffe://spire.example/orders/api"]);
    for (const connections of [ours.report.dialled, report.dialled, ours.report.accepted])
      expect(connections).toBeGreaterThan(300);
  });
});
