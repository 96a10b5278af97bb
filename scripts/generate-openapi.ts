/**
 * Writes the HTTP contract (OpenAPI 3.1) from the very schemas that judge requests: `docs/openapi.json`, and
 * `src/gen/openapi.ts` for the endpoint that serves it. `--check` fails where either is out of date.
 */
import { readFile } from "node:fs/promises";
import * as z from "zod/mini";
import { awsIid, EVIDENCE_FORMS } from "../src/attestors/aws/iid.ts";
import { attestors } from "../src/runtimes/node/attestors.ts";
import { LIMITS, svidRequestSchema, ttlSeconds } from "../src/issuer/request.ts";
import { REASONS } from "../src/reasons.ts";
import { writeGenerated } from "./generated.ts";

/** In place of an object whose members are optional: one for each set of members that may be there together. */
function anyOfForms(schema: Json, forms: readonly (readonly string[])[]) {
  const { type, properties, additionalProperties } = schema as { properties: Json } & Json;
  for (const name of Object.keys(schema)) delete schema[name];
  schema["anyOf"] = forms.map((form) => ({
    type,
    properties: Object.fromEntries(form.map((name) => [name, properties[name]])),
    required: form,
    additionalProperties,
  }));
}

const { version } = JSON.parse(
  await readFile(new URL("../package.json", import.meta.url), "utf8"),
) as { version: string };

type Json = Record<string, unknown>;
const schemaOf = (schema: z.ZodMiniType): Json => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: "input",
    override({ zodSchema, jsonSchema }) {
      if (zodSchema === ttlSeconds)
        Object.assign(jsonSchema, { type: "integer", minimum: 1, maximum: LIMITS.ttlSeconds });
      if (Object.is(zodSchema, awsIid.evidence)) anyOfForms(jsonSchema, EVIDENCE_FORMS);
    },
  }) as Json;
  return rest;
};

const evidence = Object.fromEntries(
  attestors.map((definition) => [definition.type, schemaOf(definition.evidence)]),
);
const request = schemaOf(svidRequestSchema) as { properties: Json };
request.properties["evidence"] = {
  type: "array",
  minItems: 1,
  maxItems: 4,
  description:
    "The proof of identity that the workload's platform gives it. Every piece must verify.",
  items: {
    oneOf: Object.keys(evidence).map((type) => ({ $ref: `#/components/schemas/evidence_${type}` })),
  },
};

const unixTime = { type: "integer", description: "Unix time in seconds" };
const svids = {
  type: "object",
  required: ["spiffe_id", "bundle"],
  additionalProperties: false,
  properties: {
    spiffe_id: { type: "string", examples: ["spiffe://prod.example.org/api"] },
    x509: {
      type: "object",
      required: ["certificate_chain", "expires_at"],
      properties: {
        certificate_chain: { type: "string", description: "PEM, leaf first, without the root" },
        expires_at: unixTime,
      },
    },
    jwt: {
      type: "object",
      required: ["token", "expires_at"],
      properties: { token: { type: "string" }, expires_at: unixTime },
    },
    wit: {
      type: "object",
      required: ["token", "expires_at"],
      description: "Worth nothing without the key in it, and never a bearer token",
      properties: { token: { type: "string" }, expires_at: unixTime },
    },
    bundle: { $ref: "#/components/schemas/bundle" },
    federated_bundles: {
      type: "object",
      additionalProperties: { $ref: "#/components/schemas/peer_bundle" },
    },
    missing_bundles: { type: "array", items: { type: "string" } },
  },
};
const problem = {
  type: "object",
  required: ["type", "title", "status", "code", "detail", "request_id"],
  additionalProperties: false,
  properties: {
    type: { type: "string", format: "uri" },
    title: { type: "string" },
    status: { type: "integer" },
    code: { enum: [...new Set(Object.values(REASONS))] },
    detail: { type: "string" },
    request_id: { type: "string", description: "The same as in the issuer's audit log" },
  },
};

