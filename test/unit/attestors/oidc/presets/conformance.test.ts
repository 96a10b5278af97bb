import { describe, expect, it } from "vitest";
import { PRESETS } from "../../../../../src/attestors/oidc/presets.ts";
import {
  tokenAttestorBasics,
  tokenAttestorConformance,
} from "../../../../conformance/token-attestor.ts";
import { SAMPLES } from "./samples.ts";
import { presetFixture } from "./support.ts";

/** One of each kind of shape: flat and pinned by a claim; by the issuer's own name; nested and pinned by the issuer. */
const WHOLE: ReadonlySet<string> = new Set(["github_actions", "circleci", "kubernetes"]);

for (const { name } of PRESETS) {
  const suite = WHOLE.has(name) ? tokenAttestorConformance : tokenAttestorBasics;
  suite(`oidc preset ${name}`, () => presetFixture(name));
}

describe("the presets of oidc", () => {
  it("all have a sample, and each claim of a join is one of theirs", () => {
    expect(Object.keys(SAMPLES).toSorted()).toEqual(PRESETS.map(({ name }) => name).toSorted());
    for (const { claims, joinable, instanceClaims = [], pin } of PRESETS) {
      const named = [...joinable, ...(pin === undefined ? [] : [pin])];
      for (const claim of named) expect(claims).toHaveProperty([claim]);
      for (const claim of instanceClaims) expect(joinable).toContain(claim);
    }
  });
  it("name one instance by nothing but a machine or a pod: what is joined by it needs no claim", () => {
    const named = PRESETS.flatMap(({ name, instanceClaims = [] }) =>
      instanceClaims.map((claim) => `${name}.${claim}`),
    );
    expect(named.toSorted()).toEqual([
      "aks.pod_uid",
      "eks.pod_uid",
      "fly.machine_id",
      "gke.pod_uid",
      "kubernetes.pod_uid",
    ]);
  });
  it("have the least binding that their issuer can give", () => {
    const byKey = PRESETS.filter(({ defaultBinding }) => defaultBinding === "key");
    expect(byKey.map(({ name }) => name)).toEqual([
      "github_actions",
      "buildkite",
      "circleci",
      "fly",
      "vercel",
    ]);
  });
});
