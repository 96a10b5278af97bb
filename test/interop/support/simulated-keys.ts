import { encodePem } from "../../../src/encoding/pem.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import type { Awaitable } from "../../../src/result.ts";
import { localSigner, rootCertificate } from "./root-certificate.ts";

const inPlace = (pem: string): string => `data:;base64,${btoa(pem)}`;

/** A root and a JWT key, both P-256, for a simulation. @param add gives the simulation a key: its name there */
export async function simulatedKeys(
  add: (name: string, key: PrivateKey) => Awaitable<string>,
): Promise<{ readonly x509: object; readonly jwt: object }> {
  const platform = nodePlatform();
  const [root, jwt] = [await platform.generateKey("P-256"), await platform.generateKey("P-256")];
  const certificate = inPlace(await rootCertificate(localSigner(root)));
  const public_key = inPlace(encodePem("PUBLIC KEY", jwt.publicKey.spki));
  return {
    x509: { key: await add("root", root), certificate },
    jwt: { key: await add("jwt", jwt), public_key },
  };
}
