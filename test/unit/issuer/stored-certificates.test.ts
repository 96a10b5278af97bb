import { expect, it } from "vitest";
import { digestOf } from "../../../src/issuer/stored-config.ts";
import { NOW } from "./names.ts";
import { compiled, open, refusal, source } from "./stored-world.ts";

it.each<[string, object, object, readonly string[]]>([
  ["has not begun", {}, { notBefore: NOW + 1 }, ["the certificate is not yet valid"]],
  ["begins before its key signs", { activeFrom: NOW + 60 }, { notBefore: NOW + 60 }, []],
  [
    "begins after its key signs",
    { activeFrom: NOW + 60 },
    { notBefore: NOW + 61 },
    ["the certificate is not yet valid"],
  ],
  ["is of a standby", { activeFrom: "standby" }, {}, []],
  [
    "has expired, of a key that will sign",
    { activeFrom: NOW + 60 },
    { notAfter: NOW - 1 },
    ["the certificate has expired"],
  ],
  ["has expired since its key was retired", { retiredAt: NOW }, { notAfter: NOW - 1 }, []],
])(
  "a root goes by its certificate as it is used: one that %s",
  async (_, timeline, times, problems) => {
    const origin = await source(() => NOW);
    const { config, ...rest } = await compiled(origin);
    const [root] = config.keys.x509;
    Object.assign(root?.timeline ?? {}, timeline);
    Object.assign(root?.certificate ?? {}, times);
    const document = { ...rest, config, sha256: await digestOf(config, origin.platform) };
    const opened = open(document, origin).then(() => []);
    const told = problems.length === 0 ? opened : refusal(opened);
    expect(await told).toEqual(problems.map((problem) => `keys.x509.0.certificate: ${problem}`));
  },
);
