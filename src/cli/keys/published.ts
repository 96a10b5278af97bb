import { equalBytes } from "../../encoding/bytes.ts";
import { parseBundle, type Bundle } from "../../encoding/bundle.ts";
import { spkiOf } from "../../encoding/public-key.ts";
import { publicDocuments } from "../../issuer/documents.ts";
import { isLoopbackHttp } from "../../attestors/jwks.ts";
import { fetchBounded } from "../../platform/http.ts";
import { CommandError, UsageError } from "../errors.ts";
import { platform } from "../key-file.ts";
import { printable } from "../output.ts";
import type { LoadedKeys } from "./load.ts";
import type { PublicKeySet } from "./material.ts";

const MAX_BYTES = 1024 * 1024;
const TIMEOUT_MS = 10_000;

/** Which of the two bundles of an issuer. */
export type BundleName = "/bundle" | "/bundle/wit";

/** A bundle as it is, or would be, served. */
export interface ServedBundle {
  readonly body: string;
  readonly bundle: Bundle;
}

/** The bundles that a configuration gives at a moment. */
export async function computedBundles(
  { config }: LoadedKeys,
  { set }: PublicKeySet,
  now: number,
): Promise<Readonly<Record<BundleName, ServedBundle>>> {
  const documents = await publicDocuments(platform, config.issuer, set)(now);
  return {
    "/bundle": served(documents.bundle.body, "the bundle"),
    "/bundle/wit": served(documents.witBundle.body, "the bundle"),
  };
}

/** @throws CommandError (1) where the issuer does not answer with a bundle */
export async function liveBundle(issuer: string, name: BundleName): Promise<ServedBundle> {
  const { body } = await fetchLive(issuer, name);
  return served(body, `${issuer}${name}`);
}

/** @throws UsageError, CommandError (1) */
async function fetchLive(
  issuer: string,
  path: string,
): Promise<{ readonly body: string; readonly headers: Headers }> {
  if (!URL.canParse(issuer) || !(issuer.startsWith("https://") || isLoopbackHttp(issuer)))
    throw new UsageError("an issuer is an https URL, or http on this machine");
  const url = issuer.replace(/\/$/, "") + path;
  const answer = await fetchBounded(platform, url, {
    maxBytes: MAX_BYTES,
    timeoutMs: TIMEOUT_MS,
    allowLoopbackHttp: true,
  });
  const why = answer.ok
    ? `status ${answer.value.status}`
    : (answer.error.detail ?? answer.error.code);
  if (!answer.ok || answer.value.status !== 200)
    throw new CommandError(`no answer from ${printable(url)}: ${printable(why)}`);
  return { body: new TextDecoder().decode(answer.value.bytes), headers: answer.value.headers };
}

function served(body: string, name: string): ServedBundle {
  const bundle = parseBundle(body);
  if (!bundle.ok)
    throw new CommandError(`${printable(name)} is no SPIFFE bundle (${bundle.error.reason})`);
  return { body, bundle: bundle.value };
}

/** DER SubjectPublicKeyInfo of each. */
export function publishedKeys(bundle: Bundle): readonly Uint8Array[] {
  const { x509Authorities, jwtAuthorities, witAuthorities } = bundle;
  return [...x509Authorities, ...jwtAuthorities, ...witAuthorities].map(({ info }) => spkiOf(info));
}

/** Keys that one bundle has and the other has not, as a person knows them. */
export function keysMissing(from: Bundle, to: Bundle): readonly string[] {
  const roots = from.x509Authorities.filter(
    ({ certificate }) =>
      !to.x509Authorities.some((other) => equalBytes(other.certificate, certificate)),
  );
  const tokens = (["jwtAuthorities", "witAuthorities"] as const).flatMap((list) =>
    from[list].filter(({ kid }) => !to[list].some((other) => other.kid === kid)),
  );
  return [
    ...(roots.length > 0 ? [`${roots.length} X.509 root${roots.length > 1 ? "s" : ""}`] : []),
    ...tokens.map(({ kid }) => `kid ${kid}`),
  ];
}
