import { describe, expect, it } from "vitest";
import { base64url, tokenKey, utf8 } from "../../../fakes/token-issuer.ts";
import { ISSUER } from "../../issuer/world.ts";
import { machineClaims, openPlace, refused } from "./support.ts";

const place = await openPlace();
const { world, google, alice } = place;
const good = machineClaims(place);
const header = { alg: "RS256", kid: "google-1", typ: "JWT" };
const x509 = { csr: alice.csr };

const asked = (token: string): Promise<string> =>
  refused(place, { evidence: [{ type: "gcp_iit", token }], x509 });
const of = async (changes: object): Promise<string> =>
  asked(await google.sign({ ...good, ...changes }));
const headed = async (changes: object): Promise<string> => asked(await google.sign(good, changes));
/** With a member more than the token has, or in place of its own, as its text stands. */
const written = async (member: string, text: string): Promise<string> => {
  const { [member]: _, ...rest } = good;
  const payload = JSON.stringify(rest).replace(/\}$/, `,"${member}":${text}}`);
  return asked(await google.signText(JSON.stringify(header), payload));
};

describe("bad gcp_iit evidence at POST /v1/svids", () => {
  it("the token that all others vary is good", async () => {
    const evidence = [{ type: "gcp_iit", token: await google.sign(good) }];
    expect((await world.post({ evidence, x509 })).status).toBe(200);
  });

  it("user token", async () => {
    for (const email of ["alice@gmail.com", "alice@payments.example", "x@evilgserviceaccount.com"])
      expect(await of({ email })).toBe("evidence_rejected: not_a_workload");
    // As gcloud gives it to a person: for a client of Google's own, without a machine.
    const azp = "32555940559.apps.googleusercontent.com";
    expect(await of({ azp, email: "alice@gmail.com", google: undefined })).toBe(
      "evidence_rejected: not_a_workload",
    );
  });

  it("self-signed service-account token (CVE-2020-16251)", async () => {
    const own = await tokenKey("RS256", "google-1");
    expect(await asked(await own.sign(good))).toBe("evidence_rejected: signature_invalid");
    const iss = "payments@payments-prod.iam.gserviceaccount.com";
    for (const key of [own, google])
      expect(await asked(await key.sign({ ...good, iss, sub: iss }))).toBe(
        "evidence_rejected: issuer_not_configured",
      );
  });

  it("other audience", async () => {
    for (const aud of ["https://vault.example", `${alice.bound}/`, alice.bound.toUpperCase(), ""])
      expect(await of({ aud })).toBe("evidence_rejected: audience_mismatch");
    expect(await of({ aud: ISSUER })).toBe("refused: no_rule_matches"); // ours, but nobody's key
    // A key is named, and it is not the one that was proved.
    expect(await of({ aud: `${ISSUER}/jkt/${"A".repeat(43)}` })).toBe(
      "evidence_rejected: binding_mismatch",
    );
  });

  it("audience array shapes", async () => {
    for (const aud of [
      [],
      [alice.bound, alice.bound],
      [alice.bound, "https://vault.example"],
      [[alice.bound]],
      [null],
      { 0: alice.bound },
      null,
      undefined,
    ])
      expect(await of({ aud })).toBe("evidence_rejected: audience_mismatch");
  });

  it("alg none, HS256 and of another key type", async () => {
    for (const alg of ["none", "NONE", "HS256", "ES256", "PS256", "RS1", "rs256"])
      expect(await headed({ alg })).toBe("evidence_rejected: algorithm_not_allowed");
    const text = [{ ...header, alg: "none" }, good].map((part) =>
      base64url(utf8(JSON.stringify(part))),
    );
    expect(await asked(`${text.join(".")}.`)).toMatch(/^evidence_rejected: /);
    const curve = await tokenKey("ES256", "google-1");
    expect(await asked(await curve.sign(good))).toBe("evidence_rejected: algorithm_not_allowed");
    expect(await asked(await curve.sign(good, { alg: "RS256" }))).toBe(
      "evidence_rejected: signature_invalid",
    );
  });

  it("jku, x5u, jwk and crit", async () => {
    const own = await tokenKey("RS256", "evil-1");
    world.network.serveJson("https://evil.example/keys", { keys: [own.jwk] });
    for (const brought of [
      { jku: "https://evil.example/keys" },
      { x5u: "https://evil.example/keys" },
      { jwk: own.jwk },
      { x5c: ["AA=="] },
    ]) {
      expect(await asked(await own.sign(good, brought))).toBe("evidence_rejected: key_unknown");
      expect(await asked(await own.sign(good, { ...brought, kid: "google-1" }))).toBe(
        "evidence_rejected: signature_invalid",
      );
    }
    for (const crit of [["exp"], ["b64"], [], "exp", null])
      expect(await headed({ crit })).toBe("evidence_rejected: jws_header_forbidden");
  });

  it("non-canonical base64url", async () => {
    const genuine = await google.sign(good);
    const [head, payload, signature = ""] = genuine.split(".");
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const last = alphabet[alphabet.indexOf(signature.at(-1) ?? "") ^ 1];
    for (const spelling of [
      `${signature.slice(0, -1)}${last}`, // bits that no octet has
      `${signature}=`,
      `${signature}==`,
      `${signature}\n`,
      ` ${signature}`,
      signature.replace(/^./, "$&\u00ad"),
      signature.replaceAll("-", "+").replaceAll("_", "/").replace(/^./, "+"),
    ])
      expect(await asked([head, payload, spelling].join("."))).toMatch(/^evidence_rejected: /);
    for (const more of [".", ".e30", "..", " "])
      expect(await asked(`${genuine}${more}`)).toMatch(/^evidence_rejected: /);
  });

  it("duplicate JSON keys", async () => {
    for (const member of ["aud", "exp", "\\u0061ud"]) {
      const payload = JSON.stringify(good).replace(/\}$/, `,"${member}":"x"}`);
      expect(await asked(await google.signText(JSON.stringify(header), payload))).toMatch(
        /^evidence_rejected: json_(duplicate_key|malformed)$/,
      );
    }
    const inner = JSON.stringify(good).replace('"project_id":', '"project_id":"x","project_id":');
    expect(await asked(await google.signText(JSON.stringify(header), inner))).toBe(
      "evidence_rejected: json_duplicate_key",
    );
    const twice = JSON.stringify(header).replace("{", '{"alg":"none",');
    expect(await asked(await google.signText(twice, JSON.stringify(good)))).toBe(
      "evidence_rejected: json_duplicate_key",
    );
  });

  it("exp 1e300, as a string, negative and in milliseconds", async () => {
    for (const text of ["1e300", '"1800003590"', "-1", "-1e300", "1800003590000", "1e400", "null"])
      expect(await written("exp", text)).toMatch(/^evidence_rejected: /);
  });
});
