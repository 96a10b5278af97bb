import { createPrivateKey, createPublicKey } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Attestor } from "../../../../src/attestors/attestor.ts";
import { awsNitro } from "../../../../src/attestors/aws/nitro.ts";
import { awsSts } from "../../../../src/attestors/aws/sts.ts";
import { azureImds } from "../../../../src/attestors/azure/imds.ts";
import { ociInstance } from "../../../../src/attestors/oci/instance.ts";
import { x509Pop } from "../../../../src/attestors/x509/pop.ts";
import { webCryptoPlatform } from "../../../../src/platform/webcrypto.ts";
import { OID } from "../../../../src/svid/extensions.ts";
import type { PrivateKey } from "../../../../src/platform/platform.ts";
import { accepted, expectRefused, judge, OTHER_JKT } from "../../../conformance/attestor.ts";
import { simulateSts } from "../../../fakes/aws-web-identity.ts";
import { simulateAttestation } from "../../../fakes/azure-attested.ts";
import { simulateTenant } from "../../../fakes/azure-metadata.ts";
import { pem } from "../../../fakes/keys.ts";
import { registerHex, simulateNitro } from "../../../fakes/nitro-device.ts";
import { ociMetadata } from "../../../fakes/oci-metadata.ts";
import { dataUrl, utf8 } from "../../../fakes/token-issuer.ts";
import { subjectOf, TENANCY, UNITS } from "../../../unit/attestors/oci/instance-support.ts";
import { buildClean, ISSUER } from "../../../unit/attestors/support.ts";
import {
  ENDPOINT,
  make as makeSpiffe,
  witSvid,
} from "../../../unit/attestors/spiffe/spiffe-support.ts";
import { issueLeaf } from "../../../unit/attestors/x509/pop-support.ts";
import { DAY, extension, platform, testCa } from "../../../unit/svid/forge.ts";
import { json, quickly, temporaryFolders } from "../run.ts";
import { evidence, place, places, refusal, type Evidence } from "./place.ts";

/** What the sources fetch from simulated clouds is believed by the attestors, for the key at hand and no other. */
const { serve } = places();
const folder = temporaryFolders();
const NOW = Math.floor(Date.now() / 1000);
const DATES = { notBefore: NOW - DAY, notAfter: NOW + DAY };
let cwd: string;
let jkt: string;

beforeAll(async () => {
  cwd = await folder();
  jkt = String(
    json(await quickly(["key", "new", "--issuer", ISSUER, "--json"], { cwd }))["thumbprint"],
  );
});

const fetchFor = (...args: string[]) =>
  evidence([...args, "--csr", "svid.csr", "--issuer", ISSUER], { cwd });

async function expectBound(attestor: Attestor, fetched: Evidence): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  const { binding } = accepted(await judge(attestor, fetched, now, jkt));
  expect(binding).toEqual({ kind: "key", jkt });
  // Of another key the issuer asks STS for another signature.
  const mismatch = attestor.type === "aws_sts" ? "signature_invalid" : "binding_mismatch";
  expectRefused(await judge(attestor, fetched, now, OTHER_JKT), mismatch);
}

async function privatePem(key: PrivateKey): Promise<string> {
  return pem("PRIVATE KEY", await platform.exportPrivateKey(key));
}

