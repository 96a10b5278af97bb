import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { decodePem } from "../../../src/encoding/pem.ts";
import { readDer } from "../../../src/encoding/der/reader.ts";
import { parseCertificate } from "../../../src/svid/certificate.ts";
import { parseTrustDomain } from "../../../src/spiffe/trust-domain.ts";
import { verifyX509Svid } from "../../../src/svid/verify-x509-svid.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { FLIPPED_BIT } from "../../fakes/aws-kms-faults.ts";
import { failure } from "../../fakes/aws-kms.ts";
import { AUDIENCE, ISSUER, TRUST_DOMAIN } from "../issuer/names.ts";
import { refusal } from "../issuer/stored-world.ts";
import { workload } from "../issuer/world.ts";
import { expectUnavailable } from "./fault-bench.ts";
import { ModesBench } from "./modes-bench.ts";

const platform = webCryptoPlatform();
let bench: ModesBench;

beforeAll(async () => {
  bench = await ModesBench.create();
});
beforeEach(() => bench.reset());

const kinds = (): unknown[] => bench.events().map(({ event }) => event);
const digest = (bytes: Uint8Array) => platform.digestText("SHA-256", bytes, "hex");

/** The certificates of `use` in the public bundle. */
async function roots(answer: Response): Promise<Uint8Array[]> {
  const { keys } = (await answer.json()) as { keys: { use: string; x5c?: string[] }[] };
  return keys.flatMap(({ use, x5c = [] }) =>
    use === "x509-svid"
      ? x5c.map((text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)))
      : [],
  );
}

