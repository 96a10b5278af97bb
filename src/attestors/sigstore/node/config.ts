import * as z from "zod/mini";

export const TYPE = "sigstore";

const exact = z
  .string()
  .check(
    z.minLength(1),
    z.maxLength(2048),
    z.regex(/^[\u0021-\u0029\u002b-\u007e]*$/, "expected one exact value, without * and spaces"),
  );

export const config = () =>
  z.strictObject({
    /** The certificate authorities and logs that are believed: a `trusted_root.json` of Sigstore's. */
    trusted_root: z
      .string()
      .check(z.maxLength(1_048_576), z.regex(/^(?:file|data):./, "expected file: or data:")),
    /** Whose statements are believed. */
    identities: z
      .array(
        z.strictObject({
          /** Subject alternative name of the signing certificate: of a CI job, the workflow that signs. */
          san: exact,
          /** OIDC issuer that vouched for the signer. */
          issuer: exact,
          /** Whose builds it may sign, where that is another repository than its own. */
          source_repositories: z.optional(z.array(exact).check(z.minLength(1))),
        }),
      )
      .check(z.minLength(1)),
  });
export type SigstoreConfig = z.infer<ReturnType<typeof config>>;

export const evidence = z.strictObject({ type: z.literal(TYPE), bundle: z.string() });
export type SigstoreEvidence = z.infer<typeof evidence>;
