/**
 * Writes `schema/svidmint.schema.json`, by which editors check and complete a configuration, from the very schemas
 * that the issuer reads it with. `--check` fails where it is out of date.
 */
import * as z from "zod/mini";
import { documentSchema } from "../src/issuer/config-schema.ts";
import { attestors } from "../src/runtimes/node/attestors.ts";
import { writeGenerated } from "./generated.ts";

/** What an editor shows beside a key. By path; `*` is any list item or any name. */
const WORDS: Readonly<Record<string, string>> = {
  trust_domain: "The name that every SPIFFE ID given here begins with, without spiffe://.",
  issuer:
    "Base URL of this issuer: what clients call, `iss` of JWT-SVIDs, base of audiences. https, or http on a loopback host.",
  evidence:
    "The evidence types that are on, and whom each may believe. What is not named is not accepted.",
  peers:
    "Other trust domains whose SVIDs may be evidence here: each name with the bundle it is verified by.",
  keys: "Signing keys: one list an SVID type, its timeline. Without it local keys are made where this is the only instance.",
  claims: "Where first use of bearer evidence is decided.",
  audit: "Where audit events go.",
  "audit.sink": "`stdout`, or `file:` and a path.",
  "audit.required": "Wait until the sink says that the line is safe, and issue nothing without it.",
  single_instance: "There is exactly one instance: local keys and the file store may be used.",
  bundle: "What the published bundle says.",
  "bundle.changed_at":
    "The latest change of the bundle that no instant of a key tells of, RFC 3339.",
  "bundle.refresh_hint": "How often consumers fetch the bundle. Default 5m.",
  rules: "Who gets which identity. The first rule that matches decides; no rule, no identity.",
  "rules.*.name": "Names the rule in logs. Unique.",
  "rules.*.mode": "`audit`: evaluated and logged, decides nothing.",
  "rules.*.evidence":
    "The pieces of evidence, by name, and what their claims have to be: an exact value, a list, or a glob where * stands for any run of characters but / and :.",
  "rules.*.join": "Pairs of claims of different evidence that must be equal.",
  "rules.*.binding": "The least binding that is taken, by the name of the evidence.",
  "rules.*.replay": "`once`: the first key that uses the evidence owns it.",
  "rules.*.first_claim_within":
    "How long after an instance began its document can be claimed. Default 15m.",
  "rules.*.max_instance_age": "An instance older than this gets nothing.",
  "rules.*.keys_per_token": "How many keys may own one token.",
  "rules.*.spiffe_id":
    "The path of the SPIFFE ID. {evidence.claim} is replaced by a value, which must be one legal path segment.",
  "rules.*.shared_id": "Evidence of different customers may get one SPIFFE ID by this rule.",
  "rules.*.x509": "Give X.509-SVIDs.",
  "rules.*.x509.ttl": "Longest life. Default 1h.",
  "rules.*.x509.key_types": "Keys that a requester may bring. Default p256, p384 and rsa.",
  "rules.*.jwt": "Give JWT-SVIDs.",
  "rules.*.jwt.ttl": "Longest life. Default 5m.",
  "rules.*.jwt.audiences": "Whom the tokens may be for, compared whole.",
  "rules.*.jwt.multiple_audiences": "A token may be for several of them at once.",
  "rules.*.jwt.exchange_to":
    "Names of peers: a token may be for the audience of one of them, or for the proved key at it.",
  "rules.*.wit": "Give WIT-SVIDs.",
  "rules.*.federates_with":
    "Names of peers: the bundle of each comes with the answer, for what the workload verifies.",
  deny: "What is refused whatever the rules say: a SPIFFE ID, a claim key, or claims that all hold on one piece of evidence.",
};

type Json = Record<string, unknown>;

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Puts the words beside their keys. @returns the paths that it met, so that none is misspelt */
function describe(schema: unknown, path: string): string[] {
  if (!isJson(schema)) return [];
  const words = WORDS[path];
  if (words !== undefined) schema["description"] = words;
  const at = (key: string) => (path === "" ? key : `${path}.${key}`);
  const members = isJson(schema["properties"]) ? Object.entries(schema["properties"]) : [];
  return [
    ...(words === undefined ? [] : [path]),
    ...members.flatMap(([key, member]) => describe(member, at(key))),
    ...describe(schema["items"], at("*")),
  ];
}

const schema = z.toJSONSchema(documentSchema(attestors), { io: "input" });
const met = describe(schema, "");
const lost = Object.keys(WORDS).filter((path) => !met.includes(path));
if (lost.length > 0) throw new Error(`no such key in the configuration: ${lost.join(", ")}`);
const document = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "svidmint configuration",
  ...schema,
};
await writeGenerated("schema/svidmint.schema.json", `${JSON.stringify(document, undefined, 2)}\n`);
