import { describe, expect, it } from "vitest";
import type { Reason } from "../../../../src/reasons.ts";
import { JKT, judge, outcome } from "../../../conformance/attestor.ts";
import { NOW } from "../support.ts";
import { ACCOUNT, attestorWith, identity, judgeAnswer, OTHER, sign, Sink } from "./sts-support.ts";

const ARN = `arn:aws:sts::${ACCOUNT}:assumed-role/payments/payments-api`;
const USER_ID = "AROAQWERTYUIOPASDFGHJ:payments-api";
const RESULT = { Account: ACCOUNT, Arn: ARN, UserId: USER_ID };
const METADATA = { ResponseMetadata: { RequestId: "x" } };

const json =
  (body: unknown, init: ResponseInit = {}) =>
  () =>
    Response.json(body, init);
const text =
  (body: string, type = "application/json", status = 200) =>
  () =>
    new Response(body, { status, headers: { "content-type": type } });
const wrap = (result: unknown, more = {}) => ({
  GetCallerIdentityResponse: { GetCallerIdentityResult: result, ...METADATA, ...more },
});
const GOOD = JSON.stringify(wrap(RESULT));

/** Never ends, and says how much was taken of it. */
function endless(chunk: number) {
  const seen = { bytes: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      seen.bytes += chunk;
      controller.enqueue(new Uint8Array(chunk).fill(0x20));
    },
    cancel() {
      seen.cancelled = true;
    },
  });
  return {
    seen,
    respond: () => new Response(body, { headers: { "content-type": "application/json" } }),
  };
}

describe("an answer that is none", () => {
  it.each<[string, () => Response]>([
    ["a redirect", () => Response.redirect("https://sts.evil.example/", 302)],
    [
      "a redirect to the same host",
      () => Response.redirect("https://sts.eu-central-1.amazonaws.com/x", 307),
    ],
    ["a redirect with an answer in it", text(GOOD, "application/json", 301)],
    ["another success", text(GOOD, "application/json", 201)],
    ["a fault", text(GOOD, "application/json", 500)],
    ["too many requests", text(GOOD, "application/json", 429)],
    ["nothing there", text(GOOD, "application/json", 404)],
    ["XML by its type", text(GOOD, "text/xml")],
    ["HTML by its type", text(GOOD, "text/html; charset=application/json")],
    ["a type that only begins so", text(GOOD, "application/jsonx")],
    ["XML", text("<GetCallerIdentityResponse/>")],
    ["nothing", text("")],
    ["null", text("null")],
    ["a list", json([wrap(RESULT)])],
    ["two documents", text(GOOD + GOOD)],
    ["a byte order mark", text(`\ufeff${GOOD}`)],
    ["something after it", text(`${GOOD}<!---->`)],
    ["two results", json(wrap([RESULT, RESULT]))],
    ["a second result beside it", json(wrap(RESULT, { getCallerIdentityResult: RESULT }))],
    ["a second response beside it", json({ ...wrap(RESULT), Other: wrap(RESULT) })],
    ["a response in lower case", json({ getCallerIdentityResponse: wrap(RESULT) })],
    [
      "a name twice",
      text(
        GOOD.replace('"Arn"', '"Account":"1","Arn"').replace('"Account":"1",', `"Arn":"${ARN}",`),
      ),
    ],
    ["a name twice, once escaped", text(GOOD.replace('"Arn"', `"A\\u0072n":"${ARN}","Arn"`))],
    ["a prototype", text(GOOD.replace("{", '{"__proto__":{},'))],
    [
      "a prototype in place of a result",
      text(
        `{"GetCallerIdentityResponse":{"__proto__":${JSON.stringify({ GetCallerIdentityResult: RESULT })}, "ResponseMetadata":{}}}`,
      ),
    ],
    ["a member more", json(wrap({ ...RESULT, Roles: [] }))],
    ["a member less", json(wrap({ Account: ACCOUNT, Arn: ARN }))],
    ["a number for the account", text(GOOD.replace(`"${ACCOUNT}"`, ACCOUNT))],
    ["a list for the ARN", json(wrap({ ...RESULT, Arn: [ARN] }))],
    ["null for the id", json(wrap({ ...RESULT, UserId: null }))],
    ["64 KiB and one", text(GOOD.padEnd(64 * 1024 + 1))],
    ["deep nesting", text("[".repeat(10_000))],
    [
      "bytes that are no text",
      () =>
        new Response(Uint8Array.of(0xff, 0xfe), {
          headers: { "content-type": "application/json" },
        }),
    ],
  ])("%s", async (_, respond) => {
    expect(await judgeAnswer(respond)).toBe("sts_unavailable");
  });

  it("unpacks to no end, and is left off soon (a gzip bomb)", async () => {
    const { seen, respond } = endless(16 * 1024);
    expect(await judgeAnswer(respond)).toBe("sts_unavailable");
    expect(seen.cancelled).toBe(true);
    expect(seen.bytes).toBeLessThan(256 * 1024);
  });

  it("is no answer at all", async () => {
    expect(await judgeAnswer(() => Promise.reject(new TypeError("fetch failed")))).toBe(
      "sts_unavailable",
    );
  });
});

