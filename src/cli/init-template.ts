/** The configuration that `svidmint init` writes: it works as it is, and says what to change for a cloud. */
export function configTemplate(trustDomain: string, issuer: string): string {
  return `# svidmint configuration: one file a trust domain. Unknown keys are errors; what is not named is not accepted.
# Check it with: svidmint policy check

# The name that every identity issued here begins with: spiffe://${trustDomain}/…
trust_domain: ${trustDomain}
# The base URL of this issuer: what clients call, the iss of its JWT-SVIDs and the base of audiences.
# https, or http on a loopback host for development.
issuer: ${issuer}

# Which evidence is believed, and whose.
evidence:
  oidc:
    # Development only: tokens signed by a key in this folder (svidmint evidence dev).
    # Refused unless the issuer above is http on a loopback host. Remove it before anything else counts.
    dev: { dev: true, pin: issuer, jwks: file:.svidmint/dev.jwks }
  # Google: identity tokens of the metadata server (Compute Engine, Cloud Run, GKE).
  # gcp_iit: { projects: [my-project] }
  # AWS: tokens of a role's own, with the issuer that the account has for them (Lambda, ECS, EC2 …).
  # aws_web_identity: { accounts: { "111122223333": "https://00000000-0000-0000-0000-000000000000.tokens.sts.global.api.aws" } }
  # AWS: signed requests to STS, for roles of accounts that have no such issuer.
  # aws_sts: { accounts: ["111122223333"] }
  # AWS: EC2 instance identity documents. First use decides who owns one, so a claim store is needed.
  # aws_iid: { accounts: ["111122223333"] }
  # Azure: managed-identity tokens. As above; the audience is an app registration of yours.
  # azure_msi: { tenants: [6f0c0000-0000-0000-0000-000000000000], audience: "api://6f0c0000/svidmint" }

# Where first use is remembered. \`file\` serves exactly one running instance.
# single_instance: true
# claims: { store: file }

# Signing keys. With no keys: local ones are made in .svidmint/ on first start.

# Who gets which identity. The first rule that matches decides; no rule, no identity.
rules:
  - name: dev
    evidence:
      oidc.dev: { sub: "*" }
    # Each value in braces must be one legal path segment (letters, digits, dot, hyphen, underscore).
    spiffe_id: /dev/{oidc.dev.sub}
    x509: { ttl: 1h }
    jwt: { ttl: 5m, audiences: ["https://orders.example.org"] }
  # - name: payments-vm
  #   evidence:
  #     gcp_iit: { kind: instance, project_id: my-project, instance_name: "payments-*" }
  #   spiffe_id: /payments/{gcp_iit.instance_name}
  #   x509: { ttl: 1h }
`;
}
