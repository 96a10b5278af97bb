# A client of Keycloak signs in with its JWT-SVID: docs/oidc/keycloak.md.

terraform {
  required_version = ">= 1.5"
  required_providers {
    keycloak = {
      source  = "keycloak/keycloak"
      version = ">= 5.8"
    }
  }
}

variable "realm" {
  description = "Id of a realm that exists"
  type        = string
}

variable "trust_domain" {
  type = string
}

variable "bundle_endpoint" {
  description = "The issuer URL with /bundle"
  type        = string

  validation {
    condition     = startswith(var.bundle_endpoint, "https://")
    error_message = "An https URL."
  }
}

variable "client_id" {
  type = string
}

variable "spiffe_id" {
  type = string
}

resource "keycloak_spiffe_identity_provider" "svidmint" {
  realm           = var.realm
  alias           = "prod"
  trust_domain    = "spiffe://${var.trust_domain}"
  bundle_endpoint = var.bundle_endpoint
}

resource "keycloak_openid_client" "workload" {
  realm_id                  = var.realm
  client_id                 = var.client_id
  access_type               = "CONFIDENTIAL"
  service_accounts_enabled  = true
  client_authenticator_type = "federated-jwt"
  extra_config = {
    "jwt.credential.issuer" = keycloak_spiffe_identity_provider.svidmint.alias
    "jwt.credential.sub"    = var.spiffe_id
  }
}
