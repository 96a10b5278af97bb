import { peersSchema } from "../federation/peers-schema.ts";
import { isMap } from "../policy/schema-issues.ts";
import { keysSchema } from "../signer/keys-schema.ts";
import { storeNamedIn } from "./claims-section.ts";
import { bundleSchema, type OuterConfig } from "./config-schema.ts";

type Parts = Partial<OuterConfig>;

/** The members that other parts judge, of a document whose form is wrong. */
export function partsOf(document: unknown): Parts | undefined {
  if (!isMap(document) || Array.isArray(document)) return undefined;
  const { trust_domain, issuer, evidence, rules, deny, claims, single_instance } = document;
  const peers = peersSchema.safeParse(document["peers"]);
  const keys = keysSchema.safeParse(document["keys"]);
  const bundle = bundleSchema.safeParse(document["bundle"]);
  return {
    ...(typeof trust_domain === "string" && { trust_domain }),
    ...(typeof issuer === "string" && { issuer }),
    ...(isMap(evidence) && !Array.isArray(evidence) && { evidence }),
    ...(peers.success && { peers: peers.data }),
    ...(keys.success && { keys: keys.data }),
    ...(bundle.success && { bundle: bundle.data }),
    // That no store is named is told already; rules are not to be blamed for it.
    ...(claims !== undefined && { claims: storeNamedIn(claims) }),
    // Where it is told to be wrong itself, stores are not to be blamed for it.
    single_instance: single_instance !== undefined && single_instance !== false,
    rules,
    deny,
  };
}
