import { beforeAll, describe, expect, it } from "vitest";
import { parseBundle } from "../../../src/encoding/bundle.ts";
import { RULES } from "../../unit/issuer/names.ts";
import { createWorld, cronToken, workload, ISSUER, type World } from "../../unit/issuer/world.ts";
import { publishedJson, unfit } from "./published-schema.ts";

/** What is really answered, held against the contract. */

type Json = Record<string, unknown>;
interface Contract {
  readonly paths: Record<string, Record<string, { responses: Record<string, Declared> }>>;
  readonly components: { readonly schemas: Json };
}
interface Declared {
  readonly content?: Record<string, { schema: Json }>;
}

/** A bundle as SPIFFE lets it be: without sequence and hint. */
const BARE = "bare.example";
const SILENT = "silent.example";
let world: World;
let contract: Contract;

beforeAll(async () => {
  const bare = parseBundle('{"keys":[]}');
  if (!bare.ok) throw new Error(bare.error.detail);
  const peers = new Map([[BARE, bare.value] as const, [SILENT, undefined] as const]);
  const rules = RULES.map((rule) => ({ ...rule, federates_with: [BARE, SILENT] }));
  world = await createWorld({ peers, rules });
  contract = (await publishedJson("docs/openapi.json")) as unknown as Contract;
});

/** What an answer has that its operation does not declare. */
async function undeclared(path: string, method: string, answer: Response): Promise<unknown> {
  const declared = contract.paths[path]?.[method]?.responses[String(answer.status)];
  if (declared === undefined) return `${answer.status} is not declared`;
  const type = (answer.headers.get("content-type") ?? "").split(";")[0] ?? "";
  const schema = declared.content?.[type]?.schema;
  if (schema === undefined) return `${type} is not declared`;
  const value = type.endsWith("json") ? await answer.json() : await answer.text();
  return unfit(schema, value, contract.components.schemas);
}

describe("the contract declares", () => {
  it.each([
    ["/bundle", "/bundle", 200],
    ["/bundle/wit", "/bundle/wit", 200],
    ["/bundles", "/bundles", 200],
    ["/bundles/{trust_domain}", `/bundles/${BARE}`, 200],
    ["/bundles/{trust_domain}", `/bundles/${SILENT}`, 503],
    ["/bundles/{trust_domain}", "/bundles/stranger.example", 404],
    ["/.well-known/openid-configuration", "/.well-known/openid-configuration", 200],
    ["/.well-known/jwks.json", "/.well-known/jwks.json", 200],
    ["/healthz", "/healthz", 200],
    ["/readyz", "/readyz", 200],
  ] as const)("%s: GET %s gives %s", async (path, asked, status) => {
    const answer = await world.fetch(new Request(ISSUER + asked));
    expect(answer.status).toBe(status);
    expect(await undeclared(path, "get", answer)).toEqual([]);
  });

  it("/bundles where nobody federates", async () => {
    const alone = await createWorld();
    const answer = await alone.fetch(new Request(`${ISSUER}/bundles`));
    expect(answer.status).toBe(404);
    expect(await undeclared("/bundles", "get", answer)).toEqual([]);
  });

  it("/v1/svids: an answer with bundles of peers", async () => {
    const { csr } = await workload(world);
    const answer = await world.post({ evidence: [await cronToken(world)], x509: { csr } });
    expect(answer.status).toBe(200);
    expect(await answer.clone().json()).toMatchObject({ federated_bundles: { [BARE]: {} } });
    expect(await undeclared("/v1/svids", "post", answer)).toEqual([]);
  });

  it.each([
    [400, { evidence: [] }],
    [403, { evidence: [{ type: "gcp_iit", token: "x" }], jwt: { audience: ["x"] } }],
  ])("/v1/svids: a refusal with %s", async (status, body) => {
    const answer = await world.post(body);
    expect(answer.status).toBe(status);
    expect(await undeclared("/v1/svids", "post", answer)).toEqual([]);
  });
});
