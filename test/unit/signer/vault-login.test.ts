import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import type { VaultLogin } from "../../../src/platform/vault-login.ts";
import { refused, textOf, VAULT_VARIABLES } from "../../fakes/vault.ts";
import { refusalOf, vaultBench } from "./vault-bench.ts";

const DATA = utf8Encode("bytes that we encoded");
const JWT = "eyJ.hunter2.token";
const jwt: VaultLogin = { method: "jwt", role: "svidmint", token: "env:PLATFORM_TOKEN" };
const VARIABLES: Readonly<Record<string, string>> = {
  ...VAULT_VARIABLES,
  PLATFORM_TOKEN: `${JWT}\n`,
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "hunter2",
  AWS_SESSION_TOKEN: "session",
};
const env = (name: string) => VARIABLES[name];

async function bench(login: VaultLogin = jwt) {
  const made = await vaultBench();
  const signer = await made.open({ login }, { env });
  return { ...made, signer };
}
const many = (signer: { sign(data: Uint8Array): unknown }) =>
  Promise.all(Array.from({ length: 20 }, () => signer.sign(DATA)));

describe("a login by JWT", () => {
  it("is one for many signatures at once, and its token is what they show", async () => {
    const { vault, signer } = await bench();
    expect(vault.logins).toEqual([]);
    await many(signer);
    const body = { role: "svidmint", jwt: JWT };
    expect(vault.logins).toEqual([{ path: "auth/jwt/login", token: null, namespace: null, body }]);
    expect(new Set(vault.asked.map(({ token }) => token))).toEqual(new Set(["hvs.login-1"]));
  });

  it("is at the path and in the namespace that are configured", async () => {
    const { vault, open } = await vaultBench();
    const login = { ...jwt, mount: "k8s/west" };
    await (await open({ login, namespace: "team-a" }, { env })).sign(DATA);
    expect(vault.logins).toMatchObject([{ path: "auth/k8s/west/login", namespace: "team-a" }]);
  });

  it.each([
    ["an hour's, five minutes before its end", 3600, 3299, 3301],
    ["a short one, in its last third", 60, 39, 41],
  ])("is made again: %s", async (_, lease, before, after) => {
    const { vault, signer, clock } = await bench();
    vault.lease = lease;
    await signer.sign(DATA);
    clock.now += before;
    await signer.sign(DATA);
    expect(vault.logins).toHaveLength(1);
    clock.now += after - before;
    await many(signer);
    expect(vault.logins).toHaveLength(2);
    expect(vault.asked.at(-1)).toMatchObject({ token: "hvs.login-2" });
  });

  it("is made once where a token has no end", async () => {
    const { vault, signer, clock } = await bench();
    vault.lease = 0;
    await signer.sign(DATA);
    clock.now += 10 * 365 * 86_400;
    await signer.sign(DATA);
    expect(vault.logins).toHaveLength(1);
  });

  it("leaves the old token in use while Vault logs nobody in, until that ends", async () => {
    const { vault, signer, clock } = await bench();
    await signer.sign(DATA);
    vault.loginFault = () => refused(503);
    clock.now += 3400;
    await signer.sign(DATA);
    expect(vault.asked.at(-1)).toMatchObject({ token: "hvs.login-1" });
    clock.now += 195;
    expect(await refusalOf(() => signer.sign(DATA))).toMatchObject({ code: "unavailable" });
  });
});

describe("a login that fails", () => {
  const answer = (auth: unknown) => () => Response.json({ auth });
  it.each<[string, string, () => Response | Promise<Response>]>([
    ["400, as of a token that has expired", "denied", () => refused(400)],
    ["403", "denied", () => refused(403)],
    ["429", "unavailable", () => refused(429)],
    ["503, sealed", "unavailable", () => refused(503)],
    ["a lost connection", "unavailable", () => Promise.reject(new TypeError("fetch failed"))],
    ["a redirect", "denied", () => Response.redirect("https://other.example/", 307)],
    ["no JSON", "denied", () => new Response("<html>hunter2")],
    ["no auth", "denied", () => Response.json({ data: {} })],
    ["no token", "denied", answer({ lease_duration: 60 })],
    [
      "a token that no header holds",
      "denied",
      answer({ client_token: "a\nb", lease_duration: 60 }),
    ],
    ["an empty token", "denied", answer({ client_token: "", lease_duration: 60 })],
    ["no duration", "denied", answer({ client_token: "hvs.x" })],
  ])("%s: %s, and the engine hears nothing", async (_, code, fault) => {
    const { vault, signer } = await bench();
    vault.loginFault = fault;
    const error = await refusalOf(() => signer.sign(DATA));
    expect(error).toMatchObject({ code });
    expect(error.message).not.toMatch(/hunter2|hvs|eyJ/);
    expect(vault.asked).toEqual([]);
  });

  it("has no token to show: denied, nothing is asked at all", async () => {
    const { vault, signer } = await bench({ ...jwt, token: "env:MISSING" });
    expect(await refusalOf(() => signer.sign(DATA))).toMatchObject({ code: "denied" });
    expect([...vault.logins, ...vault.asked]).toEqual([]);
  });
});