describe("an answer", () => {
  it.each([
    ["as it is", text(GOOD)],
    ["of 64 KiB", text(GOOD.padEnd(64 * 1024))],
    ["with a charset", text(GOOD, "application/json;charset=utf-8")],
  ])("%s is taken", async (_, respond) => {
    expect(await judgeAnswer(respond)).toBe("accepted");
  });

  it.each<[string, number, unknown, Reason]>([
    [
      "SignatureDoesNotMatch",
      403,
      { Error: { Code: "SignatureDoesNotMatch" } },
      "signature_invalid",
    ],
    ["ExpiredToken", 403, { Error: { Code: "ExpiredToken" } }, "signature_invalid"],
    [
      "RegionDisabledException",
      403,
      { Error: { Code: "RegionDisabledException" } },
      "signature_invalid",
    ],
    ["IncompleteSignature", 400, { Error: { Code: "IncompleteSignature" } }, "signature_invalid"],
    ["Throttling", 400, { Error: { Code: "Throttling" } }, "sts_unavailable"],
    ["ThrottlingException", 403, { Error: { Code: "ThrottlingException" } }, "sts_unavailable"],
    ["whatever", 403, "<html>", "signature_invalid"],
    ["an identity", 403, wrap(RESULT), "signature_invalid"],
  ])("that refuses with %s", async (_, status, body, reason) => {
    expect(await judgeAnswer(json(body, { status }))).toBe(reason);
  });
});

describe("the code of a refusal", () => {
  const detailOf = async (Code: unknown) => {
    const sink = new Sink();
    sink.respond = json({ Error: { Code } }, { status: 403 });
    const result = await judge(await attestorWith(sink), await sign(), NOW, JKT);
    return result.ok ? undefined : result.error;
  };
  it("is told to the operator where it is a word", async () => {
    const detail = "InvalidClientTokenId";
    expect(await detailOf(detail)).toMatchObject({ reason: "signature_invalid", detail });
  });
  it.each(["", "a b", "a\nb", "\u001b[2J", "Code1", "x".repeat(65), 403, ["Code"], null])(
    "is no other text: %j",
    async (code) => {
      expect(await detailOf(code)).toMatchObject({
        reason: "signature_invalid",
        detail: "status 403",
      });
    },
  );
});

