import { beforeAll, describe, expect, it } from "vitest";
import { spkiOf } from "../../../../src/encoding/public-key.ts";
import { OID } from "../../../../src/svid/extensions.ts";
import { implicit, oid, octets } from "../../../../src/encoding/der/writer.ts";
import {
  documentText,
  signerExtensions,
  signerInfoOf,
  simulateAttestation,
  type AttestedSigner,
} from "../../../fakes/azure-attested.ts";
import { attribute, OID as CMS, sha256 } from "../../../fakes/cms-signer.ts";
import { FakeNetwork } from "../../../fakes/network.ts";
import { dataUrl, utf8 } from "../../../fakes/token-issuer.ts";
import { pem } from "../../../fakes/keys.ts";
import { caOf, extension, platform, rsaModulus, testCa } from "../../svid/forge.ts";
import { NOW } from "../support.ts";
import { DOCUMENT, makeBench, type Bench } from "./imds-support.ts";

const DAY = 86_400;
const network = new FakeNetwork();
let bench: Bench;
let attacker: AttestedSigner;

beforeAll(async () => {
  bench = await makeBench({}, { network });
  ({ signer: attacker } = await simulateAttestation(NOW, { ownKey: true }));
});

const content = () => utf8(documentText(DOCUMENT));

describe("the signer of an attested document", () => {
  it("is who the one signature names, whatever else lies in the envelope and in which order", async () => {
    const { signer, intermediate } = bench.cloud;
    const bag = [attacker.certificate, intermediate.der, signer.certificate];
    expect(await bench.outcomeOf(signer, { certificates: bag })).toBe("accepted");
    expect(await bench.outcomeOf(signer, { certificates: bag.toReversed() })).toBe("accepted");
  });

  it("is not taken from a certificate that does not sign, however good", async () => {
    const { signer } = bench.cloud;
    const both = [signer.certificate, attacker.certificate];
    // Chain and name of the genuine certificate, signature by the attacker's own.
    for (const certificates of [both, both.toReversed()])
      expect(await bench.outcomeOf(attacker, { certificates })).toBe("certificate_chain_invalid"); // oxlint-disable-line no-await-in-loop
    const { privateKey: key } = attacker.keys;
    expect(await bench.outcomeOf(signer, { certificates: both, key })).toBe("signature_invalid");
  });

  it("must be in the envelope, once", async () => {
    const { signer, intermediate } = bench.cloud;
    expect(await bench.outcomeOf(signer, { certificates: [] })).toBe("cms_signers");
    expect(await bench.outcomeOf(signer, { certificates: [intermediate.der] })).toBe("cms_signers");
    const twice = [signer.certificate, signer.certificate];
    expect(await bench.outcomeOf(signer, { certificates: twice })).toBe("cms_signers");
    const outcomeBeside = (count: number) => {
      const others = Array.from({ length: count }, () => Uint8Array.of(0x30, 0));
      return bench.outcomeOf(signer, { certificates: [signer.certificate, ...others] });
    };
    expect(await outcomeBeside(7)).toBe("accepted");
    expect(await outcomeBeside(8)).toBe("cms_malformed");
  });

  it("cannot be told apart by serial number alone: another CA's certificate of that number is not it", async () => {
    const { signer, certify } = await simulateAttestation(NOW);
    const other = await testCa("Simulated Issuing CA 2");
    const twin = await certify({ serial: Uint8Array.of(1, 2, 3) }, other);
    const own = await bench.cloud.certify({ serial: Uint8Array.of(1, 2, 3) });
    expect(await bench.outcomeOf(own, { certificates: [twin.certificate, own.certificate] })).toBe(
      "accepted",
    );
    expect(await bench.outcomeOf(own, { certificates: [twin.certificate] })).toBe("cms_signers");
    expect(await bench.outcomeOf(signer)).toBe("certificate_chain_invalid");
  });

  it("signs alone: two SignerInfos are refused, good or bad", async () => {
    const { signer } = bench.cloud;
    const certificates = [signer.certificate, attacker.certificate];
    for (const second of [signer, attacker]) {
      const more = [await signerInfoOf(second, content())]; // oxlint-disable-line no-await-in-loop
      expect(await bench.outcomeOf(signer, { certificates, more })).toBe("cms_signers"); // oxlint-disable-line no-await-in-loop
    }
  });

  it("may sign attributes, if their digest is the content's", async () => {
    const { signer } = bench.cloud;
    const attributes = async (digested: Uint8Array) => [
      attribute(CMS.contentType, CMS.data),
      attribute(CMS.messageDigest, octets(await sha256(digested))),
    ];
    const good = { attributes: await attributes(content()) };
    expect(await bench.outcomeOf(signer, good)).toBe("accepted");
    const bad = { attributes: await attributes(utf8("{}")) };
    expect(await bench.outcomeOf(signer, bad)).toBe("cms_digest_mismatch");
    const none = { attributes: [attribute(CMS.contentType, oid("1.2.3"))] };
    expect(await bench.outcomeOf(signer, none)).toBe("cms_attributes");
  });
});

