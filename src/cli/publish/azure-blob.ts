import { azureCredentials } from "../../platform/azure-credentials.ts";
import type { BoundedResponse } from "../../platform/http.ts";
import { UsageError } from "../errors.ts";
import { bucketAndPrefix, endpointOption, type Address } from "./address.ts";
import { askPlace, obtained, refusal, xmlCode } from "./ask.ts";
import { compare, PublishError, type Place, type PlaceDeps } from "./place.ts";
import { headersIn } from "./s3.ts";

const RESOURCE = "https://storage.azure.com/";
const VERSION = "2020-12-06";
/** As the Azure command line names it. */
const SAS = "AZURE_STORAGE_SAS_TOKEN";
const ROLE = "the role Storage Blob Data Contributor on the container";

/**
 * `az://ACCOUNT/CONTAINER/PREFIX?endpoint=…`: one block blob a document. By a shared access signature where the
 * environment has one, else as the managed or workload identity that the process has.
 * @see https://learn.microsoft.com/en-us/rest/api/storageservices/put-blob
 */
export async function openAzureBlob(address: Address, deps: PlaceDeps): Promise<Place> {
  const { platform, env } = deps;
  const { bucket: account, key: below } = bucketAndPrefix(address, /^[a-z0-9]{3,24}$/);
  const [container = "", ...rest] = below("").split("/");
  if (!/^(?:[a-z0-9](?:-?[a-z0-9]){2,62}|\$web)$/.test(container) || rest.pop() !== "")
    throw new UsageError("az: expected az://ACCOUNT/CONTAINER, or with a prefix behind it");
  const base = endpointOption(address) ?? `https://${account}.blob.core.windows.net`;
  const name = `az://${account}/${container}`;
  const sas = env(SAS)?.replace(/^\?/, "");
  const token = azureCredentials(deps, RESOURCE);

  async function call(
    method: "GET" | "PUT",
    path: string,
    extra: Readonly<Record<string, string>> = {},
    body?: string,
  ): Promise<BoundedResponse> {
    const url = new URL(`${base}/${below(path)}`);
    if (sas !== undefined && sas !== "") url.search = sas;
    const authorization =
      url.search === "" ? { authorization: `Bearer ${await obtained(name, token)}` } : {};
    return askPlace(platform, name, url.href, {
      method,
      headers: {
        "x-ms-date": new Date(platform.now() * 1000).toUTCString(),
        "x-ms-version": VERSION,
        ...authorization,
        ...extra,
      },
      ...(body !== undefined && { body }),
    });
  }

  return {
    name,
    holds: "site",
    async read(document) {
      const answer = await call("GET", document.path);
      const { status, headers, bytes } = answer;
      const code = codeOf(answer);
      if (status === 404 && code === "BlobNotFound") return undefined;
      if (status !== 200) throw refusal(name, status, code, `to read blobs: ${ROLE}`);
      const version = headers.get("etag");
      if (version === null) throw new PublishError("refused", `${name} tells no ETag`);
      return compare(document, { bytes, version, ...headersIn(headers) }, name);
    },
    async write({ path, body, contentType, cacheControl }, over) {
      const headers = {
        "content-type": contentType,
        "x-ms-blob-type": "BlockBlob",
        "x-ms-blob-content-type": contentType,
        "x-ms-blob-cache-control": cacheControl,
        ...(over === undefined ? { "if-none-match": "*" } : { "if-match": over.version }),
      };
      const answer = await call("PUT", path, headers, body);
      if (answer.status === 201) return true;
      const code = codeOf(answer);
      if (answer.status === 412 || code === "BlobAlreadyExists") return false;
      throw refusal(name, answer.status, code, `to write blobs: ${ROLE}`);
    },
  };
}

function codeOf(answer: BoundedResponse): string | undefined {
  return answer.headers.get("x-ms-error-code") ?? xmlCode(answer);
}
