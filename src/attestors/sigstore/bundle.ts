import * as z from "zod/mini";
import { decodeBase64 } from "../../encoding/base64.ts";
import { utf8Encode } from "../../encoding/bytes.ts";
import { parseJsonObject } from "../../encoding/json.ts";
import { fail, ok, type Result } from "../../result.ts";

/** In bytes: provenance of a container image has 6 to 15 KiB. */
const MAX_BUNDLE_BYTES = 48 * 1024;
/** Each of its signatures costs a verification, and any number of them may claim to be of a known log. */
const MAX_CHECKPOINT_CHARACTERS = 4096;

const text = (max: number) => z.string().check(z.maxLength(max));
const decimal = text(20).check(z.regex(/^\d+$/));
const base64 = (max: number) => text(max).check(z.regex(/^[A-Za-z0-9+/]+={0,2}$/));

const entrySchema = z.strictObject({
  logIndex: decimal,
  logId: z.strictObject({ keyId: base64(64) }),
  kindVersion: z.strictObject({ kind: text(32), version: text(32) }),
  integratedTime: z.optional(decimal),
  inclusionPromise: z.optional(z.strictObject({ signedEntryTimestamp: base64(1024) })),
  inclusionProof: z.strictObject({
    logIndex: z.optional(decimal),
    rootHash: base64(64),
    treeSize: decimal,
    hashes: z.optional(z.array(base64(64)).check(z.maxLength(64))),
    checkpoint: z.strictObject({ envelope: text(MAX_CHECKPOINT_CHARACTERS) }),
  }),
  canonicalizedBody: base64(MAX_BUNDLE_BYTES),
});

/** One certificate, one entry of a log, one signed envelope: the part of the format that build provenance uses. */
const bundleSchema = z.strictObject({
  mediaType: z.enum([
    "application/vnd.dev.sigstore.bundle.v0.3+json",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
  ]),
  verificationMaterial: z.strictObject({
    certificate: z.strictObject({ rawBytes: base64(16_384) }),
    tlogEntries: z.tuple([entrySchema]),
    timestampVerificationData: z.optional(
      z.strictObject({
        rfc3161Timestamps: z.optional(
          z.array(z.strictObject({ signedTimestamp: base64(16_384) })).check(z.maxLength(2)),
        ),
      }),
    ),
  }),
  dsseEnvelope: z.strictObject({
    payload: base64(MAX_BUNDLE_BYTES),
    payloadType: z.literal("application/vnd.in-toto+json"),
    signatures: z.tuple([z.strictObject({ sig: base64(1024), keyid: z.optional(text(256)) })]),
  }),
});

/** A bundle as it came, read and not believed. */
export interface ProvenanceBundle {
  /** Of the shape that is expected, and nothing else in it. */
  readonly json: z.output<typeof bundleSchema>;
  /** DER. */
  readonly certificate: Uint8Array;
  /** The statement's bytes: what is signed, with its type before it. */
  readonly payload: Uint8Array;
  readonly text: string;
}

/**
 * Reads a Sigstore bundle of version 0.3 that holds a signed in-toto statement.
 * @returns `evidence_too_large` | `json_malformed` | `json_duplicate_key` | `evidence_malformed` | `encoding_invalid`
 * @see https://docs.sigstore.dev/about/bundle/
 */
export function parseBundle(bundle: string): Result<ProvenanceBundle> {
  if (bundle.length > MAX_BUNDLE_BYTES || utf8Encode(bundle).length > MAX_BUNDLE_BYTES)
    return fail("evidence_too_large");
  const read = parseJsonObject(bundle);
  if (!read.ok) return read;
  const shape = bundleSchema.safeParse(read.value);
  if (!shape.success) {
    const [issue] = shape.error.issues;
    return fail("evidence_malformed", `bundle: ${issue?.path.join(".") || "members"}`);
  }
  const { verificationMaterial, dsseEnvelope } = shape.data;
  const certificate = decodeBase64(verificationMaterial.certificate.rawBytes);
  if (!certificate.ok) return certificate;
  const payload = decodeBase64(dsseEnvelope.payload);
  if (!payload.ok) return payload;
  return ok({
    json: shape.data,
    certificate: certificate.value,
    payload: payload.value,
    text: bundle,
  });
}
