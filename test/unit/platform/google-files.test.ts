import { describe, expect, it } from "vitest";
import {
  AWS_SOURCE,
  AWS_TYPE,
  bench,
  external,
  IMPERSONATING,
  SCOPE,
} from "./google-credentials-bench.ts";

const VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS";

describe("a credential file that somebody else wrote", () => {
  const sts = (url: string) => external({ file: "/t" }, { token_url: url });
  const impersonation = (url: string) =>
    external({ file: "/t" }, { service_account_impersonation_url: url });
  const real = IMPERSONATING.service_account_impersonation_url;

  it.each<[string, object]>([
    ["its exchange elsewhere", sts("https://evil.example/v1/token")],
    ["one that begins alike", sts("https://sts.googleapis.com.evil.example/v1/token")],
    ["one behind a user name", sts("https://sts.googleapis.com@evil.example/v1/token")],
    ["one in the clear", sts("http://sts.googleapis.com/v1/token")],
    ["one on this machine", sts("http://127.0.0.1/v1/token")],
    ["one with another port", sts("https://sts.googleapis.com:8443/v1/token")],
    ["another of Google's services", sts("https://storage.googleapis.com/v1/token")],
    ["none", { ...external({ file: "/t" }), token_url: undefined }],
    ["a list", external({ file: "/t" }, { token_url: ["https://sts.googleapis.com/v1/token"] })],
    ["another to impersonate", impersonation("https://evil.example/:generateAccessToken")],
    ["another method", impersonation(real.replace("generateAccessToken", "signJwt"))],
    ["a path in the account", impersonation(real.replace("svidmint@", "../x@"))],
    ["a query", impersonation(`${real}?x=1`)],
    ["another pool", external({ file: "/t" }, { audience: "https://evil.example" })],
    [
      "an audience for people",
      external(
        { file: "/t" },
        { audience: "//iam.googleapis.com/locations/global/workforcePools/p/providers/x" },
      ),
    ],
    ["another kind of token", external({ file: "/t" }, { subject_token_type: "password" })],
    ["two sources", external({ file: "/t", url: "https://ci.example" })],
    ["a source in the clear", external({ url: "http://ci.example/token" })],
    ["a source that is no file", external({ file: 7 })],
    ["headers that are none", external({ url: "https://ci.example", headers: { a: 1 } })],
    [
      "a header with a line of its own",
      external({ url: "https://ci.example", headers: { "a\nb": "c" } }),
    ],
    ["AWS of another version", external({ ...AWS_SOURCE, environment_id: "aws2" }, AWS_TYPE)],
    [
      "a life of a year",
      external(
        { file: "/t" },
        { service_account_impersonation: { token_lifetime_seconds: 31_536_000 } },
      ),
    ],
    ["another universe", external({ file: "/t" }, { universe_domain: "evil.example" })],
  ])("is refused with %s, and nothing is sent", async (_, file) => {
    const { source, files, calls } = bench();
    files["file:/t"] = "hunter2";
    const google = () => expect.fail("not for the library");
    const error = await source(file, {}, { libraries: { google } })().then(
      () => expect.fail(),
      (e: Error) => e,
    );
    expect(error).toMatchObject({ name: "CredentialError", retryable: false });
    expect(error.message).not.toContain("hunter2");
    expect(calls).toEqual([]);
  });

  it.each<[string, object]>([
    ["a user's", { type: "authorized_user", token_uri: "https://evil.example" }],
    [
      "nested",
      {
        type: "x",
        source_credentials: { a: [{ token_url: "https://evil.example" }] },
      },
    ],
    [
      "a program's",
      external({ executable: { command: "x" } }, { token_url: "http://evil.example" }),
    ],
    ["another universe's", { type: "authorized_user", universe_domain: "evil.example" }],
    ["a nested one's", { type: "x", source_credentials: { universe_domain: "evil.example" } }],
  ])("is not given to Google's library with foreign addresses: %s", async (_, file) => {
    const { source } = bench();
    const google = () => expect.fail("not for the library");
    const refused = source(file, {}, { libraries: { google } });
    await expect(refused()).rejects.toThrow(/is not an address of Google's$/);
  });

  it("is not given to Google's library with names that are options there", async () => {
    const { source } = bench();
    const google = () => expect.fail("not for the library");
    const refused = source(
      { type: "authorized_user", universeDomain: "evil" },
      {},
      { libraries: { google } },
    );
    await expect(refused()).rejects.toThrow(/a member that no credential file has$/);
  });

  it("goes to Google's library where our own code does not serve it, and nowhere else", async () => {
    const { source } = bench();
    const file = { type: "authorized_user", refresh_token: "r", client_id: "c" };
    const google = async (given: object, scope: string) => {
      expect([given, scope]).toEqual([file, SCOPE]);
      return { value: "of the library" };
    };
    expect(await source(file, {}, { libraries: { google } })()).toBe("of the library");
    await expect(source(file)()).rejects.toThrow(/on Node alone/);
  });

  it.each([["[]"], ["{"], ['{"type":"a","type":"b"}'], ["\u0000"]])(
    "is none that is no JSON object: %j",
    async (text) => {
      const { source, files, calls } = bench();
      files["file:/f"] = text;
      const none = source(undefined, { [VARIABLE]: "/f" });
      await expect(none()).rejects.toThrow(/neither a file nor an object in JSON/);
      expect(calls).toEqual([]);
    },
  );
});
