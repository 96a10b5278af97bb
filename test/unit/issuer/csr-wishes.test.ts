import { expect, it } from "vitest";
import { toHex } from "../../../src/encoding/bytes.ts";
import { ascii, boolean, implicit, integer, seq } from "../../../src/encoding/der/writer.ts";
import { decodePem } from "../../../src/encoding/pem.ts";
import { parseCertificate } from "../../../src/svid/certificate.ts";
import {
  commonName,
  csrPem,
  extension,
  extensionRequest,
  type CsrOptions,
} from "../../fakes/csr.ts";
import { createWorld, cronToken } from "./world.ts";

it("a CSR with other extensions and CA:TRUE: the certificate's bytes do not change", async () => {
  const world = await createWorld();
  const evidence = [await cronToken(world)];
  const key = await world.platform.generateKey("P-256");
  const ca = extension("2.5.29.19", true, seq(boolean(true), integer(0)));
  const name = extension("2.5.29.17", false, seq(implicit(2, ascii("admin.prod.example"))));
  const made = async (options: CsrOptions): Promise<string> => {
    const x509 = { csr: await csrPem(world.platform, key, options) };
    const answer = await world.post(
      { evidence, x509 },
      { accept: "application/pem-certificate-chain" },
    );
    const chain = decodePem(await answer.text(), "CERTIFICATE", { max: 1 });
    const leaf = parseCertificate((chain.ok && chain.value[0]) || new Uint8Array());
    if (!leaf.ok) throw new Error("no certificate");
    // The serial is drawn anew for each; nothing else may differ.
    return toHex(leaf.value.tbs).replace(toHex(leaf.value.serial), "serial");
  };
  const plain = await made({});
  expect(plain).toContain("serial");
  const attributes = [extensionRequest(ca, name)];
  expect(await made({ subject: commonName("admin"), attributes })).toBe(plain);
});