describe("the certificate of an attested document's signer", () => {
  const named = (...names: readonly string[]) =>
    bench.cloud.certify({ extensions: signerExtensions(names) });

  it.each([
    ["metadata.azure.com", "accepted"],
    ["eastus.metadata.azure.com", "accepted"],
    ["METADATA.azure.com", "accepted"],
    ["metadata.azure.org", "certificate_chain_invalid"],
    ["metadata.azure.us", "certificate_chain_invalid"],
    ["metadata.azure.cn", "certificate_chain_invalid"],
    ["a.b.metadata.azure.com", "certificate_chain_invalid"],
    ["*.metadata.azure.com", "certificate_chain_invalid"],
    ["*a.metadata.azure.com", "certificate_chain_invalid"],
    ["a*.metadata.azure.com", "certificate_chain_invalid"],
    [".metadata.azure.com", "certificate_chain_invalid"],
    ["evilmetadata.azure.com", "certificate_chain_invalid"],
    ["metadata.azure.com.evil.example", "certificate_chain_invalid"],
    ["metadata.azure.com.", "certificate_chain_invalid"],
    ["azure.com", "certificate_chain_invalid"],
  ])("of %s is %s", async (name, expected) => {
    expect(await bench.outcomeOf(await named(name))).toBe(expected);
  });

  it("is named as a host: neither an e-mail address nor a URI of that text is one", async () => {
    const [keyUsage, , purposes] = signerExtensions([]);
    for (const tag of [1, 6]) {
      const names = extension.altNames(implicit(tag, utf8("metadata.azure.com")));
      const extensions = [keyUsage!, names, purposes!];
      expect(await bench.outcomeOf(await bench.cloud.certify({ extensions }))).toBe(
        "certificate_chain_invalid",
      ); // oxlint-disable-line no-await-in-loop -- two
    }
  });

  it("has its name in the alternative names: a common name is not looked at", async () => {
    const extensions = signerExtensions(["www.example"]);
    const signer = await bench.cloud.certify({ subject: "metadata.azure.com", extensions });
    expect(await bench.outcomeOf(signer)).toBe("certificate_chain_invalid");
  });

  it.each([
    [[OID.serverAuth], "accepted"],
    [[OID.clientAuth, OID.serverAuth], "accepted"],
    [[OID.clientAuth], "certificate_chain_invalid"],
    [[OID.anyExtendedKeyUsage], "certificate_chain_invalid"],
    [[], "certificate_chain_invalid"],
  ])("for the purposes %j is %s", async (purposes, expected) => {
    const extensions = signerExtensions(["metadata.azure.com"], purposes);
    expect(await bench.outcomeOf(await bench.cloud.certify({ extensions }))).toBe(expected);
  });

  it.each([
    ["digitalSignature", [0], "accepted"],
    ["keyEncipherment", [2], "certificate_chain_invalid"],
    ["nonRepudiation", [1], "certificate_chain_invalid"],
    ["nothing said", undefined, "accepted"],
  ])("whose key is for %s (%j) is %s", async (_, uses, expected) => {
    const [, ...rest] = signerExtensions(["metadata.azure.com"]);
    const extensions = uses === undefined ? rest : [extension.keyUsage(uses), ...rest];
    expect(await bench.outcomeOf(await bench.cloud.certify({ extensions }))).toBe(expected);
  });

  it("is of now", async () => {
    const over = await bench.cloud.certify({ notBefore: NOW - DAY, notAfter: NOW - 1 });
    expect(await bench.outcomeOf(over)).toBe("certificate_chain_invalid");
    const ahead = await bench.cloud.certify({ notBefore: NOW + 1, notAfter: NOW + DAY });
    expect(await bench.outcomeOf(ahead)).toBe("certificate_chain_invalid");
  });

  it("is no CA, and not signed by anybody but the CAs that are known", async () => {
    const self = await bench.cloud.certify({ subject: "Simulated Issuing CA" });
    expect(await bench.outcomeOf(self)).toBe("accepted"); // a name means nothing
    expect(await bench.outcomeOf(attacker)).toBe("certificate_chain_invalid");
    // The attacker's own CA in the envelope, under the known one's name.
    const twin = await testCa("Simulated Issuing CA");
    const forged = await bench.cloud.certify({}, twin);
    const certificates = [forged.certificate, twin.der];
    expect(await bench.outcomeOf(forged, { certificates })).toBe("certificate_chain_invalid");
  });

  it("has an RSA key of a usual size", async () => {
    for (const n of [rsaModulus(128), rsaModulus(513), rsaModulus(1024)]) {
      const spki = spkiOf({ type: "RSA", n, e: Uint8Array.of(1, 0, 1) });
      const certified = await bench.cloud.certify({ spki }); // oxlint-disable-line no-await-in-loop
      expect(await bench.outcomeOf(certified)).toBe("algorithm_not_allowed"); // oxlint-disable-line no-await-in-loop
    }
    const largest = spkiOf({ type: "RSA", n: rsaModulus(512), e: Uint8Array.of(1, 0, 1) });
    expect(await bench.outcomeOf(await bench.cloud.certify({ spki: largest }))).toBe(
      "signature_invalid",
    );
    const { spki } = (await platform.generateKey("P-256")).publicKey;
    expect(await bench.outcomeOf(await bench.cloud.certify({ spki }))).toBe(
      "algorithm_not_allowed",
    );
  });

  it("never makes anybody ask the network for its issuer", () => {
    expect(network.calls).toEqual([]);
  });
});

