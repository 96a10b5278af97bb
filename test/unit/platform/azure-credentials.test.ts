import { beforeEach, describe, expect, it } from "vitest";
import { azureCredentials } from "../../../src/platform/azure-credentials.ts";
import type { CredentialDeps } from "../../../src/platform/credentials.ts";

const NOW = 1_800_000_000;
const IMDS = "http://169.254.169.254/metadata/identity/oauth2/token";
const RESOURCE = "https://storage.azure.com/";
const SCOPE = "https://storage.azure.com/.default";
const CLIENT = { AZURE_CLIENT_ID: "c1", AZURE_TENANT_ID: "7a2b-33" };
const ENTRA = "https://login.microsoftonline.com/7a2b-33/oauth2/v2.0/token";

interface Asked {
  readonly url: string;
  readonly method: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly form: Readonly<Record<string, string>>;
}

let now = NOW;
let asked: Asked[] = [];
let served: Record<string, () => Response> = {};
let fileText = "";
beforeEach(() => {
  now = NOW;
  asked = [];
  served = {};
  fileText = "token of the pod\n";
});

function deps(env: Readonly<Record<string, string>> = {}): CredentialDeps {
  return {
    platform: {
      now: () => now,
      async fetch(url, { method, headers, body }) {
        const form = Object.fromEntries(new URLSearchParams(typeof body === "string" ? body : ""));
        asked.push({ url, method, headers: Object.fromEntries(new Headers(headers)), form });
        const answer = served[url];
        if (answer === undefined) throw new TypeError("fetch failed");
        return answer();
      },
    },
    env: (name) => env[name],
    read: async (reference) => new TextEncoder().encode(`${reference}: ${fileText}`),
  };
}

describe("a managed identity", () => {
  const token = (): Response =>
    Response.json({ access_token: "eyJ", expires_on: String(NOW + 600) });
  const query = (version: string, more = ""): string =>
    `?resource=https%3A%2F%2Fstorage.azure.com%2F&api-version=${version}${more}`;

  it.each<[string, Record<string, string>, string | undefined]>([
    ["that is named", {}, "c1"],
    ["that a variable names", { AZURE_CLIENT_ID: "c1" }, undefined],
    ["that is named, before the variable", { AZURE_CLIENT_ID: "c2" }, "c1"],
  ])("is the one %s, by the metadata service", async (_, env, clientId) => {
    served[IMDS + query("2018-02-01", "&client_id=c1")] = token;
    expect(await azureCredentials(deps(env), RESOURCE, clientId)()).toBe("eyJ");
    expect(asked[0]?.headers["metadata"]).toBe("true");
  });

  it("is the platform's own endpoint's, where there is one", async () => {
    const env = { IDENTITY_ENDPOINT: "http://127.0.0.1:41/msi/token", IDENTITY_HEADER: "h" };
    const url = env.IDENTITY_ENDPOINT + query("2019-08-01");
    served[url] = token;
    expect(await azureCredentials(deps(env), RESOURCE)()).toBe("eyJ");
    expect(asked[0]?.headers["x-identity-header"]).toBe("h");
    served[url] = () => Response.json({ access_token: "eyJ" });
    await expect(azureCredentials(deps(env), RESOURCE)()).rejects.toThrow(/malformed/);
  });

  it.each(["169.254.129.2", "172.16.5.3", "172.31.0.1"])(
    "is asked for without TLS at %s, as App Service has it on Linux",
    async (host) => {
      const env = { IDENTITY_ENDPOINT: `http://${host}:8081/msi/token`, IDENTITY_HEADER: "h" };
      served[env.IDENTITY_ENDPOINT + query("2019-08-01")] = token;
      expect(await azureCredentials(deps(env), RESOURCE)()).toBe("eyJ");
    },
  );

  it.each([
    "http://93.184.216.34/msi/token",
    "http://172.32.0.1/t",
    "http://169.254.1.2@evil.example/t",
    "no url",
  ])("sends its header nowhere beyond without TLS: %s", async (IDENTITY_ENDPOINT) => {
    const env = { IDENTITY_ENDPOINT, IDENTITY_HEADER: "h" };
    await expect(azureCredentials(deps(env), RESOURCE)()).rejects.toThrow(/url_forbidden/);
    expect(asked).toEqual([]);
  });
});

