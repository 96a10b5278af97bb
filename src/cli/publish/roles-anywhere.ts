import { toHex, utf8Encode } from "../../encoding/bytes.ts";
import {
  isJsonObject,
  parseJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../encoding/json.ts";
import { decodePem, encodePem } from "../../encoding/pem.ts";
import { awsCredentials } from "../../platform/aws-credentials.ts";
import { signAwsRequest, type Pair } from "../../platform/sigv4.ts";
import { UsageError } from "../errors.ts";
import { endpointOption, type Address } from "./address.ts";
import { askPlace, obtained, refusal } from "./ask.ts";
import { PublishError, type Place, type PlaceDeps, type Publication } from "./place.ts";

const ARN =
  /^arn:aws(?:-cn|-us-gov)?:rolesanywhere:([a-z]{2}(?:-[a-z]+)+-\d{1,2}):\d{12}:trust-anchor\/([a-f0-9]{8}-(?:[a-z0-9]{4}-){3}[a-z0-9]{12})$/;
/** Of what was last written, since certificates say nothing of their sequence: `SEQUENCE SHA-256-OF-THE-PEM`. */
const TAG = "svidmint:bundle";
const MAX_PEM = 204_800;

/**
 * `rolesanywhere:TRUST_ANCHOR_ARN`: the roots of the bundle become the certificates of a trust anchor. The service has
 * no conditional write: a tag tells what was written last, and is written first, so that of two publishers the one
 * with the older bundle gives way as soon as the other has begun.
 * @see https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_UpdateTrustAnchor.html
 */
export async function openRolesAnywhere(address: Address, deps: PlaceDeps): Promise<Place> {
  const { platform } = deps;
  const arn = address.rest;
  const [, region = "", id = ""] = ARN.exec(arn) ?? [];
  if (id === "") throw new UsageError("rolesanywhere: expected the ARN of a trust anchor");
  const suffix = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const base = endpointOption(address) ?? `https://rolesanywhere.${region}.${suffix}`;
  const name = `trust anchor ${id}`;
  const credentials = awsCredentials(deps);

  async function call(
    operation: string,
    method: "GET" | "PATCH" | "POST",
    path: string,
    parts: { readonly query?: readonly Pair[]; readonly body?: JsonObject } = {},
  ): Promise<JsonObject> {
    const { query = [], body } = parts;
    const url = new URL(`${base}${path}`);
    for (const [key, value] of query) url.searchParams.append(key, value);
    const text = body === undefined ? "" : JSON.stringify(body);
    const headers = { ...(body && { "content-type": "application/json" }) };
    const signed = await signAwsRequest(
      platform,
      { method, host: url.host, path, query, headers: Object.entries(headers), body: text },
      await obtained(name, credentials),
      { region, service: "rolesanywhere", now: platform.now() },
    );
    const answer = await askPlace(platform, name, url.href, {
      method,
      headers: { ...headers, ...signed.headers },
      ...(body && { body: text }),
    });
    const parsed = parseJsonObject(answer.bytes);
    if (answer.status >= 200 && answer.status < 300) return parsed.ok ? parsed.value : {};
    const type = answer.headers.get("x-amzn-errortype")?.split(":")[0];
    const error = refusal(name, answer.status, type, `rolesanywhere:${operation}`);
    if (type !== "ValidationException" || operation !== "UpdateTrustAnchor") throw error;
    throw new PublishError(
      "refused",
      `${error.message}: the quota "certificates per trust anchor" may be lower than the roots of the bundle, standby ones included`,
    );
  }

  const markOf = async ({ sequence = 0n, ...document }: Publication): Promise<string> =>
    `${sequence} ${toHex(await platform.digest("SHA-256", utf8Encode(pemOf(document))))}`;

  return {
    name,
    holds: "bundle",
    async read(document) {
      const tagged = await call("ListTagsForResource", "GET", "/ListTagsForResource", {
        query: [["resourceArn", arn]],
      });
      const mark = markIn(tagged["tags"]);
      const { trustAnchor } = await call("GetTrustAnchor", "GET", `/trustanchor/${id}`);
      const source = isJsonObject(trustAnchor) ? trustAnchor["source"] : undefined;
      const data = isJsonObject(source) ? source["sourceData"] : undefined;
      const pem = isJsonObject(data) ? data["x509CertificateData"] : undefined;
      if (!isJsonObject(source) || source["sourceType"] !== "CERTIFICATE_BUNDLE")
        throw new PublishError(
          "foreign",
          `${name} is of another type than CERTIFICATE_BUNDLE: its certificates are not ours to replace`,
        );
      const asWanted = typeof pem === "string" && sameCertificates(pem, document.roots ?? []);
      const wanted = await markOf(document);
      return {
        version: mark ?? "",
        // One that was marked and not written to the end is written again.
        same: mark === undefined ? false : mark === wanted,
        sameHeaders: asWanted,
        ...(mark !== undefined && { sequence: BigInt(mark.split(" ")[0] ?? "0") }),
      };
    },
    async write(document) {
      const pem = pemOf(document);
      if (pem === "")
        throw new PublishError("refused", `${name}: the bundle has no X.509 root to put there`);
      if (pem.length > MAX_PEM)
        throw new PublishError(
          "refused",
          `${name} takes ${MAX_PEM} characters of certificates, these are ${pem.length}`,
        );
      const tags = [{ key: TAG, value: await markOf(document) }];
      await call("TagResource", "POST", "/TagResource", { body: { resourceArn: arn, tags } });
      const source = { sourceType: "CERTIFICATE_BUNDLE", sourceData: { x509CertificateData: pem } };
      await call("UpdateTrustAnchor", "PATCH", `/trustanchor/${id}`, { body: { source } });
      return true;
    },
  };
}

function pemOf({ roots = [] }: Pick<Publication, "roots">): string {
  return roots.map((der) => encodePem("CERTIFICATE", der)).join("");
}

function sameCertificates(pem: string, roots: readonly Uint8Array[]): boolean {
  const held = decodePem(pem, "CERTIFICATE", { max: 512 });
  if (!held.ok || held.value.length !== roots.length) return false;
  return held.value.every((der, index) => toHex(der) === toHex(roots[index] ?? new Uint8Array()));
}

function markIn(tags: JsonValue | undefined): string | undefined {
  for (const tag of Array.isArray(tags) ? tags : []) {
    if (!isJsonObject(tag) || tag["key"] !== TAG) continue;
    const { value } = tag;
    if (typeof value === "string" && /^\d{1,20} [0-9a-f]{64}$/.test(value)) return value;
  }
  return undefined;
}
