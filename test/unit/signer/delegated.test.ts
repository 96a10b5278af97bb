import { describe, expect, it } from "vitest";
import { decodePem } from "../../../src/encoding/pem.ts";
import { thumbprint } from "../../../src/platform/thumbprint.ts";
import { SignerError } from "../../../src/signer/signer.ts";
import { openDelegated } from "../../../src/signer/delegated.ts";
import { allModes } from "../../../src/signer/modes.ts";
import { parseCertificate } from "../../../src/svid/certificate.ts";
import { buildX509SvidTbs, assembleCertificate } from "../../../src/svid/x509-svid.ts";
import { verifyX509Svid } from "../../../src/svid/verify-x509-svid.ts";
import { leafKey } from "../../fakes/x509-key.ts";
import { profileFor, ID } from "../svid/mint.ts";
import { certificate, files, load, NOW, refusal, root, spare, addKey } from "./key-files.ts";
import { delegation, HOUR, miscalculating, modeBench, T } from "./mode-bench.ts";

describe("an intermediate", () => {
  it.each([
    ["exclude_dns_ip", 0, 3],
    ["permit_uri", 1, 3],
    ["none", undefined, undefined],
  ] as const)(
    "signs leaves that verify below the root alone (%s)",
    async (names, permitted, excluded) => {
      const bench = modeBench();
      const { authority, root: ca } = await delegation(bench, { name_constraints: names });
      const key = await leafKey(authority, T, bench.log);
      const workload = await bench.platform.generateKey("P-256");
      const profile = await profileFor(workload.publicKey.spki, { notAfter: T + HOUR });
      const tbs = buildX509SvidTbs(key.issuer, profile);
      const leaf = assembleCertificate(tbs, key.signer.scheme, await key.signer.sign(tbs));
      const between = decodePem(key.chainPem, "CERTIFICATE");
      if (!between.ok) throw new Error("no chain");
      const chain = [leaf, ...between.value];
      const { platform, deps } = bench;
      const svid = await verifyX509Svid(chain, [ca.certificate], deps.trustDomain, T, platform);
      expect(svid).toMatchObject({ ok: true, value: { spiffeId: { uri: ID } } });
      const [intermediate] = between.value.map((der) => parseCertificate(der));
      if (intermediate?.ok !== true) throw new Error("unreadable");
      const { extensions, notAfter, issuer } = intermediate.value;
      expect(extensions.basicConstraints).toEqual({ ca: true, pathLength: 0, critical: true });
      expect([...(extensions.keyUsage?.uses ?? [])]).toEqual(["keyCertSign"]);
      expect(extensions.nameConstraints?.permitted.length).toBe(permitted);
      expect(extensions.nameConstraints?.excluded.length).toBe(excluded);
      expect(issuer.raw).toEqual(ca.certificate.subject.raw);
      expect(notAfter - T).toBe(2 * HOUR + 600);
    },
  );

  it("is written down before the key signs it, and what came of it after", async () => {
    const bench = modeBench();
    const signed: Uint8Array[] = [];
    const { authority } = await delegation(bench, {}, { signed });
    const key = await leafKey(authority, T, bench.log);
    expect(bench.history).toEqual(["intermediate", "signed", "intermediate_outcome"]);
    const [tbs] = signed;
    const digest = await bench.platform.digestText("SHA-256", tbs ?? new Uint8Array(), "hex");
    const [intent, outcome] = bench.events;
    expect(intent).toMatchObject({ mode: "delegated", signer: "key", tbs_sha256: digest });
    expect(outcome).toMatchObject({
      result: "certified",
      serial: intent?.["serial"],
      subject_key: intent?.["subject_key"],
      not_after: T + 2 * HOUR + 600,
    });
    expect(authority.owns?.(String(intent?.["subject_key"]))).toBe(true);
    expect(key.signer.id).toMatch(/^key\/[0-9a-f]{40}$/);
  });

  it("is not asked for where that cannot be written down", async () => {
    const bench = modeBench();
    const { authority } = await delegation(bench);
    bench.auditBroken = true;
    expect(await authority.key(T, bench.log)).toMatchObject({
      error: { reason: "audit_unavailable" },
    });
    expect(bench.history).toEqual([]);
    bench.auditBroken = false;
    expect((await authority.key(T, bench.log)).ok).toBe(true);
  });

  it.each<[string, (signature: Uint8Array) => Uint8Array]>([
    ["a flipped bit", (s) => s.with(9, (s[9] ?? 0) ^ 1)],
    ["nothing", () => new Uint8Array(0)],
    ["a signature cut short", (s) => s.subarray(1)],
  ])("is not used with %s for its signature", async (_, fault) => {
    const bench = modeBench();
    const { authority } = await delegation(bench, {}, { fault });
    const answer = await authority.key(T, bench.log);
    expect(answer).toMatchObject({ ok: false, error: { reason: "signature_unsound" } });
    expect(bench.events.at(-1)).toMatchObject({ result: "failed", reason: "signature_unsound" });
  });

  it("lets no signature out that does not verify under its own key", async () => {
    const bench = modeBench();
    const { key } = await delegation(bench);
    const deps = { ...bench.deps, platform: miscalculating(bench) };
    const { signer } = await leafKey((await openDelegated(key, deps)).authority, T, bench.log);
    await expect((async () => signer.sign(new Uint8Array(9)))()).rejects.toMatchObject({
      code: "unsound",
    });
  });

  it("is neither written down nor signed where the root's own time has not come", async () => {
    const bench = modeBench();
    const { authority } = await delegation(bench, {}, {}, { notBefore: T + 1 });
    expect(await authority.key(T, bench.log)).toMatchObject({
      error: { reason: "lint_failed", detail: expect.stringContaining("not before") },
    });
    expect(bench.history).toEqual([]);
    bench.now = T + 1;
    expect((await authority.key(T + 1, bench.log)).ok).toBe(true);
  });

  it("is not there where the service says no, and the service is not asked again at once", async () => {
    const bench = modeBench();
    const fault = () => Promise.reject(new SignerError("denied", "no"));
    const { authority } = await delegation(bench, {}, { fault });
    for (const late of [0, 1, 4, 5])
      expect(await authority.key(T + late, bench.log)).toMatchObject({ ok: false }); // oxlint-disable-line no-await-in-loop -- time passes
    expect(bench.history.filter((one) => one === "signed")).toHaveLength(2);
  });
});

