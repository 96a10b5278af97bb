import { beforeEach, describe, expect, it } from "vitest";
import { SignerError } from "../../../src/signer/signer.ts";
import {
  ciToken,
  createWorld,
  ISSUER,
  workload,
  type Workload,
  type World,
} from "../issuer/world.ts";
import { badLines, problemOf, signatures } from "./support.ts";
import { post, witOf } from "./wit-support.ts";

let world: World;
let alice: Workload;

beforeEach(async () => {
  world = await createWorld();
  alice = await workload(world);
});

describe("what is written of it", () => {
  it("is an intent before the signature, with its name, key and hash, and a count", async () => {
    const body = { evidence: [await ciToken(world, alice.bound)], wit: { csr: alice.csr } };
    const { token, wit } = await witOf(world, await post(world, body));
    const [intent, outcome] = world.audit.events();
    const [signed = new Uint8Array()] = world.keys.witSigner.signed;
    expect(intent).toMatchObject({
      event: "intent",
      rule: "ci",
      wit: {
        jti: expect.stringMatching(/^[\w-]{22}$/),
        input_sha256: Array.from(await world.platform.digest("SHA-256", signed), (byte) =>
          byte.toString(16).padStart(2, "0"),
        ).join(""),
        subject_key: alice.jkt,
        expires_at: wit.expiresAt,
        signer: "wit",
      },
    });
    expect(intent).not.toHaveProperty("jwt");
    expect(outcome).toMatchObject({ event: "outcome", result: "issued" });
    expect(world.audit.lines.join("\n")).not.toContain(token.split(".")[2]);
    expect(badLines(world)).toEqual([]);
    expect(world.issuer.metrics.render()).toContain('svidmint_svids_issued_total{kind="wit"} 1');
  });

  it("names the key of the DPoP proof, where it is for that", async () => {
    const body = { evidence: [await ciToken(world, alice.bound)], wit: {} };
    expect((await post(world, body, alice)).status).toBe(200);
    expect(world.audit.events()[0]).toMatchObject({
      key: alice.jkt,
      wit: { subject_key: alice.jkt },
    });
  });

  it("is nothing, and nothing is signed, where the log cannot be written", async () => {
    world.audit.broken = true;
    const body = { evidence: [await ciToken(world, alice.bound)], wit: { csr: alice.csr } };
    expect((await problemOf(await post(world, body))).code).toBe("unavailable");
    expect(signatures(world)).toBe(0);
  });

  it("is an alarm where the signature is unsound", async () => {
    world.keys.witSigner.fault = () => {
      throw new SignerError("unsound", "the signature of wit does not verify");
    };
    const body = { evidence: [await ciToken(world, alice.bound)], wit: { csr: alice.csr } };
    expect((await problemOf(await post(world, body))).code).toBe("unavailable");
    expect(world.audit.events()).toContainEqual(
      expect.objectContaining({ event: "alarm", alarm: "signature_unsound", signer: "wit" }),
    );
  });
});

describe("the keys of WIT-SVIDs", () => {
  it("are in /bundle/wit beside all others, and nowhere else", async () => {
    const text = async (path: string) => (await world.fetch(new Request(ISSUER + path))).text();
    const all = JSON.parse(await text("/bundle/wit")) as { keys: { use: string }[] };
    expect(all.keys.map(({ use }) => use)).toEqual(["x509-svid", "jwt-svid", "wit-svid"]);
    const body = { evidence: [await ciToken(world, alice.bound)], wit: { csr: alice.csr } };
    const answer = await (await post(world, body)).text();
    const kid = world.keys.wit(world.now)?.kid ?? "";
    for (const document of [
      await text("/bundle"),
      await text("/.well-known/jwks.json"),
      await text("/.well-known/openid-configuration"),
    ])
      expect(document).not.toContain(kid);
    const { bundle } = JSON.parse(answer) as { bundle: object };
    expect(JSON.stringify(bundle)).toBe(await text("/bundle"));
  });
});
