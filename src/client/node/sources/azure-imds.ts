import { obtain } from "../ask.ts";
import { azureMetadata, NOT_AZURE, seeAzure } from "../azure-metadata.ts";
import { toHex, utf8Encode } from "../../../encoding/bytes.ts";
import { memberOf } from "../token.ts";
import type { EvidenceSource } from "./source.ts";

const VERSION = "2021-02-01";
/** It has the document signed first. */
const DOCUMENT_MS = 5_000;

/** @see https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service#attested-data */
export const source: EvidenceSource = {
  type: "azure_imds",
  about:
    "The attested document of an Azure virtual machine, from its metadata service, with a nonce made of S.",
  audience: "key",
  probe: async (env) => ((await seeAzure(env)) ? "Azure's metadata service answers" : undefined),
  async fetch({ env, audience, platform }) {
    // No more than 32 characters fit: half a SHA-256.
    const digest = await platform.digest("SHA-256", utf8Encode(await audience()));
    const query = new URLSearchParams({
      "api-version": VERSION,
      nonce: toHex(digest.subarray(0, 16)),
    });
    const answer = await obtain(
      {
        url: `${azureMetadata(env)}/attested/document?${query}`,
        headers: { metadata: "true" },
        timeoutMs: DOCUMENT_MS,
      },
      () => NOT_AZURE,
    );
    return { signature: memberOf(answer, "signature", "the metadata service") };
  },
};
