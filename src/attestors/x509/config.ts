import * as z from "zod/mini";
import type { FactorInfo } from "../../attestation.ts";
import { isTrustDomain } from "../../spiffe/trust-domain.ts";
import { PEM_REFERENCE } from "../certificates.ts";
import { audienceField, oneOrMore } from "../config-fields.ts";

export const TYPE = "x509_pop";

const entry = () =>
  z
    .strictObject({
      /** PEM files of CA certificates, roots or intermediates: trust anchors as they stand. */
      ca: z.optional(
        oneOrMore(z.string().check(z.regex(PEM_REFERENCE, "expected file:, data: or env: of PEM"))),
      ),
      /** Another trust domain, whose X.509-SVIDs are believed by its bundle as it is held. */
      peer: z.optional(
        z.string().check(z.refine(isTrustDomain, { error: "expected the name of a trust domain" })),
      ),
      /** The base of S in proofs, where it is not the issuer URL. */
      audience: z.optional(audienceField()),
    })
    .check(
      z.refine(({ ca, peer }) => (ca === undefined) !== (peer === undefined), {
        error: "expected either ca or peer",
      }),
    );

export const config = () =>
  z.record(
    z.string().check(z.regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "expected a name of a-z, 0-9, - and _")),
    entry(),
  );
export type PopConfig = z.infer<ReturnType<typeof config>>;
export type PopEntry = PopConfig[string];

export function nameOf(entryName: string): string {
  return `${TYPE}.${entryName}`;
}

/** What rules may say of an entry: the entry itself is the pin. */
export function factorOf(entryName: string, { peer }: PopEntry): FactorInfo {
  return {
    name: nameOf(entryName),
    type: TYPE,
    claims: {
      entry: "string",
      fingerprint: "string",
      key_fingerprint: "string",
      issuer_key_fingerprint: "string",
      ca_fingerprint: "string",
      serial: "string",
      common_name: "string",
      organization: "string",
      organizational_units: "strings",
      dns_name: "string",
      dns_names: "strings",
      emails: "strings",
      uris: "strings",
      ...(peer !== undefined && { spiffe_id: "string" as const, trust_domain: "string" as const }),
    },
    spelling: {
      fingerprint: "hex",
      key_fingerprint: "hex",
      issuer_key_fingerprint: "hex",
      ca_fingerprint: "hex",
      serial: "hex",
    },
    pins: [{ claim: "entry" }],
    bindings: ["key"],
    defaultBinding: "key",
    joinable: [
      "common_name",
      "dns_name",
      "fingerprint",
      "key_fingerprint",
      "serial",
      ...(peer === undefined ? [] : ["spiffe_id"]),
    ],
    settings: [],
  };
}
