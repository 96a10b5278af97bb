import type { ReadResource } from "../config-issue.ts";
import type { PublicKeyInfo } from "../encoding/primitives.ts";
import type { Platform } from "../platform/platform.ts";
import type { TrustDomain } from "../spiffe/trust-domain.ts";
import type { CaNameConstraints } from "../svid/ca-certificate.ts";
import type { X509Issuer } from "../svid/x509-svid.ts";
import type { ChosenAlgorithm, SvidUse } from "./algorithms.ts";
import type { SigningAuthority } from "./authority.ts";
import type { Complain, KeyHandle } from "./backend.ts";
import type { KeyMode } from "./definition.ts";
import type { Signer } from "./signer.ts";

/** What an entry says of its mode, plain JSON. */
export interface ModeSettings {
  readonly mode: KeyMode;
  /** `file:` or `data:`; or a map of them by region. */
  readonly wrapped_key?: string | Readonly<Record<string, string>> | undefined;
  readonly name_constraints?: CaNameConstraints | undefined;
}

/** One key whose public half is read and checked. */
export interface ModeKey {
  readonly id: string;
  readonly use: SvidUse;
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  readonly info: PublicKeyInfo;
  readonly chosen: ChosenAlgorithm;
  readonly settings: ModeSettings;
  /** Absent where private keys are not looked at: what else there is to check is checked. */
  readonly handle?: KeyHandle | undefined;
  /** What `handle` signs with; every signature is verified. */
  readonly signer?: Signer | undefined;
  /** Of an X.509 key: what its certificate gives to what it signs. */
  readonly issuer?: X509Issuer | undefined;
}

export interface ModeDeps {
  readonly platform: Platform;
  readonly trustDomain: TrustDomain;
  /** Seconds: the longest life that the rules give an SVID of each use. */
  readonly longestLife: Readonly<Record<SvidUse, number>>;
  readonly read: ReadResource;
  readonly env: (name: string) => unknown;
  readonly complain: Complain;
}

/** What a mode makes of a key: a signer of tokens, or an authority. Neither where something is wrong, which is told. */
export interface OpenedMode {
  readonly signer?: Signer | undefined;
  readonly authority?: SigningAuthority;
}

/** Calls no service. */
type OpenMode = (key: ModeKey, deps: ModeDeps) => Promise<OpenedMode>;

/** The modes that a runtime has beside `direct`, by the value of `mode`. */
export type Modes = Readonly<Record<string, OpenMode>>;
