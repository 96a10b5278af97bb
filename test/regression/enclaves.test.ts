import { describe, expect, it } from "vitest";
import { azureMaa } from "../../src/attestors/azure/maa.ts";
import { boundAudience } from "../../src/attestors/binding.ts";
import { accepted, JKT, judge, OTHER_JKT, outcome } from "../conformance/attestor.ts";
import { maaClaims, PROVIDER, simulateProvider } from "../fakes/azure-attestation.ts";
import { FakeNetwork } from "../fakes/network.ts";
import { utf8 } from "../fakes/token-issuer.ts";
import {
  enclave,
  everything,
  judgeDocument,
  judgeMembers,
  NONCE,
  tpm,
} from "../unit/attestors/aws/nitro-support.ts";
import { buildClean, ISSUER, NOW } from "../unit/attestors/support.ts";

describe("what peers believed of enclaves and TPMs", () => {
  it("GHSA-r2h5-3hgw-8j34 (Constellation): what is not bound in the signed document binds nothing", async () => {
    const S = utf8(boundAudience(ISSUER, JKT));
    for (const members of [
      { nonce: null, user_data: S },
      { nonce: null, public_key: S },
      { nonce: null, user_data: S, public_key: S },
    ]) {
      const { binding } = accepted(await judgeMembers(members)); // oxlint-disable-line no-await-in-loop -- three
      expect(binding).toEqual({ kind: "none" });
    }
    // Beside the document nothing is read at all.
    const document = await enclave.sign(enclave.payload({ nonce: null }));
    for (const beside of [{ nonce: "x" }, { user_data: "x" }, { public_key: "x" }]) {
      const evidence = { type: "aws_nitro", document, ...beside };
      expect(outcome(await judge(everything, evidence, NOW, JKT))).toBe("body_schema"); // oxlint-disable-line no-await-in-loop
    }
    const other = utf8(boundAudience(ISSUER, OTHER_JKT));
    expect(outcome(await judgeMembers({ nonce: other }))).toBe("binding_mismatch");
  });

  it("CVE-2022-0317, CVE-2020-8918, GHSA-9r4w-jg96-92mv (go-attestation, go-tpm): no event log, registers as they were signed", async () => {
    const document = await tpm.sign(tpm.payload({ nonce: NONCE }));
    const { claims } = accepted(await judgeDocument(document, everything));
    const registers = Object.keys(claims).filter((name) => name.startsWith("pcr"));
    expect(registers.length).toBeGreaterThan(0);
    for (const beside of [{ event_log: "AAAA" }, { pcrs: {} }, { quote: "AAAA" }]) {
      const evidence = { type: "aws_nitro", document, ...beside };
      expect(outcome(await judge(everything, evidence, NOW, JKT))).toBe("body_schema"); // oxlint-disable-line no-await-in-loop
    }
  });

  it("GHSA-97jf-46m3-8953, microsoft-azure-attestation #29 (Azure attestation): a token vouched for by what it brings", async () => {
    const [honest, own] = await Promise.all([simulateProvider(), simulateProvider()]);
    const evil = "https://evil.example/certs";
    const network = new FakeNetwork()
      .serveJson(`${PROVIDER}/certs`, honest.certs)
      .serveJson(evil, own.certs);
    const attestor = await buildClean(azureMaa, { private_providers: [PROVIDER] }, { network });
    const claims = maaClaims(NOW, boundAudience(ISSUER, JKT));
    const [certificate] = own.certs.keys as readonly { x5c: readonly string[] }[];
    const judged = async (by = own, header = {}) =>
      outcome(
        await judge(
          attestor,
          { type: "azure_maa", token: await by.key.sign(claims, header) },
          NOW,
          JKT,
        ),
      );
    // The genuine ones say `jku` too, which nobody follows.
    expect(await judged(honest, { jku: `${PROVIDER}/certs` })).toBe("accepted");
    for (const header of [
      { jku: evil },
      { x5c: certificate?.x5c },
      { jwk: own.key.jwk },
      { x5u: evil },
    ])
      expect(await judged(own, header)).not.toBe("accepted"); // oxlint-disable-line no-await-in-loop
    const elsewhere = maaClaims(NOW, boundAudience(ISSUER, JKT), {
      iss: "https://evil.weu.attest.azure.net",
    });
    const token = await own.key.sign(elsewhere);
    expect(outcome(await judge(attestor, { type: "azure_maa", token }, NOW, JKT))).toBe(
      "issuer_not_configured",
    );
    expect(network.calls).toEqual([`${PROVIDER}/certs`]);
  });
});
