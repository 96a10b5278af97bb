# Vault's JWT auth believes JWT-SVIDs of one workload: docs/oidc/vault.md.

terraform {
  required_version = ">= 1.5"
  required_providers {
    vault = {
      source  = "hashicorp/vault"
      version = ">= 4.0"
    }
  }
}

variable "issuer" {
  description = "The issuer URL, to the letter"
  type        = string
}

variable "issuer_ca_pem" {
  description = "Who signed the issuer's TLS certificate, where the system's CAs did not"
  type        = string
  default     = null
}

variable "audience" {
  description = "What the rule lists under jwt.audiences"
  type        = string
}

variable "spiffe_id" {
  type = string
}

variable "role_name" {
  type = string
}

variable "policies" {
  type = set(string)
}

resource "vault_jwt_auth_backend" "svidmint" {
  path                  = "svidmint"
  oidc_discovery_url    = var.issuer
  oidc_discovery_ca_pem = var.issuer_ca_pem
  bound_issuer          = var.issuer
  jwt_supported_algs    = ["ES256", "RS256"]
}

resource "vault_jwt_auth_backend_role" "workload" {
  backend                 = vault_jwt_auth_backend.svidmint.path
  role_name               = var.role_name
  role_type               = "jwt"
  user_claim              = "sub"
  bound_subject           = var.spiffe_id
  bound_audiences         = [var.audience]
  token_policies          = var.policies
  token_no_default_policy = true
  token_ttl               = 600
  token_max_ttl           = 3600
}
