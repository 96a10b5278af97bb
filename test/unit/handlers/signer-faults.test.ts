import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { concatBytes } from "../../../src/encoding/bytes.ts";
import { ecdsaRawToDer } from "../../../src/encoding/ecdsa.ts";
import { boolean, implicit, octets, oid, seq, utf8 } from "../../../src/encoding/der/writer.ts";
import { createApp } from "../../../src/handlers/app.ts";
import { createIssuer } from "../../../src/issuer/issuer.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import { SignerError, type SignerErrorCode } from "../../../src/signer/signer.ts";
import { bootedVm, cronToken, AUDIENCE, ENDPOINT } from "../issuer/world.ts";
import { expectUnavailable, faultBench, type FaultBench, type Sign } from "./fault-bench.ts";
import { withLeafKey } from "../../fakes/x509-key.ts";

const ES256 = { name: "ECDSA", hash: "SHA-256" } as const;
const jwt = { audience: [AUDIENCE] };
let other: PrivateKey;

let bench: FaultBench;
let { world, alice, history, events, keysWith, post } = {} as FaultBench;

beforeAll(async () => {
  bench = await faultBench();
  other = await bench.world.platform.generateKey("P-256");
  ({ world, alice, history, events, keysWith, post } = bench);
});
beforeEach(() => {
  bench.reset();
});

const flipped: Sign = (_, genuine) => genuine.with(20, (genuine[20] ?? 0) ^ 1);
const UNSOUND: Record<string, Sign> = {
  "a flipped bit": flipped,
  "a flipped last bit": (_, genuine) => genuine.with(63, (genuine[63] ?? 0) ^ 1),
  "DER in place of r‖s": (_, genuine) => ecdsaRawToDer(genuine),
  "another key's": (data) => world.platform.sign(ES256, other, data),
  "of other data": async (data) => world.platform.sign(ES256, other, concatBytes(data, data)),
  "cut short": (_, genuine) => genuine.subarray(0, 63),
  grown: (_, genuine) => concatBytes(genuine, Uint8Array.of(0)),
  nothing: () => new Uint8Array(),
  zeros: () => new Uint8Array(64),
  "r and s exchanged": (_, genuine) => concatBytes(genuine.subarray(32), genuine.subarray(0, 32)),
};

describe("a key service that answers wrongly (RO-3)", () => {
  it.each(Object.keys(UNSOUND))("x509, %s: nothing leaves, an alarm is raised", async (name) => {
    const body = { evidence: [await cronToken(world)], x509: { csr: alice.csr } };
    await expectUnavailable(await post(body, keysWith("x509", UNSOUND[name] ?? flipped)));
    expect(history).toEqual(["intent", "root", "alarm", "outcome"]);
    expect(events[1]).toMatchObject({ alarm: "signature_unsound" });
    expect(events[2]).toMatchObject({
      result: "failed",
      reason: "signature_unsound",
      request_id: events[0]?.["request_id"],
    });
  });

  it.each(Object.keys(UNSOUND))(
    "jwt, %s: nothing leaves, the certificate beside it neither",
    async (name) => {
      const body = { evidence: [await cronToken(world)], x509: { csr: alice.csr }, jwt };
      await expectUnavailable(
        await post(body, keysWith("jwt", UNSOUND[name] ?? flipped), { by: alice }),
      );
      expect(history).toEqual(["intent", "root", "jwt", "alarm", "outcome"]);
      expect(events[1]).toMatchObject({ alarm: "signature_unsound", signer: "jwt" });
    },
  );

  it.each([
    ["jwt", "stands: the certificate was signed", 1],
    ["x509", "is taken back: nothing was signed", 0],
  ] as const)("%s: the claim of first use %s", async (use, _, held) => {
    const body = { evidence: [await bootedVm(world)], x509: { csr: alice.csr }, jwt };
    await expectUnavailable(await post(body, keysWith(use, flipped), { by: alice }));
    const claims = await bench.store().list?.();
    expect(claims).toHaveLength(held);
  });

  it.each(["application/jwt", "application/pem-certificate-chain"])(
    "asked for %s, answers a problem",
    async (accept) => {
      const use = accept.endsWith("jwt") ? "jwt" : "x509";
      const body = JSON.stringify({
        evidence: [await cronToken(world)],
        jwt,
        x509: { csr: alice.csr },
      });
      const snapshot = { ...world.snapshot, ...keysWith(use, flipped) };
      const issuer = createIssuer(() => snapshot, { audit: { write: () => {} } });
      const headers = { "content-type": "application/json", accept };
      const app = createApp(issuer, { openapi: "{}" });
      const answer = await app.fetch(new Request(ENDPOINT, { method: "POST", body, headers }));
      expect(answer.status).toBe(503);
      await expectUnavailable(answer);
    },
  );
});

