import { describe, expect, it } from "vitest";
import { oidc } from "../../src/attestors/oidc/oidc.ts";
import { FetchedKeys } from "../../src/attestors/fetched-keys.ts";
import { fetchBounded } from "../../src/platform/http.ts";
import { webCryptoPlatform } from "../../src/platform/webcrypto.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { parseCertificate } from "../../src/svid/certificate.ts";
import { spkiOf } from "../../src/encoding/public-key.ts";
import { JKT, judge, outcome } from "../conformance/attestor.ts";
import { FakeNetwork } from "../fakes/network.ts";
import { keySet, tokenKey } from "../fakes/token-issuer.ts";
import { CI, CLAIMS, entry, key } from "../unit/attestors/oidc/oidc-support.ts";
import { buildClean, NOW } from "../unit/attestors/support.ts";
import {
  chainOf,
  issueLeaf,
  LEAF_EXTENSIONS,
  makeBench,
} from "../unit/attestors/x509/pop-support.ts";
import { outcomeOf } from "../unit/policy/decide.ts";
import { fact, rule } from "../unit/policy/fixtures.ts";
import { extension, rsaModulus } from "../unit/svid/forge.ts";

describe("what peers fetched", () => {
  const evil = "https://evil.example/keys";
  const { jwks: _, ...fetched } = entry;

  it("CVE-2026-49478 (Fulcio): discovery and keys are taken from the configured host alone, redirects from nowhere", async () => {
    const mallory = await tokenKey("ES256", key.kid);
    const document = `${CI}/.well-known/openid-configuration`;
    const worlds: readonly ((network: FakeNetwork) => FakeNetwork)[] = [
      (network) => network.serve(document, () => Response.redirect(evil, 302)),
      (network) => network.serve(document, () => Response.redirect(`${CI}/other`, 307)),
      (network) => network.serveJson(document, { issuer: CI, jwks_uri: evil }),
      (network) => network.serveJson(document, { issuer: "https://evil.example", jwks_uri: evil }),
      (network) =>
        network
          .serveJson(document, { issuer: CI, jwks_uri: `${CI}/keys` })
          .serve(`${CI}/keys`, () => Response.redirect(evil, 301)),
    ];
    for (const world of worlds) {
      const network = world(new FakeNetwork().serveJson(evil, keySet(mallory)));
      const attestor = await buildClean(oidc, { ci: fetched }, { network }); // oxlint-disable-line no-await-in-loop -- a few
      const token = await mallory.sign(CLAIMS); // oxlint-disable-line no-await-in-loop
      const result = await judge(attestor, { type: "oidc", token }, NOW, JKT); // oxlint-disable-line no-await-in-loop
      expect(outcome(result)).toBe("keys_unavailable");
      expect(network.calls).not.toContain(evil);
    }
  });

  it("CVE-2026-49478 (Fulcio): no credentials go with a fetch", async () => {
    const seen: (RequestInit | undefined)[] = [];
    const platform = webCryptoPlatform({
      fetch: async (_url, init) => {
        seen.push(init);
        return Response.json(keySet(key));
      },
    });
    const keys = new FetchedKeys(platform, { jwks: `${CI}/keys` });
    expect(outcome(await keys.find(key.kid, "ES256", NOW))).toBe("accepted");
    const names = [...new Headers(seen[0]?.headers).keys()];
    expect(names.filter((name) => /authorization|cookie|token/.test(name))).toEqual([]);
    expect(seen[0]?.redirect).toBe("manual");
  });

  it("SPIRE 1.14.2 (http_challenge): a redirect ends every outbound call", async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      const network = new FakeNetwork().serve("https://a.example/", () =>
        Response.redirect("http://169.254.169.254/", status),
      );
      const platform = webCryptoPlatform({ fetch: network.fetch });
      const answer = await fetchBounded(platform, "https://a.example/", {
        maxBytes: 1000,
        timeoutMs: 1000,
      }); // oxlint-disable-line no-await-in-loop -- five
      expect(answer).toMatchObject({ ok: false, error: { code: "redirect" } });
      expect(network.calls).toEqual(["https://a.example/"]);
    }
  });
});

