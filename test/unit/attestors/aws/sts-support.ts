import { awsSts } from "../../../../src/attestors/aws/sts.ts";
import { signCallerIdentity, type StsEvidence } from "../../../../src/client/aws-sts.ts";
import { webCryptoPlatform } from "../../../../src/platform/webcrypto.ts";
import type { Reason } from "../../../../src/reasons.ts";
import { JKT, judge, outcome } from "../../../conformance/attestor.ts";
import { simulateSts } from "../../../fakes/aws-web-identity.ts";
import { buildClean, ISSUER, NOW } from "../support.ts";

export const ACCOUNT = "111122223333";
export const OTHER = "999999999999";
const REGION = "eu-central-1";
export const BOUND = `${ISSUER}/jkt/${JKT}`;

export const PRINCIPAL = {
  accessKeyId: "ASIAQWERTYUIOPASDFGH",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  sessionToken: "IQoJb3JpZ2luX2VjEJr//////////wEaCmV1LWNlbnRyYWwtMSJHMEUCIQD==",
  role: "payments",
  session: "payments-api",
  roleId: "AROAQWERTYUIOPASDFGHJ",
};
/** Of another account. */
export const STRANGER = {
  ...PRINCIPAL,
  accessKeyId: "ASIASTRANGERSTRANGER",
  sessionToken: "c3RyYW5nZXJzIHRva2Vu",
};
const simulated = { region: REGION, now: () => NOW };
const [ours, theirs] = await Promise.all([
  simulateSts({ ...simulated, account: ACCOUNT, principals: [PRINCIPAL] }),
  simulateSts({ ...simulated, account: OTHER, principals: [STRANGER] }),
]);

/** STS, which alone knows whose an access key is. */
async function sts(request: Request): Promise<Response> {
  const stranger = request.headers.get("authorization")?.includes(STRANGER.accessKeyId);
  return (stranger === true ? theirs : ours).fetch(request);
}

/** As a workload makes it, for S of `JKT` unless told. */
export function sign(
  { binding = BOUND, region = REGION, now = NOW, fips = false } = {},
  credentials: object = {},
): Promise<StsEvidence> {
  const platform = webCryptoPlatform({ now: () => now });
  return signCallerIdentity(platform, { binding, region, fips }, { ...PRINCIPAL, ...credentials });
}

/** What an issuer sent, and what it was answered. */
export class Sink {
  readonly requests: Request[] = [];
  respond: (request: Request) => Response | Promise<Response> = sts;

  readonly platform = webCryptoPlatform({
    fetch: async (url, init) => {
      const request = new Request(url, init);
      this.requests.push(request.clone());
      return this.respond(request);
    },
  });
}

export async function attestorWith(sink: Sink, settings: object = {}) {
  return buildClean(awsSts, { accounts: [ACCOUNT], ...settings }, { platform: sink.platform });
}

/** By an attestor of its own, with this answer from STS in place of the true one. */
export async function judgeAnswer(respond: Sink["respond"]): Promise<Reason | "accepted"> {
  const sink = new Sink();
  sink.respond = respond;
  return outcome(await judge(await attestorWith(sink), await sign(), NOW, JKT));
}

/** As STS answers who asks for JSON. */
export function identity(account: string, arn: string, userId: string): Response {
  return Response.json({
    GetCallerIdentityResponse: {
      GetCallerIdentityResult: { Account: account, Arn: arn, UserId: userId },
      ResponseMetadata: { RequestId: "01234567-89ab-cdef-0123-456789abcdef" },
    },
  });
}
