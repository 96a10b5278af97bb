import { describe, expect, it } from "vitest";
import { base64 } from "../../fakes/keys.ts";
import { dataUrl, fromBase64url, utf8 } from "../../fakes/token-issuer.ts";
import { codeOf, createWorld, workload, type World, type WorldOptions } from "./world.ts";

/** Evidence that AWS, Google and Microsoft signed. It lies beside the project and is never part of it. */
const files = import.meta.glob<string>(
  "../../../../shared/vectors/{aws-iid,gcp-iit,azure-msi}/*.{json,jwt}",
  { query: "?raw", import: "default", eager: true },
);
const here = Object.keys(files).length > 0;
if (!here) console.warn("skipped: genuine evidence is not beside the project");
const file = (name: string): string => files[`../../../../shared/vectors/${name}`] ?? "{}";

const GRANT = { x509: { ttl: "1h" } };
const AWS_FORMS = ["rsa2048", "document"] as const;

interface Posted {
  readonly world: World;
  readonly answer: Response;
}

/** One request for an X.509-SVID, in a world that begins when the evidence was fresh. */
async function post(options: WorldOptions, evidence: object): Promise<Posted> {
  const world = await createWorld(options);
  const { csr } = await workload(world);
  return { world, answer: await world.post({ evidence: [evidence], x509: { csr } }) };
}

async function expectGranted({ world, answer }: Posted, path: string): Promise<void> {
  expect(await answer.clone().text()).toContain(`"spiffe_id":"spiffe://prod.example${path}"`);
  expect(answer.status).toBe(200);
  expect(world.keys.x509Signer.signed).toHaveLength(1);
  expect(world.network.calls).toEqual([]);
}

async function expectRejected({ world, answer }: Posted): Promise<void> {
  expect(await codeOf(answer)).toBe("evidence_rejected");
  expect(world.keys.x509Signer.signed).toEqual([]);
  expect(world.network.calls).toEqual([]);
}

type AwsVector = { readonly [name in "document" | "signature" | "rsa2048" | "pkcs7"]?: string };

function aws(name: string, form: (typeof AWS_FORMS)[number], legacyToo = form === "document") {
  const vector: AwsVector = JSON.parse(file(`aws-iid/${name}.json`));
  const envelope = atob((vector.rsa2048 ?? vector.pkcs7 ?? "").replaceAll("\n", ""));
  // Where a vector has no document of its own, its envelope holds the signed bytes in one piece.
  const signed =
    vector.document ??
    envelope.slice(envelope.indexOf("{"), envelope.indexOf("}", envelope.indexOf('"version"')) + 1);
  const fact = (member: string) =>
    new RegExp(`"${member}"\\s*:\\s*"([^"]+)"`).exec(signed)?.[1] ?? "";
  const account = fact("accountId");
  const evidence =
    form === "rsa2048"
      ? { type: "aws_iid", rsa2048: vector.rsa2048 ?? vector.pkcs7 }
      : {
          type: "aws_iid",
          document: base64(utf8(signed)),
          signature: vector.signature,
        };
  const options: WorldOptions = {
    now: Date.parse(fact("pendingTime")) / 1000 + 60,
    evidence: { aws_iid: { accounts: [account], allow_rsa1024: legacyToo } },
    rules: [
      {
        name: "vm",
        evidence: { aws_iid: { account } },
        spiffe_id: "/vm/{aws_iid.instance_id}",
        ...GRANT,
      },
    ],
  };
  return { options, evidence, instance: fact("instanceId") };
}

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(fromBase64url(token.split(".")[1] ?? "")));
}

