import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { late } from "../../platform/node/late-modules.ts";
import { isPrivateAddress } from "../private-address.ts";

/** A name that leads nowhere but to private addresses. */
export class PrivateAddressError extends Error {
  override readonly name = "PrivateAddressError";
}

/**
 * A `lookup` for connections: of what a name resolves to, only what is public is connected to. There is no second
 * look-up between this check and the connection, so a name that changes its mind gains nothing.
 * Addresses in URLs are never looked up: see `checkEndpoint`.
 * @param resolve in place of the system's resolver
 */
export function pinnedLookup(allowPrivate: boolean, resolve = late.dns().lookup): LookupFunction {
  return (hostname, options, done) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, []);
      const addresses = allowPrivate ? found : found.filter(isPublic);
      const [first] = addresses;
      if (first === undefined) return done(new PrivateAddressError("a private address"), []);
      if (options.all === true) return done(null, addresses);
      return done(null, first.address, first.family);
    });
  };
}

function isPublic({ address }: LookupAddress): boolean {
  return !isPrivateAddress(address);
}
