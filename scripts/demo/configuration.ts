import { AZURE_AUDIENCE, type Clouds } from "./clouds.ts";

const TRUST_DOMAIN = "demo.example.org";
export const ORDERS = "https://orders.example.org";
/** Beside the configuration: the public key of the simulated AWS region. */
export const REGION_KEY_FILE = "aws-region.pem";

/** What an operator would write; only the published keys are the simulated clouds' instead of the real ones'. */
export function configuration(issuer: string, { aws, google, azure }: Clouds): string {
  return `trust_domain: ${TRUST_DOMAIN}
issuer: ${issuer}
single_instance: true

evidence:
  aws_iid:
    accounts: ["${aws.account}"]
    regions:
      ${aws.region}: { partition: aws, rsa2048: file:${REGION_KEY_FILE} }
  gcp_iit: { projects: [${google.project}], jwks: "${google.keys}" }
  azure_msi: { tenants: [${azure.tenant}], audience: "${AZURE_AUDIENCE}", jwks: "${azure.keys}" }

claims: { store: file }

rules:
  - name: orders-on-ec2
    evidence:
      aws_iid: { account: "${aws.account}", region: ${aws.region} }
    spiffe_id: /orders/{aws_iid.instance_id}
    x509: { ttl: 1h }
  - name: payments-on-compute-engine
    evidence:
      gcp_iit: { kind: instance, project_id: ${google.project}, instance_name: "payments-*" }
    spiffe_id: /payments/{gcp_iit.instance_name}
    x509: { ttl: 1h }
    jwt: { ttl: 5m, audiences: ["${ORDERS}"] }
  - name: reports-on-azure
    evidence:
      azure_msi: { tenant: ${azure.tenant}, resource_group: reports }
    keys_per_token: 1
    spiffe_id: /reports/{azure_msi.resource_name}
    x509: { ttl: 1h }
`;
}
