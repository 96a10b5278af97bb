import type { GeneralName } from "./general-name.ts";
import { OLD_VALUE } from "./name.ts";

/** `unclear`: the name may or may not lie in the subtree, or its form is not understood. */
export type Match = "yes" | "no" | "unclear";
/** Whether the subtree admits names or bans them: an unclear answer must not admit, and must ban. */
type Side = "permitted" | "excluded";

/** Whether the base of a subtree has the form that RFC 5280 §4.2.1.10 gives it. */
export function wellFormedConstraint(base: GeneralName): boolean {
  // The empty base stands for every name.
  if (base.type === "dns") return base.value === "" || isHost(base.value);
  if (base.type === "uri") return isHostOrDomain(base.value);
  if (base.type === "ip") return isMasked(base.value);
  if (base.type !== "email") return true;
  const [local, host, more] = base.value.split("@");
  if (more !== undefined) return false;
  return host === undefined ? isHostOrDomain(base.value) : local !== "" && isHost(host);
}

function isHostOrDomain(text: string): boolean {
  return isHost(text.startsWith(".") ? text.slice(1) : text);
}

/** @param base well-formed, and of the name's type */
export function matchesName(base: GeneralName, name: GeneralName, side: Side): Match {
  if (base.type === "dns" && name.type === "dns") return matchesDns(base.value, name.value, side);
  if (base.type === "uri" && name.type === "uri") {
    const host = hostOf(name.value);
    return host === undefined ? "unclear" : matchesHost(base.value, host);
  }
  if (base.type === "email" && name.type === "email") return matchesEmail(base.value, name.value);
  if (base.type === "ip" && name.type === "ip") return matchesIp(base.value, name.value);
  if (base.type === "directory" && name.type === "directory")
    return matchesDirectory(base.value.rdns, name.value.rdns);
  return "unclear";
}

function matchesDirectory(base: readonly string[], name: readonly string[]): Match {
  let match: Match = "yes";
  for (const [at, rdn] of base.entries()) {
    const other = name[at];
    if (rdn === other) continue;
    if (other === undefined || typeOf(rdn) !== typeOf(other)) return "no";
    // Text in one of the old string types and text in another may be the same name.
    if (!(rdn + other).includes(OLD_VALUE)) return "no";
    match = "unclear";
  }
  return match;
}

/** The type of its attribute. Of several, that of the first in their order, which where the types are the same is the same. */
function typeOf(rdn: string): string | undefined {
  return rdn.split("=")[0];
}

function matchesDns(base: string, name: string, side: Side): Match {
  const wildcard = name.startsWith("*.");
  const host = wildcard ? name.slice(2) : name;
  if (!isHost(host)) return "unclear";
  if (base === "" || isWithin(host, base)) return "yes";
  // A wildcard stands for names below it: one of them may be what the subtree bans.
  return wildcard && side === "excluded" && isWithin(base, host) ? "unclear" : "no";
}

/** Equal, or labels more to the left. */
function isWithin(host: string, base: string): boolean {
  const a = host.toLowerCase();
  const b = base.toLowerCase();
  return a === b || a.endsWith(`.${b}`);
}

/** Of URIs and mailboxes: a leading dot stands for one label or more, no dot for exactly that host. */
function matchesHost(base: string, host: string): Match {
  const a = host.toLowerCase();
  const b = base.toLowerCase();
  return (b.startsWith(".") ? a.endsWith(b) && a.length > b.length : a === b) ? "yes" : "no";
}

function matchesEmail(base: string, name: string): Match {
  const at = name.lastIndexOf("@");
  const local = name.slice(0, at);
  const host = name.slice(at + 1);
  if (at < 1 || !isHost(host) || !isLocalPart(local)) return "unclear";
  const split = base.indexOf("@");
  if (split < 0) return matchesHost(base, host);
  // The part before the @ is the host's own business, case included (RFC 5280 §7.5).
  return base.slice(0, split) === local && matchesHost(base.slice(split + 1), host) === "yes"
    ? "yes"
    : "no";
}

function matchesIp(base: Uint8Array, name: Uint8Array): Match {
  const { length } = name;
  if (base.length !== 2 * length) return "no";
  for (let i = 0; i < length; i++) {
    const mask = base[length + i] ?? 0xff;
    if (((base[i] ?? 0) & mask) !== ((name[i] ?? 0) & mask)) return "no";
  }
  return "yes";
}

/** An address and a mask of as many octets, the mask ones first and zeros after (RFC 4632). */
function isMasked(base: Uint8Array): boolean {
  if (base.length !== 8 && base.length !== 32) return false;
  let zeros = false;
  for (let i = (base.length / 2) * 8; i < base.length * 8; i++) {
    const bit = ((base[i >> 3] ?? 0) >> (7 - (i & 7))) & 1;
    if (bit === 1 && zeros) return false;
    zeros = bit === 0;
  }
  return true;
}

/**
 * The host of `scheme://[userinfo@]host[:port]…`; undefined where there is none, where it is an address in brackets,
 * and where two readers could find two hosts (a backslash, a second @, a second port).
 */
function hostOf(uri: string): string | undefined {
  const host = /^[\w+.-]+:\/\/(?:[^@/?#\\]*@)?([^:/?#]+)(?::\d*)?(?:[/?#]|$)/.exec(uri)?.[1];
  return host !== undefined && isHost(host) ? host : undefined;
}

/** Labels of letters, digits, hyphens and underscores (SPIFFE trust domains have them), none empty. */
function isHost(text: string): boolean {
  return text.length <= 255 && /^[0-9a-z_-]+(?:\.[0-9a-z_-]+)*$/i.test(text);
}

/** A dot-atom; quoted forms are legal mail and of no use in a certificate. */
function isLocalPart(text: string): boolean {
  return text.length <= 64 && /^[\w!#$%&'*+/=?^`{|}~.-]+$/.test(text);
}
