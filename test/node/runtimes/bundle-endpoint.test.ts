import type { X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { spiffeEndpoint } from "../../../src/federation/node/spiffe-endpoint.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { EndpointCertificate, bundlesOnly } from "../../../src/runtimes/node/bundle-endpoint.ts";
import { listen, type RunningServer } from "../../../src/runtimes/node/http-server.ts";
import { SignerError } from "../../../src/signer/signer.ts";
import { withLeafKey } from "../../fakes/x509-key.ts";
import { createWorld, type World } from "../../unit/issuer/world.ts";

const PATH = "/svidmint/bundle-endpoint";
let world: World;
let server: RunningServer;
let certificate: EndpointCertificate;
let path: string;
let told: string[];

beforeEach(async () => {
  world = await createWorld({ platform: nodePlatform });
  path = PATH;
  told = [];
  const fetch = (request: Request) => world.fetch(request);
  server = await listen(
    bundlesOnly(world.issuer, fetch),
    { host: "127.0.0.1", port: 0 },
    {
      tls(show) {
        const options = { platform: world.platform, path: () => path, show };
        certificate = new EndpointCertificate(world.issuer, {
          ...options,
          log: (line) => told.push(line),
        });
      },
    },
  );
});
afterEach(async () => server.stop());

/** As a peer fetches it. */
async function fetched(at = "/bundle", id = PATH) {
  const { trustDomain, keys } = world.snapshot;
  const { x509 } = keys.published(world.now);
  const bundle = { x509Authorities: x509, jwtAuthorities: [], witAuthorities: [] };
  const endpoint = {
    url: `https://127.0.0.1:${server.address.port}${at}`,
    allowPrivate: true,
    endpointId: `spiffe://${trustDomain}${id}`,
    endpointBundle: () => bundle,
  };
  const answer = await spiffeEndpoint(endpoint, world.platform)(endpoint);
  if (!answer.ok) return `${answer.error.code} ${answer.error.detail ?? ""}`;
  return answer.value.status === 200 ? new TextDecoder().decode(answer.value.bytes) : "unchanged";
}

/** What a new connection is shown. */
async function shown(): Promise<X509Certificate> {
  const socket = connect({
    host: "127.0.0.1",
    port: server.address.port,
    rejectUnauthorized: false,
  });
  await new Promise((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
  });
  const peer = socket.getPeerX509Certificate();
  socket.destroy();
  if (peer === undefined) throw new Error("no certificate");
  return peer;
}

describe("the bundle endpoint of profile https_spiffe", () => {
  it("serves the bundles as the main listener does, and nothing else", async () => {
    await certificate.look();
    const { bundle, witBundle } = await world.issuer.documents();
    expect(await fetched()).toBe(bundle.body);
    expect(await fetched("/bundle/wit")).toBe(witBundle.body);
    for (const other of ["/v1/svids", "/.well-known/jwks.json", "/metrics", "/bundlesque", "/"])
      expect(await fetched(other)).toBe("status 404"); // oxlint-disable-line no-await-in-loop
  });

  it("shows a certificate of an hour, written down before it was signed", async () => {
    expect(await shown().catch((error: Error) => error.message)).toContain("handshake failure");
    await certificate.look();
    const leaf = await shown();
    expect(leaf.subjectAltName).toBe(`URI:spiffe://${world.snapshot.trustDomain}${PATH}`);
    expect(Date.parse(leaf.validTo) / 1000).toBe(world.now + 3600);
    expect(leaf.publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
    expect(world.audit.events()).toEqual([
      expect.objectContaining({
        event: "intent",
        rule: "",
        evidence: [],
        spiffe_id: `spiffe://${world.snapshot.trustDomain}${PATH}`,
        x509: expect.objectContaining({
          serial: leaf.serialNumber.toLowerCase(),
          not_after: world.now + 3600,
        }),
      }),
      expect.objectContaining({ event: "outcome", result: "issued" }),
    ]);
    expect(told).toEqual([]);
  });

  it("takes another at half its life, for another key, while connections go on", async () => {
    await certificate.look();
    const first = await shown();
    world.now += 1799;
    await certificate.look();
    expect((await shown()).serialNumber).toBe(first.serialNumber);
    world.now += 1;
    await certificate.look();
    const second = await shown();
    expect(second.serialNumber).not.toBe(first.serialNumber);
    expect(second.publicKey.equals(first.publicKey)).toBe(false);
    expect(await fetched()).toContain("keys");
  });

  it("takes another when the clock is set back, before which it was not valid", async () => {
    world.now += 86_400;
    await certificate.look();
    const first = await shown();
    world.now -= 86_400;
    await certificate.look();
    const second = await shown();
    expect(second.serialNumber).not.toBe(first.serialNumber);
    expect(Date.parse(second.validFrom) / 1000).toBeLessThanOrEqual(world.now);
    world.now += 1;
    await certificate.look();
    expect((await shown()).serialNumber).toBe(second.serialNumber);
  });

  it("takes another as soon as another key signs, or its SPIFFE ID is another", async () => {
    await certificate.look();
    await certificate.look();
    expect(world.keys.x509Signer.signed).toHaveLength(1);
    const next = withLeafKey(world.keys.x509(world.now), (key) => key);
    Object.assign(world.keys, { x509: () => next });
    await certificate.look();
    expect(world.keys.x509Signer.signed).toHaveLength(2);
    path = "/spire/server";
    await certificate.look();
    expect(await fetched("/bundle", "/spire/server")).toContain("keys");
    expect(await fetched()).toMatch(/^endpoint_identity/);
  });

  it("goes on with what it has while the key service is dead, and asks now and then", async () => {
    await certificate.look();
    const first = await shown();
    let asked = 0;
    world.keys.x509Signer.fault = () => {
      asked++;
      throw new SignerError("unavailable", "the key service is away");
    };
    world.now += 1800;
    for (let second = 0; second < 600; second++) {
      await certificate.look(); // oxlint-disable-line no-await-in-loop
      world.now++;
    }
    expect(asked).toBeGreaterThan(8);
    expect(asked).toBeLessThan(16);
    expect((await shown()).serialNumber).toBe(first.serialNumber);
    expect(await fetched()).toContain("keys");
    expect(JSON.parse(told[0] ?? "")).toEqual({
      event: "bundle_endpoint",
      result: "failed",
      reason: "signer_unavailable",
      detail: "the key service is away",
    });
    world.keys.x509Signer.fault = undefined;
    world.now += 60;
    await certificate.look();
    expect((await shown()).serialNumber).not.toBe(first.serialNumber);
  });

  it("has nothing signed that could not be written down", async () => {
    world.audit.broken = true;
    await certificate.look();
    expect(world.keys.x509Signer.signed).toEqual([]);
    expect(told).toEqual([expect.stringContaining("audit_unavailable")]);
    await expect(shown()).rejects.toThrow(/handshake failure/);
  });

  it("resumes no session, and refuses TLS 1.1", async () => {
    await certificate.look();
    const options = { host: "127.0.0.1", port: server.address.port, rejectUnauthorized: false };
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      let session: Buffer | undefined;
      for (let round = 0; round < 2; round++) {
        const socket = connect({ ...options, maxVersion, ...(session && { session }) });
        socket.on("session", (given: Buffer) => (session = given));
        // oxlint-disable-next-line no-await-in-loop
        await new Promise((resolve, reject) => {
          socket.once("secureConnect", () =>
            socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
          );
          socket.once("error", reject);
          socket.once("end", resolve);
          socket.resume();
        });
        expect(socket.isSessionReused()).toBe(false);
        expect(socket.getProtocol()).toBe(maxVersion);
        socket.destroy();
      }
    }
    const old = connect({
      ...options,
      minVersion: "TLSv1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
    });
    const refusal = await new Promise<Error>((resolve) => old.once("error", resolve));
    expect(refusal.message).toMatch(/protocol version/);
  });
});