describe("evidence as it was fetched", () => {
  it("of azure_imds carries a nonce that is the key's", async () => {
    const subscription = "ba45b233-e2ef-4169-8808-49eb0d8eba0d";
    const tenantId = "6f0c1c92-0d5d-4c3f-9d1c-2a6f3f1f7b10";
    const attestation = await simulateAttestation(NOW);
    const tenant = await simulateTenant(tenantId);
    const machine = tenant.machine({
      clientId: "1c2b3a49-5867-4a5b-9c8d-7e6f5a4b3c2d",
      objectId: "2d3c4b5a-6978-4b6c-8d9e-8f7a6b5c4d3e",
      resourceId: `/subscriptions/${subscription}/resourcegroups/x`,
      attest: (nonce) =>
        attestation.attest({
          subscription,
          vmId: "5d06deb3-807b-46dd-aef5-78aaf9193f71",
          now: NOW,
          nonce,
        }),
    });
    place({ AZURE_POD_IDENTITY_AUTHORITY_HOST: await serve(machine) });
    const settings = {
      subscriptions: { [subscription]: tenantId },
      roots: dataUrl(attestation.roots),
      intermediates: dataUrl(attestation.intermediates),
    };
    await expectBound(await buildClean(azureImds, settings), await fetchFor("azure_imds"));
  });

  it("of aws_nitro is the document that the helper made", async () => {
    const nitro = await simulateNitro(NOW);
    const device = await nitro.device(NOW);
    const nonce = utf8(`${ISSUER}/jkt/${jkt}`);
    await writeFile(join(cwd, "document"), await device.sign(device.payload({ nonce })));
    place();
    const settings = {
      pcr3: [registerHex(0x33)],
      pcr8: [registerHex(0x88)],
      root: dataUrl(nitro.root),
    };
    await expectBound(
      await buildClean(awsNitro, settings),
      await fetchFor("aws_nitro", "--document", "document"),
    );
  });

  it("of aws_sts is a signature that STS takes, and only from a role", async () => {
    const credentials = {
      accessKeyId: "ASIAEXAMPLEEXAMPLE12",
      secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
      sessionToken: "IQoJb3JpZ2luX2VjEXAMPLE",
    };
    const role = { role: "payments", session: "payments-settle", roleId: "AROAEXAMPLEEXAMPLE123" };
    const sts = await simulateSts({
      region: "eu-central-1",
      account: "111122223333",
      principals: [{ ...credentials, ...role }],
    });
    const env = {
      AWS_REGION: "eu-central-1",
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    };
    place({ ...env, AWS_SESSION_TOKEN: credentials.sessionToken });
    const asking = webCryptoPlatform({ fetch: (url, init) => sts.fetch(new Request(url, init)) });
    const fetched = await fetchFor("aws_sts");
    const settings = { accounts: ["111122223333"] };
    await expectBound(await buildClean(awsSts, settings, { platform: asking }), fetched);
    expect(JSON.stringify(fetched)).not.toContain(credentials.secretAccessKey);
    const bare = await refusal(["aws_sts", "--audience", ISSUER, "--bare"]);
    expect(bare).toMatchObject({ code: 2, stderr: expect.stringContaining("has several parts") });
    place(env);
    const refused = await refusal(["aws_sts", "--audience", ISSUER]);
    expect(refused.stderr).toContain("a user's, not a role's");
    const elsewhere = await refusal(["aws_sts", "--audience", ISSUER, "--region", "moon"]);
    expect(elsewhere.stderr).toContain("has no endpoint there");
  });

  it("of oci_instance has a proof by the instance's own key, as OpenSSL of old writes keys", async () => {
    const root = await testCa("PKISVC Identity Root phx", DATES);
    const intermediate = await testCa("PKISVC Identity Intermediate r2", DATES, root);
    const key = await platform.generateKey("RSA-2048");
    const certificate = await intermediate.issue({
      subjectName: subjectOf(UNITS),
      spki: key.publicKey.spki,
      extensions: [extension.keyUsage([0]), extension.purposes(OID.clientAuth)],
      ...DATES,
    });
    const pkcs1 = createPrivateKey(await privatePem(key)).export({ type: "pkcs1", format: "pem" });
    const metadata = ociMetadata({
      instanceId: "ocid1.instance.oc1.phx.anyhqljrexample2",
      certificate: pem("CERTIFICATE", certificate),
      intermediate: pem("CERTIFICATE", intermediate.der),
      key: String(pkcs1),
    });
    place({ OCI_METADATA_BASE_URL: `${await serve(metadata)}/opc/v2` });
    const fetched = await fetchFor("oci_instance");
    const settings = {
      tenancies: [TENANCY],
      regions: { "us-phoenix-1": dataUrl(pem("CERTIFICATE", root.der)) },
    };
    await expectBound(await buildClean(ociInstance, settings), fetched);
    expect(JSON.stringify(fetched)).not.toContain("PRIVATE");
    const found = await quickly(["evidence", "auto", "--audience", ISSUER], { cwd });
    expect(found.stderr).toBe("svidmint: oci_instance: Oracle's metadata service answers\n");
  });

  it("of x509_pop has a proof by the certificate's key, and names its entry", async () => {
    const root = await testCa("Fleet Root", DATES);
    const { key, certificate } = await issueLeaf(root, DATES);
    await writeFile(join(cwd, "machine.pem"), pem("CERTIFICATE", certificate));
    await writeFile(join(cwd, "machine.key"), await privatePem(key));
    place();
    const args = ["--certificate", "machine.pem", "--certificate-key", "machine.key"];
    const fetched = await fetchFor("x509_pop", ...args, "--entry", "fleet");
    const settings = { fleet: { ca: dataUrl(pem("CERTIFICATE", root.der)) } };
    await expectBound(await buildClean(x509Pop, settings), fetched);
    expect(fetched["entry"]).toBe("fleet");
    expect(JSON.stringify(fetched)).not.toContain("PRIVATE");
  });

  it("of spiffe is a WIT-SVID with a proof by its key, for one endpoint", async () => {
    const { kty, crv, x, y } = createPublicKey(await readFile(join(cwd, "svid.key"))).export({
      format: "jwk",
    });
    const cnf = { jwk: { kty, crv, x, y, alg: "ES256" } };
    await writeFile(join(cwd, "wit.jwt"), await witSvid({ iat: NOW - 5, exp: NOW + 600, cnf }));
    place();
    const args = ["spiffe", "--token-file", "wit.jwt", "--wit-key", "svid.key", "--endpoint"];
    await expectBound(await makeSpiffe(), await evidence([...args, ENDPOINT], { cwd }));
    const elsewhere = await evidence([...args, "https://elsewhere.example.org/v1/svids"], { cwd });
    expectRefused(await judge(await makeSpiffe(), elsewhere, NOW, jkt), "audience_mismatch");
    expect((await refusal(["spiffe", "--token-file", "wit.jwt", "--wit-key", "x"])).code).toBe(2);
  });
});