describe("several certificates of one issuing CA", () => {
  it("are all tried: one that is over, or of an unknown root, does not hide another", async () => {
    const strangers = await testCa("Unknown Root");
    const { root, intermediate } = bench.cloud;
    const { name, key } = intermediate;
    const over = await caOf(name, key, { notBefore: NOW - 9 * DAY, notAfter: NOW - DAY }, root);
    const lost = await caOf(name, key, {}, strangers);
    const all = [over, lost, intermediate].map(({ der }) => pem("CERTIFICATE", der)).join("");
    const { cloud } = bench;
    const tolerant = await makeBench({
      roots: dataUrl(cloud.roots),
      intermediates: dataUrl(all),
    });
    expect(await tolerant.outcomeOf(cloud.signer)).toBe("accepted");
    const mail = await caOf(
      name,
      key,
      { extensions: [extension.ca(), extension.keyUsage([5]), extension.purposes(OID.clientAuth)] },
      root,
    );
    const dead = [over, lost, mail].map(({ der }) => pem("CERTIFICATE", der)).join("");
    const without = await makeBench({
      roots: dataUrl(cloud.roots),
      intermediates: dataUrl(dead),
    });
    expect(await without.outcomeOf(cloud.signer)).toBe("certificate_chain_invalid");
  });
});
