import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { readYaml } from "../../src/cli/config-document.ts";
import { utf8Encode } from "../../src/encoding/bytes.ts";
import { soundPart } from "../../src/issuer/sound-part.ts";
import { compile, FACTORS, type Json, rule } from "../unit/policy/fixtures.ts";
import { growth, LINEAR } from "./support/growth.ts";

const list = <T>(size: number, of: (index: number) => T): T[] =>
  Array.from({ length: size }, (_, index) => of(index));

/** Work on what is not bounded by its format, which a configuration of any size must not slow down. */
const WORK: readonly [name: string, size: number, of: (size: number) => () => unknown][] = [
  [
    "a file of many rules is read",
    100,
    (size) => {
      const rules = list(
        size,
        (n) =>
          `  - { name: r${n}, evidence: { aws_iid: { account: "111122223333" } }, spiffe_id: /r${n}, x509: { ttl: 1h } }`,
      );
      const file = utf8Encode(`rules:\n${rules.join("\n")}`);
      return () => readYaml(file);
    },
  ],
  [
    "the place of each member behind an alias is found",
    2000,
    (size) => {
      const names = list(size, (n) => `m${n}`);
      const file = utf8Encode(`a: &a { ${names.join(": 1, ")}: 1 }\nb: *a`);
      return () => {
        const document = readYaml(file);
        for (const name of names) document.locate(["b", name]);
      };
    },
  ],
  [
    "what is right in a section of many mistakes is found, and where it stood",
    2000,
    (size) => {
      const schema = z.strictObject({ files: z.array(z.string()) });
      const files = list(size, (index) => (index % 2 === 0 ? 5 : "file:a"));
      return () => {
        const part = soundPart(schema, { files }, {});
        for (let index = 0; 2 * index < size; index++) part?.placeOf(["files", index]);
      };
    },
  ],
  [
    "rules of one template, which many customers may share",
    500,
    customers((name, account) => ({
      ...from(name, account, "/{aws_iid.instance_id}"),
      shared_id: true,
    })),
  ],
  [
    "rules of one path for each customer",
    500,
    customers((name, account) => from(name, account, `/${name}/{aws_iid.instance_id}`)),
  ],
];

function customers(of: (name: string, account: string) => Json): (size: number) => () => unknown {
  return (size) => {
    const { accounts, factors } = configured(size);
    const rules = accounts.map((account, n) => of(`t${n}`, account));
    return () => {
      const { policy } = compile(rules, undefined, {}, factors);
      if (policy === undefined) throw new Error("refused");
    };
  };
}

function configured(size: number) {
  const accounts = list(size, (n) => String(n).padStart(12, "0"));
  const factors = FACTORS.map((factor) =>
    factor.name === "aws_iid"
      ? { ...factor, pins: [{ claim: "account", values: accounts }] }
      : factor,
  );
  return { accounts, factors };
}

function from(name: string, account: string, spiffe_id: string): Json {
  return rule({ name, evidence: { aws_iid: { account } }, spiffe_id });
}

describe("time grows with the size and not with its square where", () => {
  it.each(WORK)("%s", (_, size, of) => {
    expect(growth(size, of)).toBeLessThan(LINEAR);
  });
});

it("what is quadratic is told from what is not", () => {
  const square = (size: number) => () => {
    let sum = 0;
    for (let outer = 0; outer < size; outer++)
      for (let inner = 0; inner < size; inner++) sum += outer ^ inner;
    return sum;
  };
  expect(growth(700, square)).toBeGreaterThan(LINEAR);
});

it("ten thousand rules are read and compiled", () => {
  const { accounts, factors } = configured(10_000);
  const apart = accounts.map((account, n) =>
    from(`t${n}`, account, `/t${n}/{aws_iid.instance_id}`),
  );
  const together = accounts.map((account, n) => ({
    ...from(`t${n}`, account, "/{aws_iid.instance_id}"),
    shared_id: true,
  }));
  for (const rules of [apart, together])
    expect(compile(rules, undefined, {}, factors).policy).toBeDefined();
  const lines = apart.map((one) => `  - ${JSON.stringify(one)}`);
  expect(readYaml(utf8Encode(`rules:\n${lines.join("\n")}`))).toMatchObject({
    value: { rules: apart },
    issues: [],
  });
});
