import { describe, expect, it } from "vitest";
import { INSTANCE, registerHex, registers, simulateNitro, TPM } from "../../fakes/nitro-device.ts";
import { maaClaims, SHARED, simulateProvider, VM } from "../../fakes/azure-attestation.ts";
import { documentText, signDocument, simulateAttestation } from "../../fakes/azure-attested.ts";
import { base64 } from "../../fakes/keys.ts";
import { settingsFor, SUBSCRIPTION } from "../attestors/azure/imds-support.ts";
import { dataUrl, keySetUrl, utf8 } from "../../fakes/token-issuer.ts";
import {
  ACCOUNT,
  bootedVm,
  codeOf,
  createWorld,
  NOW,
  workload,
  type World,
  type WorldOptions,
} from "./world.ts";

const GRANT = { x509: { ttl: "1h" } };
const nitro = await simulateNitro(NOW);
const PINNED = { pcr3: [registerHex(0x33)], root: dataUrl(nitro.root) };

async function ask(world: World, evidence: readonly unknown[], csr: string): Promise<string> {
  const answer = await world.post({ evidence, x509: { csr } });
  if (answer.status !== 200) return codeOf(answer);
  const { spiffe_id: id }: { spiffe_id: string } = await answer.json();
  return id;
}

describe("POST /v1/svids with an enclave's document", async () => {
  const enclave = await nitro.device(NOW);
  const document = async (nonce: string | null, members = {}) => ({
    type: "aws_nitro",
    document: await enclave.sign(
      enclave.payload({ nonce: nonce === null ? null : utf8(nonce), ...members }),
    ),
  });
  const rule = (name: string, matchers: object) => ({
    name,
    evidence: { aws_nitro: matchers },
    spiffe_id: `/${name}`,
    ...GRANT,
  });
  const world = await createWorld({
    store: "none",
    evidence: { aws_nitro: { ...PINNED, allow_debug: true } },
    rules: [
      rule("signer", { kind: "enclave", pcr0: registerHex(1) }),
      rule("zero", { kind: "enclave_debug", pcr0: registerHex(0) }),
      rule("trial", { kind: "enclave_debug" }),
    ],
  });
  const owner = await workload(world);

  it("gives the image its identity, for the key in the nonce alone", async () => {
    const thief = await workload(world);
    const piece = await document(owner.bound);
    expect(await ask(world, [piece], owner.csr)).toBe("spiffe://prod.example/signer");
    expect(await ask(world, [piece], thief.csr)).toBe("evidence_rejected");
    expect(await ask(world, [await document(null)], owner.csr)).toBe("refused");
    expect(world.keys.x509Signer.signed).toHaveLength(1);
  });

  it("gives another image nothing, and one in debug mode only what a rule gives to that", async () => {
    const other = { pcrs: registers({ 0: 9, 1: 2, 2: 3, 3: 0x33 }) };
    expect(await ask(world, [await document(owner.bound, other)], owner.csr)).toBe("refused");
    const debug = { pcrs: registers({ 3: 0x33 }) };
    expect(await ask(world, [await document(owner.bound, debug)], owner.csr)).toBe(
      "spiffe://prod.example/trial",
    );
  });

  it("leaves a document without our nonce to its first key", async () => {
    const claimed = await createWorld({
      evidence: { aws_nitro: PINNED },
      rules: [
        {
          name: "e",
          evidence: { aws_nitro: {} },
          binding: { aws_nitro: "none" },
          spiffe_id: "/e",
          ...GRANT,
        },
      ],
    });
    const thief = await workload(claimed);
    const piece = await document("2026-11-25T23:00:00Z");
    expect(await ask(claimed, [piece], owner.csr)).toBe("spiffe://prod.example/e");
    expect(await ask(claimed, [piece], owner.csr)).toBe("spiffe://prod.example/e");
    expect(await ask(claimed, [piece], thief.csr)).toBe("evidence_claimed");
  });
});

