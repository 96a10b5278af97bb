import { describe, expect, it } from "vitest";
import { SignerError } from "../../../src/signer/signer.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import type { ClaimStore } from "../../../src/stores/claim-store.ts";
import { csrPem } from "../../fakes/csr.ts";
import { keySet, tokenKey } from "../../fakes/token-issuer.ts";
import { problemOf } from "../handlers/support.ts";
import { AUDIENCE, createWorld, ISSUER, workload } from "./world.ts";

const KEYS = "https://net.example/keys";
const RULE = {
  name: "net",
  evidence: { "oidc.net": { job: "nightly" } },
  binding: { "oidc.net": "audience" },
  replay: { "oidc.net": "once" },
  spiffe_id: "/net/{oidc.net.job}",
  x509: { ttl: "1h" },
  jwt: { ttl: "5m", audiences: [AUDIENCE] },
};

/** What goes wrong at each step, in the order in which they are told; and all that has been done until then. */
const STEPS = [
  ["the head", "content_encoding_unsupported", ""],
  ["size", "body_too_large", ""],
  ["schema", "body_schema", ""],
  ["possession", "csr_signature_invalid", ""],
  ["audience", "audience_mismatch", ""],
  ["published keys", "keys_unavailable", "fetch"],
  ["signature", "signature_invalid", "fetch"],
  ["deny", "denied", "fetch"],
  ["policy", "no_rule_matches", "fetch"],
  ["what the rule gives", "audience_not_granted", "fetch"],
  ["claim store", "store_unavailable", "fetch claim release"],
  ["audit intent", "audit_unavailable", "fetch claim intent release"],
  ["signer", "signer_unavailable", "fetch claim intent sign release"],
] as const;
type Step = (typeof STEPS)[number][0];

/** A request to an issuer where each of these goes wrong. @returns the reason that is counted, and what was done */
async function ask(wrong: ReadonlySet<Step>): Promise<{ reason: string; done: string }> {
  const done: string[] = [];
  const memory = memoryStore();
  const store: ClaimStore = {
    ...memory,
    claim(request) {
      done.push("claim");
      if (wrong.has("claim store")) throw new Error("out of order");
      return memory.claim(request);
    },
    release(...claim) {
      done.push("release");
      return memory.release(...claim);
    },
  };
  const [key, stranger] = await Promise.all([
    tokenKey("ES256", "net-1"),
    tokenKey("ES256", "net-1"),
  ]);
  const world = await createWorld({
    store,
    rules: [RULE],
    deny: [{ team: "banned" }],
    oidc: { net: { issuer: "https://net.example", jwks: KEYS, pin: "issuer" } },
  });
  world.network.serve(KEYS, () => {
    done.push("fetch");
    return wrong.has("published keys")
      ? new Response(null, { status: 500 })
      : Response.json(keySet(key));
  });
  const push = world.audit.lines.push.bind(world.audit.lines);
  world.audit.lines.push = (line) => {
    if (!line.includes('"event":"intent"')) return push(line);
    done.push("intent");
    if (wrong.has("audit intent")) throw new Error("disk full");
    return push(line);
  };
  world.keys.x509Signer.fault = (signature) => {
    done.push("sign");
    if (wrong.has("signer")) throw new SignerError("unavailable", "root");
    return signature;
  };

  const alice = await workload(world);
  const claims = {
    iss: "https://net.example",
    sub: "s",
    aud: wrong.has("audience") ? "https://other.example" : ISSUER,
    iat: world.now - 10,
    exp: world.now + 600,
    job: wrong.has("policy") ? "other" : "nightly",
    team: wrong.has("deny") ? "banned" : "good",
  };
  const token = await (wrong.has("signature") ? stranger : key).sign(claims);
  const csr = wrong.has("possession")
    ? await csrPem(world.platform, (await workload(world)).key, { spki: alice.key.publicKey.spki })
    : alice.csr;
  const audience = wrong.has("what the rule gives") ? "https://other.example" : AUDIENCE;
  const body = JSON.stringify({
    evidence: [{ type: "oidc", token }],
    x509: { csr },
    jwt: { audience: [audience] },
    ...(wrong.has("schema") && { more: 1 }),
  });
  const text = wrong.has("size") ? body.padEnd(65_537) : body;
  const answer = await world.post(text, {
    dpop: await alice.dpop(text),
    ...(wrong.has("the head") && { "content-encoding": "gzip" }),
  });
  if (answer.status === 200) return { reason: "issued", done: done.join(" ") };
  await problemOf(answer);
  const [, reason = ""] =
    /svidmint_refusals_total\{reason="(\w+)"\} 1\n/.exec(world.issuer.metrics.render()) ?? [];
  return { reason, done: done.join(" ") };
}

describe("the order of a request: the first step that goes wrong is told, and none behind it is taken", () => {
  it.each(STEPS)("%s: %s", async (step, reason, done) => {
    const from = STEPS.findIndex(([name]) => name === step);
    const wrong = new Set(STEPS.slice(from).map(([name]) => name));
    expect(await ask(wrong)).toEqual({ reason, done });
  });

  it("of one that is issued", async () => {
    expect(await ask(new Set())).toEqual({ reason: "issued", done: "fetch claim intent sign" });
  });
});
