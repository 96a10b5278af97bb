/** What one end of mTLS shows and what it believes, all PEM. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  /** Authorities of those that it speaks with. */
  readonly ca: readonly string[];
}