describe("mode delegated in a configuration", () => {
  const delegated = { ...root, mode: "delegated" };
  const standby = { ...spare, mode: "delegated" };

  it("publishes the root alone, and needs no service for that", async () => {
    const { keys } = await load({ x509: [delegated, standby] }, { modes: allModes });
    expect(keys.published(NOW).x509).toHaveLength(2);
    const key = await leafKey(keys.x509(NOW), NOW);
    expect(keys.published(NOW).x509).toHaveLength(2);
    expect(await leafKey(keys.x509(NOW), NOW + 60)).toBe(key);
  });

  it("counts the keys of its intermediates among the issuer's own, whichever root has them", async () => {
    const { keys } = await load({ x509: [delegated, standby] }, { modes: allModes });
    const { signer } = await leafKey(keys.x509(NOW), NOW);
    const { platform } = modeBench();
    expect(keys.thumbprints.has(await thumbprint(platform, signer.publicKey.info))).toBe(true);
    const other = await platform.generateKey("P-256");
    expect(keys.thumbprints.has(await thumbprint(platform, other.publicKey.info))).toBe(false);
  });

  it("is refused with a root that allows no intermediate", async () => {
    const key = await addKey("flat");
    files["file:flat.pem"] = await certificate(key, { pathLength: 0 });
    const flat = { ...delegated, private_key: "file:flat.key", certificate: "file:flat.pem" };
    expect(await refusal({ x509: [flat, standby] })).toContain(
      "keys.x509.0.certificate: path length 0 forbids the intermediate; the ca needs a path length of 1",
    );
  });

  it("is refused where the deployment does not list it", async () => {
    expect(await refusal({ x509: [delegated, standby] })).toContain(
      "keys.x509.0.mode: this deployment does not list delegated",
    );
  });
});

describe("name constraints", () => {
  it.each(["10.0.0.1", "1.2", "host.0x7f", "12"])("are none for %s, unless told", async (name) => {
    const bench = modeBench(HOUR, name as never);
    const { authority } = await delegation(bench);
    const { chainPem } = await leafKey(authority, T, bench.log);
    const [der = new Uint8Array()] = unwrapPem(chainPem);
    const read = parseCertificate(der);
    expect(read.ok && read.value.extensions.nameConstraints).toBeUndefined();
    expect(
      (await openDelegated((await delegation(bench)).key, bench.deps)).authority,
    ).toBeDefined();
  });

  it("cannot permit the URI of a trust domain that looks like an address", async () => {
    const bench = modeBench(HOUR, "10.0.0.1" as never);
    await delegation(bench, { name_constraints: "permit_uri" }).catch(() => undefined);
    expect(bench.complaints).toEqual([expect.stringContaining("name_constraints: permit_uri")]);
  });
});

function unwrapPem(text: string): readonly Uint8Array[] {
  const blocks = decodePem(text, "CERTIFICATE");
  return blocks.ok ? blocks.value : [];
}
