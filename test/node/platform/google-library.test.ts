import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AwsClient, IdentityPoolClient, JWT } from "google-auth-library";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { CredentialDeps } from "../../../src/platform/credentials.ts";
import { googleLibraryToken } from "../../../src/platform/node/google-library.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { withLibraries } from "../../../src/runtimes/node/libraries.ts";
import { FakeGoogleTokens } from "../../fakes/google-tokens.ts";
import {
  AWS,
  AWS_SOURCE,
  AWS_TYPE,
  bench,
  external,
  IMPERSONATING,
  ON_AWS,
  SCOPE,
  serviceAccount,
} from "../../unit/platform/google-credentials-bench.ts";

type Libraries = Pick<CredentialDeps, "libraries">;
const now = (): number => Math.floor(Date.now() / 1000);
let tokens: FakeGoogleTokens;
let sent: string[];

async function fetch(url: string, init: RequestInit): Promise<Response> {
  sent.push(url);
  const answer = await tokens.answer(new Request(url, init));
  if (answer === undefined) throw new TypeError("fetch failed");
  return answer;
}

const deps = () => ({ platform: webCryptoPlatform({ fetch }) });

beforeEach(() => {
  sent = [];
  tokens = new FakeGoogleTokens(webCryptoPlatform(), now);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe("Google's library, for what our own code does not serve", () => {
  it("gives a token for a user of gcloud, with its end", async () => {
    const file = { type: "authorized_user", client_id: "c", client_secret: "s" };
    const user = { ...file, refresh_token: "1//refresh" };
    const { value, expiresAt = 0 } = await googleLibraryToken(user, SCOPE, deps());
    expect(value).toBe("user");
    expect(expiresAt - now()).toBeGreaterThan(3500);
    expect(sent).toEqual(["https://oauth2.googleapis.com/token"]);
  });

  it("says nothing of what it sent where that is refused", async () => {
    const file = { type: "authorized_user", client_id: "c", client_secret: "s" };
    const user = { ...file, refresh_token: "1//hunter2" };
    const error = await googleLibraryToken(user, SCOPE, deps()).then(
      () => expect.fail(),
      (e) => e,
    );
    expect(error).toMatchObject({
      message: "google-auth-library gives no credentials: status 400",
      retryable: false,
    });
    expect(error.cause).toBeUndefined();
  });

  it("runs a program where the operator allows it, and not else", async () => {
    tokens.believed.add("eyJ.program");
    const told = {
      version: 1,
      success: true,
      id_token: "eyJ.program",
      expiration_time: now() + 600,
    };
    const output = { ...told, token_type: "urn:ietf:params:oauth:token-type:jwt" };
    const folder = await mkdtemp(join(tmpdir(), "program-"));
    await writeFile(join(folder, "output"), JSON.stringify(output));
    const command = `cat ${folder}/output`;
    const file = external({ executable: { command, timeout_millis: 5000 } });
    await expect(googleLibraryToken(file, SCOPE, deps())).rejects.toMatchObject({
      name: "CredentialError",
    });
    expect(sent).toEqual([]);
    vi.stubEnv("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1");
    expect(await googleLibraryToken(file, SCOPE, deps())).toMatchObject({ value: "federated" });
    await rm(folder, { recursive: true });
  });

  it("knows no other types", async () => {
    const file = { type: "gdch_service_account" };
    await expect(googleLibraryToken(file, SCOPE, deps())).rejects.toThrow(/gives no credentials$/);
  });

  it("is what the runtimes on Node give to whoever needs Google's tokens", async () => {
    const { source } = bench();
    const open = withLibraries((file: object, more: Libraries) => source(file, {}, more));
    const unknown = open({ type: "authorized_user" }, {});
    await expect(unknown()).rejects.toThrow(/^google-auth-library gives no credentials/);
  });
});

/** The same simulated Google believes both: what it checks is no mere mirror of our own reading. */
describe("Google's library, beside our own code", () => {
  const transporterOptions = {
    fetchImplementation: (...[url, init]: Parameters<typeof globalThis.fetch>) =>
      fetch(new Request(url).url, init ?? {}),
  };

  /** Its token exchange heeds no option. */
  function throughFake<C extends AwsClient | IdentityPoolClient>(client: C): C {
    Object.assign(Reflect.get(client, "stsCredential"), { transporter: client.transporter });
    return client;
  }

  it("has a service account's key believed", async () => {
    const file = await serviceAccount(tokens);
    const options = { email: file.client_email, key: file.private_key, scopes: [SCOPE] };
    const client = new JWT({ ...options, transporterOptions });
    expect((await client.getAccessToken()).token).toBe(`account ${SCOPE}`);
  });

  it("has a request signed for AWS believed", async () => {
    tokens.aws = AWS;
    for (const [name, value] of Object.entries(ON_AWS)) vi.stubEnv(name, value);
    const client = new AwsClient({ ...external(AWS_SOURCE, AWS_TYPE), transporterOptions });
    expect((await throughFake(client).getAccessToken()).token).toBe("federated");
  });

  it("has a token in a file believed, and impersonates an account", async () => {
    tokens.believed.add("eyJ");
    const source = { subject_token_supplier: { getSubjectToken: async () => "eyJ" } };
    const { credential_source: _none, ...file } = external({}, IMPERSONATING);
    const client = new IdentityPoolClient({ ...file, ...source, transporterOptions });
    expect((await throughFake(client).getAccessToken()).token).toMatch(/^impersonated svidmint@/);
  });
});