const content = (type: string, schema: Json): Json => ({ content: { [type]: { schema } } });
const problemAnswer = (description: string): Json => ({
  description,
  ...content("application/problem+json", { $ref: "#/components/schemas/problem" }),
});
const bundle = {
  type: "object",
  required: ["keys"],
  properties: {
    keys: { type: "array", items: { type: "object" } },
    spiffe_sequence: { type: "integer" },
    spiffe_refresh_hint: { type: "integer" },
  },
};
const publicDocument = (summary: string, schema: Json, others: Json = {}): Json => ({
  get: {
    summary,
    security: [],
    parameters: [{ name: "If-None-Match", in: "header", schema: { type: "string" } }],
    responses: {
      "200": { description: "The current document", ...content("application/json", schema) },
      "304": { description: "Not modified" },
      "503": problemAnswer("unavailable"),
      ...others,
    },
  },
});
/** Where nobody federates none of them is there. */
const noSuchPath = { "404": problemAnswer("no such peer") };
const ofTrustDomain = (path: Json): Json => ({
  parameters: [{ name: "trust_domain", in: "path", required: true, schema: { type: "string" } }],
  ...path,
});
const plain = (summary: string, responses: Json): Json => ({
  get: { summary, security: [], responses },
});
const text = content("text/plain", { type: "string" });

const document = {
  openapi: "3.1.0",
  info: {
    title: "svidmint",
    version,
    license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    description:
      "SPIFFE identities for what a cloud can vouch for: evidence in, SVIDs out, in one round trip.",
  },
  paths: {
    "/v1/svids": {
      post: {
        summary: "Exchange evidence for SVIDs",
        parameters: [
          {
            name: "DPoP",
            in: "header",
            required: false,
            schema: { type: "string" },
            description:
              "Proof of possession (RFC 9449) with body_sha256; needed for jwt on evidence that is bound to a key or claimed by one",
          },
        ],
        requestBody: {
          required: true,
          ...content("application/json", { $ref: "#/components/schemas/request" }),
        },
        responses: {
          "200": {
            description:
              "The SVIDs asked for, with the trust bundle. As a bare token or chain where Accept asks for it.",
            content: {
              "application/json": { schema: { $ref: "#/components/schemas/svids" } },
              "application/jwt": { schema: { type: "string" } },
              "application/pem-certificate-chain": { schema: { type: "string" } },
            },
          },
          "400": problemAnswer("request_malformed or possession_failed"),
          "403": problemAnswer("evidence_rejected or refused"),
          "408": problemAnswer("Not whole in time"),
          "409": problemAnswer("evidence_claimed: another key used this evidence first"),
          "413": problemAnswer("More than 64 KiB"),
          "415": problemAnswer("Not application/json, or with a Content-Encoding"),
          "431": problemAnswer("More than 16 KiB of header"),
          "503": problemAnswer("unavailable: try again after Retry-After seconds"),
        },
      },
    },
    "/bundle": publicDocument("The SPIFFE trust bundle (profile https_web)", {
      $ref: "#/components/schemas/bundle",
    }),
    "/bundles": publicDocument(
      "The SPIFFE bundles of this trust domain and its peers",
      { type: "object" },
      noSuchPath,
    ),
    "/bundles/{trust_domain}": ofTrustDomain(
      publicDocument(
        "The SPIFFE trust bundle of a peer",
        { $ref: "#/components/schemas/peer_bundle" },
        noSuchPath,
      ),
    ),
    "/bundle/wit": publicDocument("The same with the keys that verify WIT-SVIDs", {
      $ref: "#/components/schemas/bundle",
    }),
    "/.well-known/openid-configuration": publicDocument(
      "OpenID Connect discovery for relying parties of JWT-SVIDs",
      { type: "object" },
    ),
    "/.well-known/jwks.json": publicDocument("The keys that verify JWT-SVIDs", { type: "object" }),
    "/healthz": plain("Liveness, without I/O", { "200": { description: "Alive", ...text } }),
    "/readyz": plain("Readiness: the signing keys are at hand and in the bundle", {
      "200": { description: "Ready", ...text },
      "503": { description: "Not ready", ...text },
    }),
    "/openapi.json": plain("This document", {
      "200": { description: "OpenAPI 3.1", ...content("application/json", { type: "object" }) },
    }),
  },
  components: {
    schemas: {
      request,
      ...Object.fromEntries(
        Object.entries(evidence).map(([type, schema]) => [`evidence_${type}`, schema]),
      ),
      svids,
      problem,
      bundle: { ...bundle, required: Object.keys(bundle.properties) },
      /** To the letter as the peer gave it: SPIFFE demands of it no more than its keys. */
      peer_bundle: bundle,
    },
  },
};

await writeGenerated("docs/openapi.json", `${JSON.stringify(document, null, 2)}\n`);
await writeGenerated(
  "src/gen/openapi.ts",
  `/** Generated by scripts/generate-openapi.ts: the HTTP contract as JSON text. */\nexport default ${JSON.stringify(JSON.stringify(document))};\n`,
);
