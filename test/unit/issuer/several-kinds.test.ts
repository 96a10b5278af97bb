import { expect, it } from "vitest";
import { decodeBase64url } from "../../../src/encoding/base64.ts";
import { toHex, utf8Decode } from "../../../src/encoding/bytes.ts";
import { decodePem } from "../../../src/encoding/pem.ts";
import type { Awaitable } from "../../../src/result.ts";
import { parseCertificate } from "../../../src/svid/certificate.ts";
import { ciToken, createWorld, workload, AUDIENCE } from "./world.ts";

interface Lives {
  readonly x509: { readonly expires_at: number; readonly certificate_chain: string };
  readonly jwt: { readonly expires_at: number; readonly token: string };
  readonly wit: { readonly expires_at: number; readonly token: string };
}

/** A world whose rule grants each kind another life, and a request for all three. @param seconds by kind */
async function severalLives(seconds: { x509: number; jwt: number; wit: number }) {
  const rule = {
    name: "ci",
    evidence: { "oidc.ci": {} },
    spiffe_id: "/ci",
    x509: { ttl: `${seconds.x509}s` },
    jwt: { ttl: `${seconds.jwt}s`, audiences: [AUDIENCE] },
    wit: { ttl: `${seconds.wit}s` },
  };
  const one = await createWorld({ rules: [rule] });
  const bob = await workload(one);
  const post = async (more: object): Promise<Response> => {
    const evidence = [await ciToken(one, bob.bound)];
    const kinds = {
      x509: { csr: bob.csr, ...more },
      jwt: { audience: [AUDIENCE], ...more },
      wit: more,
    };
    const body = JSON.stringify({ evidence, ...kinds });
    return one.post(body, { dpop: await bob.dpop(body) });
  };
  return { world: one, bob, post };
}

const jtiOf = (token: string): unknown => {
  const payload = decodeBase64url(token.split(".")[1] ?? "");
  return payload.ok && (JSON.parse(utf8Decode(payload.value) ?? "") as { jti: unknown }).jti;
};

it("each lives as long as the rule lets its own kind", async () => {
  const ttl = { x509: 3000, jwt: 200, wit: 1000 };
  const several = await severalLives(ttl);
  for (const longer of [{}, { ttl_seconds: 86_400 }]) {
    const svids = (await (await several.post(longer)).json()) as Lives; // oxlint-disable-line no-await-in-loop -- two
    for (const kind of ["x509", "jwt", "wit"] as const)
      expect(svids[kind].expires_at - several.world.now).toBe(ttl[kind]);
  }
});

it("the record says of each what was signed, by which key, for which, and how long it lives", async () => {
  const { world: one, bob, post } = await severalLives({ x509: 3000, jwt: 200, wit: 1000 });
  const svids = (await (await post({})).json()) as Lives;
  const hashOfSigned = ({ signed }: { signed: readonly Uint8Array[] }): Awaitable<string> =>
    one.platform.digestText("SHA-256", signed[0] ?? new Uint8Array(), "hex");
  const chain = decodePem(svids.x509.certificate_chain, "CERTIFICATE");
  const leaf = parseCertificate((chain.ok && chain.value[0]) || new Uint8Array());
  expect(one.audit.events()[0]).toMatchObject({
    event: "intent",
    x509: {
      serial: leaf.ok && toHex(leaf.value.serial),
      tbs_sha256: await hashOfSigned(one.keys.x509Signer),
      subject_key: bob.jkt,
      not_after: leaf.ok && leaf.value.notAfter,
      signer: "root",
    },
    jwt: {
      jti: jtiOf(svids.jwt.token),
      input_sha256: await hashOfSigned(one.keys.jwtSigner),
      audience: [AUDIENCE],
      expires_at: one.now + 200,
      signer: "jwt",
    },
    wit: {
      jti: jtiOf(svids.wit.token),
      input_sha256: await hashOfSigned(one.keys.witSigner),
      subject_key: bob.jkt,
      expires_at: one.now + 1000,
      signer: "wit",
    },
  });
});
