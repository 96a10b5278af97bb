import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createWorld, AUDIENCE, ISSUER, type World } from "../issuer/world.ts";
import { blns, ids, NAUGHTY, RULES, sampled } from "./naughty.ts";
import { expectSoundLog, signatures } from "./support.ts";

/** SPIFFE-ID §2.2 once more: what one path segment may be. Two names of ours are nobody's first segment. */
const SEGMENT = /^(?!\.\.?$)[A-Za-z0-9._-]+$/;
const RESERVED = ["spire", "svidmint"];

let world: World;
const jwt = { audience: [AUDIENCE] };

beforeAll(async () => {
  world = await createWorld({ rules: RULES });
});
beforeEach(() => {
  world.audit.lines.length = 0;
  for (const signer of [world.keys.jwtSigner, world.keys.x509Signer]) signer.signed.length = 0;
});

describe("naughty strings in what a template takes from a token", () => {
  /** Asks with `value` for the claim, under both templates. @returns what was granted */
  async function granted(value: string): Promise<string[]> {
    const claims = { sub: "s", aud: ISSUER, iat: world.now - 10, exp: world.now + 600, job: value };
    const tokens = [
      await world.cron.sign({ iss: "https://cron.example", ...claims }),
      await world.ci.sign({ iss: "https://ci.example", ...claims }),
    ];
    const uris: string[] = [];
    for (const one of tokens) {
      const answer = await world.post({ evidence: [{ type: "oidc", token: one }], jwt }); // oxlint-disable-line no-await-in-loop
      const body = (await answer.json()) as { spiffe_id?: string; code?: string }; // oxlint-disable-line no-await-in-loop
      if (answer.status === 200) uris.push(body.spiffe_id ?? "");
      // Values that are too big for any token are evidence we do not take.
      else expect(["refused", "evidence_rejected"]).toContain(body.code);
    }
    return uris;
  }

  function legal(value: string): string[] {
    if (!SEGMENT.test(value)) return [];
    const uris = [`spiffe://prod.example/cron/${value}`, `spiffe://prod.example/${value}/x/y`];
    return uris.filter((uri, at) => uri.length <= 2048 && !(at === 1 && RESERVED.includes(value)));
  }

  async function expectLegalOnly(all: readonly string[]): Promise<void> {
    const values = sampled(all);
    const wrong: string[] = [];
    let given = 0;
    for (const value of values) {
      const uris = await granted(value); // oxlint-disable-line no-await-in-loop
      given += uris.length;
      if (JSON.stringify(uris) !== JSON.stringify(legal(value)))
        wrong.push(`${JSON.stringify(value)}: ${uris.join(" ")}`);
    }
    expect(wrong).toEqual([]);
    expect(signatures(world)).toBe(given);
    expectSoundLog(world, 2 * values.length, given);
  }

  it("the grammar's edges", async () => {
    await expectLegalOnly([
      ...NAUGHTY.slice(0, 25),
      "spire",
      "svidmint",
      "SPIRE",
      "a".repeat(2026),
      "a".repeat(2027),
      "~",
      "a%41",
    ]);
    expect(legal("nightly")).toHaveLength(2);
  });

  it.skipIf(blns === undefined)(
    "BLNS (../shared): what is no legal segment is refused, what is one is taken as it is",
    async () => {
      const strings = JSON.parse(blns ?? "[]") as string[];
      await expectLegalOnly(strings);
      expect(strings.length).toBeGreaterThan(500);
    },
  );

  it.skipIf(ids === undefined)(
    "435 invalid SPIFFE IDs (../shared) and what they are made of: 0 issued",
    async () => {
      const { cases } = JSON.parse(ids ?? "{}") as { cases: { input: string; valid: boolean }[] };
      const invalid = cases.filter(({ valid }) => !valid).map(({ input }) => input);
      expect(invalid).toHaveLength(435);
      const tails = invalid.map((input) => /^spiffe:\/\/[^/]*\/(.*)$/s.exec(input)?.[1] ?? "");
      await expectLegalOnly([
        ...new Set([...invalid, ...tails.flatMap((tail) => [tail, ...tail.split("/")])]),
      ]);
    },
  );
});