describe("an issuer with a root in mode delegated and a wrapped JWT key", () => {
  it("asks KMS for one signature and one data key, each behind its record, and then for nothing", async () => {
    const { post, get } = await bench.open();
    expect(bench.kms.asked).toEqual([]);
    const first = await post(bench.both());
    expect(first.status).toBe(200);
    expect(bench.askedKeys()).toEqual(["x509", "wrapping"]);
    expect(kinds()).toEqual(["intermediate", "intermediate_outcome", "intent", "outcome"]);
    const [asked, outcome, intent] = bench.events();
    const { message } = bench.kms.signed[0] ?? { message: new Uint8Array() };
    expect(asked).toMatchObject({
      mode: "delegated",
      signer: "root",
      tbs_sha256: await digest(message),
    });
    expect(intent).toMatchObject({ request_id: asked?.["request_id"] });
    const { x509, jwt } = intent as { x509: Record<string, unknown>; jwt: Record<string, unknown> };
    expect(x509["signer"]).toMatch(/^root\/[0-9a-f]{40}$/);
    expect(jwt["signer"]).toBe("jwt");

    for (let i = 0; i < 50; i++) expect((await post(bench.both())).status).toBe(200); // oxlint-disable-line no-await-in-loop -- one after the other
    expect(bench.kms.asked).toHaveLength(2);

    const { x509: given } = (await first.json()) as { x509: { certificate_chain: string } };
    const chain = decodePem(given.certificate_chain, "CERTIFICATE");
    if (!chain.ok) throw new Error("no chain");
    expect(chain.value).toHaveLength(2);
    expect(await digest(chain.value[1] ?? message)).toBe(outcome?.["certificate_sha256"]);
    const anchors = (await roots(await get(`${ISSUER}/bundle`))).map((der) =>
      parseCertificate(der),
    );
    const domain = parseTrustDomain(TRUST_DOMAIN);
    if (!domain.ok || anchors[0]?.ok !== true) throw new Error("no root");
    const verified = await verifyX509Svid(
      chain.value,
      [anchors[0].value],
      domain.value,
      bench.now,
      platform,
    );
    expect(verified).toMatchObject({ ok: true, value: { spiffeId: { path: "/ci/deploy" } } });
  });

  it("signs leaves whose chain is the answer, where Accept asks for it alone", async () => {
    const { post } = await bench.open();
    const answer = await post(
      { x509: { csr: bench.alice.csr } },
      { accept: "application/pem-certificate-chain" },
    );
    expect(answer.headers.get("content-type")).toBe("application/pem-certificate-chain");
    expect((await answer.text()).match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  });

  it("asks once for a hundred requests that come at once", async () => {
    const { post } = await bench.open();
    const answers = await Promise.all(Array.from({ length: 100 }, () => post(bench.both())));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(bench.askedKeys().toSorted()).toEqual(["wrapping", "x509"]);
    expect(kinds().filter((event) => event === "intermediate")).toHaveLength(1);
  });

  it("needs KMS neither for the public documents and readiness nor to refuse (DS-1)", async () => {
    const { post, get } = await bench.open();
    const mallory = await workload({ platform, now: bench.now });
    for (const path of ["/bundle", "/bundle/wit", "/.well-known/jwks.json", "/readyz"])
      expect((await get(ISSUER + path)).status).toBe(200); // oxlint-disable-line no-await-in-loop
    const x509 = { csr: bench.alice.csr };
    for (let round = 0; round < 8; round++)
      for (const answer of [
        await post(bench.both(), { claims: { job: "denied" } }), // oxlint-disable-line no-await-in-loop
        await post(bench.both(), { claims: { job: "unknown" } }), // oxlint-disable-line no-await-in-loop
        await post(bench.both(), { claims: { exp: bench.now - 300 } }), // oxlint-disable-line no-await-in-loop
        await post(bench.both(), { claims: { aud: "https://other.example" } }), // oxlint-disable-line no-await-in-loop
        await post(bench.both(), { by: mallory }), // oxlint-disable-line no-await-in-loop
        await post({ x509: { csr: mallory.csr } }, { by: mallory }), // oxlint-disable-line no-await-in-loop
        await post({ x509, jwt: { audience: ["https://elsewhere.example"] } }), // oxlint-disable-line no-await-in-loop
        await post({ x509: { csr: "none" } }), // oxlint-disable-line no-await-in-loop
        await post({}), // oxlint-disable-line no-await-in-loop
      ])
        expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(bench.kms.asked).toEqual([]);
    expect(new Set(kinds())).toEqual(new Set(["refused"]));
  });

  it("has KMS sign nothing but intermediates that were written down", async () => {
    for (let instance = 0; instance < 3; instance++) {
      const { post } = await bench.open(); // oxlint-disable-line no-await-in-loop -- one after the other
      await post(bench.both()); // oxlint-disable-line no-await-in-loop
    }
    const recorded = new Set(bench.events().map((event) => event["tbs_sha256"]));
    expect(bench.kms.signed).toHaveLength(3);
    for (const { message } of bench.kms.signed) {
      expect(readDer(message).ok).toBe(true);
      expect(recorded).toContain(await digest(message)); // oxlint-disable-line no-await-in-loop
    }
  });

  it("goes on signing through an outage of KMS, and comes back within a second of its end", async () => {
    const { post } = await bench.open();
    bench.kms.fault = () => failure("KMSInternalException", 500);
    await expectUnavailable(await post(bench.both()));
    expect(bench.events().at(-1)).toMatchObject({ event: "refused", reason: "signer_unavailable" });
    bench.kms.fault = () => undefined;
    bench.now += 1;
    expect((await post(bench.both())).status).toBe(200);
    bench.kms.fault = () => failure("KMSInternalException", 500);
    expect((await post(bench.both())).status).toBe(200);
  });

  it("is stopped by a flipped bit: no leaf, an alarm", async () => {
    const { post, issuer } = await bench.open();
    bench.kms.fault = FLIPPED_BIT;
    await expectUnavailable(await post({ x509: { csr: bench.alice.csr } }));
    expect(kinds()).toEqual(["intermediate", "alarm", "intermediate_outcome", "refused"]);
    expect(bench.events()[1]).toMatchObject({ alarm: "signature_unsound", signer: "root" });
    expect(issuer.metrics.render()).toContain('svidmint_alarms_total{alarm="signature_unsound"} 1');
  });

  it("tells once that KMS denies a key, of many requests that meet it", async () => {
    const { post, issuer } = await bench.open();
    bench.kms.fault = () => failure("AccessDeniedException");
    for (let late = 0; late < 30; late++) {
      await expectUnavailable(await post(bench.both())); // oxlint-disable-line no-await-in-loop -- time passes
      bench.now += 1;
    }
    const alarms = bench.events().filter(({ event }) => event === "alarm");
    expect(alarms).toMatchObject([{ alarm: "key_denied", signer: "root" }]);
    expect(issuer.metrics.render()).toContain('svidmint_alarms_total{alarm="key_denied"} 1');
    expect(bench.lines.join("\n")).not.toContain("hunter2");
  });

  it("gives JWT-SVIDs while the root is denied, and certificates while the data key is", async () => {
    const { post } = await bench.open();
    const deny = (key: string) => () =>
      bench.askedKeys().at(-1) === key ? failure("DisabledException") : undefined;
    bench.kms.fault = deny("x509");
    expect((await post({ jwt: { audience: [AUDIENCE] } })).status).toBe(200);
    await expectUnavailable(await post({ x509: { csr: bench.alice.csr } }));
    const other = await bench.open();
    bench.kms.fault = deny("wrapping");
    expect((await other.post({ x509: { csr: bench.alice.csr } })).status).toBe(200);
    await expectUnavailable(await other.post(bench.both()));
  });

  it("renews while it serves, and never serves beyond its own end", async () => {
    const { post } = await bench.open();
    const begin = bench.now;
    try {
      expect((await post(bench.both())).status).toBe(200);
      bench.kms.fault = () => failure("KMSInternalException", 500);
      bench.now = begin + 7000;
      const late = await post({ x509: { csr: bench.alice.csr } });
      const { x509 } = (await late.json()) as { x509: { expires_at: number } };
      expect(x509.expires_at).toBe(begin + 7800);
      bench.now = begin + 7800;
      await expectUnavailable(await post({ x509: { csr: bench.alice.csr } }));
    } finally {
      bench.now = begin;
    }
  });
});

it("a deployment that does not list the modes says so", async () => {
  const told = await refusal(bench.open({}));
  expect(told).toContain("keys.x509.0.mode: this deployment does not list delegated");
  expect(told).toContain("keys.jwt.0.mode: this deployment does not list wrapped");
});
