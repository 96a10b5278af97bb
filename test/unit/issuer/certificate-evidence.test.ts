import { beforeAll, describe, expect, it } from "vitest";
import { signPop } from "../../../src/client/pop.ts";
import { toHex } from "../../../src/encoding/bytes.ts";
import { simulateAttestation, type AttestedOptions } from "../../fakes/azure-attested.ts";
import { sha256 } from "../../fakes/cms-signer.ts";
import { dataUrl, utf8 } from "../../fakes/token-issuer.ts";
import { chainOf, issueLeaf } from "../attestors/x509/pop-support.ts";
import { testCa } from "../svid/forge.ts";
import { AUDIENCE, codeOf, createWorld, NOW, workload, type World } from "./world.ts";

/** Evidence that is signed with a certificate's key, from the request's bytes to the SVID. */

const SUBSCRIPTION = "ba45b233-e2ef-4169-8808-49eb0d8eba0d";
const TENANT = "6f0c1c92-0d5d-4c3f-9d1c-2a6f3f1f7b10";
const VM = "5d06deb3-807b-46dd-aef5-78aaf9193f71";
const GRANTS = { x509: { ttl: "1h" }, jwt: { ttl: "5m", audiences: [AUDIENCE] } };
const jwt = { audience: [AUDIENCE] };

const reasons = (world: World): unknown[] =>
  world.audit.events().flatMap(({ event, reason }) => (event === "refused" ? [reason] : []));

async function azure(binding: "key" | "none") {
  const cloud = await simulateAttestation(NOW);
  const world = await createWorld({
    evidence: {
      azure_imds: {
        subscriptions: { [SUBSCRIPTION]: TENANT },
        roots: dataUrl(cloud.roots),
        intermediates: dataUrl(cloud.intermediates),
      },
    },
    rules: [
      {
        name: "vm",
        evidence: { azure_imds: {} },
        binding: { azure_imds: binding },
        spiffe_id: "/vm/{azure_imds.vm_id}",
        ...GRANTS,
      },
    ],
  });
  const document = async (options: Partial<AttestedOptions> = {}) => ({
    type: "azure_imds",
    signature: await cloud.attest({ subscription: SUBSCRIPTION, vmId: VM, now: NOW, ...options }),
  });
  const [alice, mallory] = [await workload(world), await workload(world)];
  const nonce = toHex((await sha256(utf8(alice.bound))).subarray(0, 16));
  return { world, document, alice, mallory, nonce };
}

describe("an attested document that names a key by a digest", () => {
  let strict: Awaited<ReturnType<typeof azure>>;
  beforeAll(async () => {
    strict = await azure("key");
  });

  it("gets an SVID for that key, and for no other", async () => {
    const { world, document, alice, mallory, nonce } = strict;
    const evidence = [await document({ nonce })];
    const answer = await world.post({ evidence, x509: { csr: alice.csr } });
    expect(await answer.clone().text()).toContain(`spiffe://prod.example/vm/${VM}`);
    expect(answer.status).toBe(200);
    const stolen = await world.post({ evidence, x509: { csr: mallory.csr } });
    expect(await codeOf(stolen)).toBe("evidence_rejected");
    expect(reasons(world).slice(-1)).toEqual(["binding_mismatch"]);
  });

  it("asks for possession as any evidence does that names a key", async () => {
    const { world, document, alice, mallory, nonce } = strict;
    const evidence = [await document({ nonce })];
    expect(await codeOf(await world.post({ evidence, jwt }))).toBe("possession_failed");
    const byCsr = { evidence, x509: { csr: alice.csr }, jwt };
    expect(await codeOf(await world.post(byCsr))).toBe("possession_failed");
    const mixed = JSON.stringify({ evidence, x509: { csr: mallory.csr } });
    const dpop = await alice.dpop(mixed);
    expect(await codeOf(await world.post(mixed, { dpop }))).toBe("possession_failed");
    expect(reasons(world).slice(-3)).toEqual([
      "possession_missing",
      "possession_missing",
      "key_mismatch",
    ]);
    const good = JSON.stringify(byCsr);
    expect((await world.post(good, { dpop: await alice.dpop(good) })).status).toBe(200);
  });

  it("is the first key's where it names none and a rule takes that", async () => {
    const bare = { evidence: [await strict.document()], x509: { csr: strict.alice.csr } };
    expect(await codeOf(await strict.world.post(bare))).toBe("refused");
    const { world, document, alice, mallory, nonce } = await azure("none");
    const evidence = [await document()];
    const status = async (csr: string, pieces = evidence) =>
      (await world.post({ evidence: pieces, x509: { csr } })).status;
    expect(await status(alice.csr)).toBe(200);
    expect(await status(alice.csr)).toBe(200);
    expect(await status(mallory.csr)).toBe(409);
    // Another document of the same machine is the same claim; one that names a key needs none.
    expect(await status(mallory.csr, [await document({ nonce: "1234567890" })])).toBe(409);
    expect(await status(alice.csr, [await document({ nonce })])).toBe(200);
    expect(await status(mallory.csr, [await document({ nonce })])).toBe(403);
  });
});

describe("a certificate of a configured CA", () => {
  it("gets SVIDs for the key that its holder's proof names, none of which outlives it", async () => {
    const ca = await testCa("Fleet CA");
    const world = await createWorld({
      evidence: { x509_pop: { fleet: { ca: dataUrl(chainOf(ca.der)) } } },
      rules: [
        {
          name: "machine",
          evidence: { "x509_pop.fleet": { common_name: "m*" } },
          spiffe_id: "/fleet/{x509_pop.fleet.common_name}",
          ...GRANTS,
        },
      ],
    });
    const [alice, mallory] = [await workload(world), await workload(world)];
    const { key, certificate } = await issueLeaf(ca, { notAfter: NOW + 120 });
    const evidence = [
      {
        type: "x509_pop",
        certificate_chain: chainOf(certificate),
        proof: await signPop(world.platform, key, alice.bound),
      },
    ];
    const body = JSON.stringify({ evidence, x509: { csr: alice.csr }, jwt });
    const answer = await world.post(body, { dpop: await alice.dpop(body) });
    const svids = (await answer.json()) as Record<"x509" | "jwt", { expires_at: number }>;
    expect(answer.status).toBe(200);
    expect(svids).toMatchObject({ spiffe_id: "spiffe://prod.example/fleet/m1" });
    expect(svids.x509.expires_at).toBeLessThanOrEqual(NOW + 120);
    expect(svids.jwt.expires_at).toBeLessThanOrEqual(NOW + 120);
    const stolen = await world.post({ evidence, x509: { csr: mallory.csr } });
    expect(await codeOf(stolen)).toBe("evidence_rejected");
    world.now = NOW + 61;
    const late = await world.post({ evidence, x509: { csr: alice.csr } });
    expect(await codeOf(late)).toBe("evidence_rejected");
    expect(reasons(world)).toEqual(["binding_mismatch", "evidence_expired"]);
  });
});