describe("a key service that does not answer (F2, F3, F7)", () => {
  it.each(["unavailable", "denied", "throttled", "timeout"] satisfies SignerErrorCode[])(
    "%s: no alarm, one try",
    async (code) => {
      const fault = () => Promise.reject(new SignerError(code, "the key service failed"));
      await expectUnavailable(
        await post({ evidence: [await cronToken(world)], jwt }, keysWith("jwt", fault)),
      );
      expect(history).toEqual(["intent", "jwt", "outcome"]);
      expect(events.at(-1)).toMatchObject({ result: "failed", reason: "signer_unavailable" });
    },
  );

  it("one failure that is told to several requests is one alarm", async () => {
    const failure = new SignerError("unsound", "the wrapped key jwt does not open");
    const keys = keysWith("jwt", () => Promise.reject(failure));
    const evidence = [await cronToken(world)];
    for (const _ of [1, 2]) await expectUnavailable(await post({ evidence, jwt }, keys)); // oxlint-disable-line no-await-in-loop -- one after the other
    expect(history).toEqual(["intent", "jwt", "alarm", "outcome", "intent", "jwt", "outcome"]);
  });

  it("a fault that nobody foresaw ends its intent as well", async () => {
    const fault = () => Promise.reject(new TypeError("undefined is not a function"));
    await expectUnavailable(
      await post({ evidence: [await cronToken(world)], jwt }, keysWith("jwt", fault)),
    );
    expect(history).toEqual(["intent", "jwt", "outcome"]);
    expect(events.at(-1)).toMatchObject({ result: "failed", reason: "internal_fault" });
  });

  it("no active key: nothing is recorded as meant", async () => {
    for (const use of ["x509", "jwt"] as const) {
      const keys = { ...world.keys, [use]: () => undefined };
      const body = { evidence: [await cronToken(world)], jwt, x509: { csr: alice.csr } }; // oxlint-disable-line no-await-in-loop
      await expectUnavailable(await post(body, { keys })); // oxlint-disable-line no-await-in-loop
    }
    expect(history).toEqual(["refused", "refused"]);
  });

  it("leaves the public documents and the next request unharmed (OD-3)", async () => {
    const keys = keysWith("jwt", () => Promise.reject(new SignerError("timeout", "late")));
    const app = createApp(
      createIssuer(() => ({ ...world.snapshot, ...keys }), { audit: { write: () => {} } }),
      { openapi: "{}" },
    );
    for (const path of ["/bundle", "/.well-known/jwks.json", "/.well-known/openid-configuration"]) {
      const url = ENDPOINT.replace("/v1/svids", path);
      expect((await app.fetch(new Request(url))).status).toBe(200); // oxlint-disable-line no-await-in-loop
    }
    expect((await post({ evidence: [await cronToken(world)], jwt })).status).toBe(200);
  });
});

describe("a builder gone wrong: the lint stands before the intent and the key", () => {
  const extension = (dotted: string, critical: boolean, value: Uint8Array): Uint8Array =>
    seq(oid(dotted), ...(critical ? [boolean(true)] : []), octets(value));
  const name = seq(utf8("somebody else"));

  it.each<[string, (issuer: { head: Uint8Array; extensions: Uint8Array }) => object]>([
    ["another issuer name", ({ head }) => ({ head: concatBytes(head.subarray(0, 12), name) })],
    ["another algorithm", ({ head }) => ({ head: head.with(11, 0x03) })],
    [
      "CA:TRUE beside the profile",
      ({ extensions }) => ({
        extensions: concatBytes(extensions, extension("2.5.29.19", true, seq(boolean(true)))),
      }),
    ],
    [
      "CA:TRUE in place of the profile",
      () => ({ extensions: extension("2.5.29.19", true, seq(boolean(true))) }),
    ],
    ["no extensions", () => ({ extensions: new Uint8Array() })],
    [
      "a second name",
      ({ extensions }) => ({
        extensions: concatBytes(
          extensions,
          extension(
            "2.5.29.17",
            true,
            seq(implicit(6, new TextEncoder().encode("spiffe://prod.example/root"), false)),
          ),
        ),
      }),
    ],
    [
      "another authority",
      ({ extensions }) => ({
        extensions: extensions.with(extensions.length - 1, (extensions.at(-1) ?? 0) ^ 1),
      }),
    ],
  ])("%s is not signed", async (_, change) => {
    const keys = {
      ...world.keys,
      x509(now: number) {
        return withLeafKey(world.keys.x509(now), (key) => ({
          ...key,
          issuer: { ...key.issuer, ...change(key.issuer) },
        }));
      },
    };
    const before = world.keys.x509Signer.signed.length;
    const evidence = [await bootedVm(world)];
    await expectUnavailable(await post({ evidence, x509: { csr: alice.csr } }, { keys }));
    expect(events).toMatchObject([{ event: "refused", reason: "lint_failed" }]);
    expect(world.keys.x509Signer.signed).toHaveLength(before);
    expect(await bench.store().list?.()).toEqual([]);
  });

  it("an identity of another trust domain is signed by neither key", async () => {
    const before = [world.keys.x509Signer.signed.length, world.keys.jwtSigner.signed.length];
    const evidence = [await cronToken(world)];
    for (const kind of [{ jwt }, { x509: { csr: alice.csr } }])
      await expectUnavailable(await post({ evidence, ...kind }, { trustDomain: "other.example" })); // oxlint-disable-line no-await-in-loop
    expect(events).toMatchObject([{ reason: "lint_failed" }, { reason: "lint_failed" }]);
    expect([world.keys.x509Signer.signed.length, world.keys.jwtSigner.signed.length]).toEqual(
      before,
    );
  });
});
