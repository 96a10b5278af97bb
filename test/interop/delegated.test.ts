import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeEvidenceIssuer, TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { run, runChecked } from "../../scripts/interop/processes.ts";
import { moduleRoot } from "../../scripts/interop/programs.ts";
import { startSvidmint, type Svidmint } from "../../scripts/interop/svidmint.ts";
import { encodePem } from "../../src/encoding/pem.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";
import { counterparts } from "./support/counterparts.ts";
import { askGoSpiffe } from "./support/go-spiffe.ts";
import { localSigner, rootCertificate } from "./support/root-certificate.ts";
import {
  bundleRoots,
  fetchBundle,
  forgeLeaf,
  issueX509,
  pkcs8Pem,
  splitPem,
} from "./support/svids.ts";

const needs = counterparts("verify-svid", "pkilint");
const FORMS = ["exclude_dns_ip", "permit_uri", "none"] as const;
/** Verifiers that do not understand constraints on URIs, and therefore refuse: `docs/keys.md` says so. */
const UNSUPPORTED = /unsupported name constraint/u;

describe.skipIf(needs.absent)(
  `leaves of an intermediate, before other verifiers${needs.note}`,
  () => {
    const stack = new AsyncDisposableStack();
    const evidence = makeEvidenceIssuer();
    const folder = mkdtempSync(join(tmpdir(), "delegated-"));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const issuers = new Map<string, Svidmint>();

    async function serve(name_constraints: string): Promise<Svidmint> {
      const platform = nodePlatform();
      const key = await platform.generateKey("P-256");
      const certificate = `data:;base64,${btoa(await rootCertificate(localSigner(key)))}`;
      const jwt = await platform.generateKey("P-256");
      const pem = async (of: typeof key) =>
        encodePem("PRIVATE KEY", await platform.exportPrivateKey(of));
      const entry = { backend: "local", published_at: "2026-01-01T00:00:00Z" };
      const root = { ...entry, id: "root", private_key: "env:ROOT_KEY", certificate };
      return startSvidmint({
        evidence,
        keys: {
          x509: [{ ...root, mode: "delegated", name_constraints }],
          jwt: [{ ...entry, id: "jwt", private_key: "env:JWT_KEY" }],
        },
        env: { ROOT_KEY: await pem(key), JWT_KEY: await pem(jwt) },
      });
    }

    const at = (form: string): Svidmint => {
      const issuer = issuers.get(form);
      if (issuer === undefined) throw new Error("not started");
      return issuer;
    };

    beforeAll(async () => {
      for (const form of FORMS) issuers.set(form, stack.use(await serve(form)));
    });
    afterAll(() => stack.disposeAsync());

    const openssl = async (chain: string, roots: string) => {
      const [leaf = "", ...between] = splitPem(chain);
      writeFileSync(join(folder, "leaf.pem"), leaf);
      writeFileSync(join(folder, "chain.pem"), between.join(""));
      writeFileSync(join(folder, "roots.pem"), roots);
      const args = ["verify", "-x509_strict", "-CAfile", "roots.pem", "-untrusted", "chain.pem"];
      return run("openssl", [...args, "leaf.pem"], { cwd: folder, deadlineMs: 60_000 });
    };
    const pyca = async (chain: string, roots: string): Promise<string> => {
      const program = `${moduleRoot}/python/verify_svid.py`;
      const input = JSON.stringify([{ chain, roots }]);
      return (
        await runChecked(needs.path("pkilint"), [program], { input, deadlineMs: 60_000 })
      ).trim();
    };

    it.each(FORMS)("OpenSSL accepts them (%s), and not without the intermediate", async (form) => {
      const { chain } = await issueX509(at(form).url, evidence);
      const roots = bundleRoots(await fetchBundle(at(form).url));
      expect(splitPem(chain)).toHaveLength(2);
      expect(await openssl(chain, roots)).toMatchObject({ code: 0, stderr: "" });
      expect((await openssl(splitPem(chain)[0] ?? "", roots)).code).not.toBe(0);
    });

    it.each(FORMS)("go-spiffe accepts them (%s), and refuses what it should", async (form) => {
      const svid = await issueX509(at(form).url, evidence);
      const bundle = await fetchBundle(at(form).url);
      const stranger = await fetchBundle(at(form === "none" ? "permit_uri" : "none").url);
      const request = {
        op: "x509",
        trust_domain: TRUST_DOMAIN,
        bundle,
        chain: svid.chain,
      } as const;
      const verdicts = await askGoSpiffe(needs.path("verify-svid"), [
        { ...request, key: pkcs8Pem(svid.key) },
        { ...request, chain: forgeLeaf(svid.certificates) },
        { ...request, chain: splitPem(svid.chain)[0] ?? "" },
        { ...request, chain: splitPem(svid.chain)[1] ?? "" },
        { ...request, bundle: stranger },
      ]);
      expect(verdicts.map(({ ok }) => ok)).toEqual([true, false, false, false, false]);
      expect(verdicts[0]).toMatchObject({
        spiffe_id: `spiffe://${TRUST_DOMAIN}/ci/build`,
        chain_length: 3,
      });
    });

    it.each([
      ["exclude_dns_ip", /^ok$/u],
      ["none", /^ok$/u],
      ["permit_uri", UNSUPPORTED],
    ])("pyca/cryptography says what the docs say of it (%s)", async (form, verdict) => {
      const { chain } = await issueX509(at(form).url, evidence);
      expect(await pyca(chain, bundleRoots(await fetchBundle(at(form).url)))).toMatch(verdict);
    });

    it("one instance has one intermediate, another instance another", async () => {
      const [first, second] = [
        await issueX509(at("none").url, evidence),
        await issueX509(at("none").url, evidence),
      ];
      expect(splitPem(first.chain)[1]).toBe(splitPem(second.chain)[1]);
      const other = await issueX509(at("permit_uri").url, evidence);
      expect(splitPem(other.chain)[1]).not.toBe(splitPem(first.chain)[1]);
    });
  },
);
