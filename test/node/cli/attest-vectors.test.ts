import { existsSync, readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { describe, expect, it } from "vitest";
import { json, quickly, svidmint, temporaryFolders, type Ran } from "./run.ts";

/** Evidence that AWS, Google and Microsoft signed. It lies beside the project and is never part of it. */
const VECTORS = fileURLToPath(new URL("../../../../shared/vectors/", import.meta.url));
const present = existsSync(VECTORS);
const folder = temporaryFolders();

function configuration(evidence: string): string {
  return `trust_domain: prod.example.org\nissuer: https://id.example.org\nevidence:\n${evidence}\nrules: []\n`;
}

/** A process for what must verify; what must fail differs in little, and goes without. */
type Runner = typeof svidmint;
const attest = async (
  evidence: string,
  piece: object,
  at: number | string,
  run: Runner = svidmint,
): Promise<Ran> => {
  const cwd = await folder();
  await writeFile(join(cwd, "svidmint.yaml"), configuration(evidence));
  await writeFile(join(cwd, "evidence.json"), JSON.stringify(piece));
  return run(["attest", "evidence.json", "--at", String(at), "--json"], { cwd });
};
const attestHere = (evidence: string, piece: object, at: number | string) =>
  attest(evidence, piece, at, quickly);

interface Accepted {
  readonly binding: object;
  readonly claims: Readonly<Record<string, unknown>>;
}

function accepted(ran: Ran): Accepted {
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  const answer: { evidence: [Accepted] } = JSON.parse(ran.stdout);
  expect(answer).toMatchObject({
    verified: true,
    policy: { granted: false, reason: "no_rule_matches", rules: [] },
  });
  return answer.evidence[0];
}

function refused(ran: Ran, reason: string): void {
  expect(ran.code).toBe(1);
  expect(json(ran)).toMatchObject({ verified: false, reason, code: "evidence_rejected" });
}

interface Vector {
  readonly document?: string;
  readonly signature?: string;
  readonly rsa2048?: string;
  readonly pkcs7?: string;
}

function awsVector(name: string): Vector {
  const vector: Vector = JSON.parse(readFileSync(`${VECTORS}aws-iid/${name}.json`, "utf8"));
  return vector;
}

function only(account: string, legacyToo = false): string {
  return `  aws_iid: { accounts: ["${account}"]${legacyToo ? ", allow_rsa1024: true" : ""} }`;
}

function projectOf(token: string): string {
  const google: unknown = decodeJwt(token)["google"];
  return /"project_id":"([^"]+)"/.exec(JSON.stringify(google))?.[1] ?? "";
}

if (!present) console.warn(`skipped: genuine evidence is not here (${VECTORS})`);

describe.runIf(present)("svidmint attest on documents that AWS signed", () => {
  /** The signed bytes, wherever the vector has them. */
  const documentOf = (vector: Vector) => {
    if (vector.document !== undefined) return vector.document;
    const der = Buffer.from(vector.rsa2048 ?? vector.pkcs7 ?? "", "base64").toString("latin1");
    return der.slice(der.indexOf("{"), der.indexOf("}", der.indexOf('"version"')) + 1);
  };
  const factOf = (vector: Vector, name: string) =>
    new RegExp(`"${name}"\\s*:\\s*"([^"]+)"`).exec(documentOf(vector))?.[1] ?? "";
  const minuteAfter = (vector: Vector) => Date.parse(factOf(vector, "pendingTime")) / 1000 + 60;
  const legacy = (vector: Vector) => ({
    type: "aws_iid",
    document: Buffer.from(documentOf(vector), "latin1").toString("base64"),
    signature: vector.signature,
  });
  const modern = (vector: Vector) => ({ type: "aws_iid", rsa2048: vector.rsa2048 });

  it.for(["teleport-1", "teleport-2", "cloudinit-1"])(
    "%s verifies, and says who and where",
    async (name) => {
      const vector = awsVector(name);
      const { binding, claims } = accepted(
        await attest(only(factOf(vector, "accountId")), modern(vector), minuteAfter(vector)),
      );
      expect(binding).toEqual({ kind: "none" });
      expect(claims).toMatchObject({
        account: factOf(vector, "accountId"),
        region: factOf(vector, "region"),
        instance_id: factOf(vector, "instanceId"),
        form: "rsa2048",
      });
    },
  );

  it.for(["cloudinit-1", "coder-1", "chalk-1", "taskcluster-1"])(
    "%s verifies in its RSA-1024 form, where that is allowed",
    async (name) => {
      const vector = awsVector(name);
      const account = factOf(vector, "accountId");
      const { claims } = accepted(
        await attest(only(account, true), legacy(vector), minuteAfter(vector)),
      );
      expect(claims).toMatchObject({ account, form: "rsa1024" });
      refused(
        await attestHere(only(account), legacy(vector), minuteAfter(vector)),
        "algorithm_not_allowed",
      );
    },
  );

  it.for(["taskcluster-3-BAD-signature", "taskcluster-4-BAD-wrong-key-4096"])(
    "%s fails",
    async (name) => {
      const vector = awsVector(name);
      const ran = await attestHere(
        only(factOf(vector, "accountId"), true),
        legacy(vector),
        minuteAfter(vector),
      );
      expect(ran.code).toBe(1);
      expect(json(ran)).toMatchObject({ verified: false, code: "evidence_rejected" });
    },
  );

  it("netflix-vssm-3-BAD-signature-tampered fails", async () => {
    const vector = awsVector("netflix-vssm-3-BAD-signature-tampered");
    const ran = await attestHere(
      only(factOf(vector, "accountId")),
      modern(vector),
      "2017-12-29T23:59:59Z",
    );
    expect(ran.code).toBe(1);
    expect(json(ran)).toMatchObject({ verified: false, code: "evidence_rejected" });
  });

  it.for(["fullsailor-1", "chalk-1", "cloudinit-1"])(
    "%s is refused in its DSA form",
    async (name) => {
      const vector = awsVector(name);
      const config = only(factOf(vector, "accountId") || "111122223333", true);
      const asItself = await attestHere(
        config,
        { type: "aws_iid", pkcs7: vector.pkcs7 },
        1_600_000_000,
      );
      expect(asItself.code).toBe(1);
      const asTheOther = await attestHere(
        config,
        { type: "aws_iid", rsa2048: vector.pkcs7 },
        1_600_000_000,
      );
      expect(asTheOther.code).toBe(1);
      expect(json(asTheOther)).toMatchObject({ verified: false, code: "evidence_rejected" });
    },
  );

  it("another account, another signature and a document beside the signed one are refused", async () => {
    const one = awsVector("teleport-1");
    const other = awsVector("teleport-2");
    refused(
      await attestHere(only("111122223333"), modern(one), minuteAfter(one)),
      "tenant_not_configured",
    );
    const both = {
      ...modern(one),
      document: Buffer.from(documentOf(other), "latin1").toString("base64"),
    };
    const ran = await attestHere(only(factOf(one, "accountId")), both, minuteAfter(one));
    expect(ran.code).toBe(1);
    const coder = awsVector("coder-1");
    const swapped = { ...legacy(coder), signature: awsVector("taskcluster-1").signature };
    refused(
      await attestHere(only(factOf(coder, "accountId"), true), swapped, minuteAfter(coder)),
      "signature_invalid",
    );
  });

  it("knows every vector there is", () => {
    expect(readdirSync(`${VECTORS}aws-iid`).filter((name) => name.endsWith(".json")).length).toBe(
      10,
    );
  });
});

