import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeEvidenceIssuer, TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { type SpirePeer, startSpire } from "../../scripts/interop/spire.ts";
import { run } from "../../scripts/interop/processes.ts";
import { startSvidmint, type Svidmint } from "../../scripts/interop/svidmint.ts";
import { counterparts } from "./support/counterparts.ts";
import { askGoSpiffe } from "./support/go-spiffe.ts";
import { fetchBundle, issueX509 } from "./support/svids.ts";

const needs = counterparts("spire-server", "verify-svid");

/** SPIRE reads bundles by code of its own: what go-spiffe takes need not do for it. */
describe.skipIf(needs.absent)(`SPIRE as a federated trust domain${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const evidence = makeEvidenceIssuer();
  let issuer: Svidmint;
  let spire: SpirePeer;

  beforeAll(async () => {
    issuer = stack.use(await startSvidmint({ evidence }));
    spire = stack.use(await startSpire(needs.path("spire-server")));
  });
  afterAll(() => stack.disposeAsync());

  const bundleCommand = (command: string, ...args: readonly string[]) =>
    run(
      needs.path("spire-server"),
      ["bundle", command, "-socketPath", spire.socket, "-format", "spiffe", ...args],
      { deadlineMs: 60_000 },
    );
  const id = `spiffe://${TRUST_DOMAIN}`;

  it("stores our bundle and hands it on unchanged in what it means", async () => {
    const bundle = await fetchBundle(issuer.url);
    const path = join(spire.folder, "bundle.json");
    writeFileSync(path, JSON.stringify(bundle));
    const set = await bundleCommand("set", "-id", id, "-path", path);
    expect(set).toMatchObject({ code: 0 });

    const listed = await bundleCommand("list", "-id", id);
    const svid = await issueX509(issuer.url, evidence);
    const [ours, theirs, verified] = await askGoSpiffe(needs.path("verify-svid"), [
      { op: "parse_bundle", trust_domain: TRUST_DOMAIN, bundle },
      { op: "parse_bundle", trust_domain: TRUST_DOMAIN, bundle: JSON.parse(listed.stdout) },
      {
        op: "x509",
        trust_domain: TRUST_DOMAIN,
        bundle: JSON.parse(listed.stdout),
        chain: svid.chain,
      },
    ]);
    expect(theirs?.x509_authorities).toBe(ours?.x509_authorities);
    expect(theirs?.jwt_authorities).toEqual(ours?.jwt_authorities);
    expect(verified?.ok).toBe(true);
  });

  it("refuses a bundle whose JWT key has no name, so its yes means something", async () => {
    const bundle = await fetchBundle(issuer.url);
    const path = join(spire.folder, "bad.json");
    const keys = bundle.keys.map((key) => ({ ...key, kid: undefined })); // JSON drops it
    writeFileSync(path, JSON.stringify({ ...bundle, keys }));
    const set = await bundleCommand("set", "-id", "spiffe://bad.example", "-path", path);
    expect(set.code).not.toBe(0);
  });
});
