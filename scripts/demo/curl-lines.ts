import type { Clouds } from "./clouds.ts";
import type { Workload } from "./workload.ts";

interface Left {
  readonly folder: string;
  readonly url: string;
  readonly clouds: Clouds;
  readonly payments: Workload;
}

/** A PEM file as JSON text, by what every shell has. */
function csr(name: string): string {
  return `$(awk '{printf "%s\\\\n", $0}' ${name}.csr)`;
}

/** Shell lines that work as they are printed, each with what it shows. The order does not matter but for `TOKEN`. */
export function curlLines({ folder, url, clouds, payments }: Left): string {
  const metadata = `${clouds.google.metadata}/computeMetadata/v1/instance/service-accounts/default/identity`;
  const body = (name: string) =>
    `'{"evidence":[{"type":"gcp_iit","token":"'"$TOKEN"'"}],"x509":{"csr":"'"${csr(name)}"'"}}'`;
  const post = `curl -s ${url}/v1/svids -H 'content-type: application/json'`;
  return [
    `cd ${folder}`,
    "",
    "# the trust bundle, and the discovery document for relying parties",
    `curl -s ${url}/bundle`,
    `curl -s ${url}/.well-known/openid-configuration`,
    "",
    "# what the cloud says of the payments workload, for its key alone",
    `TOKEN=$(curl -s -H 'Metadata-Flavor: Google' '${metadata}?format=full&audience=${payments.s}')`,
    "",
    "# its X.509-SVID, as a certificate chain",
    `${post} -H 'accept: application/pem-certificate-chain' -d ${body("payments")}`,
    "",
    "# the same token with the key of another workload: refused",
    `${post} -d ${body("orders")}`,
    "# the end",
    "",
  ].join("\n");
}