describe.runIf(present)("svidmint attest on tokens that Google signed", () => {
  const names = present
    ? readdirSync(`${VECTORS}gcp-iit`).filter((name) => name.endsWith(".jwt"))
    : [];
  const read = (name: string) => readFileSync(`${VECTORS}gcp-iit/${name}`, "utf8").trim();
  const jwks = `file:${VECTORS}gcp-iit/google-historical-jwks.json`;
  const config = (projects: string, audience: string) =>
    `  gcp_iit: { projects: [${projects}], audience: ${JSON.stringify(audience)}, jwks: "${jwks}" }`;

  it.for(names)("%s verifies, and says which instance it is", async (name) => {
    const token = read(name);
    const { aud, iat } = decodeJwt(token);
    const project = projectOf(token);
    const right = config(project, String(aud));
    const piece = { type: "gcp_iit", token };
    const { binding, claims } = accepted(await attest(right, piece, Number(iat) + 60));
    expect(binding).toEqual({ kind: "audience" });
    expect(claims).toMatchObject({ kind: "instance", project_id: project });
    refused(await attestHere(right, piece, Number(iat) + 7300), "evidence_expired");
    refused(
      await attestHere(config(project, "https://id.example.org"), piece, Number(iat) + 60),
      "audience_mismatch",
    );
    refused(
      await attestHere(config("another-project", String(aud)), piece, Number(iat) + 60),
      "tenant_not_configured",
    );
    const [head, body, signature = ""] = token.split(".");
    const broken = `${head}.${body}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
    refused(
      await attestHere(right, { ...piece, token: broken }, Number(iat) + 60),
      "signature_invalid",
    );
  });

  it("knows every vector there is", () => {
    expect(names).toHaveLength(4);
  });
});

describe.runIf(present)("svidmint attest on tokens that Microsoft signed", () => {
  const names = present
    ? readdirSync(`${VECTORS}azure-msi`).filter((name) => name.endsWith(".jwt"))
    : [];
  const read = (name: string) => readFileSync(`${VECTORS}azure-msi/${name}`, "utf8").trim();
  const jwks = `file:${VECTORS}azure-msi/entra-historical-jwks.json`;
  const config = (tenant: unknown, audience: unknown) =>
    `  azure_msi: { tenants: ["${String(tenant)}"], audience: "${String(audience)}", jwks: "${jwks}" }`;

  it.for(names)(
    "%s verifies where the configuration names its audience, with a warning",
    async (name) => {
      const token = read(name);
      const { aud, iat, exp, tid, oid } = decodeJwt(token);
      const piece = { type: "azure_msi", token };
      const at = Number(iat) + 60;
      const ran = await attestHere(config(tid, aud), piece, at);
      expect(ran.code).toBe(0);
      expect(ran.stderr).toMatch(/warning: .*audience/);
      const { binding, claims } = accepted({ ...ran, stderr: "" });
      expect(binding).toEqual({ kind: "none" });
      expect(claims).toMatchObject({ kind: "system_assigned", tenant: tid, principal_id: oid });
      refused(await attestHere(config(tid, "api://own/svidmint"), piece, at), "audience_mismatch");
      refused(
        await attestHere(config("00000000-0000-4000-8000-000000000000", aud), piece, at),
        "issuer_not_configured",
      );
      refused(await attestHere(config(tid, aud), piece, Number(exp) + 3600), "evidence_expired");
      refused(
        await attestHere(config(tid, aud), piece, Number(iat) - 3600),
        "evidence_not_yet_valid",
      );
      expect(decodeProtectedHeader(token).alg).toBe("RS256");
    },
  );

  it("knows every vector there is", () => {
    expect(names).toHaveLength(3);
  });
});