describe("POST /v1/svids with evidence that names nobody, joined to an instance's document", async () => {
  const options: WorldOptions = {
    store: "none",
    more: { aws_nitro: { nitrotpm: true, root: dataUrl(nitro.root) } },
    rules: [
      {
        name: "host",
        evidence: { aws_iid: { account: ACCOUNT }, aws_nitro: { pcr4: registerHex(4) } },
        join: [["aws_iid.instance_id", "aws_nitro.instance_id"]],
        spiffe_id: "/host/{aws_iid.instance_id}",
        ...GRANT,
      },
    ],
  };
  const world = await createWorld(options);
  const tpm = await nitro.device(NOW, { moduleId: TPM });
  const measured = async (nonce: string, device = tpm, members = {}) => ({
    type: "aws_nitro",
    document: await device.sign(device.payload({ nonce: utf8(nonce), ...members })),
  });
  const owner = await workload(world);

  it("gives the measured host its identity, without any claim store", async () => {
    const pieces = [await bootedVm(world, INSTANCE), await measured(owner.bound)];
    expect(await ask(world, pieces, owner.csr)).toBe(`spiffe://prod.example/host/${INSTANCE}`);
  });

  it("refuses either alone, another host's measurements, and other measurements", async () => {
    const document = await bootedVm(world, INSTANCE);
    const mine = await measured(owner.bound);
    expect(await ask(world, [document], owner.csr)).toBe("refused");
    expect(await ask(world, [mine], owner.csr)).toBe("refused");
    const other = await nitro.device(NOW, { moduleId: "i-0fedcba9876543210-tpm0000000000000000" });
    const theirs = await measured(owner.bound, other);
    expect(await ask(world, [document, theirs], owner.csr)).toBe("refused");
    const changed = await measured(owner.bound, tpm, { nitrotpm_pcrs: registers({ 4: 5 }, 24) });
    expect(await ask(world, [document, changed], owner.csr)).toBe("refused");
  });

  it("refuses a stolen document beside the thief's own TPM", async () => {
    const thief = await workload(world);
    const pieces = [await bootedVm(world, INSTANCE), await measured(owner.bound)];
    expect(await ask(world, pieces, thief.csr)).toBe("evidence_rejected");
  });
});

describe("POST /v1/svids with a shared provider's token, joined to an attested document", async () => {
  const provider = await simulateProvider();
  const azure = await simulateAttestation(NOW);
  const evidence = {
    azure_imds: settingsFor(azure),
    azure_maa: { providers: [SHARED], jwks: { [SHARED]: keySetUrl(provider.key) } },
  };
  const rule = {
    name: "machine",
    evidence: { azure_imds: { subscription: SUBSCRIPTION }, azure_maa: { secure_boot: true } },
    binding: { azure_imds: "none" },
    join: [["azure_imds.vm_id", "azure_maa.vm_id"]],
    spiffe_id: "/machine/{azure_maa.vm_id}",
    ...GRANT,
  };
  const world = await createWorld({ store: "none", evidence, rules: [rule] });
  const owner = await workload(world);
  const machine = async (vmId = VM) => ({
    type: "azure_imds",
    signature: base64(
      await signDocument(
        azure.signer,
        documentText({ subscription: SUBSCRIPTION, vmId, now: NOW }),
      ),
    ),
  });
  const attested = async (nonce: string, members = {}) => ({
    type: "azure_maa",
    token: await provider.key.sign(maaClaims(NOW, nonce, { iss: SHARED, ...members })),
  });

  it("gives the machine its identity", async () => {
    const pieces = [await machine(), await attested(owner.bound)];
    expect(await ask(world, pieces, owner.csr)).toBe(`spiffe://prod.example/machine/${VM}`);
  });

  it("refuses either alone, another machine's document, and a machine without secure boot", async () => {
    expect(await ask(world, [await attested(owner.bound)], owner.csr)).toBe("refused");
    expect(await ask(world, [await machine()], owner.csr)).toBe("refused");
    const other = await machine(VM.replace("6", "7"));
    expect(await ask(world, [other, await attested(owner.bound)], owner.csr)).toBe("refused");
    const open = await attested(owner.bound, { secureboot: false });
    expect(await ask(world, [await machine(), open], owner.csr)).toBe("refused");
  });

  it("refuses a thief who shows both", async () => {
    const thief = await workload(world);
    const pieces = [await machine(), await attested(owner.bound)];
    expect(await ask(world, pieces, thief.csr)).toBe("evidence_rejected");
  });
});
