# Google Cloud believes JWT-SVIDs of one trust domain: docs/oidc/google.md.

terraform {
  required_version = ">= 1.5"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.0"
    }
  }
}

variable "project" {
  type = string
}

variable "issuer" {
  description = "The issuer URL, without a slash at its end"
  type        = string
}

variable "trust_domain" {
  type = string
}

variable "workload_path" {
  description = "Path of the SPIFFE ID that may act as the service account, without its first slash"
  type        = string

  validation {
    condition     = length(var.workload_path) <= 127 && !startswith(var.workload_path, "/")
    error_message = "google.subject has 127 bytes at most."
  }
}

variable "service_account_id" {
  type = string
}

resource "google_iam_workload_identity_pool" "svidmint" {
  project                   = var.project
  workload_identity_pool_id = "svidmint"
}

resource "google_iam_workload_identity_pool_provider" "svidmint" {
  project                            = var.project
  workload_identity_pool_id          = google_iam_workload_identity_pool.svidmint.workload_identity_pool_id
  workload_identity_pool_provider_id = "prod"

  attribute_mapping = {
    "google.subject"      = "assertion.sub.extract('spiffe://${var.trust_domain}/{path}')"
    "attribute.spiffe_id" = "assertion.sub"
  }
  attribute_condition = "assertion.sub.startsWith('spiffe://${var.trust_domain}/')"

  # Without allowed_audiences the audience is the provider's own resource name, which no other relying party has.
  oidc {
    issuer_uri = var.issuer
  }
}

resource "google_service_account" "workload" {
  project    = var.project
  account_id = var.service_account_id
}

resource "google_service_account_iam_member" "workload" {
  service_account_id = google_service_account.workload.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principal://iam.googleapis.com/${google_iam_workload_identity_pool.svidmint.name}/subject/${var.workload_path}"
}

output "audience" {
  description = "For jwt.audiences of the rule"
  value       = "https://iam.googleapis.com/${google_iam_workload_identity_pool_provider.svidmint.name}"
}
