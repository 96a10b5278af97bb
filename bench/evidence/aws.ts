import { awsIid } from "../../src/attestors/aws/iid.ts";
import { awsNitro } from "../../src/attestors/aws/nitro.ts";
import { awsSts } from "../../src/attestors/aws/sts.ts";
import { awsWebIdentity } from "../../src/attestors/aws/web-identity.ts";
import { JKT } from "../../test/conformance/attestor.ts";
import { simulateRegion } from "../../test/fakes/aws-metadata.ts";
import { dataUrl } from "../../test/fakes/token-issuer.ts";
import { ACCOUNT, LAUNCH } from "../../test/unit/attestors/aws/iid-support.ts";
import {
  nitro,
  NONCE,
  settings as nitroSettings,
} from "../../test/unit/attestors/aws/nitro-support.ts";
import * as sts from "../../test/unit/attestors/aws/sts-support.ts";
import * as web from "../../test/unit/attestors/aws/web-identity-support.ts";
import { NOW } from "../../test/unit/attestors/support.ts";
import { BOUND, onNode, piecesOf, type Subject, tokenSubject } from "./subject.ts";

export async function awsSubjects(): Promise<readonly Subject[]> {
  const claims = web.claimsOf(web.INSTANCE, { aud: BOUND });
  return [
    await instanceDocuments(),
    await callerIdentities(),
    await tokenSubject(awsWebIdentity, web.settings, { key: web.ec, claims, form: "ES384" }),
    await tokenSubject(awsWebIdentity, web.settings, { key: web.rsa, claims, form: "RS256" }),
    await enclaves(),
  ];
}

async function instanceDocuments(): Promise<Subject> {
  const region = await simulateRegion("xx-west-1");
  const regions = { "xx-west-1": { partition: "aws", rsa2048: dataUrl(region.rsa2048) } };
  return {
    type: awsIid.type,
    attestor: await onNode(awsIid, { accounts: [ACCOUNT], regions }),
    pieces: await piecesOf(async (n) => {
      const instanceId = `i-${n.toString(16).padStart(17, "0")}`;
      const { rsa2048 } = await region.launch({ ...LAUNCH, instanceId });
      return { type: awsIid.type, rsa2048 };
    }),
  };
}

/** STS answers within this process, and always that the signature is good: what it computes is not ours. */
async function callerIdentities(): Promise<Subject> {
  const { role, session, roleId } = sts.PRINCIPAL;
  const arn = `arn:aws:sts::${sts.ACCOUNT}:assumed-role/${role}/${session}`;
  const fetch = async (): Promise<Response> =>
    sts.identity(sts.ACCOUNT, arn, `${roleId}:${session}`);
  return {
    type: awsSts.type,
    attestor: await onNode(awsSts, { accounts: [sts.ACCOUNT] }, { fetch }),
    // A second for each, or the attestor would find that it asks too much.
    pieces: await piecesOf(
      async (n) => sts.sign({}, { accessKeyId: `ASIA${String(n).padStart(16, "0")}` }),
      { now: (n) => NOW + n },
    ),
    jkt: JKT,
  };
}

/** Each a device of its own, with four authorities above it. */
async function enclaves(): Promise<Subject> {
  return {
    type: awsNitro.type,
    attestor: await onNode(awsNitro, nitroSettings),
    pieces: await piecesOf(
      async () => {
        const device = await nitro.device(NOW);
        return {
          type: awsNitro.type,
          document: await device.sign(device.payload({ nonce: NONCE })),
        };
      },
      { count: 40 },
    ),
    jkt: JKT,
  };
}
