import { describe, expect, it } from "vitest";
import { encodePem } from "../../../src/encoding/pem.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { openStepCa } from "../../../src/signer/step-ca.ts";
import { upstreamConformance } from "../../conformance/upstream.ts";
import { intermediateWish } from "../../fakes/intermediate-wish.ts";
import { FakeStepCa, STEP_CA } from "../../fakes/step-ca.ts";
import { NOW } from "../svid/forge.ts";
import { caOf, faultOf, hierarchy, opened, pemOf, platform } from "./upstream-bench.ts";

const SETTINGS = { ca: STEP_CA, provisioner: "svidmint", private_key: "file:provisioner.key" };

async function bench(
  provisioner: { readonly name?: string; readonly kid?: string } = {},
  settings: { readonly kid?: string; readonly private_key?: string } = {},
) {
  const { root, issuing } = await hierarchy();
  const key = await platform.generateKey("P-256");
  const { spki } = key.publicKey;
  const known = { name: "svidmint", spki, ...provisioner };
  const ca = new FakeStepCa(issuing, [issuing.der], known, () => NOW);
  const open = await opened(
    openStepCa,
    { ...SETTINGS, ...settings },
    {
      platform: webCryptoPlatform({ fetch: ca.fetch, now: () => NOW }),
      files: { "file:provisioner.key": await pemOf(key) },
    },
  );
  return { root, ca, open };
}

upstreamConformance("step_ca", platform, async () => {
  const { open, root } = await bench();
  return { ca: caOf(open), root: root.der, keepsNames: false };
});

describe("what a step-ca is asked", () => {
  it("is nothing at first, then one certificate with its end", async () => {
    const { open, ca } = await bench();
    const upstream = caOf(open);
    expect(ca.asked).toEqual([]);
    const wish = await intermediateWish(platform);
    await upstream.certify(wish);
    expect(ca.asked).toEqual([
      {
        csr: encodePem("CERTIFICATE REQUEST", wish.csr),
        ott: expect.stringMatching(/^ey[\w-]+\.ey[\w-]+\.[\w-]{86}$/),
        notAfter: new Date(wish.notAfter * 1000).toISOString(),
      },
    ]);
  });

  it("has a token of its own each time it is asked, so that one may be lost", async () => {
    const { open, ca } = await bench();
    let losses = 1;
    ca.fault = () => (losses-- > 0 ? new Response("", { status: 502 }) : undefined);
    await caOf(open).certify(await intermediateWish(platform));
    expect(new Set(ca.asked.map(({ ott }) => ott)).size).toBe(2);
  });

  it("names the key as the configuration does", async () => {
    const { open } = await bench({ kid: "key-1" }, { kid: "key-1" });
    await expect(caOf(open).certify(await intermediateWish(platform))).resolves.toHaveLength(2);
  });

  it.each([
    ["another kid", { kid: "key-2" }],
    ["another name", { name: "other" }],
  ])("is refused where the provisioner has %s", async (_, provisioner) => {
    const { open, ca } = await bench(provisioner);
    const error = await faultOf(caOf(open).certify(await intermediateWish(platform)));
    expect(error).toMatchObject({ code: "denied", retryable: false });
    expect(error.message).toBe("step-ca refuses to sign for corp: status 401");
    expect(ca.asked).toHaveLength(1);
  });

  it("is refused where the end is later than the CA gives", async () => {
    const { open } = await bench();
    const wish = { ...(await intermediateWish(platform)), notAfter: NOW + 72 * 3600 };
    expect(await faultOf(caOf(open).certify(wish))).toMatchObject({
      code: "denied",
      message: expect.stringContaining("status 403"),
    });
  });
});

describe("a step-ca that does not certify", () => {
  it.each<[string, string, number, () => Response | Promise<Response>]>([
    ["500", "unavailable", 2, () => new Response("hunter2", { status: 500 })],
    ["429", "throttled", 2, () => new Response("", { status: 429 })],
    ["a lost connection", "unavailable", 2, () => Promise.reject(new TypeError("fetch failed"))],
    ["a redirect", "denied", 1, () => Response.redirect("https://other.example/", 307)],
    ["200", "denied", 1, () => Response.json({ certChain: [] })],
    ["201 that is no JSON", "denied", 1, () => new Response("<html>", { status: 201 })],
    ["no chain", "unsound", 1, () => Response.json({}, { status: 201 })],
    ["an empty chain", "unsound", 1, () => Response.json({ certChain: [] }, { status: 201 })],
    ["what is no PEM", "unsound", 1, () => Response.json({ certChain: ["MIIB"] }, { status: 201 })],
    ["a number", "unsound", 1, () => Response.json({ certChain: [7] }, { status: 201 })],
  ])("%s", async (_, code, calls, fault) => {
    const { open, ca } = await bench();
    ca.fault = fault;
    const error = await faultOf(caOf(open).certify(await intermediateWish(platform)));
    expect(error).toMatchObject({ code });
    expect(ca.asked).toHaveLength(calls);
    expect(error.message).not.toMatch(/hunter2|html|ey[A-Z]/);
  });

  it("is asked nothing where the provisioner's key is none", async () => {
    const { complaints, handle } = await opened(openStepCa, SETTINGS);
    expect(handle).toBeUndefined();
    expect(complaints).toEqual([expect.stringMatching(/^private_key: must hold one pem block/)]);
  });
});
