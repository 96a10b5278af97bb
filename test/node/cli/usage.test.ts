import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { quickly, record, svidmint } from "./run.ts";

const COMMANDS = [
  "init",
  "serve",
  "attest",
  "evidence dev",
  "evidence auto",
  "policy check",
  "policy test",
  "policy explain",
  "policy diff",
  "policy compile",
  "key new",
  "keys create",
  "keys list",
  "keys plan-rotation",
  "keys apply",
  "keys verify",
  "ca init",
  "ca sign-intermediate",
  "ca show",
  "bundle get",
  "bundle show",
  "bundle diff",
  "bundle verify",
  "bundle peers",
  "bundle reset",
  "bundle publish",
  "doctor",
  "dpop",
  "inspect",
  "claims show",
  "claims assign",
  "claims release",
  "claims ban",
];

describe("svidmint", () => {
  it("prints the version of the package", async () => {
    const { version } = record(
      await readFile(new URL("../../../package.json", import.meta.url), "utf8"),
    );
    expect(await svidmint(["--version"])).toEqual({
      code: 0,
      stdout: `${String(version)}\n`,
      stderr: "",
    });
    const json = await svidmint(["--version", "--json"]);
    expect({ ...json, stdout: JSON.parse(json.stdout) }).toEqual({
      code: 0,
      stdout: { version },
      stderr: "",
    });
  });

  it("lists every command in its help", async () => {
    const { code, stdout } = await svidmint(["--help"]);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(stdout).toContain(`  ${command} `);
  });

  it.for(COMMANDS)(
    "%s --help shows an example, its options and its exit codes",
    async (command) => {
      const { code, stdout, stderr } = await quickly([...command.split(" "), "--help"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain(`Usage: svidmint ${command}`);
      expect(stdout).toMatch(/Examples:\n {2}# .+\n {2}(?:.*\| )?\S+/);
      expect(stdout).toContain("Exit code: 0 ");
    },
  );

  it.for<[string[], RegExp]>([
    [[], /name a command/],
    [["fly"], /unknown command "fly"/],
    [["--fly"], /unknown option "--fly"/],
    [["--version", "now"], /unknown option "now" beside --version/],
    [["policy"], /say which: policy check/],
    [["policy", "sing"], /say which: policy check/],
    [["__proto__"], /unknown command/],
    [["constructor"], /unknown command/],
    [["\u001b[31mred"], /unknown command "\\u001b\[31mred"/],
    [["init", "--fore"], /unknown option "--fore"; did you mean --force\?/],
    [["init", "-f"], /unknown option "-f"/],
    [["init", "--force", "--force"], /given twice/],
    [["init", "--force=yes"], /takes no value/],
    [["init", "--issuer"], /--issuer needs a value/],
    [["init", "--issuer", "--force"], /--issuer needs a value/],
    [["init", "--issuer="], /--issuer needs a value/],
    [["init", "--__proto__", "x"], /unknown option/],
    [["init", "--no-force"], /unknown option "--no-force"/],
    [["init", "extra"], /unexpected argument "extra"/],
    [["key", "new", "--type", "dsa"], /expected one of/i],
    [["dpop", "--body", "x"], /--key/],
    [["dpop", "--key", "x"], /--body/],
  ])("%j is wrong usage", async ([args, message]) => {
    const { code, stdout, stderr } = await quickly(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/see svidmint .*--help|say which/);
    // oxlint-disable-next-line no-control-regex -- that there are none is the point
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });
});
