import { encodePem } from "../../encoding/pem.ts";
import { utf8Encode } from "../../encoding/bytes.ts";
import { isJsonObject, parseJsonObject, type JsonObject } from "../../encoding/json.ts";
import type { BoundedResponse } from "../../platform/http.ts";
import { UsageError } from "../errors.ts";
import type { Address } from "./address.ts";
import { askPlace, refusal } from "./ask.ts";
import { kubernetesAccess } from "./kubernetes-access.ts";
import { compare, PublishError, type Place, type PlaceDeps, type Publication } from "./place.ts";

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const BUNDLE = "bundle.json";
/** The same roots, for whoever reads no bundle: `ssl_ca_file`, `SSL_CERT_FILE`. */
const ROOTS = "bundle.pem";

/**
 * `configmap:NAMESPACE/NAME`: the bundle as `bundle.json`, its roots as `bundle.pem`, both at once; other keys are left
 * as they are.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
 */
export async function openConfigMap({ rest }: Address, deps: PlaceDeps): Promise<Place> {
  const [namespace = "", map = "", more] = rest.split("/");
  if (!LABEL.test(namespace) || !NAME.test(map) || more !== undefined)
    throw new UsageError("configmap: expected configmap:NAMESPACE/NAME");
  const { server, fetch, authorization } = await kubernetesAccess(deps);
  const name = `configmap ${namespace}/${map}`;
  const collection = `${server}/api/v1/namespaces/${namespace}/configmaps`;

  async function call(method: string, url: string, type = "", body?: JsonObject) {
    return askPlace({ fetch }, name, url, {
      method,
      headers: {
        accept: "application/json",
        ...(await authorization()),
        ...(type !== "" && { "content-type": type }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  }

  return {
    name,
    holds: "bundle",
    async read(document) {
      const answer = await call("GET", `${collection}/${map}`);
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw refused(name, answer, "get", namespace);
      const { metadata, data } = jsonIn(answer);
      const version = isJsonObject(metadata) ? metadata["resourceVersion"] : undefined;
      if (typeof version !== "string")
        throw new PublishError("refused", `${name}: the answer is no ConfigMap`);
      const [bundle, roots] = isJsonObject(data) ? [data[BUNDLE], data[ROOTS]] : [];
      // The map is there, and the bundle is not in it yet.
      if (typeof bundle !== "string") return { version, same: false, sameHeaders: true };
      const held = compare(document, { bytes: utf8Encode(bundle), version }, name);
      return { ...held, sameHeaders: roots === pemOf(document) };
    },
    async write(document, over) {
      const data = { [BUNDLE]: document.body, [ROOTS]: pemOf(document) };
      const answer =
        over === undefined
          ? await call("POST", `${collection}?fieldManager=svidmint`, "application/json", {
              apiVersion: "v1",
              kind: "ConfigMap",
              metadata: { name: map, namespace },
              data,
            })
          : await call(
              "PATCH",
              `${collection}/${map}?fieldManager=svidmint`,
              "application/merge-patch+json",
              // With the version that was read, the server refuses to patch any other.
              { metadata: { resourceVersion: over.version }, data },
            );
      if (answer.status === 200 || answer.status === 201) return true;
      if (answer.status === 409 || (answer.status === 404 && over !== undefined)) return false;
      throw refused(name, answer, over === undefined ? "create" : "patch", namespace);
    },
  };
}

function refused(name: string, answer: BoundedResponse, verb: string, namespace: string) {
  const { reason } = jsonIn(answer);
  if (answer.status === 404)
    return new PublishError("missing", `${name}: there is no namespace ${namespace}`);
  const code = typeof reason === "string" ? reason : undefined;
  return refusal(name, answer.status, code, `the verb ${verb} on configmaps in ${namespace}`);
}

function pemOf({ roots = [] }: Publication): string {
  return roots.map((der) => encodePem("CERTIFICATE", der)).join("");
}

function jsonIn({ bytes }: BoundedResponse): JsonObject {
  const parsed = parseJsonObject(bytes);
  return parsed.ok ? parsed.value : {};
}
