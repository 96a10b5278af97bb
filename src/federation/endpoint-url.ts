import { isLoopbackHost } from "../platform/http.ts";
import { isPrivateAddress } from "./private-address.ts";

/** @returns what is wrong with the URL of a bundle endpoint (SPIFFE Federation §5.2); undefined if nothing is */
export function checkEndpoint(url: string, allowPrivate: boolean): string | undefined {
  if (url.length > 2048 || !URL.canParse(url)) return "expected an https URL";
  const { protocol, username, password, hash, hostname } = new URL(url);
  const host = hostname.replace(/^\[|\]$|\.$/g, "");
  const local = host === "localhost" || host.endsWith(".localhost") || isPrivateAddress(host);
  if (protocol !== "https:" && !(protocol === "http:" && isLoopbackHost(hostname) && allowPrivate))
    return "expected an https URL; http only to this machine, with allow_private_addresses";
  if (username !== "" || password !== "" || hash !== "")
    return "expected a URL without user and fragment";
  if (local && !allowPrivate)
    return "leads to a private address: allow_private_addresses: true admits it";
  return undefined;
}
