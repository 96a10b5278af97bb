import { describe, expect, it } from "vitest";
import { fromHex, toHex, utf8Encode } from "../../../src/encoding/bytes.ts";
import { hmacSha256 } from "../../../src/platform/hmac.ts";
import {
  amzDate,
  type AwsRequest,
  type Pair,
  signatureInput,
  signAwsRequest,
} from "../../../src/platform/sigv4.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";

/** The suite of the AWS C libraries. Its `query-*` forms are presigned URLs, which are not built here. */
const files = import.meta.glob<string>(
  "../../../../shared/vectors/third-party/aws-sigv4/*/*.{json,txt}",
  { query: "?raw", import: "default", eager: true },
);
const FOLDER = "../../../../shared/vectors/third-party/aws-sigv4/";
const names = Object.keys(files)
  .filter((path) => path.endsWith("/context.json"))
  .map((path) => path.slice(FOLDER.length).split("/")[0] ?? "");

interface Context {
  readonly credentials: {
    readonly access_key_id: string;
    readonly secret_access_key: string;
    readonly token?: string;
  };
  readonly normalize: boolean;
  readonly region: string;
  readonly service: string;
  readonly sign_body: boolean;
  readonly timestamp: string;
  readonly omit_session_token?: boolean;
}

const platform = webCryptoPlatform();

function text(name: string, file: string): string {
  return files[`${FOLDER}${name}/${file}`] ?? "";
}

async function read(name: string) {
  const context: Context = JSON.parse(text(name, "context.json"));
  const [head = "", body = ""] = text(name, "request.txt").split(/\n\n/);
  const [line = "", ...lines] = head.split("\n").filter((one) => one !== "");
  const [, method = "", target = ""] = /^(\S+) (.*) HTTP\/1\.1$/.exec(line) ?? [];
  const headers: (readonly [string, string])[] = [];
  for (const one of lines) {
    const colon = one.indexOf(":");
    const last = headers.at(-1);
    if (/^\s/.test(one) && last) headers[headers.length - 1] = [last[0], `${last[1]}\n${one}`];
    else headers.push([one.slice(0, colon), one.slice(colon + 1)]);
  }
  const [path = "", query = ""] = target.split("?");
  const digest = toHex(await platform.digest("SHA-256", utf8Encode(body)));
  const request: AwsRequest = {
    method,
    host: headers.find(([header]) => header === "Host")?.[1] ?? "",
    path,
    query: query === "" ? [] : query.split("&").map(parameter),
    headers: [
      ...headers.filter(([header]) => header !== "Host"),
      ...(context.sign_body ? ([["x-amz-content-sha256", digest]] as const) : []),
    ],
    body,
  };
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey } = context.credentials;
  const token = context.omit_session_token === true ? undefined : context.credentials.token;
  return {
    request,
    credentials: { accessKeyId, secretAccessKey, ...(token && { sessionToken: token }) },
    scope: {
      region: context.region,
      service: context.service,
      now: Date.parse(context.timestamp) / 1000,
      keepPath: !context.normalize,
    },
  };
}

function parameter(one: string): Pair {
  const equals = one.indexOf("=");
  return [decodeURIComponent(one.slice(0, equals)), decodeURIComponent(one.slice(equals + 1))];
}

describe.skipIf(names.length === 0)("the suite of Signature Version 4", () => {
  it("has 38 cases", () => {
    expect(names).toHaveLength(38);
  });

  it.each(names)("signs %s", async (name) => {
    const { request, credentials, scope } = await read(name);
    const signed = await signAwsRequest(platform, request, credentials, scope);
    const { authorization = "", ...added } = signed.headers;
    const headers = [...(request.headers ?? []), ...Object.entries(added)];
    const input = await signatureInput(
      platform,
      { ...request, headers },
      amzDate(scope.now),
      scope,
    );
    expect(input.canonicalRequest).toBe(text(name, "header-canonical-request.txt").trimEnd());
    expect(input.stringToSign).toBe(text(name, "header-string-to-sign.txt").trimEnd());
    expect(signed.signature).toBe(text(name, "header-signature.txt").trim());
    const sent = text(name, "header-signed-request.txt").split("\n");
    expect(sent).toContain(`Authorization:${authorization}`);
  });
});

describe("HMAC-SHA-256", () => {
  // RFC 4231, cases 1, 2 and 6: a short key, a shorter one, and one longer than a block.
  it.each([
    [
      "0b".repeat(20),
      "Hi There",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ],
    [
      "4a656665",
      "what do ya want for nothing?",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ],
    [
      "aa".repeat(131),
      "Test Using Larger Than Block-Size Key - Hash Key First",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ],
  ])("of key %s", async (key, data, expected) => {
    const mac = await hmacSha256(platform, fromHex(key)!, utf8Encode(data));
    expect(toHex(mac)).toBe(expected);
  });
});

describe("what is signed", () => {
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
  const scope = { region: "eu-central-1", service: "sts", now: 1_440_938_160 };
  const request: AwsRequest = {
    method: "POST",
    host: "sts.eu-central-1.amazonaws.com",
    headers: [["x-one", "1"]],
    body: "a",
  };
  const signature = async (changed: Partial<AwsRequest>, by = {}, within = {}) =>
    (
      await signAwsRequest(
        platform,
        { ...request, ...changed },
        { ...credentials, ...by },
        { ...scope, ...within },
      )
    ).signature;

  it("is every part of the request, the key and the scope", async () => {
    const signatures = await Promise.all([
      signature({}),
      signature({ method: "GET" }),
      signature({ host: "sts.eu-west-1.amazonaws.com" }),
      signature({ path: "/a" }),
      signature({ query: [["a", ""]] }),
      signature({ headers: [["x-one", "2"]] }),
      signature({ headers: [["x-two", "1"]] }),
      signature({ body: "b" }),
      signature({}, { secretAccessKey: "other" }),
      signature({}, { sessionToken: "token" }),
      signature({}, {}, { region: "eu-west-1" }),
      signature({}, {}, { service: "kms" }),
      signature({}, {}, { now: scope.now + 1 }),
    ]);
    expect(new Set(signatures).size).toBe(signatures.length);
  });

  it("is the same for a body in bytes", async () => {
    expect(await signature({ body: utf8Encode("a") })).toBe(await signature({}));
  });
});
