import type { Awaitable, Failure, Result } from "../result.ts";
import type { X509Issuer } from "../svid/x509-svid.ts";
import type { Signer } from "./signer.ts";

/** The key that signs certificates at some moment. Its signer verifies every signature before it returns. */
export interface X509Key {
  readonly signer: Signer;
  readonly issuer: X509Issuer;
  /** Intermediates between leaf and root, PEM, leaf's issuer first; "" where the root signs. */
  readonly chainPem: string;
}

/** One X.509 key of the configuration, whose certificate the bundle shows, as the source of what signs leaves. */
export interface SigningAuthority {
  /**
   * The key itself, at once; or that of an intermediate, which may have to be obtained first. Asked once a request is
   * granted, since a key service or a CA may be asked.
   * @param now Unix seconds
   * @returns `signer_unavailable` | `signature_unsound` | `audit_unavailable` | `lint_failed`
   */
  key(now: number, log: IntermediateLog): Awaitable<Result<X509Key>>;
  /** Whether an intermediate has, or lately had, the key of this RFC 7638 thumbprint. */
  owns?(thumbprint: string): boolean;
}

/** An intermediate that is about to be asked for. */
export interface IntermediateFacts {
  readonly event: "intermediate";
  readonly mode: "delegated" | "upstream";
  /** Name of the key or CA that is asked. */
  readonly signer: string;
  /** RFC 7638 thumbprint of the intermediate's key. */
  readonly subject_key: string;
  /** Unix seconds. */
  readonly not_after: number;
  /** Hex, of a certificate that is ours to write. */
  readonly serial?: string;
  /** Hex SHA-256 of what a key service is given to sign … */
  readonly tbs_sha256?: string;
  /** … or a CA to certify. */
  readonly csr_sha256?: string;
}

/** What came of it. */
export type IntermediateOutcome = {
  readonly event: "intermediate_outcome";
  readonly signer: string;
  readonly subject_key: string;
} & (
  | ({ readonly result: "failed" } & Failure)
  | {
      readonly result: "certified";
      /** Hex. */
      readonly serial: string;
      readonly not_after: number;
      /** Hex, of the DER. */
      readonly certificate_sha256: string;
    }
);

/** Where it is written down what becomes of intermediates; on behalf of the request that needs one. */
export interface IntermediateLog {
  /** Before anybody is asked. @returns `audit_unavailable`: then nobody is */
  record(facts: IntermediateFacts): Promise<Result<void>>;
  note(facts: IntermediateOutcome): Awaitable<void>;
  /** What thrown `error` is told as; alarms are raised. @param signer whom it came from */
  signingFailure(error: unknown, signer: string): Promise<Failure>;
}