describe.runIf(here)("POST /v1/svids with documents that AWS signed", () => {
  it.each(["teleport-1", "teleport-2", "cloudinit-1"])("%s gets an SVID", async (name) => {
    const { options, evidence, instance } = aws(name, "rsa2048");
    await expectGranted(await post(options, evidence), `/vm/${instance}`);
  });

  it.each(["coder-1", "taskcluster-1", "chalk-1"])(
    "%s only where RSA-1024 is allowed",
    async (name) => {
      const { options, evidence, instance } = aws(name, "document");
      await expectGranted(await post(options, evidence), `/vm/${instance}`);
      await expectRejected(await post(aws(name, "document", false).options, evidence));
    },
  );

  it.each([
    ["netflix-vssm-3-BAD-signature-tampered", "rsa2048"],
    ["taskcluster-3-BAD-signature", "document"],
    ["taskcluster-4-BAD-wrong-key-4096", "document"],
    ["fullsailor-1", "rsa2048"], // DSA alone, sent as what it is not
  ] as const)("%s is rejected", async (name, form) => {
    const { options, evidence } = aws(name, form);
    await expectRejected(await post(options, evidence));
  });

  it("another account's is rejected, and so is the region of another's key", async () => {
    const { options, evidence } = aws("teleport-1", "rsa2048");
    await expectRejected(
      await post(
        { ...options, evidence: { aws_iid: { accounts: ["999999999999"] } }, rules: [] },
        evidence,
      ),
    );
    const { rsa2048: text = "" } = evidence;
    const bytes = atob(text.replaceAll("\n", ""))
      .replace("us-west-2a", "us-west-1a")
      .replace('"us-west-2"', '"us-west-1"');
    await expectRejected(await post(options, { type: "aws_iid", rsa2048: btoa(bytes) }));
  });
});

describe.runIf(here)("POST /v1/svids with tokens that Google signed", () => {
  const jwks = dataUrl(file("gcp-iit/google-historical-jwks.json"));

  it.each(["infisical-1", "ncbi-1", "rhsm-1", "smallstep-cli-1"])(
    "%s gets an SVID, and nothing elsewhere",
    async (name) => {
      const token = file(`gcp-iit/${name}-gce-full.jwt`).trim();
      const claims = claimsOf(token);
      const vm: { project_id: string; instance_name: string } = JSON.parse(
        JSON.stringify(claims["google"]),
      ).compute_engine;
      const rule = {
        name: "vm",
        evidence: { gcp_iit: { kind: "instance", project_id: vm.project_id } },
        binding: { gcp_iit: "audience" },
        spiffe_id: "/gce/{gcp_iit.instance_name}",
        ...GRANT,
      };
      const at = (seconds: number, audience: unknown): WorldOptions => ({
        now: Number(claims["iat"]) + seconds,
        evidence: { gcp_iit: { projects: [vm.project_id], audience, jwks } },
        rules: [rule],
      });
      const evidence = { type: "gcp_iit", token };
      await expectGranted(await post(at(60, claims["aud"]), evidence), `/gce/${vm.instance_name}`);
      await expectRejected(await post(at(60, undefined), evidence));
      await expectRejected(await post(at(3661, claims["aud"]), evidence));
      await expectRejected(await post(at(-61, claims["aud"]), evidence));
    },
  );
});

describe.runIf(here)("POST /v1/svids with tokens that Microsoft signed", () => {
  const jwks = dataUrl(file("azure-msi/entra-historical-jwks.json"));

  it.each(["blobfuse-1-vm-system-assigned", "logicapp-1-web-sites", "logicapp-2-web-sites"])(
    "%s gets an SVID where its audience is configured, and nothing elsewhere",
    async (name) => {
      const token = file(`azure-msi/${name}.jwt`).trim();
      const { iat, aud, tid, oid } = claimsOf(token);
      const rule = {
        name: "msi",
        evidence: { azure_msi: {} },
        keys_per_token: 1,
        spiffe_id: "/msi/{azure_msi.principal_id}",
        ...GRANT,
      };
      const at = (seconds: number, audience: unknown, tenant: unknown): WorldOptions => ({
        now: Number(iat) + seconds,
        evidence: { azure_msi: { tenants: [tenant], audience, jwks } },
        rules: [rule],
      });
      const evidence = { type: "azure_msi", token };
      await expectGranted(await post(at(60, aud, tid), evidence), `/msi/${String(oid)}`);
      await expectRejected(await post(at(60, "api://svidmint", tid), evidence));
      await expectRejected(
        await post(at(60, aud, "00000000-1111-4222-8333-444444444444"), evidence),
      );
      await expectRejected(await post(at(90_000, aud, tid), evidence));
    },
  );
});
