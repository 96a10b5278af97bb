import { describe, expect, it } from "vitest";
import { oidc } from "../../../../src/attestors/oidc/oidc.ts";
import { judge, outcome } from "../../../conformance/attestor.ts";
import { FakeNetwork } from "../../../fakes/network.ts";
import { build, buildClean, NOW } from "../support.ts";
import { CLAIMS, entry, key } from "./oidc-support.ts";

interface Cases {
  readonly tests: Readonly<
    Record<string, readonly { readonly input: string | null; readonly valid: boolean }[]>
  >;
}

/** The regression table of CVE-2025-52477, which lies beside the project. */
const [text] = Object.values(
  import.meta.glob<string>(
    "../../../../../shared/vectors/third-party/spiffe/oidc-issuer-sub-aud-cases.json",
    { query: "?raw", import: "default", eager: true },
  ),
);
const { tests }: Cases = text === undefined ? { tests: {} } : JSON.parse(text);
const inputs = Object.values(tests)
  .flat()
  .map(({ input }) => input);
/** Plain http to this machine, which the table's own project allows: only where our issuer is such a one, too. */
const LOOPBACK = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\]):/;

describe.skipIf(text === undefined)("issuers of others' tables (../shared/vectors)", () => {
  it("lead a token's iss nowhere (AT-16)", async () => {
    const network = new FakeNetwork();
    const settings = { ci: { issuer: CLAIMS.iss, pin: "issuer" } };
    const attestor = await buildClean(oidc, settings, { network });
    expect(inputs.length).toBe(83);
    for (const iss of inputs) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const token = await key.sign({ ...CLAIMS, iss });
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const result = await judge(attestor, { type: "oidc", token }, NOW);
      expect(["issuer_not_configured", "claim_missing"]).toContain(outcome(result));
    }
    expect(network.calls).toEqual([]);
  });

  it("are taken into a configuration only where they are plain", async () => {
    for (const { input, valid } of tests["TestIsValidIssuer"] ?? []) {
      const settings = { ci: { ...entry, issuer: input, jwks: undefined } };
      const parsed = oidc.config().safeParse(settings);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const issues = parsed.success ? (await build(oidc, settings)).issues : [parsed.error];
      expect([input, issues.length === 0]).toEqual([input, valid && !LOOPBACK.test(input ?? "")]);
    }
  });
});
