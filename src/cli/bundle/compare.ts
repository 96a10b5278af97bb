import { toHex } from "../../encoding/bytes.ts";
import { parseBundle, type Bundle } from "../../encoding/bundle.ts";
import { spkiOf } from "../../encoding/public-key.ts";
import { parseCertificate } from "../../svid/certificate.ts";
import { CommandError } from "../errors.ts";
import { keyWords } from "../inspect/keys.ts";
import { printable } from "../output.ts";
import { formatTime } from "../time.ts";
import { spiffeIdsOf } from "./key-findings.ts";
import type { FoundDocument } from "./source.ts";

/** One key of a bundle, as a person knows it. */
export interface ShownKey {
  readonly use: "x509-svid" | "jwt-svid" | "wit-svid";
  /** `kid`, or the SPIFFE ID of a root. */
  readonly name: string;
  readonly key: string;
  /** Of a root: Unix seconds. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** Differs for any two that are not the same entry. */
  readonly identity: string;
}

/** @throws CommandError (1) where it is none */
export function readBundle({ name, bytes }: FoundDocument): Bundle {
  const parsed = parseBundle(bytes);
  if (parsed.ok) return parsed.value;
  const { reason, detail = reason } = parsed.error;
  throw new CommandError(`${printable(name)} is no SPIFFE bundle (${printable(detail)})`);
}

export function shownKeys(bundle: Bundle): readonly ShownKey[] {
  const roots = bundle.x509Authorities.map(({ certificate, info }): ShownKey => {
    const parsed = parseCertificate(certificate);
    const [id = "no SPIFFE ID"] = parsed.ok ? spiffeIdsOf(parsed.value) : [];
    return {
      use: "x509-svid",
      name: id,
      key: keyWords(info),
      ...(parsed.ok && { notBefore: parsed.value.notBefore, notAfter: parsed.value.notAfter }),
      identity: `x509 ${toHex(certificate)}`,
    };
  });
  const tokens = (
    [
      ["jwt-svid", bundle.jwtAuthorities],
      ["wit-svid", bundle.witAuthorities],
    ] as const
  ).flatMap(([use, list]) =>
    list.map(({ kid, info }): ShownKey => {
      const identity = `${use} ${kid} ${toHex(spkiOf(info))}`;
      return { use, name: `kid ${kid}`, key: keyWords(info), identity };
    }),
  );
  return [...roots, ...tokens];
}

/** `x509-svid  spiffe://prod.example  EC P-256, until 2027-01-01T00:00:00Z`. */
export function keyLine({ use, name, key, notAfter }: ShownKey): string {
  const end = notAfter === undefined ? "" : `, until ${formatTime(notAfter)}`;
  return `${use.padEnd(9)}  ${name}  ${key}${end}`;
}

export type Direction = "same" | "forward" | "backward" | "unknown";

export interface BundleDifference {
  readonly removed: readonly ShownKey[];
  readonly added: readonly ShownKey[];
  readonly direction: Direction;
  readonly hintChanged: boolean;
}

export function difference(before: Bundle, after: Bundle): BundleDifference {
  const [old, next] = [shownKeys(before), shownKeys(after)];
  return {
    removed: without(old, next),
    added: without(next, old),
    direction: directionOf(before.sequence, after.sequence),
    hintChanged: before.refreshHint !== after.refreshHint,
  };
}

function without(list: readonly ShownKey[], other: readonly ShownKey[]): readonly ShownKey[] {
  return list.filter(({ identity }) => !other.some((one) => one.identity === identity));
}

function directionOf(before: bigint | undefined, after: bigint | undefined): Direction {
  if (before === undefined || after === undefined) return before === after ? "same" : "unknown";
  if (before === after) return "same";
  return before < after ? "forward" : "backward";
}
