import { beforeAll, describe, expect, it } from "vitest";
import { parseBundle, serializeBundle, type Bundle } from "../../../src/encoding/bundle.ts";
import { x509Authorities } from "../../../src/svid/authorities.ts";
import { verifyX509Svid } from "../../../src/svid/verify-x509-svid.ts";
import { NOW, platform, testCa } from "./forge.ts";
import { jwtKeys, token, verdict, type JwtKeys } from "./jwt.ts";
import { leafOf } from "./leaves.ts";
import { mint, minter, profileFor, trustDomain, type Minter } from "./mint.ts";

let ca: Minter;
let keys: JwtKeys;
let leaf: Uint8Array;
beforeAll(async () => {
  ca = await minter("P-256");
  keys = await jwtKeys();
  leaf = await mint(await profileFor(keys.ed.publicKey.spki), ca);
});

const entry = (certificate: Uint8Array, of: Minter = ca) => ({
  certificate,
  info: of.key.publicKey.info,
});
/** Through the document, as a peer gets it. */
function published(bundle: Partial<Bundle>): Bundle {
  const empty = { x509Authorities: [], jwtAuthorities: [], witAuthorities: [] };
  const parsed = parseBundle(serializeBundle({ ...empty, ...bundle }));
  if (!parsed.ok) throw new Error(parsed.error.detail);
  return parsed.value;
}
const verifies = async (bundle: Bundle): Promise<boolean> =>
  (await verifyX509Svid([leaf], x509Authorities(bundle), trustDomain, NOW, platform)).ok;

describe("the keys of a bundle", () => {
  it("verify the SVIDs of their own kind", async () => {
    const bundle = published({
      x509Authorities: [entry(ca.certificate.raw)],
      jwtAuthorities: keys.authorities,
    });
    expect(await verifies(bundle)).toBe(true);
    expect(await verdict(await token(keys.ec), bundle.jwtAuthorities)).toBeUndefined();
  });

  it("verify no JWT-SVID where they are for WIT-SVIDs, and nothing where there are none", async () => {
    const bundle = published({ witAuthorities: keys.authorities });
    expect(await verdict(await token(keys.ec), bundle.jwtAuthorities)).toBe("key_unknown");
    expect(await verifies(bundle)).toBe(false);
  });

  it("leave out what is no certificate of a CA, and keep the rest", async () => {
    const other = await testCa("other");
    const workload = await leafOf(other, keys.ec);
    const bad = [
      { certificate: workload, info: keys.ec.publicKey.info },
      { certificate: leaf, info: keys.ed.publicKey.info },
      entry(ca.certificate.raw.subarray(0, -1)),
      entry(new Uint8Array()),
    ];
    expect(x509Authorities({ x509Authorities: bad })).toEqual([]);
    expect(await verifies(published({ x509Authorities: bad }))).toBe(false);
    expect(
      await verifies(published({ x509Authorities: [...bad, entry(ca.certificate.raw)] })),
    ).toBe(true);
  });
});
