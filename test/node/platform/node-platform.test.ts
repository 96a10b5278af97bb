import { describe, expect, it } from "vitest";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { platformConformance } from "../../conformance/platform.ts";

platformConformance("node:crypto", nodePlatform);

describe("nodePlatform", () => {
  it("answers at once: nothing on the hot path waits for a promise", () => {
    const platform = nodePlatform();
    const key = platform.generateKey("P-256");
    if (key instanceof Promise) throw new Error("a promise");
    const scheme = { name: "ECDSA", hash: "SHA-256" } as const;
    const signature = platform.sign(scheme, key, utf8Encode("x"));
    if (signature instanceof Promise) throw new Error("a promise");
    expect(platform.verify(scheme, key.publicKey, signature, utf8Encode("x"))).toBe(true);
    expect(platform.digest("SHA-256", utf8Encode("x"))).toBeInstanceOf(Uint8Array);
    expect(platform.importPublicKey(key.publicKey.info)).toMatchObject({ ok: true });
  });

  it("agrees with WebCrypto in both directions", async () => {
    const [node, web] = [nodePlatform(), webCryptoPlatform()];
    const data = utf8Encode("the same bytes");
    for (const kind of ["P-256", "P-384", "RSA-2048", "Ed25519"] as const) {
      const scheme =
        kind === "Ed25519"
          ? ({ name: "Ed25519" } as const)
          : ({ name: kind === "RSA-2048" ? "RSA-PSS" : "ECDSA", hash: "SHA-384" } as const);
      for (const [from, to] of [
        [node, web],
        [web, node],
      ] as const) {
        const key = await from.generateKey(kind);
        const imported = await to.importPublicKey(key.publicKey.info);
        const carried = await to.importPrivateKey(await from.exportPrivateKey(key));
        if (!imported.ok || !carried.ok) throw new Error("refused");
        const signature = await from.sign(scheme, key, data);
        expect(await to.verify(scheme, imported.value, signature, data)).toBe(true);
        const back = await to.sign(scheme, carried.value, data);
        expect(await from.verify(scheme, key.publicKey, back, data)).toBe(true);
      }
    }
  });

  it("does not take a key of another platform for its own", async () => {
    const key = await webCryptoPlatform().generateKey("P-256");
    const scheme = { name: "ECDSA", hash: "SHA-256" } as const;
    expect(() =>
      nodePlatform().verify(scheme, key.publicKey, new Uint8Array(64), new Uint8Array(1)),
    ).toThrow(TypeError);
  });
});
