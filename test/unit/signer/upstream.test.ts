import { describe, expect, it } from "vitest";
import { parseCsr, verifyCsr } from "../../../src/encoding/csr.ts";
import type { KeyHandle } from "../../../src/signer/backend.ts";
import { openUpstream } from "../../../src/signer/upstream.ts";
import { buildCaTbs } from "../../../src/svid/ca-certificate.ts";
import { subjectKeyIdOf } from "../../../src/svid/key-id.ts";
import { assembleCertificate, serialNumber } from "../../../src/svid/x509-svid.ts";
import { leafKey } from "../../fakes/x509-key.ts";
import { modeBench, modeKey, T, testRoot } from "./mode-bench.ts";

describe("mode upstream", () => {
  it("has the CA certify a key of this process", async () => {
    const bench = modeBench();
    const { platform } = bench;
    const root = await testRoot(bench);
    const handle: KeyHandle = {
      upstream: () => ({
        async certify({ csr, trustDomain, notAfter }) {
          bench.history.push("certified");
          const request = parseCsr(csr);
          if (!request.ok) throw new Error(request.error.detail);
          const key = await platform.importPublicKey(request.value.info);
          if (!key.ok || !(await verifyCsr(request.value, key.value, platform)).ok)
            throw new Error("csr");
          const scheme = { name: "ECDSA", hash: "SHA-256" } as const;
          const { spki } = key.value;
          const tbs = buildCaTbs({
            trustDomain: bench.deps.trustDomain,
            spki,
            subjectKeyId: await subjectKeyIdOf(spki, platform),
            serial: serialNumber(platform.random(17)),
            notBefore: bench.now - 60,
            notAfter,
            pathLength: 0,
            scheme,
            issuer: {
              name: root.certificate.subject.raw,
              keyId: root.certificate.extensions.subjectKeyId!,
            },
          });
          expect(trustDomain).toBe(bench.deps.trustDomain);
          const signature = await platform.sign(scheme, root.key, tbs);
          return [assembleCertificate(tbs, scheme, signature), root.certificate.raw];
        },
      }),
    };
    const key = await modeKey(
      bench,
      "x509",
      root.key,
      { mode: "upstream" },
      handle,
      root.certificate,
    );
    const { authority } = await openUpstream(key, bench.deps);
    expect(bench.history).toEqual([]);
    const leaf = await leafKey(authority, T, bench.log);
    expect(bench.history).toEqual(["intermediate", "certified", "intermediate_outcome"]);
    expect(leaf.chainPem.match(/BEGIN/g)).toHaveLength(1);
  });
});
