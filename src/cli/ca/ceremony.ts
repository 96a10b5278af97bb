import { dirname, resolve } from "node:path";
import * as z from "zod/mini";
import type { ReadResource } from "../../config-issue.ts";
import { parseDuration } from "../../duration.ts";
import type { PublicKey } from "../../encoding/primitives.ts";
import { parseSpki } from "../../encoding/public-key.ts";
import { backends } from "../../runtimes/node/backends.ts";
import { SIGNATURE_ALGORITHMS, signingAlgorithm } from "../../signer/algorithms.ts";
import { openBackend, type KeyHandle } from "../../signer/backend.ts";
import { parseInstant } from "../../signer/instant.ts";
import { privateKeyReader, readPublicFiles } from "../../signer/key-material.ts";
import { privateReader } from "../../signer/node/private-file.ts";
import type { Signer } from "../../signer/signer.ts";
import { verified } from "../../signer/verified.ts";
import {
  isConfigurableTrustDomain,
  isTrustDomain,
  type TrustDomain,
} from "../../spiffe/trust-domain.ts";
import { readData, resourceReader } from "../config.ts";
import { CommandError } from "../errors.ts";
import { keyAdmin } from "../key-services/admins.ts";
import { checkedEntry } from "../keys/new-entry.ts";
import { platform } from "../key-file.ts";
import { printable } from "../output.ts";

const DAY = 86_400;
/** Twenty-five years: beyond it no algorithm of today is vouched for. */
const MAX_LIFE_DAYS = 9_131;
const text = z.string().check(z.minLength(1), z.maxLength(64));

/** What is to be signed, and by which key: all that a ceremony decides, in one file that can be looked over. */
const ceremonySchema = z.strictObject({
  trust_domain: z.string().check(
    z.refine((name) => isTrustDomain(name) && isConfigurableTrustDomain(name), {
      error: "must be a trust domain, without spiffe://",
    }),
  ),
  subject: z.strictObject({
    common_name: text,
    organization: z.optional(text),
    organizational_unit: z.optional(text),
    country: z.optional(z.string().check(z.regex(/^[A-Z]{2}$/, "must be two capital letters"))),
  }),
  /** As rules write them: `3650d`. */
  lifetime: z.string().check(
    z.refine((life) => (parseDuration(life) ?? Infinity) <= MAX_LIFE_DAYS * DAY, {
      error: "must be a duration such as 3650d, at most 9131d",
    }),
  ),
  /** Default: a minute ago. */
  not_before: z.optional(
    z.string().check(
      z.refine((instant) => parseInstant(instant) !== undefined, {
        error: "must be an instant such as 2026-11-01T00:00:00Z",
      }),
    ),
  ),
  /** Intermediates below it: 1 for modes `delegated` and `upstream`, 0 for one that signs leaves alone. */
  path_length: z.optional(z.int().check(z.minimum(0), z.maximum(4))),
  name_constraints: z.optional(z.enum(["none", "exclude_dns_ip", "permit_uri"])),
  algorithm: z.optional(z.enum(SIGNATURE_ALGORITHMS)),
  /** The members that name the key of an entry of `keys.x509`; `public_key` where the key lies in a service. */
  key: z.looseObject({ backend: z.string(), public_key: z.optional(z.string()) }),
});
export type CeremonyConfig = z.output<typeof ceremonySchema>;

export interface Ceremony {
  readonly config: CeremonyConfig;
  readonly trustDomain: TrustDomain;
  /** Unix seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly pathLength: number;
  readonly publicKey: PublicKey;
  /** Verifies what it signs. */
  readonly signer: Signer;
}

const BACKDATE_SECONDS = 60;

/** @throws CommandError (2) with what is wrong; the key has signed nothing yet */
export async function readCeremony(path: string): Promise<Ceremony> {
  const config = await readData(path, ceremonySchema);
  if (!isTrustDomain(config.trust_domain)) throw new TypeError("the schema checked it");
  const { handle, publicKey } = await openKey(path, config);
  const chosen = signingAlgorithm("x509", publicKey.info, config.algorithm);
  if (!chosen.ok) throw wrong(path, "algorithm", chosen.error.detail ?? chosen.error.reason);
  const signer = handle.signer?.(config.subject.common_name, chosen.value, publicKey);
  if (signer === undefined)
    throw wrong(path, "algorithm", `${config.key.backend} has no ${chosen.value.algorithm}`);
  const notBefore = parseInstant(config.not_before ?? "") ?? platform.now() - BACKDATE_SECONDS;
  return {
    config,
    trustDomain: config.trust_domain,
    notBefore,
    notAfter: notBefore + (parseDuration(config.lifetime) ?? 0),
    pathLength: config.path_length ?? 1,
    publicKey,
    signer: verified(signer, platform),
  };
}

async function openKey(
  path: string,
  { key }: CeremonyConfig,
): Promise<{ handle: KeyHandle; publicKey: PublicKey }> {
  const { public_key, ...settings } = key;
  const entry = checkedEntry(
    "x509",
    {
      ...settings,
      id: "ceremony",
      certificate: "data:,",
      published_at: "2000-01-01T00:00:00Z",
    },
    "key: takes what names the key in an entry of keys.x509",
  );
  const read = resourceReader(path);
  const problems: string[] = [];
  const complain = (field: string, message: string): void =>
    void problems.push(`key.${field}: ${message}`);
  const handle = await openBackend(backends, entry.backend, entry, {
    platform,
    read,
    readPrivate: privateKeyReader(privateReader(read, dirname(resolve(path)))),
    env: (name) => process.env[name],
    complain,
  });
  const told = await toldKey(public_key, key.backend, settings, read, complain, handle);
  if (handle === undefined || told === undefined || problems.length > 0) {
    if (problems.length === 0) problems.push("key: names no private key");
    throw new CommandError(
      problems.map((problem) => printable(`${path}: ${problem}`)).join("\n"),
      2,
    );
  }
  return { handle, publicKey: told };
}

/** As the file has it, as the key at hand tells it, or as its service does. */
async function toldKey(
  reference: string | undefined,
  backend: string,
  settings: Readonly<Record<string, unknown>>,
  read: ReadResource,
  complain: (field: string, message: string) => void,
  handle: KeyHandle | undefined,
): Promise<PublicKey | undefined> {
  if (handle?.publicKey !== undefined) return handle.publicKey;
  if (handle === undefined) return undefined;
  let info;
  if (reference === undefined) {
    const admin = await keyAdmin(backend);
    const spki = admin && parseSpki(await admin.publicKey(settings));
    info = spki?.ok === true ? spki.value : undefined;
  } else {
    ({ publicKey: info } = await readPublicFiles({ public_key: reference }, read, complain));
    if (info === undefined) return undefined;
  }
  const imported = info && (await platform.importPublicKey(info));
  if (imported?.ok === true) return imported.value;
  complain("public_key", "is needed: PEM of the key's public half");
  return undefined;
}

function wrong(path: string, field: string, message: string): CommandError {
  return new CommandError(printable(`${path}: ${field}: ${message}`), 2);
}
