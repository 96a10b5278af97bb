import { describe, expect, it } from "vitest";
import { JKT, judge } from "../../../../conformance/attestor.ts";
import { buildClean, NOW } from "../../support.ts";
import { SAMPLES } from "./samples.ts";
import { compiledOidc, judgeChanged, jwks, key, sampleOf } from "./support.ts";

describe.each(Object.keys(SAMPLES))("a compiled configuration with the preset %s", (name) => {
  it("is plain JSON, and judges as the written one does", async () => {
    const { settings, claims, foreign } = sampleOf(name);
    const attestor = await buildClean(compiledOidc(), { ci: { ...settings, jwks } });
    for (const changes of [{}, foreign, { aud: "https://elsewhere.example" }, { sub: "x" }]) {
      // oxlint-disable-next-line no-await-in-loop -- four
      const token = await key.sign({ ...claims, ...changes });
      // oxlint-disable-next-line no-await-in-loop -- four
      const written = await judgeChanged(name, changes);
      // oxlint-disable-next-line no-await-in-loop -- four
      const compiled = await judge(attestor, { type: "oidc", token }, NOW, JKT);
      expect(compiled).toEqual(written);
    }
  });
});
