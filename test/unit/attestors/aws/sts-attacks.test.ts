import { describe, expect, it } from "vitest";
import { JKT, judge, outcome } from "../../../conformance/attestor.ts";
import { ISSUER, NOW } from "../support.ts";
import { attestorWith, BOUND, PRINCIPAL, sign, Sink } from "./sts-support.ts";

/** Requests against peers that let clients send whole requests, most of which cannot even be said here. */
const [file] = Object.values(
  import.meta.glob<string>("../../../../../shared/vectors/aws-sts/attack-cases.json", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
);

interface Cases {
  readonly hosts: readonly { host: string; accept: boolean | string }[];
  readonly requests: readonly { name: string; url?: string }[];
}
const cases: Cases = JSON.parse(file ?? '{"hosts":[],"requests":[]}');

const GOOD = await sign();
const { signature, session_token: token, amz_date: date } = GOOD;
const but = (changed: object) => ({ ...GOOD, ...changed });

/** What was asked of whom, by an attestor that meets all of these, one after the other. */
async function tryAll(attempts: readonly object[], settings = {}) {
  const sink = new Sink();
  const attestor = await attestorWith(sink, settings);
  const outcomes: string[] = [];
  for (const attempt of attempts) outcomes.push(outcome(await judge(attestor, attempt, NOW, JKT))); // oxlint-disable-line no-await-in-loop -- in order
  return {
    outcomes,
    requests: sink.requests,
    hosts: sink.requests.map(({ url }) => new URL(url).host),
  };
}

describe.runIf(file !== undefined)("hosts", () => {
  it.each(cases.hosts)("$host", async ({ host, accept }) => {
    const [, , region = ""] = /^sts(-fips)?\.([^.]+)\.(?:amazonaws\.|api\.)/.exec(host) ?? [];
    const attempts = [host, region, host.replace(/^sts\./, "")].map((one) => but({ region: one }));
    const plain = await tryAll(attempts);
    const fips = await tryAll(attempts, { fips: true });
    const wanted = accept !== false && !/global|dualstack/.test(String(accept));
    expect(plain.hosts.includes(host)).toBe(wanted && !host.includes("fips"));
    expect(fips.hosts.includes(host)).toBe(wanted && /fips|us-gov/.test(host));
    expect([...plain.hosts, ...fips.hosts].filter((one) => !KNOWN.test(one))).toEqual([]);
  });
});

const KNOWN = /^sts(?:-fips)?\.[a-z0-9-]+\.(?:amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu)$/;

/** Each as far as a client can come with it: all are refused before anybody is asked, or else by STS. */
const ATTEMPTS: Readonly<Record<string, readonly object[]>> = {
  "challenge header not in SignedHeaders": [
    but({ signature: `${signature}, SignedHeaders=host;x-amz-date` }),
    but({
      access_key_id: `${PRINCIPAL.accessKeyId}/20270115/eu-central-1/sts/aws4_request, SignedHeaders=host, Signature=${signature}, X=`,
    }),
  ],
  "challenge header present twice (one signed)": [
    but({ session_token: `${token}\r\nx-svidmint-binding: ${BOUND}` }),
  ],
  "SignedHeaders contains x-audience-foo but not x-audience (prefix)": [
    but({ signed_headers: ["x-svidmint-binding-foo"] }),
  ],
  "Authorization header present twice": [but({ amz_date: `${date}\r\nauthorization: x` })],
  "X-Amz-Expires=9999999": [
    but({ expires: "9999999" }),
    but({ amz_date: `${date}&X-Amz-Expires=9999999` }),
  ],
  "X-Amz-Expires=-1": [but({ expires: -1 })],
  "X-Amz-Date missing": [but({ amz_date: undefined }), but({ amz_date: "" })],
  "X-Amz-Date 16 min old": [await sign({ now: NOW - 960 })],
  "X-Amz-Date 10 min in future": [await sign({ now: NOW + 600 })],
  "credential scope service != sts": [but({ region: "eu-central-1/iam" }), but({ service: "iam" })],
  "credential scope region != host region": [
    but({ region: "eu-west-1" }),
    but({ host: "sts.eu-west-1.amazonaws.com" }),
  ],
  "body Action=GetCallerIdentity&Version=2011-06-15&Foo=1": [
    but({ body: "Action=GetCallerIdentity&Version=2011-06-15&Foo=1" }),
  ],
  "body with %41ction": [but({ body: "%41ction=GetCallerIdentity" })],
  "POST with Transfer-Encoding: chunked smuggled second request": [
    but({
      session_token: `${token}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nPOST / HTTP/1.1`,
    }),
  ],
  "Host header differs from URL host": [
    but({ host: "sts.evil.example" }),
    but({ headers: { host: "x" } }),
  ],
  "Content-Length mismatch": [but({ session_token: `${token}\nContent-Length: 0` })],
  "header value with CR/LF": [
    "\r",
    "\n",
    "\r\n",
    "\r\n ",
    "\u2028",
    "\u0085",
    "%0d%0a",
    "\u560d\u560a",
  ].flatMap((end) => [
    but({ session_token: token + end }),
    but({ session_token: `${token}${end}x: y` }),
    but({ access_key_id: PRINCIPAL.accessKeyId + end }),
    but({ signature: signature + end }),
    but({ amz_date: date + end }),
    but({ region: `eu-central-1${end}` }),
  ]),
  "presigned URL > 4096 bytes": [
    but({ url: "https://sts.eu-central-1.amazonaws.com/?".padEnd(5000, "a") }),
    but({ session_token: "a".repeat(8193) }),
  ],
};

describe.runIf(file !== undefined)("requests", () => {
  it.each(cases.requests)("$name", async ({ name, url }) => {
    const attempts =
      url === undefined
        ? ATTEMPTS[name]
        : [
            but({ url }),
            but({ region: url }),
            but({ session_token: url }),
            { type: "aws_sts", url },
          ];
    expect(attempts).toBeDefined();
    const { outcomes, hosts } = await tryAll(attempts ?? []);
    expect(outcomes).not.toContain("accepted");
    // One of them is a good request to the wrong region: STS must refuse it, and does.
    expect(hosts).toEqual(name.includes("scope region") ? ["sts.eu-west-1.amazonaws.com"] : []);
  });
});

/** The same numbers in each run. */
function numbers(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PARTS = ["region", "access_key_id", "session_token", "amz_date", "signature"] as const;
const INSERTED = [
  "\r\n",
  "\n",
  "\u0000",
  " ",
  "\t",
  "/",
  "@",
  "#",
  "?",
  ":",
  ",",
  ";",
  "=",
  "%0a",
  "..",
  "\\",
  '"',
  "\u00e9",
  "\u0131",
  "\ud800",
  "A",
  "a",
  "0",
  "-",
  "_",
  "+",
  "*",
  "amazonaws.com",
  "evil.example",
  "us-east-1",
  "SignedHeaders=host",
  "x-svidmint-binding",
];
const WHOLE = [
  "",
  " ",
  "eu-west-1",
  "us-gov-west-1",
  "cn-north-1",
  "xx-none-1",
  "global",
  "__proto__",
  "constructor",
  "localhost",
  "127.0.0.1",
  "ASIAAAAAAAAAAAAAAAAA",
  "AKIAAAAAAAAAAAAAAAAA",
  "a".repeat(64),
  "0".repeat(64),
  "20270115T080001Z",
  "20270115T240000Z",
  "20270229T000000Z",
  "99991231T235959Z",
  "IQoJb3JpZ2luX2VjEJr=",
  "A".repeat(9000),
];

function mutate(pick: (below: number) => number): Record<string, unknown> {
  const evidence: Record<string, unknown> = { ...GOOD };
  for (let times = pick(3); times >= 0; times--) {
    const part = PARTS[pick(PARTS.length)]!;
    const text = String(evidence[part]);
    const at = pick(text.length + 1);
    const inserted = INSERTED[pick(INSERTED.length)]!;
    const choices = [
      text.slice(0, at) + inserted + text.slice(at),
      text.slice(0, at) + inserted.slice(0, 1) + text.slice(at + 1),
      text.slice(0, at) +
        String.fromCharCode((text.charCodeAt(at) || 65) ^ (1 << pick(7))) +
        text.slice(at + 1),
      text.slice(0, at) + text.slice(at + 1),
      text.slice(0, at) + pick(10) + text.slice(at + 1),
      WHOLE[pick(WHOLE.length)]!,
      String(evidence[PARTS[pick(PARTS.length)]!]),
    ];
    evidence[part] = choices[pick(choices.length)];
  }
  if (pick(20) === 0) evidence[["url", "host", "headers", "body", "method"][pick(5)]!] = "x";
  if (pick(40) === 0) evidence[PARTS[pick(PARTS.length)]!] = [null, 1, [], {}, undefined][pick(5)];
  return evidence;
}

/** Nothing but the one request, to one of AWS's own hosts. */
async function wellFormed(request: Request): Promise<boolean> {
  const { protocol, host, pathname, search, username, hash, port } = new URL(request.url);
  const {
    authorization = "",
    "x-amz-date": at = "",
    "x-amz-security-token": session = "",
    ...fixed
  } = Object.fromEntries(request.headers);
  const region = /^sts\.([a-z0-9-]+)\./.exec(host)?.[1] ?? "";
  return (
    protocol === "https:" &&
    KNOWN.test(host) &&
    pathname === "/" &&
    search + username + hash + port === "" &&
    request.method === "POST" &&
    request.redirect === "manual" &&
    new TextDecoder().decode(await request.arrayBuffer()) ===
      "Action=GetCallerIdentity&Version=2011-06-15" &&
    JSON.stringify(Object.entries(fixed).toSorted()) === JSON.stringify(FIXED) &&
    /^\d{8}T\d{6}Z$/.test(at) &&
    /^[A-Za-z0-9+/_=-]{16,8192}$/.test(session) &&
    new RegExp(
      `^AWS4-HMAC-SHA256 Credential=ASIA[A-Z0-9]{12,124}/${at.slice(0, 8)}/${region}/sts/aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-svidmint-binding, Signature=[0-9a-f]{64}$`,
    ).test(authorization)
  );
}
const FIXED = [
  ["accept", "application/json"],
  ["content-type", "application/x-www-form-urlencoded"],
  ["x-amz-content-sha256", "ab821ae955788b0e33ebd34c208442ccfc2d406e2edc5e7a39bd6458fbb4f843"],
  ["x-svidmint-binding", BOUND],
];

describe("10 000 mutated requests", () => {
  it("reach nobody, or STS as the one request that it may be asked", async () => {
    expect(BOUND.startsWith(ISSUER)).toBe(true);
    const pick = numbers(20_270_115);
    const sent: Request[] = [];
    const fooled: unknown[] = [];
    for (let batch = 0; batch < 100; batch++) {
      const attempts = Array.from({ length: 100 }, () => mutate(pick));
      const { outcomes, requests } = await tryAll(attempts); // oxlint-disable-line no-await-in-loop -- each with calls to spare
      sent.push(...requests);
      const same = (one: Record<string, unknown>) =>
        PARTS.every((part) => one[part] === GOOD[part]);
      fooled.push(...attempts.filter((one, index) => outcomes[index] === "accepted" && !same(one)));
      expect(outcomes).not.toContain("sts_unavailable");
    }
    expect(fooled).toEqual([]);
    expect(sent.length).toBeGreaterThan(1000);
    const verdicts = await Promise.all(sent.map(wellFormed));
    expect(verdicts.every(Boolean)).toBe(true);
  });
});
