import * as z from "zod/mini";
import { stsHost } from "../../platform/caller-identity.ts";
import { byRegion } from "./fields.ts";

/** What the entries of all of Vault's engines have in common. */

const HOST = String.raw`(?:https://[A-Za-z0-9.-]+|https://\[[0-9a-f:]+\]|http://(?:localhost|127\.0\.0\.1|\[::1\]))(?::\d{1,5})?`;
/** Segments of letters, digits, `_`, `.` and `-` that begin and end with no dot or hyphen, as Vault has its names. */
const SEGMENT = String.raw`\w(?:[\w.-]*\w)?`;
const PATH = new RegExp(`^${SEGMENT}(?:/${SEGMENT})*$`);
const NAMESPACE = new RegExp(`^${SEGMENT}(?:/${SEGMENT})*/?$`);
const ROLE = /^[\w.@-]{1,128}$/;
const REFERENCE = /^(?:env|file):./;
const MACHINES = ["google", "azure"];
/** Hosts by which Azure names its own services. Who is shown a token for one of them may use it there, keys included. */
const OF_AZURE =
  /(?:^|\.)(?:azure\.(?:net|com|cn|us)|windows\.net|microsoft\.com|usgovcloudapi\.net|chinacloudapi\.cn)$/;

/** The URL of one thing in an engine, by region if so wanted. @param kind what stands before its name */
export function vaultUrl(kind: "keys" | "issuer"): z.ZodMiniType {
  const pattern = `^${HOST}(?:/${SEGMENT})*?/v1(?:/${SEGMENT})+/${kind}/${SEGMENT}$`;
  const like = `https://vault.example.org:8200/v1/${kind === "keys" ? "transit/keys" : "pki/issuer"}/NAME`;
  return byRegion(
    matching(new RegExp(pattern), `expected a URL like ${like}; http on a loopback host only`),
  );
}

const matching = (pattern: RegExp, expected: string) =>
  z.string().check(z.regex(pattern, expected));
const role = () => matching(ROLE, "expected the name of a role");
const mount = () => z.optional(matching(PATH, "expected the path of an auth method"));

const tokenLogin = () =>
  z.strictObject({
    method: z.literal("token"),
    token: matching(REFERENCE, "must be env:… or file:…"),
  });
const jwtLogin = () =>
  z
    .strictObject({
      method: z.literal("jwt"),
      role: role(),
      token: z.string().check(
        z.refine((text) => REFERENCE.test(text) || MACHINES.includes(text), {
          error: "must be env:…, file:…, google or azure",
        }),
      ),
      audience: z.optional(z.string().check(z.minLength(1), z.maxLength(512))),
      mount: mount(),
    })
    .check(
      z.refine(({ token, audience }) => MACHINES.includes(token) === (audience !== undefined), {
        error: "goes with a token of google or azure, which need it, and with no other",
        path: ["audience"],
      }),
      z.refine(({ token, audience }) => token !== "azure" || !isOfAzure(audience), {
        error:
          "is a service of Azure's, which whoever has the token could use: register an application for Vault, and name its URI",
        path: ["audience"],
      }),
    );
const awsLogin = () =>
  z.strictObject({
    method: z.literal("aws"),
    role: role(),
    region: z.string().check(
      z.refine((region) => stsHost(region) !== undefined, {
        error: "expected a region of AWS that has an STS, such as eu-central-1",
      }),
    ),
    server_id: z.optional(matching(/^[\x21-\x7e]{1,256}$/, "expected a header's value")),
    mount: mount(),
  });

function isOfAzure(audience = ""): boolean {
  return URL.canParse(audience) && OF_AZURE.test(new URL(audience).hostname);
}

/** @see VaultSettings */
export function vaultFields(): Readonly<Record<"namespace" | "login", z.ZodMiniType>> {
  return {
    namespace: z.optional(matching(NAMESPACE, "expected the path of a namespace")),
    login: z.optional(
      z.discriminatedUnion("method", [tokenLogin(), jwtLogin(), awsLogin()], {
        error: ({ code }) =>
          code === "invalid_union" ? 'expected "token", "jwt" or "aws"' : "expected a map",
      }),
    ),
  };
}
