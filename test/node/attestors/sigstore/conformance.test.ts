import { sigstore } from "../../../../src/attestors/sigstore/node/sigstore.ts";
import { nodePlatform } from "../../../../src/platform/node/node-platform.ts";
import { attestorConformance } from "../../../conformance/attestor.ts";
import { provenance } from "../../../fakes/node/sigstore.ts";
import { heldBundles } from "../../../unit/attestors/support.ts";
import { evidenceOf, IDENTITY, NOW, world } from "./support.ts";

attestorConformance("sigstore", async () => {
  const config = sigstore.config().parse({ trusted_root: "file:x", identities: [IDENTITY] });
  const under = (trustDomain: string) =>
    sigstore.create(config, {
      platform: nodePlatform({ now: () => NOW }),
      trustDomain,
      issuer: "https://id.example.org",
      bundles: heldBundles({}),
      read: () => Promise.resolve(world.trustedRoot()),
      report: () => {},
    });
  const [attestor, elsewhere] = await Promise.all([under("a.example"), under("b.example")]);
  const good = evidenceOf(await world.attest(provenance()));
  return {
    attestor,
    elsewhere,
    factor: sigstore.factors(config)[0]!,
    now: NOW + 10,
    member: "bundle",
    endless: true,
    good: () => Promise.resolve(good),
    foreign: async () =>
      evidenceOf(await world.attest(provenance(), { san: "https://github.com/mallory/x" })),
    forged: async () => evidenceOf(await world.attest(provenance(), { forged: true })),
    calls: () => 0,
  };
});
