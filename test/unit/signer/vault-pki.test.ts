import { beforeEach, describe, expect, it } from "vitest";
import { decodePem, encodePem } from "../../../src/encoding/pem.ts";
import type { UpstreamCa } from "../../../src/signer/backend.ts";
import { openVaultPki } from "../../../src/signer/vault-pki.ts";
import { refused, type FakeVault } from "../../fakes/vault.ts";
import { refusalOf, vaultBench } from "./vault-bench.ts";

const CA = "https://vault.example:8200/v1/pki/west/issuer/svidmint-ca";
const CSR = Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x07);
/** As long as what they stand for is not looked at here. */
const CHAIN = [1, 2, 3].map((n) => Uint8Array.of(0x30, 0x03, 0x02, 0x01, n));
const pems = CHAIN.map((der) => encodePem("CERTIFICATE", der));

describe("a CA in Vault", () => {
  let vault: FakeVault;
  let ca: UpstreamCa;
  let now: number;

  beforeEach(async () => {
    const made = await vaultBench();
    ({ vault } = made);
    ({ now } = made.clock);
    const opened = (await openVaultPki({ ca: CA }, made.deps))?.upstream?.("root");
    if (opened === undefined) throw new Error("no CA");
    ca = opened;
    // Vault leaves out the line break at the end.
    vault.engines.set("/sign-intermediate", async () => ({
      certificate: pems[0],
      issuing_ca: pems[1],
      ca_chain: pems.map((pem) => pem.trim()),
    }));
  });

  const certify = () =>
    ca.certify({
      csr: CSR,
      trustDomain: "prod.example.org",
      nameConstraints: "exclude_dns_ip",
      notAfter: now + 7800,
    });

  it("is asked for an intermediate of no further CAs, for no longer than is needed", async () => {
    expect(vault.asked).toEqual([]);
    expect(await certify()).toEqual(CHAIN);
    expect(vault.asked).toMatchObject([
      {
        path: "pki/west/issuer/svidmint-ca/sign-intermediate",
        token: "hvs.hunter2",
        body: { use_csr_values: true, max_path_length: 0, ttl: "7800s", format: "pem" },
      },
    ]);
    const csr = decodePem(String(vault.asked[0]?.body["csr"]), "CERTIFICATE REQUEST");
    expect(csr).toEqual({ ok: true, value: [CSR] });
  });

  it.each<[string, unknown]>([
    ["no chain", undefined],
    ["an empty one", []],
    ["text in place of a list", pems[0]],
    ["numbers", [1, 2]],
    ["objects", [{}, {}]],
    ["keys", [encodePem("PRIVATE KEY", CSR)]],
    ["more than any chain has", Array(9).fill(pems[0])],
    ["a certificate cut short", [pems[0]?.slice(0, 40)]],
  ])("gives nothing where it answers with %s: unsound", async (_, ca_chain) => {
    vault.fault = () => Response.json({ data: { ca_chain } });
    expect(await refusalOf(certify)).toMatchObject({ code: "unsound" });
    expect(vault.asked).toHaveLength(1);
  });

  it.each([
    ["403", 403, "denied", 1],
    ["400, as of a CA that may certify no other", 400, "denied", 1],
    ["503", 503, "unavailable", 2],
  ])("that refuses with %s is not asked in vain, nor quoted", async (_, status, code, calls) => {
    vault.fault = () => refused(status);
    const error = await refusalOf(certify);
    expect(error).toMatchObject({ code });
    expect(error.message).not.toMatch(/hunter2|hvs|permission/);
    expect(vault.asked).toHaveLength(calls);
  });
});