describe("who signed", () => {
  const role = (name: string, session = "s-1") =>
    [`arn:aws:sts::${ACCOUNT}:assumed-role/${name}/${session}`, `AROAX:${session}`] as const;
  it.each<[string, string, Reason | "accepted"]>([
    [...role("Role"), "accepted"],
    [...role("r+=,.@-_", "i-0123456789abcdef0@x,y"), "accepted"],
    [`arn:aws:iam::${ACCOUNT}:root`, ACCOUNT, "not_a_workload"],
    [`arn:aws:iam::${ACCOUNT}:user/path/bob`, "AIDAX", "not_a_workload"],
    [`arn:aws:sts::${ACCOUNT}:federated-user/bob`, `${ACCOUNT}:bob`, "not_a_workload"],
    [...role("AWSReservedSSO_Admin_0123456789abcdef", "alice@example.com"), "not_a_workload"],
    [...role("AWSReservedSSO_"), "not_a_workload"],
    [...role("Role/a"), "claim_value"],
    [...role("Role", "a/b"), "claim_value"],
    [...role(""), "claim_value"],
    [...role("Role", ""), "claim_value"],
    [...role("R".repeat(65)), "claim_value"],
    [...role("Role\n"), "claim_value"],
    [...role("Role", "s\u0000"), "claim_value"],
    [...role("R*le"), "claim_value"],
    [`arn:aws:sts::${ACCOUNT}:assumed-role/Role`, "AROAX:Role", "claim_value"],
    [`arn:aws:iam::${ACCOUNT}:assumed-role/Role/s-1`, "AROAX:s-1", "claim_value"],
    [`arn:aws:iam::${ACCOUNT}:role/Role`, "AROAX:s-1", "claim_value"],
    [`arn:aws:sts:eu-central-1:${ACCOUNT}:assumed-role/Role/s-1`, "AROAX:s-1", "claim_value"],
    [`arn:aws:sts::${OTHER}:assumed-role/Role/s-1`, "AROAX:s-1", "claim_value"],
    [`arn:aws:ec2::${ACCOUNT}:instance/i-1`, "AROAX:s-1", "claim_value"],
    [role("Role")[0], "AROAX:s-2", "claim_value"],
    [role("Role")[0], "AROAX", "claim_value"],
    [role("Role")[0], "AROAX:s-1:s-1", "claim_value"],
    [role("Role")[0], "AIDAX:s-1", "claim_value"],
    [role("Role")[0], "xAROAX:s-1", "claim_value"],
    [role("Role")[0], "AROAX-x:s-1", "claim_value"],
    [role("Role")[0], "s-1", "claim_value"],
  ])("%s, %s: %s", async (arn, userId, expected) => {
    expect(await judgeAnswer(() => identity(ACCOUNT, arn, userId))).toBe(expected);
  });

  it("is of a configured account, or refused", async () => {
    const arn = `arn:aws:sts::${OTHER}:assumed-role/payments/s-1`;
    expect(await judgeAnswer(() => identity(OTHER, arn, "AROAX:s-1"))).toBe(
      "tenant_not_configured",
    );
  });
});

const files = import.meta.glob<string>("../../../../../shared/vectors/aws-sts/attack-cases.json", {
  query: "?raw",
  import: "default",
  eager: true,
});
const [file] = Object.values(files);

interface Cases {
  readonly responses: readonly {
    name: string;
    status?: number;
    ct?: string;
    body?: string;
    accept: boolean;
  }[];
  readonly arn: readonly { in: string; role?: string; session?: string; account?: string }[];
}

describe.runIf(file !== undefined)("the collected attacks", () => {
  const cases: Cases = JSON.parse(file ?? '{"responses":[],"arn":[]}');
  const own = "123456789012";
  /** Where a case only says what is meant. */
  const bodies: Readonly<Record<string, string>> = {
    "302 redirect": GOOD,
    "duplicate JSON keys": GOOD.replace('"Arn"', `"Arn":"${ARN}","Arn"`),
    "body > 64 KiB": GOOD.padEnd(64 * 1024 + 1),
    "prototype keys (__proto__)": GOOD.replace('"Arn"', '"__proto__":{},"Arn"'),
  };
  const by = async (respond: Sink["respond"]) => {
    const sink = new Sink();
    sink.respond = respond;
    return judge(await attestorWith(sink, { accounts: [own] }), await sign(), NOW, JKT);
  };

  it.each(cases.responses)(
    "answer: $name",
    async ({ name, status = 200, ct = "application/json", body, accept }) => {
      const content = (body ?? bodies[name] ?? "").replaceAll(ACCOUNT, own);
      expect(content).not.toBe("");
      const result = await by(text(content, ct, status));
      expect(outcome(result) === "accepted").toBe(accept);
    },
  );

  it.each(cases.arn)("ARN: $in", async ({ in: arn, role, session, account }) => {
    const last = arn.split("/").at(-1) ?? "";
    const result = await by(() => identity(own, arn, `AROAX:${last}`));
    const { role_name, session_name, account: of } = result.ok ? result.value.claims : {};
    expect([role_name, session_name, of]).toEqual([role, session, role && account]);
  });
});
