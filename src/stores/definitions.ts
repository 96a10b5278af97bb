import * as z from "zod/mini";
import type { ConfigIssue } from "../config-issue.ts";
import { isLoopbackHost } from "../platform/http.ts";
import type { StoreDefinition } from "./definition.ts";

/**
 * Every claim store that a configuration may name. What opens them is listed by each runtime, so that a bundle holds
 * no store that it cannot have.
 */

const name = (pattern: RegExp, wanted: string) => z.string().check(z.regex(pattern, wanted));

/** A secret: no configuration, compiled ones included, holds it. */
const secret = () =>
  name(/^env:[A-Za-z_][A-Za-z0-9_]*$/, "is a secret: keep it in a variable and write env:NAME");

/** Another address than the service's own: a private endpoint, or an emulator on this machine. */
const endpoint = (path = /^$/) =>
  z.optional(
    z.string().check(
      z.refine((url) => isEndpoint(url, path), {
        error: "expected an https URL without path, query or user; http only on a loopback host",
      }),
    ),
  );

function isEndpoint(text: string, path: RegExp): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const { protocol, hostname } = url;
  return (
    (protocol === "https:" || (protocol === "http:" && isLoopbackHost(hostname))) &&
    text.startsWith(url.origin) &&
    path.test(text.slice(url.origin.length))
  );
}

const file = () =>
  z.strictObject({
    store: z.literal("file"),
    path: z.optional(z.string().check(z.minLength(1))),
  });
export type FileConfig = z.output<ReturnType<typeof file>>;

const memory = () => z.strictObject({ store: z.literal("memory") });

const redis = () =>
  z.strictObject({
    store: z.literal("redis"),
    url: z.string().check(
      z.refine((url) => isRedisUrl(url), {
        error:
          "expected rediss://host:port without user, password, path or query; redis: only on a loopback host",
      }),
    ),
    username: z.optional(z.string().check(z.minLength(1))),
    password: z.optional(secret()),
    /** PEM of whom to believe in place of the public authorities. */
    ca: z.optional(name(/^(?:file|data):./, "expected file: or data:")),
    /** What every key begins with. */
    prefix: z.optional(name(/^[\w.:-]{1,64}$/, "expected up to 64 of A-Z a-z 0-9 . _ : -")),
  });

export type RedisConfig = z.output<ReturnType<typeof redis>>;

function isRedisUrl(text: string): boolean {
  const [, scheme, authority = ""] = /^(rediss?):\/\/([^/?#@]+)$/.exec(text) ?? [];
  if (scheme === undefined || !URL.canParse(`https://${authority}`)) return false;
  return scheme === "rediss" || isLoopbackHost(new URL(`https://${authority}`).hostname);
}

const dynamodb = () =>
  z.strictObject({
    store: z.literal("dynamodb"),
    table: name(
      /^[A-Za-z0-9_.-]{3,255}$/,
      "expected the name of a table, not its ARN: 3 to 255 letters, digits, _ . and -",
    ),
    region: name(/^[a-z]{2}(?:-[a-z]+)+-\d{1,2}$/, "expected a region, such as eu-central-1"),
    endpoint: endpoint(),
  });
export type DynamodbConfig = z.output<ReturnType<typeof dynamodb>>;

const azureTable = () =>
  z.strictObject({
    store: z.literal("azure_table"),
    account: name(/^[a-z0-9]{3,24}$/, "expected the name of a storage account"),
    table: name(/^[A-Za-z][A-Za-z0-9]{2,62}$/, "expected 3 to 63 letters and digits"),
    key: z.optional(secret()),
    sas: z.optional(secret()),
    /** The user-assigned identity that is asked for a token where neither key nor SAS is given. */
    client_id: z.optional(z.string().check(z.minLength(1))),
    /** An emulator's has the account as its path. */
    endpoint: endpoint(/^(?:\/[a-z0-9]+)?$/),
  });
export type AzureTableConfig = z.output<ReturnType<typeof azureTable>>;

const firestore = () =>
  z.strictObject({
    store: z.literal("firestore"),
    project: name(/^[a-z][a-z0-9:.-]{3,62}[a-z0-9]$/, "expected a project id"),
    database: z.optional(
      name(/^(?:\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$/, "expected a database id"),
    ),
    collection: z.optional(name(/^[A-Za-z][\w-]{0,99}$/, "expected the name of a collection")),
    endpoint: endpoint(),
  });
export type FirestoreConfig = z.output<ReturnType<typeof firestore>>;

const durableObject = () =>
  z.strictObject({
    store: z.literal("durable_object"),
    binding: z.optional(name(/^[A-Za-z_]\w*$/, "expected the name of a binding")),
    /** The Worker by which `svidmint claims` gets there. */
    admin: endpoint(),
  });
export type DurableObjectConfig = z.output<ReturnType<typeof durableObject>>;

function issue(severity: ConfigIssue["severity"], path: string, message: string): ConfigIssue {
  return { path: [path], message, severity };
}

const FORGETS = "memory forgets who owns what with each restart";

function define<C>(definition: StoreDefinition<C>): StoreDefinition {
  return definition;
}

export const storeDefinitions: readonly StoreDefinition[] = [
  define({
    store: "file",
    runtime: "node",
    config: file,
    check: (_, { single }) =>
      single
        ? []
        : [
            issue(
              "error",
              "store",
              "a file decides first use for one instance only: set single_instance: true, or use a store that instances share",
            ),
          ],
  }),
  define({
    store: "memory",
    runtime: "node",
    config: memory,
    check: (_, { issuer }) => [
      issuer.startsWith("http:")
        ? issue("warning", "store", FORGETS)
        : issue("error", "store", `${FORGETS}: it is for trials on this machine only`),
    ],
  }),
  define({ store: "redis", runtime: "node", config: redis }),
  define({ store: "dynamodb", runtime: "node", config: dynamodb }),
  define({
    store: "azure_table",
    runtime: "node",
    config: azureTable,
    check: ({ key, sas, client_id: id, endpoint: url = "" }) => [
      ...([key, sas, id].filter((way) => way !== undefined).length > 1
        ? [issue("error", "key", "one of key, sas and client_id says who asks, not several")]
        : []),
      ...(/\.cosmos\.|-secondary\./.test(url)
        ? [
            issue(
              "error",
              "endpoint",
              "Cosmos DB and the secondary of an account may answer with what was true before: name the table service of one account",
            ),
          ]
        : []),
    ],
  }),
  define({ store: "firestore", runtime: "node", config: firestore }),
  define({ store: "durable_object", runtime: "workers", config: durableObject }),
];
