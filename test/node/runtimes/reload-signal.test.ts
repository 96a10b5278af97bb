import { expect, it } from "vitest";
import { NeighbourError } from "../../../src/issuer/beside.ts";
import { reloadAll } from "../../../src/runtimes/node/lifecycle.ts";

/** A configuration that fits only after `others` have been taken. */
function domain(file: string, taken: string[], others: readonly string[] = []) {
  const reload = async (): Promise<void> => {
    if (!others.every((other) => taken.includes(other)))
      throw new NeighbourError([{ path: ["issuer"], message: "meets another", severity: "error" }]);
    taken.push(file);
  };
  return { file, reload };
}

it("takes each on its own, and what fits only after another once more", async () => {
  const [taken, told]: [string[], string[]] = [[], []];
  const broken = { file: "c", reload: () => Promise.reject(new Error("no yaml")) };
  const domains = [
    domain("a", taken, ["b"]),
    broken,
    domain("b", taken, ["d"]),
    domain("d", taken),
  ];
  await reloadAll(domains, (line) => told.push(line));
  expect(taken).toEqual(["d", "b", "a"]);
  expect(told.map((line) => line.split("\n")[0])).toEqual([
    "c: the configuration was not taken; the one before stays in force",
    ...["d", "b", "a"].map((file) => `${file}: the configuration was read again and is in force`),
  ]);
});

it("gives up where two want what the other has", async () => {
  const [taken, told]: [string[], string[]] = [[], []];
  await reloadAll([domain("a", taken, ["b"]), domain("b", taken, ["a"])], (line) =>
    told.push(line),
  );
  expect(taken).toEqual([]);
  expect(told).toHaveLength(2);
  expect(told.join("\n")).toContain("issuer: meets another");
});

it("names no file where there is one", async () => {
  const told: string[] = [];
  await reloadAll([domain("a", [])], (line) => told.push(line));
  expect(told).toEqual(["the configuration was read again and is in force"]);
});
