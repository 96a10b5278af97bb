import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tokenKey } from "../../fakes/token-issuer.ts";
import { quickly, temporaryFolders } from "./run.ts";

const folder = temporaryFolders();
const AUDIENCE = "https://orders.example";
const seconds = () => Math.floor(Date.now() / 1000);
const key = await tokenKey("ES256", "k-1");
const document = JSON.stringify({
  keys: [{ ...key.jwk, use: "jwt-svid" }],
  spiffe_sequence: 12,
});
const server = createServer((_request, answer) => answer.end(document));
let url: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/bundle`;
});
afterAll(() => void server.close());

async function token(change: object = {}): Promise<string> {
  const now = seconds();
  return key.sign({
    sub: "spiffe://partner.example/db",
    aud: AUDIENCE,
    iat: now,
    exp: now + 60,
    ...change,
  });
}

describe("svidmint verify", () => {
  it("says with which bundle of what age a token verified", async () => {
    const cwd = await folder();
    await writeFile(join(cwd, "bundle.json"), document);
    const hour = seconds() - 3600;
    await utimes(join(cwd, "bundle.json"), hour, hour);
    const words = [
      "verify",
      "-",
      "--bundle",
      "partner.example=bundle.json",
      "--audience",
      AUDIENCE,
    ];
    const ran = await quickly(words, { cwd, input: await token() });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toMatch(
      /^JWT-SVID: verified\n {2}SPIFFE ID +spiffe:\/\/partner\.example\/db\n/,
    );
    expect(ran.stdout).toMatch(/bundle of +partner\.example\n {2}sequence +12\n {2}its age +1 h/);
    const json = await quickly([...words, "--json"], { cwd, input: await token() });
    expect(JSON.parse(json.stdout)).toMatchObject({
      verified: true,
      kind: "JWT-SVID",
      bundle: { trust_domain: "partner.example", sequence: "12" },
    });
  });

  it("takes a live bundle, and a map", async () => {
    const cwd = await folder();
    const input = await token();
    const live = ["verify", "--bundle", `partner.example=${url}`, "--audience", AUDIENCE];
    expect(await quickly(live, { cwd, input })).toMatchObject({ code: 0 });
    await writeFile(join(cwd, "map.json"), `{"trust_domains":{"partner.example":${document}}}`);
    const map = ["verify", "--bundles", "map.json", "--audience", AUDIENCE];
    expect(await quickly(map, { cwd, input })).toMatchObject({ code: 0 });
  });

  it("believes no bundle of another name, and no token for somebody else", async () => {
    const cwd = await folder();
    await writeFile(join(cwd, "b.json"), document);
    const verify = async (bundle: string, input: string, audience = AUDIENCE) =>
      quickly(["verify", "--bundle", bundle, "--audience", audience], { cwd, input });
    const other = await verify("other.example=b.json", await token());
    expect(other.code).toBe(1);
    expect(other.stdout).toContain("refused: keys_unavailable (no bundle of partner.example)");
    expect(other.stdout).toContain("with jwks: file:...; ");
    expect((await verify("partner.example=b.json", await token(), "https://x.example")).code).toBe(
      1,
    );
    expect(
      (await verify("partner.example=b.json", await token({ exp: seconds() - 90 }))).code,
    ).toBe(1);
  });

  it.each([
    [["verify"], /--bundle TRUST_DOMAIN=/],
    [["verify", "--bundle", "b.json"], /TRUST_DOMAIN=FILE/],
    [["verify", "--bundle", "partner.example=-"], /not standard input/],
    [["verify", "--bundle", "partner.example=none.json"], /no such file/],
    [["verify", "--bundle", "partner.example=bad.json"], /is no SPIFFE bundle/],
    [["verify", "--bundles", "b.json"], /is no SPIFFE bundle/],
    [["verify", "--bundle", "partner.example=b.json"], /--audience is required/],
  ])("%j: exit 2", async (words, message) => {
    const cwd = await folder();
    await writeFile(join(cwd, "b.json"), document);
    await writeFile(join(cwd, "bad.json"), "{}");
    const ran = await quickly(words, { cwd, input: await token() });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(message);
  });
});
