import type { Clouds } from "./clouds.ts";
import type { RunningIssuer } from "./server.ts";
import { must, type Transcript } from "./transcript.ts";
import {
  azureEvidence,
  ec2Evidence,
  googleEvidence,
  newWorkload,
  requestSvids,
  type Answer,
  type Workload,
} from "./workload.ts";
import { ORDERS } from "./configuration.ts";

interface Stage {
  readonly issuer: RunningIssuer;
  readonly clouds: Clouds;
  readonly log: Transcript;
}

/** Somebody on the network, who has seen everything that the workloads sent, but none of their private keys. */
export async function attack(stage: Stage, google: Workload, aws: Workload): Promise<void> {
  const { issuer, clouds, log } = stage;
  const attacker = await newWorkload("attacker", issuer.url);

  log.step("Attack: a stolen Google token with the attacker's own key");
  log.say("The token is genuine and fresh. It names the key of the workload that asked for it.");
  const stolen = await googleEvidence(clouds.google.metadata, google.s);
  await refused(
    stage,
    await requestSvids(issuer.url, { evidence: [stolen], x509: { csr: attacker.csr } }),
  );

  log.step("Attack: evidence that was made for somebody else");
  log.say("A genuine Google token for another audience, as any web site can ask of its visitors:");
  const elsewhere = await googleEvidence(clouds.google.metadata, "https://elsewhere.example.org");
  await refused(
    stage,
    await requestSvids(issuer.url, { evidence: [elsewhere], x509: { csr: attacker.csr } }),
  );
  log.say("A genuine Azure token for another audience:");
  const storage = await azureEvidence(clouds.azure.metadata, "https://storage.azure.com/");
  await refused(
    stage,
    await requestSvids(issuer.url, { evidence: [storage], x509: { csr: attacker.csr } }),
  );
  log.say("A genuine EC2 document of an account that is not configured:");
  const stranger = await ec2Evidence(clouds.strangerAws);
  await refused(
    stage,
    await requestSvids(issuer.url, { evidence: [stranger], x509: { csr: attacker.csr } }),
  );

  log.step("Attack: a whole request, replayed with one more wish");
  log.say(
    "Token and CSR as the workload sent them, and a jwt member added: a bearer token would serve the thief.",
  );
  const replayed = await googleEvidence(clouds.google.metadata, google.s);
  await refused(
    stage,
    await requestSvids(issuer.url, {
      evidence: [replayed],
      x509: { csr: google.csr },
      jwt: { audience: [ORDERS] },
    }),
  );
  log.say("The EC2 document of the workload that already owns it, with the attacker's key:");
  const copied = await ec2Evidence(clouds.aws.metadata);
  await refused(
    stage,
    await requestSvids(issuer.url, { evidence: [copied], x509: { csr: attacker.csr } }),
  );
  const again = await requestSvids(issuer.url, { evidence: [copied], x509: { csr: aws.csr } });
  must(again.status === 200, "the owner of a claimed document renews");
  log.proved("the owner renews with the same document all the same");
}

/** The answer says next to nothing; the issuer's own log says why. */
async function refused({ issuer, log }: Stage, { status, problem }: Answer): Promise<void> {
  must(status >= 400 && status < 500 && problem !== undefined, `a refusal, not ${status}`);
  const event = await issuer.event(problem.request_id, "refused");
  must(event !== undefined, "a refusal in the audit log");
  const detail = typeof event["detail"] === "string" ? ` (${event["detail"]})` : "";
  log.refused(
    `the requester sees ${status} ${problem.code}; the audit log says ${String(event["reason"])}${detail}`,
  );
}
