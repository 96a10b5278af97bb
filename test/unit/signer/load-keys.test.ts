import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { encodePem } from "../../../src/encoding/pem.ts";
import { thumbprint } from "../../../src/platform/thumbprint.ts";
import {
  addKey,
  at,
  certificate,
  DAY,
  files,
  jwt,
  jwtSpare,
  load,
  made,
  NOW,
  platform,
  refusal,
  root,
  spare,
  T,
} from "./key-files.ts";
import { leafKey } from "../../fakes/x509-key.ts";

describe("loadKeySet", () => {
  it("makes signers of keys, each named by its thumbprint", async () => {
    const { keys, warnings } = await load({ x509: [root, spare], jwt: [jwt, jwtSpare] });
    expect(warnings).toEqual([]);
    expect([...keys.uses]).toEqual(["x509", "jwt"]);
    const [x509, token] = [await leafKey(keys.x509(NOW), NOW), keys.jwt(NOW)];
    expect(x509.signer).toMatchObject({ id: "root", algorithm: "ES256" });
    expect(x509.chainPem).toBe("");
    expect(token?.signer.id).toBe("jwt");
    const jwtKey = (await made)[2];
    if (jwtKey === undefined) throw new Error("made above");
    expect(token?.kid).toBe(await thumbprint(platform, jwtKey.publicKey.info));
    for (const key of await made) {
      const jkt = await thumbprint(platform, key.publicKey.info); // oxlint-disable-line no-await-in-loop -- four
      expect(keys.thumbprints.has(jkt)).toBe(true);
    }
  });

  it("publishes active and standby alike, and the same object until that changes", async () => {
    const next = { ...jwtSpare, active_from: undefined, published_at: at(NOW + 100) };
    const { keys } = await load({ x509: [root, spare], jwt: [jwt, next] });
    const published = keys.published(NOW);
    expect(published.x509.length).toBe(2);
    expect(published.jwt.map(({ alg }) => alg)).toEqual(["ES256"]);
    expect(published.sequence).toBe(T);
    expect(keys.published(NOW + 99)).toBe(published);
    const later = keys.published(NOW + 100);
    expect(later.jwt.length).toBe(2);
    expect(later.sequence).toBe(NOW + 100);
    expect(keys.published(NOW).jwt.length).toBe(1);
    expect(keys.jwt(NOW + 100 + 1499)?.signer.id).toBe("jwt");
    expect(keys.jwt(NOW + 100 + 1500)?.signer.id).toBe("jwt-spare");
  });

  it("keeps quiet about a use that has no keys", async () => {
    const { keys } = await load({ jwt: [jwt, jwtSpare] });
    expect([...keys.uses]).toEqual(["jwt"]);
    expect(keys.x509(NOW)).toBeUndefined();
    expect(keys.published(NOW).x509).toEqual([]);
  });

  it("publishes a retired key from its public half, and forgets a removed one's files", async () => {
    const retired = {
      id: "old",
      backend: "local",
      public_key: "file:jwt-spare.pub",
      published_at: at(T - DAY),
    };
    const removed = {
      id: "gone",
      backend: "local",
      private_key: "file:nowhere",
      published_at: at(T - 9 * DAY),
      retired_at: at(T - DAY),
      removed_at: at(NOW - 50),
    };
    const { keys } = await load({ jwt: [removed, retired, { ...jwt, active_from: at(NOW - 10) }] });
    expect(keys.jwt(NOW)?.signer.id).toBe("jwt");
    expect(keys.published(NOW).jwt.length).toBe(2);
    expect(keys.published(NOW).sequence).toBe(NOW - 50);
    expect(keys.published(NOW - 10 + 300 + 600).jwt.length).toBe(1);
  });

  it("lets Ed25519 and RSA sign certificates", async () => {
    await addKey("ed", "Ed25519");
    await addKey("rsa", "RSA-2048");
    for (const [name, algorithm] of [
      ["ed", "EdDSA"],
      ["rsa", "RS256"],
    ] as const) {
      const entry = { ...root, private_key: `file:${name}.key`, certificate: `file:${name}.pem` };
      const { keys } = await load({ x509: [entry, spare] });
      expect((await leafKey(keys.x509(NOW), NOW)).signer.algorithm).toBe(algorithm);
    }
  });

  it("warns of a missing standby, and takes the keys all the same", async () => {
    const { warnings } = await load({ x509: [root] });
    expect(warnings).toMatchObject([{ severity: "warning", path: ["keys", "x509"] }]);
  });

  it("reads private keys by their own way in", async () => {
    const asked: string[] = [];
    const readPrivate = async (reference: string) => {
      asked.push(reference);
      return utf8Encode(files[reference] ?? "");
    };
    await load({ x509: [root, spare] }, { readPrivate });
    expect(asked).toEqual(["file:root.key", "file:spare.key"]);
  });

  it("refuses one key for two uses, and twice for one", async () => {
    expect(
      await refusal({ x509: [root, spare], jwt: [{ ...jwt, private_key: "file:root.key" }] }),
    ).toContain("keys.jwt.0.id: is the same key as x509 root: one key serves one use");
    expect(await refusal({ jwt: [jwt, { ...jwtSpare, private_key: "file:jwt.key" }] })).toContain(
      "keys.jwt.1.id: is the same key as jwt jwt: one key serves one use",
    );
  });

  it("refuses a key that comes again under another use, as far as its files are there to tell", async () => {
    const gone = { ...jwt, removed_at: at(NOW - 1) };
    const again = { ...jwtSpare, id: "again", private_key: "file:jwt.key", active_from: undefined };
    const was = "keys.wit.0.id: was jwt jwt until that was removed: one key serves one use";
    expect(await refusal({ jwt: [gone, jwtSpare], wit: [again] })).toEqual([was]);
    const named = { ...gone, private_key: undefined, public_key: "file:jwt.pub" };
    expect(await refusal({ jwt: [named, jwtSpare], wit: [again] })).toEqual([was]);
    expect(
      await refusal(
        { jwt: [named, jwtSpare], wit: [{ ...again, public_key: "file:jwt.pub" }] },
        {
          publicOnly: true,
        },
      ),
    ).toEqual([was]);
    expect(
      await refusal({
        x509: [{ ...root, removed_at: at(NOW - 1) }, spare],
        jwt: [{ ...jwt, private_key: "file:root.key" }],
      }),
    ).toEqual(["keys.jwt.0.id: was x509 root until that was removed: one key serves one use"]);
    const without = { ...named, private_key: "file:none", public_key: "file:none" };
    await load({ jwt: [without, jwtSpare], wit: [again] });
    await load({ jwt: [gone, { ...again, id: "back" }] });
  });

  it("holds a key to its certificate's time until it is retired, and not longer", async () => {
    files["file:past.pem"] = await certificate(await addKey("past"), { notAfter: NOW - 1 });
    const past = {
      ...root,
      id: "past",
      private_key: "file:past.key",
      certificate: "file:past.pem",
    };
    const x509 = (retired: number) => ({
      x509: [past, { ...root, active_from: at(retired) }, spare],
    });
    expect(await refusal(x509(NOW + 1))).toContain(
      "keys.x509.0.certificate: the certificate has expired",
    );
    const { keys, warnings } = await load(x509(NOW));
    expect(keys.published(NOW).x509).toHaveLength(3);
    expect(warnings).toContainEqual(
      expect.objectContaining({ severity: "warning", path: ["keys", "x509", 0, "certificate"] }),
    );
  });

  it("refuses a changed_at later than any clock may show, until which no change would count", async () => {
    const config = { jwt: [jwt, jwtSpare] };
    const latest = NOW + 3.5 * 300 + 1;
    expect((await load(config, { changedAt: latest })).warnings).toEqual([]);
    expect(await refusal(config, { changedAt: latest + 1 })).toEqual([
      expect.stringMatching(/^bundle\.changed_at: is still to come/),
    ]);
  });

  it("tells everything that is wrong at once", async () => {
    const issues = await refusal({
      x509: [{ ...root, certificate: "file:none" }],
      jwt: [{ ...jwt, algorithm: "RS256", published_at: at(T), active_from: at(T - 1) }],
    });
    expect(issues).toEqual([
      "keys.jwt.0.active_from: is before published_at: a key is published before it signs",
      "keys.x509.0.certificate: no such file",
      "keys.jwt.0.algorithm: RS256 does not fit the key",
    ]);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      "a certificate of another key",
      async () => ({ x509: [{ ...root, certificate: "file:spare.pem" }] }),
      /x509\.0\.certificate: the certificate is for another key/,
    ],
    [
      "a certificate that has ended",
      async () => {
        const key = await addKey("ended");
        files["file:ended.pem"] = await certificate(key, { notAfter: NOW - 1 });
        return {
          x509: [{ ...root, private_key: "file:ended.key", certificate: "file:ended.pem" }],
        };
      },
      /x509\.0\.certificate: the certificate has expired/,
    ],
    [
      "a certificate whose own signature is another key's",
      async () => {
        const key = await addKey("forged");
        files["file:forged.pem"] = await certificate(key, {
          signedBy: await platform.generateKey("P-256"),
        });
        return {
          x509: [{ ...root, private_key: "file:forged.key", certificate: "file:forged.pem" }],
        };
      },
      /x509\.0\.certificate: its own signature does not verify/,
    ],
    [
      "two certificates in one file",
      async () => {
        files["file:two.pem"] = `${files["file:root.pem"]}${files["file:spare.pem"]}`;
        return { x509: [{ ...root, certificate: "file:two.pem" }] };
      },
      /x509\.0\.certificate: must hold one pem block/,
    ],
    [
      "a key in the form of older tools",
      async () => {
        files["file:sec1.key"] =
          "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n";
        return { jwt: [{ ...jwt, private_key: "file:sec1.key" }] };
      },
      /private_key: must hold .*openssl pkcs8/,
    ],
    [
      "an encrypted key",
      async () => {
        files["file:enc.key"] =
          "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        return { jwt: [{ ...jwt, private_key: "file:enc.key" }] };
      },
      /private_key: must hold .* it is encrypted/,
    ],
    [
      "what is no key",
      async () => {
        files["file:junk.key"] = encodePem("PRIVATE KEY", new Uint8Array([0x30, 3, 2, 1, 0]));
        return { jwt: [{ ...jwt, private_key: "file:junk.key" }] };
      },
      /private_key: not a usable private key/,
    ],
    [
      "Ed25519 for tokens",
      async () => (
        await addKey("ed2", "Ed25519"),
        { jwt: [{ ...jwt, private_key: "file:ed2.key" }] }
      ),
      /private_key: EdDSA is not an algorithm of jwt svids/,
    ],
    [
      "an algorithm that is not the key's",
      async () => ({ jwt: [{ ...jwt, algorithm: "RS256" }] }),
      /algorithm: RS256 does not fit the key/,
    ],
    [
      "a public key that is not the private one's",
      async () => ({ jwt: [{ ...jwt, public_key: "file:root.pub" }] }),
      /public_key: is not that of the private key/,
    ],
    [
      "no key at all",
      async () => ({ jwt: [{ ...jwt, private_key: undefined }] }),
      /private_key: is needed/,
    ],
    [
      "no private key though it is to sign",
      async () => ({ jwt: [{ ...jwt, private_key: undefined, public_key: "file:jwt.pub" }] }),
      /private_key: is needed until the key is retired/,
    ],
  ])("refuses %s", async (_, config, expected) => {
    await made;
    const issues = await refusal(JSON.parse(JSON.stringify(await config())));
    expect(issues.join("\n")).toMatch(expected);
  });
});