describe("an application, or workload identity", () => {
  const token = (): Response => Response.json({ access_token: "eyJ", expires_in: 3600 });

  it("shows its secret to Entra, for the scope of the resource alone", async () => {
    served[ENTRA] = token;
    const env = { ...CLIENT, AZURE_CLIENT_SECRET: "hunter2", AZURE_FEDERATED_TOKEN_FILE: "/t" };
    expect(await azureCredentials(deps(env), RESOURCE)()).toBe("eyJ");
    const form = { grant_type: "client_credentials", client_id: "c1", scope: SCOPE };
    expect(asked).toMatchObject([
      { method: "POST", url: ENTRA, form: { ...form, client_secret: "hunter2" } },
    ]);
    expect(Object.keys(asked[0]?.form ?? {})).toHaveLength(4);
  });

  it("shows the token of its pod, read anew each time, to the authority that AKS names", async () => {
    const url = "https://login.chinacloudapi.cn/7a2b-33/oauth2/v2.0/token";
    served[url] = token;
    const source = azureCredentials(
      deps({
        ...CLIENT,
        AZURE_FEDERATED_TOKEN_FILE: "/var/run/token",
        AZURE_AUTHORITY_HOST: "https://login.chinacloudapi.cn/",
      }),
      "https://vault.azure.cn",
      "c9",
    );
    await source();
    now += 3299;
    await source();
    expect(asked).toHaveLength(1);
    now += 2;
    fileText = "a later token";
    await source();
    expect(asked).toMatchObject([
      {
        url,
        form: {
          client_id: "c9",
          scope: "https://vault.azure.cn/.default",
          client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
          client_assertion: "file:/var/run/token: token of the pod",
        },
      },
      { form: { client_assertion: "file:/var/run/token: a later token" } },
    ]);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    [
      "a secret without a tenant",
      { AZURE_CLIENT_SECRET: "s", AZURE_CLIENT_ID: "c" },
      /AZURE_TENANT_ID/,
    ],
    ["a token without a client", { AZURE_FEDERATED_TOKEN_FILE: "/t" }, /AZURE_CLIENT_ID/],
    [
      "a tenant that is a path",
      { ...CLIENT, AZURE_TENANT_ID: "t/../../x", AZURE_CLIENT_SECRET: "s" },
      /no tenant/,
    ],
    [
      "an authority in the clear",
      { ...CLIENT, AZURE_CLIENT_SECRET: "s", AZURE_AUTHORITY_HOST: "http://evil.example" },
      /url_forbidden/,
    ],
  ])("asks nobody with %s", async (_, env, message) => {
    const failure = azureCredentials(deps(env), RESOURCE)();
    await expect(failure).rejects.toMatchObject({ name: "CredentialError", retryable: false });
    await expect(failure).rejects.toThrow(message);
    expect(asked).toEqual([]);
  });

  it.each<[string, () => Response, boolean]>([
    ["a wrong secret", () => Response.json({ error: "hunter2" }, { status: 401 }), false],
    ["a request it does not take", () => new Response("hunter2", { status: 400 }), false],
    ["too many requests", () => new Response("", { status: 429 }), true],
    ["a fault of its own", () => new Response("", { status: 503 }), true],
    ["no time", () => Response.json({ access_token: "hunter2" }), false],
    ["a time in words", () => Response.json({ access_token: "x", expires_in: "3600" }), false],
    ["no token", () => Response.json({ expires_in: 3600 }), false],
    ["a page", () => new Response("<html>hunter2"), false],
  ])("has none where Entra answers with %s", async (_, answer, retryable) => {
    served[ENTRA] = answer;
    const source = azureCredentials(deps({ ...CLIENT, AZURE_CLIENT_SECRET: "s" }), RESOURCE);
    const error: unknown = await source().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "CredentialError", retryable });
    expect(String(error)).not.toContain("hunter2");
  });
});

describe("what Azure's own library does", () => {
  const certificate = { AZURE_CLIENT_CERTIFICATE_PATH: "/c.pem", ...CLIENT };

  it.each<[string, Record<string, string>]>([
    ["an application's certificate", certificate],
    ["a developer's login", { AZURE_TOKEN_CREDENTIALS: "AzureCliCredential" }],
    ["any developer's login", { AZURE_TOKEN_CREDENTIALS: " dev" }],
  ])("is left to it: %s", async (_, env) => {
    const scopes: string[] = [];
    const azure = async (scope: string) => {
      scopes.push(scope);
      return { value: "library", expiresAt: NOW + 600 };
    };
    const source = azureCredentials({ ...deps(env), libraries: { azure } }, RESOURCE);
    expect(await source()).toBe("library");
    expect(await source()).toBe("library");
    expect(scopes).toEqual([SCOPE]);
    await expect(azureCredentials(deps(env), RESOURCE)()).rejects.toMatchObject({
      message: expect.stringContaining("this runtime has nothing that reads AZURE_"),
      retryable: false,
    });
    expect(asked).toEqual([]);
  });

  it.each<[string, Record<string, string>]>([
    ["a secret is there", { ...certificate, AZURE_CLIENT_SECRET: "s" }],
    ["production is asked for", { AZURE_TOKEN_CREDENTIALS: "prod" }],
    ["nothing is", {}],
  ])("is not asked where %s", async (_, env) => {
    const azure = () => Promise.reject(new Error("was asked"));
    const source = azureCredentials({ ...deps(env), libraries: { azure } }, RESOURCE);
    await expect(source()).rejects.toThrow(/gives no credentials: network/);
  });
});
