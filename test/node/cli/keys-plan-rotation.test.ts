import { readdir, readFile, stat, chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { json, quickly, record, temporaryFolders } from "./run.ts";
import { makeTrustDomain, PUBLISHED } from "./trust-domain.ts";

const folder = temporaryFolders();
const FILE = "svidmint.yaml";
let cwd: string;
beforeEach(async () => {
  cwd = await folder();
  await makeTrustDomain(cwd);
});
const text = () => readFile(join(cwd, FILE), "utf8");
const plan = (...args: string[]) => quickly(["keys", "plan-rotation", ...args], { cwd });

interface Entry {
  readonly id: string;
  readonly removed_at?: string;
  readonly retired_at?: string;
}
const jwtKeys = async (): Promise<Entry[]> => parse(await text()).keys.jwt;

describe("svidmint keys plan-rotation", () => {
  it("says what a new key does and until when what stays valid, and changes nothing", async () => {
    const before = await text();
    const ran = await plan("jwt");
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain("nothing was changed");
    expect(ran.stdout).toMatch(/- id: jwt-8\n {6}backend: local\n {6}private_key: file:jwt-8\.key/);
    expect(ran.stdout).toMatch(/jwt-8 signs, and jwt-7 no more/);
    expect(ran.stdout).toMatch(/the last JWT-SVID signed by jwt-7 expires/);
    expect(ran.stdout).toMatch(/JWT-SVIDs signed by jwt-7 are accepted until they expire/);
    expect(await text()).toBe(before);
  });

  it("counts the instants from the refresh hint and the longest life", async () => {
    const { steps } = json(await plan("jwt", "--json", "--at", "2099-01-01T00:00:00Z")) as {
      steps: { at: string; what: string }[];
    };
    expect(steps).toEqual([
      { at: "2099-01-01T00:00:00Z", what: expect.stringContaining("jwt-8 is in the bundle") },
      { at: "2099-01-01T00:25:00Z", what: "jwt-8 signs, and jwt-7 no more" },
      { at: "2099-01-01T00:35:00Z", what: "the last JWT-SVID signed by jwt-7 expires" },
      { at: "2099-01-01T00:45:00Z", what: "jwt-7 leaves the bundle" },
    ]);
  });

  it("writes the entry that keys create wrote, where every comment stays", async () => {
    await quickly(["keys", "create", "jwt", "--id", "jwt-8", "--out", "jwt-8.yaml"], { cwd });
    await chmod(join(cwd, FILE), 0o640);
    const before = await text();
    const ran = await plan("jwt", "--entry", "jwt-8.yaml", "--write");
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    const after = await text();
    const added = after.split("\n").filter((line) => !before.split("\n").includes(line));
    expect(added.map((line) => line.trim().split(" ")[0])).toEqual([
      "-",
      "private_key:",
      "public_key:",
      "published_at:",
    ]);
    for (const line of before.split("\n")) expect(after).toContain(line);
    expect((await jwtKeys()).map(({ id }) => id)).toEqual(["jwt-7", "jwt-spare", "jwt-8"]);
    expect((await stat(join(cwd, FILE))).mode & 0o777).toBe(0o640);
    expect((await readdir(cwd)).filter((name) => name.startsWith("."))).toEqual([]);
    expect((await quickly(["keys", "list"], { cwd })).stdout).toMatch(/jwt +jwt-8 +local +next/);
  });

  it("writes nothing where the key is not there", async () => {
    const before = await text();
    const ran = await plan("jwt", "--write");
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toContain("jwt-8.pub does not exist");
    expect(await text()).toBe(before);
    expect((await readdir(cwd)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("adds a standby", async () => {
    await quickly(["keys", "create", "jwt", "--id", "spare-2"], { cwd });
    const ran = await plan("jwt", "--new-id", "spare-2", "--standby", "--write");
    expect(ran.code).toBe(0);
    expect((await jwtKeys()).at(-1)).toMatchObject({ id: "spare-2", active_from: "standby" });
  });

  it("begins a list that is not there", async () => {
    await quickly(["keys", "create", "wit", "--id", "wit-1"], { cwd });
    expect(await plan("wit", "--new-id", "wit-1", "--write")).toMatchObject({ code: 0 });
    expect(parse(await text()).keys.wit).toMatchObject([{ id: "wit-1", backend: "local" }]);
  });

  it.for<[string, string[], RegExp]>([
    ["what is no use", ["ssh"], /x509, jwt or wit/],
    ["a time that has passed", ["jwt", "--at", PUBLISHED], /has passed/],
    ["an id that is there", ["jwt", "--new-id", "jwt-7"], /there is a key jwt-7 already/],
    ["an unknown backend", ["jwt", "--backend", "abacus"], /backends of jwt keys are local/],
    ["a mode that it has not", ["jwt", "--mode", "delegated"], /modes of local for jwt keys/],
    ["a service without a key", ["jwt", "--backend", "aws_kms"], /no entry of keys\.jwt.*key/],
    ["an alias for a key", ["jwt", "--backend", "aws_kms", "--key", "alias/x"], /ARN of a key/],
    ["an unknown lost key", ["jwt", "--emergency", "jwt-9"], /no key jwt-9.*jwt-7, jwt-spare/],
    ["both at once", ["jwt", "--emergency", "jwt-7", "--standby"], /by a second run/],
  ])("refuses %s", async ([, args, message]) => {
    const before = await text();
    const ran = await plan(...args, "--write");
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(message);
    expect(await text()).toBe(before);
  });
});

describe("svidmint keys plan-rotation --emergency", () => {
  it("takes the key out now, names the standby that takes over, and what to do", async () => {
    const ran = await plan("jwt", "--emergency", "jwt-7", "--write");
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toMatch(/breaks: every verifier/);
    expect(ran.stdout).toMatch(/takes over: jwt-spare/);
    expect(ran.stdout).toMatch(/standby left: none\. Add one/);
    const [lost] = await jwtKeys();
    expect(Math.abs(Date.parse(lost?.removed_at ?? "") - Date.now())).toBeLessThan(60_000);
    expect(await text()).toContain("# made by the platform team");
    const { keys, spiffe_sequence } = record(
      (await quickly(["keys", "list", "--json"], { cwd })).stdout,
    ) as { keys: { id: string; state: string }[]; spiffe_sequence: number };
    expect(keys.filter(({ id }) => id.startsWith("jwt"))).toMatchObject([
      { id: "jwt-7", state: "removed" },
      { id: "jwt-spare", state: "active" },
    ]);
    expect(spiffe_sequence).toBe(Date.parse(lost?.removed_at ?? "") / 1000);
    // It may take the place of the one before: the sequence rises.
    await writeFile(join(cwd, "old.yaml"), (await text()).replace(/ +removed_at: .*\n/, ""));
    expect(await quickly(["keys", "apply", FILE, "--against", "old.yaml"], { cwd })).toMatchObject({
      code: 0,
    });
  });

  it("says when nobody takes over", async () => {
    const alone = (await text()).replace(/ {4}- id: jwt-spare[^]*?standby\n/, "");
    await writeFile(join(cwd, FILE), alone);
    const ran = await plan("jwt", "--emergency", "jwt-7");
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/takes over: nobody.*add a key now/);
  });

  it("of a standby, changes nothing for what was signed", async () => {
    const ran = await plan("jwt", "--emergency", "jwt-spare");
    expect(ran.stdout).toMatch(/breaks nothing/);
    expect(ran.stdout).toMatch(/jwt-7 goes on signing/);
  });

  it("brings a retirement of later forward", async () => {
    await writeFile(
      join(cwd, FILE),
      (await text()).replace(
        "public_key: file:jwt-7.pub\n",
        "public_key: file:jwt-7.pub\n      retired_at: 2099-01-01T00:00:00Z\n",
      ),
    );
    expect(await plan("jwt", "--emergency", "jwt-7", "--write")).toMatchObject({ code: 0 });
    const [lost] = await jwtKeys();
    expect(lost?.retired_at).toBe(lost?.removed_at);
    const again = await plan("jwt", "--emergency", "jwt-7", "--write");
    expect(again).toMatchObject({ code: 1 });
    expect(again.stderr).toContain("left the bundle");
  });

  it("works where files of other keys are not at hand", async () => {
    await writeFile(join(cwd, FILE), (await text()).replace("file:root-1.pem", "file:gone.pem"));
    expect(await plan("jwt", "--emergency", "jwt-7", "--write")).toMatchObject({ code: 0 });
  });
});
