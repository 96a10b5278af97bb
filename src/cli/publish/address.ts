import { isLoopbackHost } from "../../platform/http.ts";
import { UsageError } from "../errors.ts";
import { printable } from "../output.ts";

/** `scheme:rest?option=value&…`, as it was given. */
export interface Address {
  readonly scheme: string;
  readonly rest: string;
  readonly options: Readonly<Partial<Record<string, string>>>;
}

/** @param known by scheme, what stands behind a question mark. @throws UsageError */
export function parseAddress(
  text: string,
  known: (scheme: string) => readonly string[] | undefined,
): Address {
  const [, scheme = "", all = ""] = /^([a-z0-9]+):(.*)$/s.exec(text) ?? [];
  const names = known(scheme);
  if (names === undefined)
    throw new UsageError(`"${printable(text.slice(0, 64))}" is no target: see the help for forms`);
  // A path may hold a question mark.
  const at = names.length === 0 ? -1 : all.indexOf("?");
  const options: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(at < 0 ? "" : all.slice(at))) {
    if (!names.includes(name) || Object.hasOwn(options, name) || value === "")
      throw new UsageError(`${scheme}: takes ${names.join(", ")}, each once and with a value`);
    options[name] = value;
  }
  return { scheme, rest: at < 0 ? all : all.slice(0, at), options };
}

/** Bucket and prefix of `//BUCKET/PREFIX`. @throws UsageError */
export function bucketAndPrefix(
  { scheme, rest }: Address,
  bucket: RegExp,
): { readonly bucket: string; readonly key: (path: string) => string } {
  const [, name = "", , prefix = ""] = /^\/\/([^/]+)(\/(.*?)\/?)?$/.exec(rest) ?? [];
  if (!bucket.test(name)) throw new UsageError(`${scheme}: "${printable(name)}" is no such name`);
  // What may stand in a URL as it is, so that it is signed, sent and served alike.
  if (
    !prefix
      .split("/")
      .every((part, _, parts) => isPart(part) || (part === "" && parts.length === 1))
  )
    throw new UsageError(`${scheme}: a prefix is made of A-Z a-z 0-9 . _ ~ - and slashes`);
  return { bucket: name, key: (path) => (prefix === "" ? path : `${prefix}/${path}`) };
}

function isPart(text: string): boolean {
  return /^[A-Za-z0-9._~-]+$/.test(text) && text !== "." && text !== "..";
}

/** Another origin than the service's own: an R2 account, a cloud of its own, an emulator. @throws UsageError */
export function endpointOption({ scheme, options }: Address): string | undefined {
  const { endpoint } = options;
  if (endpoint === undefined) return undefined;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const secure =
    url?.protocol === "https:" || (url?.protocol === "http:" && isLoopbackHost(url.hostname));
  if (url === undefined || !secure || url.search !== "" || url.hash !== "" || url.username !== "")
    throw new UsageError(`${scheme}: an endpoint is an https URL, or http on this machine`);
  return endpoint.replace(/\/+$/, "");
}