describe("a token that is refused", () => {
  it("because it was revoked: exactly one new login, and all are signed", async () => {
    const { vault, signer } = await bench();
    await signer.sign(DATA);
    vault.revoke("hvs.login-1");
    await many(signer);
    expect(vault.logins).toHaveLength(2);
    await signer.sign(DATA);
    expect(vault.asked.at(-1)).toMatchObject({ token: "hvs.login-2" });
  });

  it("because it may not: no login after the first that did not help, for a while", async () => {
    const { vault, signer, clock } = await bench();
    vault.fault = () => refused(403);
    for (let i = 0; i < 4; i++)
      expect(await refusalOf(() => signer.sign(DATA))).toMatchObject({ code: "denied" }); // oxlint-disable-line no-await-in-loop -- one after the other
    expect(vault.logins).toHaveLength(2);
    expect(vault.asked).toHaveLength(5);
    clock.now += 11;
    await refusalOf(() => signer.sign(DATA));
    expect(vault.logins).toHaveLength(3);
  });

  it("and is the only one there is: denied after one call", async () => {
    const { vault, open } = await vaultBench();
    vault.revoke(VAULT_VARIABLES["VAULT_TOKEN"] ?? "");
    const signer = await open();
    expect(await refusalOf(() => signer.sign(DATA))).toMatchObject({ code: "denied" });
    expect(vault.asked).toHaveLength(1);
  });

  it("and whose file holds another by now: that one", async () => {
    const { vault, open, clock } = await vaultBench();
    let text = `${VAULT_VARIABLES["VAULT_TOKEN"]}\n`;
    const read = async () => utf8Encode(text);
    const signer = await open({ login: { method: "token", token: "file:sink" } }, { read });
    await signer.sign(DATA);
    text = "hvs.next";
    await signer.sign(DATA);
    vault.revoke(VAULT_VARIABLES["VAULT_TOKEN"] ?? "");
    expect(await refusalOf(() => signer.sign(DATA))).toMatchObject({ code: "denied" });
    expect(vault.asked.map(({ token }) => token)).toEqual([
      ...Array(3).fill(VAULT_VARIABLES["VAULT_TOKEN"]),
      "hvs.next",
    ]);
    text = "hvs.third";
    clock.now += 61;
    await refusalOf(() => signer.sign(DATA));
    expect(vault.asked.at(-1)).toMatchObject({ token: "hvs.third" });
  });
});

describe("other logins", () => {
  it("by AWS: a signed request that says whom it is for, and no secret", async () => {
    const login = { method: "aws", role: "svidmint", region: "eu-central-1", server_id: "vault.x" };
    const { vault, signer } = await bench(login as VaultLogin);
    await signer.sign(DATA);
    const [asked] = vault.logins;
    const body = asked?.body ?? {};
    expect(asked?.path).toBe("auth/aws/login");
    expect(body).toMatchObject({ role: "svidmint", iam_http_request_method: "POST" });
    expect(textOf(body["iam_request_url"])).toBe("https://sts.eu-central-1.amazonaws.com/");
    expect(textOf(body["iam_request_body"])).toBe("Action=GetCallerIdentity&Version=2011-06-15");
    const headers = JSON.parse(textOf(body["iam_request_headers"])) as Record<string, string>;
    expect(headers).toMatchObject({
      "x-vault-aws-iam-server-id": "vault.x",
      "x-amz-security-token": "session",
    });
    expect(headers["authorization"]).toMatch(
      /\/eu-central-1\/sts\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-vault-aws-iam-server-id, /,
    );
    expect(JSON.stringify(headers)).not.toContain("hunter2");
  });

  it.each<["google" | "azure", string, () => Response]>([
    ["google", "http://metadata.google.internal/", () => new Response(`${JWT}\n`)],
    [
      "azure",
      "http://169.254.169.254/",
      () => Response.json({ access_token: JWT, expires_on: "9999999999" }),
    ],
  ])("by a token of %s, for the audience", async (token, host, tell) => {
    const { vault, open } = await vaultBench();
    const urls: string[] = [];
    const fetch = async (url: string, init?: RequestInit): Promise<Response> => {
      if (!url.startsWith(host)) return vault.fetch(url, init);
      urls.push(url);
      return tell();
    };
    const login: VaultLogin = { method: "jwt", role: "r", token, audience: "https://vault.x/a b" };
    const platform = webCryptoPlatform({ fetch });
    await (await open({ login }, { env: () => undefined, platform })).sign(DATA);
    expect(vault.logins).toMatchObject([{ body: { role: "r", jwt: JWT } }]);
    expect(urls).toHaveLength(1);
    expect(new URLSearchParams(new URL(urls[0] ?? "").search).toString()).toMatch(
      /(?:audience|resource)=https%3A%2F%2Fvault.x%2Fa\+b/,
    );
  });
});
