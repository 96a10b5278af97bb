/** What a consumer of a bundle would stumble over, or should. */
export interface Finding {
  /** `error`: a consumer that is in use refuses the bundle, or it breaks a rule of the specification. */
  readonly severity: "error" | "warning";
  /** `keys.3.x5c`; empty for the document. */
  readonly path: string;
  readonly message: string;
}

export interface FindingOptions {
  /** Whose bundle it is to be: the document does not say. */
  readonly trustDomain?: string | undefined;
  /** Unix seconds. */
  readonly now: number;
}
