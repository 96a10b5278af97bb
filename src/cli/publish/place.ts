import { equalBytes, utf8Encode } from "../../encoding/bytes.ts";
import { believe } from "../../federation/believe.ts";
import type { CloudLibraries } from "../../platform/credentials.ts";
import type { Platform } from "../../platform/platform.ts";

/** A document as the issuer itself would serve it. */
export interface Publication {
  /** Below the issuer's URL, without a slash before it. */
  readonly path: string;
  readonly body: string;
  readonly contentType: string;
  readonly cacheControl: string;
  /** Of a bundle, which has one; what has none is published with the bundle that it goes with. */
  readonly sequence?: bigint;
  /** DER of the roots in a bundle. */
  readonly roots?: readonly Uint8Array[];
  readonly trustDomain: string;
}

/** What lies where a document is to be. */
export interface Held {
  /** A write over it is made on the condition that this is still so. */
  readonly version: string;
  /** Byte for byte the document that is to be there. */
  readonly same: boolean;
  /** False: it is served under other headers than it is to have. */
  readonly sameHeaders: boolean;
  readonly sequence?: bigint;
}

/** Where documents are published. Each method throws PublishError. */
export interface Place {
  /** As messages name it. */
  readonly name: string;
  /** `site`: every document under its path, for a web server; `bundle`: the one alone, in whatever form. */
  readonly holds: "site" | "bundle";
  read(document: Publication): Promise<Held | undefined>;
  /** @param over what was read; undefined: nothing was there. @returns false where somebody came between */
  write(document: Publication, over: Held | undefined): Promise<boolean>;
}

/** What opening a place needs of the process. */
export interface PlaceDeps {
  readonly platform: Platform;
  readonly env: (name: string) => string | undefined;
  /** Reads `file:` references. */
  readonly read: (reference: string) => Promise<Uint8Array>;
  readonly libraries?: CloudLibraries;
}

/**
 * `denied`: a permission is missing; `missing`: the bucket, container, namespace or anchor itself is not there;
 * `foreign`: something else than a bundle of this trust domain lies there; `backwards`: something later does;
 * `contended`: others wrote each time; `unavailable`: it may come right by itself; `refused`: it will not.
 */
export type PublishCode =
  | "denied"
  | "missing"
  | "foreign"
  | "backwards"
  | "contended"
  | "unavailable"
  | "refused";

/** Nothing came of it. The message says what to do, and never holds a credential. */
export class PublishError extends Error {
  override readonly name = "PublishError";
  readonly code: PublishCode;
  constructor(code: PublishCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Compares what was found with what is to be there.
 * @throws PublishError `foreign` where it is no bundle, or that of another trust domain
 */
export function compare(
  document: Publication,
  found: {
    readonly bytes: Uint8Array;
    readonly version: string;
    /** As far as the place tells. */
    readonly contentType?: string | null;
    readonly cacheControl?: string | null;
  },
  name: string,
): Held {
  const { bytes, version, contentType, cacheControl } = found;
  const held = {
    version,
    same: equalBytes(bytes, utf8Encode(document.body)),
    sameHeaders:
      (contentType ?? document.contentType) === document.contentType &&
      (cacheControl ?? document.cacheControl) === document.cacheControl,
  };
  if (document.sequence === undefined || held.same)
    return document.sequence === undefined ? held : { ...held, sequence: document.sequence };
  const believed = believe(bytes, document.trustDomain, undefined);
  if (!believed.ok)
    throw new PublishError(
      "foreign",
      believed.error.code === "foreign"
        ? `${name}: ${document.path} is the bundle of another trust domain: each has a place of its own`
        : `${name}: ${document.path} is no SPIFFE bundle: move it away, or publish elsewhere`,
    );
  const { sequence } = believed.value.bundle;
  return sequence === undefined ? held : { ...held, sequence };
}
