import { describe, expect, it } from "vitest";
import { parseCsr, verifyCsr } from "../../../src/encoding/csr.ts";
import { ascii, implicit } from "../../../src/encoding/der/writer.ts";
import { toHex } from "../../../src/encoding/bytes.ts";
import type { IntermediateRequest } from "../../../src/signer/backend.ts";
import { SignerError } from "../../../src/signer/signer.ts";
import { leafKey } from "../../fakes/x509-key.ts";
import { extension, testCa } from "../svid/forge.ts";
import { trustDomain } from "../svid/mint.ts";
import { DAY, HOUR, modeBench, T } from "./mode-bench.ts";
import { below, type Certify } from "./company-bench.ts";

const good: Certify = async ({ ca, requested }) => [await requested(ca)];
const dnsName = (name: string) => implicit(2, ascii(name));
const uriName = (name: string) => implicit(6, ascii(name));

describe("mode upstream", () => {
  it("has the CA certify a key of this process, once it is written down", async () => {
    const bench = modeBench();
    const requests: IntermediateRequest[] = [];
    const { authority } = await below(bench, good, requests);
    expect(bench.history).toEqual([]);
    const key = await leafKey(authority, T, bench.log);
    expect(bench.history).toEqual(["intermediate", "asked", "intermediate_outcome"]);
    expect(key.chainPem.match(/BEGIN/g)).toHaveLength(1);
    const [{ csr, notAfter, ...request } = { csr: new Uint8Array(), notAfter: 0 }] = requests;
    expect(request).toEqual({ trustDomain, nameConstraints: "exclude_dns_ip" });
    expect(notAfter).toBe(T + 2 * HOUR + 600);
    expect(bench.events[0]).toMatchObject({
      mode: "upstream",
      csr_sha256: toHex(await bench.platform.digest("SHA-256", csr)),
      not_after: notAfter,
    });
    const parsed = parseCsr(csr);
    if (!parsed.ok) throw new Error(parsed.error.detail);
    const asking = await bench.platform.importPublicKey(parsed.value.info);
    expect(asking.ok && (await verifyCsr(parsed.value, asking.value, bench.platform)).ok).toBe(
      true,
    );
  });

  it.each<[string, Certify]>([
    ["the root behind it", async ({ ca, requested }) => [await requested(ca), ca.der]],
    [
      "a CA between, and the root",
      async ({ ca, requested, between }) => {
        const issuing = await between(ca, { pathLength: 1 });
        return [await requested(issuing), issuing.der, ca.der];
      },
    ],
    ["a shorter life", async ({ ca, requested }) => [await requested(ca, { notAfter: T + 600 })]],
    ["no SPIFFE ID", async ({ ca, requested }) => [await requested(ca, {}, { uris: [] })]],
  ])("takes an answer with %s", async (_, certify) => {
    const bench = modeBench();
    const { authority } = await below(bench, certify);
    expect((await authority.key(T, bench.log)).ok).toBe(true);
  });

  it("ends leaves with the earliest end above them", async () => {
    const bench = modeBench();
    const { authority } = await below(bench, async ({ ca, requested, between }) => {
      const issuing = await between(ca, { pathLength: 1 }, { notAfter: T + 900 });
      return [await requested(issuing), issuing.der];
    });
    const { issuer } = await leafKey(authority, T, bench.log);
    expect(issuer.certificate.notAfter).toBe(T + 900);
  });

  it.each<[string, string, Certify]>([
    ["nothing", "holds no certificate", async () => []],
    ["garbage", "certificate 0 is malformed", async () => [new Uint8Array(99).fill(0x30)]],
    [
      "more than any chain has",
      "more certificates",
      async ({ ca, requested }) => [await requested(ca), ...Array(6).fill(ca.der)],
    ],
    [
      "another key",
      "for another key",
      async ({ ca, between }) => [(await between(ca, { pathLength: 0 })).der],
    ],
    [
      "another root",
      "no path to the configured root",
      async ({ requested }) => {
        const stranger = await testCa("company root");
        return [await requested(stranger), stranger.der];
      },
    ],
    [
      "a missing link",
      "no path to the configured root",
      async ({ ca, requested, between }) => [
        await requested(await between(ca, { pathLength: 1 })),
        ca.der,
      ],
    ],
    [
      "junk behind the chain",
      "not on the path",
      async ({ ca, requested, between }) => [
        await requested(ca),
        (await between(ca, { pathLength: 1 })).der,
      ],
    ],
    [
      "the order turned",
      "for another key",
      async ({ ca, requested, between }) => {
        const issuing = await between(ca, { pathLength: 1 });
        return [issuing.der, await requested(issuing)];
      },
    ],
    [
      "a link that allows none below it",
      "path length 0 forbids the intermediate",
      async ({ ca, requested, between }) => {
        const issuing = await between(ca, { pathLength: 0 });
        return [await requested(issuing), issuing.der];
      },
    ],
    [
      "more links than the root allows",
      "path length",
      async ({ ca, requested, between }) => {
        const one = await between(ca, { pathLength: 3 });
        const two = await between(one, { pathLength: 2 });
        return [await requested(two), two.der, one.der];
      },
    ],
    [
      "a forged signature",
      "no path to the configured root",
      async ({ ca, requested }) => {
        const der = await requested(ca);
        return [der.with(der.length - 1, (der.at(-1) ?? 0) ^ 1)];
      },
    ],
    [
      "a root's own name for it",
      "the name of its issuer",
      async ({ ca, requested }) => [await requested(ca, { subject: ca.name })],
    ],
    [
      "an expired one",
      "has expired",
      async ({ ca, requested }) => [await requested(ca, { notAfter: T - 1 })],
    ],
    [
      "one that is not valid yet",
      "not yet valid",
      async ({ ca, requested }) => [await requested(ca, { notBefore: T + 5 })],
    ],
    [
      "one of a day",
      "lives longer than was asked for",
      async ({ ca, requested }) => [await requested(ca, { notAfter: T + DAY })],
    ],
    [
      "one that ends after the root",
      "ends after the root",
      async ({ ca, requested }) => [await requested(ca, { notAfter: T + 366 * DAY })],
    ],
    [
      "no path length",
      "path length of the intermediate is not 0",
      async ({ ca, requested }) => [await requested(ca, {}, { pathLength: undefined })],
    ],
    [
      "a path length of 1",
      "path length of the intermediate is not 0",
      async ({ ca, requested }) => [await requested(ca, {}, { pathLength: 1 })],
    ],
    [
      "a leaf",
      "do not say that it is a ca",
      async ({ ca, requested }) => [await requested(ca, {}, { notCa: true })],
    ],
    [
      "no right to sign",
      "lacks keyCertSign",
      async ({ ca, requested }) => [await requested(ca, {}, { uses: [0, 6] })],
    ],
    [
      "purposes that no SVID has",
      "extended key usage must allow",
      async ({ ca, requested }) => [
        await requested(ca, {}, { more: [extension.purposes("1.3.6.1.5.5.7.3.3")] }),
      ],
    ],
    [
      "the SPIFFE ID of another trust domain",
      "of another trust domain",
      async ({ ca, requested }) => [await requested(ca, {}, { uris: ["spiffe://other.example"] })],
    ],
    [
      "the SPIFFE ID of a workload",
      "of a ca has no path",
      async ({ ca, requested }) => [
        await requested(ca, {}, { uris: [`spiffe://${trustDomain}/payments`] }),
      ],
    ],
    [
      "constraints that refuse us",
      "name constraints refuse",
      async ({ ca, requested }) => [
        await requested(ca, {}, { more: [extension.nameConstraints([uriName("other.example")])] }),
      ],
    ],
    [
      "a link whose constraints refuse us",
      "name constraints refuse",
      async ({ ca, requested, between }) => {
        const excluded = extension.nameConstraints([], [uriName(trustDomain)]);
        const issuing = await between(ca, { pathLength: 1, more: [excluded] });
        return [await requested(issuing), issuing.der];
      },
    ],
    [
      "a critical extension that nobody knows",
      "is not understood",
      async ({ ca, requested }) => [await requested(ca, {}, { more: [extension.unknown(true)] })],
    ],
    [
      "required policies",
      "policy constraints",
      async ({ ca, requested }) => [
        await requested(ca, {}, { more: [extension.policyConstraints(false)] }),
      ],
    ],
  ])("does not use an answer with %s", async (_, detail, certify) => {
    const bench = modeBench();
    const { authority } = await below(bench, certify);
    const answer = await authority.key(T, bench.log);
    expect(answer).toMatchObject({
      ok: false,
      error: { reason: "signature_unsound", detail: expect.stringContaining(detail) },
    });
    expect(bench.events.at(-1)).toMatchObject({ result: "failed", reason: "signature_unsound" });
    // Each try may cost the CA a certificate.
    await authority.key(T + 29, bench.log);
    expect(bench.history.filter((one) => one === "asked")).toHaveLength(1);
    await authority.key(T + 30, bench.log);
    expect(bench.history.filter((one) => one === "asked")).toHaveLength(2);
  });

  it("is an outage where the CA does not answer", async () => {
    const bench = modeBench();
    const { authority } = await below(bench, () =>
      Promise.reject(new SignerError("unavailable", "down")),
    );
    expect(await authority.key(T, bench.log)).toMatchObject({
      error: { reason: "signer_unavailable", detail: "down" },
    });
  });

  it("judges the CA's DNS constraints as they concern SVIDs: not at all", async () => {
    const bench = modeBench();
    const permitted = extension.nameConstraints([dnsName("company.example")]);
    const { authority } = await below(
      bench,
      async ({ ca, requested }) => [await requested(ca, {}, { more: [permitted] })],
      [],
      { name_constraints: "none" },
    );
    expect((await authority.key(T, bench.log)).ok).toBe(true);
  });
});
