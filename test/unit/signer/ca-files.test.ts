import { describe, expect, it } from "vitest";
import { encodePem } from "../../../src/encoding/pem.ts";
import { openCaFiles } from "../../../src/signer/ca-files.ts";
import { parseCertificate } from "../../../src/svid/certificate.ts";
import { upstreamConformance } from "../../conformance/upstream.ts";
import { intermediateWish, type IntermediateWish } from "../../fakes/intermediate-wish.ts";
import { csrDer } from "../../fakes/csr.ts";
import { extension, NOW, testCa, type Fields, type TestCa } from "../svid/forge.ts";
import { caOf, faultOf, hierarchy, opened, pemOf, platform } from "./upstream-bench.ts";

const SETTINGS = { ca: "file:ca.pem", private_key: "file:ca.key" };
const pem = (...cas: readonly TestCa[]): string =>
  cas.map(({ der }) => encodePem("CERTIFICATE", der)).join("");

async function bench(signs: TestCa, chain: readonly TestCa[] = [signs]) {
  const files = { "file:ca.pem": pem(...chain), "file:ca.key": await pemOf(signs.key) };
  return opened(openCaFiles, SETTINGS, { files });
}

for (const [form, chainOf] of [
  ["the CA alone", ({ issuing }) => [issuing]],
  ["the CA and its root", ({ issuing, root }) => [issuing, root]],
] as const satisfies readonly [string, (all: Awaited<ReturnType<typeof hierarchy>>) => TestCa[]][])
  upstreamConformance(`ca_files, ${form}`, platform, async () => {
    const all = await hierarchy();
    return { ca: caOf(await bench(all.issuing, chainOf(all))), root: all.root.der };
  });

upstreamConformance("ca_files, a root", platform, async () => {
  const root = await testCa("root");
  return { ca: caOf(await bench(root)), root: root.der };
});

describe("a CA in files", () => {
  it("signs for no longer than it lives itself, from a minute ago", async () => {
    const root = await testCa("root", { notAfter: NOW + 60 });
    const ca = caOf(await bench(root));
    const [der = new Uint8Array(0)] = await ca.certify(await intermediateWish(platform));
    const made = parseCertificate(der);
    expect(made.ok && [made.value.notBefore, made.value.notAfter]).toEqual([NOW - 60, NOW + 60]);
  });

  it("signs nothing for a request without extensions, or what is none", async () => {
    const ca = caOf(await bench(await testCa("root")));
    const key = await platform.generateKey("P-256");
    for (const csr of [await csrDer(platform, key), new Uint8Array(5)]) {
      const wish = { ...(await intermediateWish(platform)), csr }; // oxlint-disable-line no-await-in-loop
      expect(await faultOf(ca.certify(wish))).toMatchObject({ code: "unsound" }); // oxlint-disable-line no-await-in-loop
    }
  });

  it.each<[string, Partial<IntermediateWish>]>([
    ["another trust domain", { trustDomain: "other.example.org" }],
    ["fewer name constraints", { nameConstraints: "permit_uri" }],
    ["name constraints that are none", { nameConstraints: "none" }],
    ["a life that is over", { notAfter: NOW }],
  ])("signs nothing that is not what is wanted: %s", async (_, changes) => {
    const ca = caOf(await bench(await testCa("root")));
    const wish = { ...(await intermediateWish(platform)), ...changes };
    const fault = await faultOf(ca.certify(wish));
    expect(fault).toMatchObject({ code: "unsound" });
    expect(fault.message).toMatch(/^not signed by corp: /);
  });

  const CA = [extension.ca(), extension.keyUsage([5])];
  it.each<[string, Fields, RegExp]>([
    ["that is no CA", { extensions: [extension.notCa()] }, /^ca: basic constraints/],
    ["of path length 0", { extensions: [extension.ca(0), CA[1]!] }, /^ca: path length 0 forbids/],
    ["that signs no certificates", { extensions: [CA[0]!] }, /^ca: key usage lacks/],
    ["without a key identifier", { extensions: CA }, /^ca: the subject key identifier/],
  ])("%s is refused at start", async (_, fields, message) => {
    const { complaints, handle } = await bench(await testCa("root", fields));
    expect(handle).toBeUndefined();
    expect(complaints).toEqual([expect.stringMatching(message)]);
  });

  it("is refused with another's key, and without files: all at once", async () => {
    const [one, two] = [await testCa("one"), await testCa("two")];
    const files = { "file:ca.pem": pem(one), "file:ca.key": await pemOf(two.key) };
    const swapped = await opened(openCaFiles, SETTINGS, { files });
    expect(swapped.complaints).toEqual([expect.stringMatching(/^private_key: is not that of/)]);
    const { complaints } = await opened(openCaFiles, SETTINGS);
    expect(complaints.toSorted()).toEqual([
      expect.stringMatching(/^ca: must hold 1 to 8 pem blocks "CERTIFICATE"/),
      expect.stringMatching(/^private_key: must hold one pem block/),
    ]);
  });
});
