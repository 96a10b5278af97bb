import { describe, expect, it } from "vitest";
import { utf8Decode } from "../../src/encoding/bytes.ts";
import { accepted, JKT, judge, outcome } from "../conformance/attestor.ts";
import {
  ACCOUNT,
  attestorWith,
  identity,
  judgeAnswer,
  OTHER,
  sign,
  Sink,
  STRANGER,
} from "../unit/attestors/aws/sts-support.ts";
import { NOW } from "../unit/attestors/support.ts";

const good = await sign();
const xml = `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::${ACCOUNT}:assumed-role/payments/x</Arn><Account>${ACCOUNT}</Account><UserId>AROAQWERTYUIOPASDFGHJ:x</UserId></GetCallerIdentityResult></GetCallerIdentityResponse>`;

describe("signed requests that peers believed", () => {
  it("CVE-2020-16250 (Vault aws): the requester has no say in what is asked, of whom, and what counts as an answer", async () => {
    const sink = new Sink();
    const attestor = await attestorWith(sink);
    const own = [
      { iam_http_request_method: "POST" },
      { iam_request_url: "aHR0cHM6Ly9ldmlsLmV4YW1wbGUv" },
      { iam_request_body: "QWN0aW9uPUdldFNlc3Npb25Ub2tlbg==" },
      { url: "https://evil.example/" },
      { headers: { Host: "evil.example" } },
      { host: "evil.example" },
      { action: "GetSessionToken" },
    ];
    for (const more of own)
      expect(outcome(await judge(attestor, { ...good, ...more }, NOW, JKT))).toBe("body_schema"); // oxlint-disable-line no-await-in-loop
    expect(sink.requests).toEqual([]);
    expect(outcome(await judge(attestor, good, NOW, JKT))).toBe("accepted");
    const [asked] = sink.requests;
    expect(asked?.url).toBe("https://sts.eu-central-1.amazonaws.com/");
    expect(utf8Decode(new Uint8Array((await asked?.arrayBuffer()) ?? []))).toBe(
      "Action=GetCallerIdentity&Version=2011-06-15",
    );
    // What the attack relied on: an answer in which the victim's words stand somewhere in the attacker's.
    const type = { headers: { "content-type": "text/xml" } };
    const json = { headers: { "content-type": "application/json" } };
    const echoes = [
      () => new Response(xml, type),
      () => new Response(xml, json),
      () => Response.json({ GetSessionTokenResponse: { x: xml } }),
      () => Response.json([identityBody()]),
      () => Response.json({ ...identityBody(), more: identityBody() }),
      () => Response.json({ Error: identityBody() }),
      () => Response.redirect("https://evil.example/", 302),
    ];
    for (const echo of echoes) expect(await judgeAnswer(echo)).toBe("sts_unavailable"); // oxlint-disable-line no-await-in-loop
  });

  it("CVE-2022-2385 (aws-iam-authenticator): nothing can be said twice, in whichever case", async () => {
    const sink = new Sink();
    const attestor = await attestorWith(sink);
    const twice = [
      { ...good, Action: "GetCallerIdentity" },
      { ...good, Region: "eu-central-1" },
      { ...good, REGION: "us-east-1" },
      { ...good, "X-Amz-Date": good.amz_date },
      { ...good, region: "eu-central-1&Action=AssumeRole" },
      { ...good, amz_date: `${good.amz_date}&action=AssumeRole` },
      { ...good, session_token: `${good.session_token}&action=AssumeRole` },
      { ...good, access_key_id: `${good.access_key_id}/x?action=AssumeRole` },
    ];
    for (const evidence of twice)
      expect(outcome(await judge(attestor, evidence, NOW, JKT))).not.toBe("accepted"); // oxlint-disable-line no-await-in-loop
    expect(sink.requests).toEqual([]);
  });

  it("CVE-2025-11621, CVE-2025-59048 (Vault, OpenBao aws): a role of one name in another account is another role", async () => {
    const sink = new Sink();
    const attestor = await attestorWith(sink);
    const theirs = await sign({}, STRANGER);
    // In either order: nothing that was learnt of the one is used for the other.
    for (const [evidence, expected] of [
      [good, "accepted"],
      [theirs, "tenant_not_configured"],
      [good, "accepted"],
      [theirs, "tenant_not_configured"],
    ] as const)
      expect(outcome(await judge(attestor, evidence, NOW, JKT))).toBe(expected); // oxlint-disable-line no-await-in-loop
    const both = await attestorWith(new Sink(), { accounts: [ACCOUNT, OTHER] });
    const [one, other] = [
      accepted(await judge(both, good, NOW, JKT)),
      accepted(await judge(both, theirs, NOW, JKT)),
    ];
    expect([one.claims["account"], other.claims["account"]]).toEqual([ACCOUNT, OTHER]);
    expect(one.claims["role_name"]).toBe(other.claims["role_name"]);
    expect(one.claimKey).not.toBe(other.claimKey);
    const arn = (account: string) => `arn:aws:sts::${account}:assumed-role/payments/x`;
    const mixed = await judgeAnswer(() => identity(ACCOUNT, arn(OTHER), "AROAQWERTYUIOPASDFGHJ:x"));
    expect(mixed).toBe("claim_value");
  });
});

function identityBody(): object {
  return {
    GetCallerIdentityResponse: {
      GetCallerIdentityResult: {
        Account: ACCOUNT,
        Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/payments/x`,
        UserId: "AROAQWERTYUIOPASDFGHJ:x",
      },
    },
  };
}
