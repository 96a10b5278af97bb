import { describe, expect, it } from "vitest";
import { isAudience, isSubject } from "../../../src/encoding/claim-text.ts";
import { isIssuerUrl } from "../../../src/encoding/issuer-url.ts";

interface Case {
  readonly name: string;
  readonly input: string | null;
  readonly valid: boolean;
}

const files = import.meta.glob<string>(
  "../../../../shared/vectors/third-party/spiffe/oidc-issuer-sub-aud-cases.json",
  { query: "?raw", import: "default", eager: true },
);
const [text] = Object.values(files);

function wrong(cases: readonly Case[], judge: (input: string) => boolean): string[] {
  // One input is given as code only: two hundred NULs.
  return cases
    .filter(({ input, valid }) => judge(input ?? "\u0000".repeat(200)) !== valid)
    .map(({ name }) => name);
}

describe.skipIf(text === undefined)("the public cases of issuer, subject and audience", () => {
  const { tests }: { readonly tests: Readonly<Record<string, readonly Case[]>> } = JSON.parse(
    text ?? '{"tests":{}}',
  );
  const issuers = tests["TestIsValidIssuer"] ?? [];
  const subjects = tests["TestIsValidSubject"] ?? [];
  const audiences = tests["TestIsValidAudience"] ?? [];

  it("are judged as they say, 83 of 83", () => {
    expect(issuers.length + subjects.length + audiences.length).toBe(83);
    expect(wrong(issuers, (input) => isIssuerUrl(input, { loopbackHttp: true }))).toEqual([]);
    const others = { loopbackHttp: true, colons: true };
    expect(wrong(issuers, (input) => isIssuerUrl(input, others))).toEqual([]);
    expect(wrong(subjects, isSubject)).toEqual([]);
    expect(wrong(audiences, isAudience)).toEqual([]);
  });

  it("differ by the three http issuers on this machine where those are not allowed", () => {
    expect(wrong(issuers, (input) => isIssuerUrl(input))).toEqual([
      "valid localhost HTTP (testing)",
      "valid 127.0.0.1 HTTP (testing)",
      "valid IPv6 localhost HTTP (testing)",
    ]);
  });
});

describe("isIssuerUrl", () => {
  it.each([
    "https://accounts.google.com",
    "https://token.actions.githubusercontent.com",
    "https://sts.windows.net/3e35d5b3-cbf5-4c36-aa6c-5d1b0ac4d3c1/",
    "https://oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
    "https://container.googleapis.com/v1/projects/p/locations/l/clusters/c",
    "https://kubernetes.default.svc.cluster.local",
    "https://localhost:8443",
  ])("takes %s", (issuer) => {
    expect(isIssuerUrl(issuer)).toBe(true);
  });

  it.each([
    "https://example.com:0",
    "https://example.com:65536",
    "https://example.com:",
    "https://example.com:443:443",
    "https://example.com:+443",
    "https://.example.com",
    "https://example..com",
    "https://example.com.",
    "https://-example.com",
    "https://example-.com",
    `https://${"a".repeat(64)}.com`,
    "https://[::2]",
    "https://exa_mple.com",
    "https://example.com\\path",
    "https://example.com/a;b",
    "https://example.com/:a",
    "https://example.com/a:",
    "https://example.com/a::b",
    "https://example.com/a:b:c",
    "https://example.com/a:443",
    "https://example.com/a:.",
    "https://example.com/..:a",
    "https://example.com/a:%62",
    "https://example.com/https://a",
    "https://example.com/a@b:c",
    "https://example.com/a b",
    "https://example.com/a\n",
    "https://example.com/..",
    "https:///path",
    "https:/example.com",
    "https:example.com",
    "HTTPS://example.com",
    " https://example.com",
    "http://example.com",
    "http://localhost.example.com",
    "http://localhost@example.com",
    "http://127.0.0.1.example.com",
    "http://127.1",
    "http://0.0.0.0",
  ])("refuses %s, on this machine too", (issuer) => {
    expect(isIssuerUrl(issuer)).toBe(false);
    expect(isIssuerUrl(issuer, { loopbackHttp: true })).toBe(false);
    expect(isIssuerUrl(issuer, { colons: true })).toBe(false);
  });

  it("takes 255 characters and not one more, in segments of 150 and not one more", () => {
    const long = (path: string) => `https://example.com/${path}`;
    const segments = `${"a".repeat(150)}/${"b".repeat(84)}`;
    expect(isIssuerUrl(long(segments))).toBe(true);
    expect(isIssuerUrl(long(`${segments}b`))).toBe(false);
    expect(isIssuerUrl(long("a".repeat(151)))).toBe(false);
  });

  it.each(["ftps://localhost", "HTTP://localhost", "http+//localhost", "aaaaaaalocalhost"])(
    "takes no other scheme to this machine: %s",
    (issuer) => {
      expect(isIssuerUrl(issuer, { loopbackHttp: true })).toBe(false);
    },
  );

  it("takes one colon within a path of another's only where that is asked for", () => {
    const gke = "https://container.googleapis.com/v1/projects/example.com:p/locations/l/clusters/c";
    expect(isIssuerUrl(gke, { colons: true })).toBe(true);
    expect(isIssuerUrl(gke)).toBe(false);
    expect(isIssuerUrl("https://example.com/a", { colons: true })).toBe(true);
  });
});

describe("isSubject", () => {
  it.each(["a\u00a0b", "a\u2028b", "a`b", "a\\b", "a\u0085b", "a\u007fb"])(
    "refuses %j",
    (subject) => {
      expect(isSubject(subject)).toBe(false);
    },
  );
});

describe("isSubject of single characters", () => {
  it("refuses what logs, shells, queries and pages interpret, and takes their neighbours", () => {
    const refused = Array.from("\"'`<>[]{};\\ \u0000\u001f\u007f\u0080\u00a0\u2028\u2029");
    expect(refused.filter((character) => isSubject(`a${character}b`))).toEqual([]);
    const taken = Array.from("!#$%&()*+,-./:=?@^_|~\u00a1\u2027\u202a");
    expect(taken.filter((character) => !isSubject(`a${character}b`))).toEqual([]);
  });
});

describe("isAudience", () => {
  it.each([
    "https://id.example.org/jkt/abc",
    "api://6f0c/svidmint",
    "//iam.googleapis.com/projects/1",
  ])("takes %s", (audience) => {
    expect(isAudience(audience)).toBe(true);
  });

  it.each(["a?b", "a#b", "a%20b", "a,b", "é", "*", "a".repeat(1001)])("refuses %s", (audience) => {
    expect(isAudience(audience)).toBe(false);
  });
});