describe("what peers decided", () => {
  it("SPIRE 1.15.2 (agent names): a pattern of a rule matches the whole value or nothing", () => {
    const rules = [
      rule({ evidence: { "oidc.dev": { sub: "web-*" } }, spiffe_id: "/web", x509: {} }),
    ];
    const as = (sub: string) =>
      outcomeOf(rules, [fact("oidc.dev", { sub }, { binding: { kind: "audience" } })]);
    expect(as("web-1")).toBe("spiffe://prod.example.org/web");
    for (const sub of ["xweb-1", " web-1", "web-1/x", "web-1:x", "evil\nweb-1", "web-", "WEB-1"])
      expect([sub, as(sub)]).toEqual([
        sub,
        sub === "web-" ? "spiffe://prod.example.org/web" : "no_rule_matches",
      ]);
  });

  it("SPIRE 1.14.6 (join_token): of all who use something once, at once, one does", async () => {
    const store = memoryStore();
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => store.once("key", NOW, 120)),
    );
    expect(answers.filter((answer) => answer === "new")).toHaveLength(1);
    const claims = await Promise.all(
      Array.from({ length: 100 }, (_one, owner) =>
        store.claim({
          key: "document",
          owner: `owner ${owner}`,
          generation: 0,
          now: NOW,
          ttlSeconds: 600,
          maxOwners: 1,
          create: true,
          requestId: `request ${owner}`,
        }),
      ),
    );
    expect(claims.filter(({ outcome: one }) => one === "created")).toHaveLength(1);
  });
});

describe("what peers' parsers did", () => {
  it("CVE-2026-40097 (step-ca): certificates cut, flipped or with empty extensions end in a refusal", async () => {
    const bench = await makeBench();
    const [usage, , names] = LEAF_EXTENSIONS;
    for (const purposes of [extension.purposes(), new Uint8Array([0x30, 0x00])]) {
      const holder = await issueLeaf(bench.root, { extensions: [usage, purposes, names] }); // oxlint-disable-line no-await-in-loop -- two
      expect(await bench.outcomeOf(holder)).toBe("certificate_malformed"); // oxlint-disable-line no-await-in-loop
    }
    const { certificate } = await issueLeaf(bench.intermediate);
    expect(parseCertificate(certificate).ok).toBe(true);
    for (let length = 0; length < certificate.length; length++)
      expect(parseCertificate(certificate.subarray(0, length)).ok).toBe(false);
    for (let at = 0; at < certificate.length; at++) {
      const flipped = Uint8Array.from(certificate);
      flipped[at]! ^= 0x80;
      expect(() => parseCertificate(flipped)).not.toThrow();
    }
  });

  it("SPIRE 1.14.2 (x509pop): a key or a chain that is there to be expensive is not computed with", async () => {
    const bench = await makeBench();
    const holder = await issueLeaf(bench.intermediate);
    const fields = { e: Uint8Array.of(1, 0, 1), n: rsaModulus(2048) };
    const spki = spkiOf({ type: "RSA", ...fields });
    const huge = await issueLeaf(bench.intermediate, { spki });
    const beside = chainOf(holder.certificate, huge.certificate, bench.intermediate.der);
    expect(await bench.outcomeOf(holder, { certificate_chain: beside })).toBe(
      "algorithm_not_allowed",
    );
    const many = await Promise.all(Array.from({ length: 12 }, () => issueLeaf(bench.intermediate)));
    const chain = [holder, ...many].map(({ certificate }) => certificate);
    expect(await bench.outcomeOf(holder, { certificate_chain: chainOf(...chain) })).toBe(
      "certificate_chain_invalid",
    );
  });
});
