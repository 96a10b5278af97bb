import { readFile } from "node:fs/promises";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readYaml } from "../../../../src/cli/config-document.ts";
import { utf8Encode } from "../../../../src/encoding/bytes.ts";
import { isJsonObject, type JsonObject } from "../../../../src/encoding/json.ts";
import { loadConfig } from "../../../../src/issuer/config.ts";
import { nodePlatform } from "../../../../src/platform/node/node-platform.ts";
import { attestors as registry } from "../../../../src/runtimes/node/attestors.ts";
import {
  DIGEST as IMAGE,
  simulateConfidentialSpace,
  spaceClaims,
} from "../../../fakes/confidential-space.ts";
import { provenance, SAN } from "../../../fakes/node/sigstore.ts";
import { dataUrl, keySetUrl, type TokenKey } from "../../../fakes/token-issuer.ts";
import {
  AUDIENCE,
  codeOf,
  createWorld,
  workload,
  type Workload,
  type World,
} from "../../../unit/issuer/world.ts";
import { evidenceOf, IDENTITY, NOW, world as sigstore } from "./support.ts";

const RULE = {
  name: "payments",
  evidence: {
    gcp_confidential_space: { project_id: "payments-prod" },
    sigstore: { san: SAN, source_repository_id: "456789", build_trigger: ["push", "release"] },
  },
  join: [["gcp_confidential_space.image_digest", "sigstore.digest"]],
  spiffe_id: "/payments",
  x509: { ttl: "1h" },
  jwt: { ttl: "5m", audiences: [AUDIENCE] },
};

let world: World;
let alice: Workload;
let mallory: Workload;
let key: TokenKey;

beforeAll(async () => {
  const space = await simulateConfidentialSpace(NOW);
  ({ key } = space);
  const trustedRoot = new TextDecoder().decode(sigstore.trustedRoot());
  world = await createWorld({
    platform: nodePlatform,
    registry,
    store: "none",
    now: NOW + 10,
    rules: [RULE],
    evidence: {
      gcp_confidential_space: { projects: ["payments-prod"], jwks: keySetUrl(key) },
      sigstore: { trusted_root: dataUrl(trustedRoot), identities: [IDENTITY] },
    },
  });
  [alice, mallory] = await Promise.all([workload(world), workload(world)]);
});
beforeEach(() => {
  world.audit.lines.length = 0;
});

const space = async (by: Workload, members: Parameters<typeof spaceClaims>[2] = {}) => ({
  type: "gcp_confidential_space",
  token: await key.sign(spaceClaims(NOW, by.bound, members)),
});
const built = async (digest = IMAGE, options = {}) => {
  const subject = [{ name: "signer", digest: { sha256: digest.slice("sha256:".length) } }];
  return evidenceOf(await sigstore.attest(provenance({ subject }), options));
};
async function codeFor(evidence: readonly unknown[], by: Workload = alice): Promise<string> {
  const answer = await world.post({ evidence, x509: { csr: by.csr } });
  return answer.status === 200 ? "issued" : codeOf(answer);
}
const signatures = () => world.keys.x509Signer.signed.length;

describe("a rule that wants Confidential Space and provenance", () => {
  it("gives an identity to both together, in any order, and asks no claim store", async () => {
    const pieces = [await space(alice), await built()];
    expect(await codeFor(pieces)).toBe("issued");
    expect(await codeFor(pieces.toReversed())).toBe("issued");
    const body = JSON.stringify({ evidence: pieces, jwt: { audience: [AUDIENCE] } });
    expect(body.length).toBeLessThan(65_536);
    expect((await world.post(body, { dpop: await alice.dpop(body) })).status).toBe(200);
  });

  it("refuses either alone", async () => {
    const before = signatures();
    expect(await codeFor([await space(alice)])).toBe("refused");
    expect(await codeFor([await built()])).toBe("refused");
    expect(world.audit.events()).toMatchObject([
      { reason: "no_rule_matches" },
      { reason: "no_rule_matches" },
    ]);
    expect(signatures()).toBe(before);
  });

  it.each<[string, string, () => Promise<readonly unknown[]>]>([
    [
      "provenance of another image",
      "refused",
      async () => [await space(alice), await built(`sha256:${"b".repeat(64)}`)],
    ],
    [
      "another image than the one that was built",
      "refused",
      async () => [
        await space(alice, { container: { image_digest: `sha256:${"b".repeat(64)}` } }),
        await built(),
      ],
    ],
    [
      "a build that another event began",
      "refused",
      async () => {
        const build = {
          12: "https://github.com/acme/app",
          15: "456789",
          20: "pull_request_target",
        };
        return [await space(alice), await built(IMAGE, { build })];
      },
    ],
    [
      "a build by another workflow",
      "evidence_rejected",
      async () => [await space(alice), await built(IMAGE, { san: "https://github.com/acme/x" })],
    ],
    [
      "a statement that was not logged",
      "evidence_rejected",
      async () => [await space(alice), await built(IMAGE, { log: { foreign: true } })],
    ],
    [
      "the token of another's key beside the public bundle",
      "evidence_rejected",
      async () => [await space(mallory), await built()],
    ],
    [
      "the same bundle twice",
      "request_malformed",
      async () => [await space(alice), await built(), await built()],
    ],
  ])("%s: %s", async (_, code, pieces) => {
    const before = signatures();
    expect(await codeFor(await pieces())).toBe(code);
    expect(signatures()).toBe(before);
  });
});

it("docs/attestors/sigstore.md shows a configuration that is read without errors", async () => {
  const url = new URL("../../../../docs/attestors/sigstore.md", import.meta.url);
  const page = await readFile(url, "utf8");
  const blocks = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = ""]): JsonObject => {
    const { value } = readYaml(utf8Encode(block));
    return isJsonObject(value) ? value : {};
  });
  const [section, rules] = blocks;
  expect(blocks).toHaveLength(2);
  const { issues } = await loadConfig(
    {
      trust_domain: "prod.example.org",
      issuer: "https://id.example.org",
      ...rules,
      evidence: {
        gcp_confidential_space: { projects: ["payments-prod"] },
        ...Object(section?.["evidence"]),
      },
    },
    { platform: nodePlatform(), registry, read: () => Promise.resolve(sigstore.trustedRoot()) },
  );
  expect(issues).toEqual([]);
});
