# What a workload may do in a cluster that believes its JWT-SVIDs: docs/oidc/kubernetes.md.

terraform {
  required_version = ">= 1.5"
  required_providers {
    kubernetes = {
      source  = "hashicorp/kubernetes"
      version = ">= 2.30"
    }
  }
}

variable "issuer" {
  type = string
}

variable "audience" {
  description = "What the rule lists under jwt.audiences; one for each cluster"
  type        = string
}

variable "trust_domain" {
  type = string
}

variable "spiffe_id" {
  type = string
}

variable "cluster_role" {
  type    = string
  default = "view"
}

resource "kubernetes_cluster_role_binding_v1" "workload" {
  metadata {
    name = "svidmint-workload"
  }

  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "ClusterRole"
    name      = var.cluster_role
  }

  subject {
    api_group = "rbac.authorization.k8s.io"
    kind      = "User"
    name      = var.spiffe_id
  }
}

output "authentication_configuration" {
  description = "For kube-apiserver --authentication-config, by whoever makes the cluster"
  value = yamlencode({
    apiVersion = "apiserver.config.k8s.io/v1"
    kind       = "AuthenticationConfiguration"
    jwt = [{
      issuer = {
        url       = var.issuer
        audiences = [var.audience]
      }
      claimValidationRules = [{
        expression = "claims.sub.startsWith(\"spiffe://${var.trust_domain}/\")"
        message    = "of another trust domain"
      }]
      claimMappings = {
        username = { expression = "claims.sub" }
        groups   = { expression = "[\"spiffe:${var.trust_domain}\"]" }
      }
      userValidationRules = [{
        expression = "!user.username.startsWith('system:')"
        message    = "names that begin with system are the cluster's own"
      }]
    }]
  })
}
