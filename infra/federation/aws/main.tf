# AWS believes JWT-SVIDs of one workload: docs/oidc/aws.md.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

variable "issuer" {
  description = "The issuer URL, without a slash at its end and without a port"
  type        = string

  validation {
    condition     = can(regex("^https://[a-z0-9.-]+(/[^?#]*[^/?#])?$", var.issuer))
    error_message = "IAM takes an https URL without port, query and fragment."
  }
}

variable "audience" {
  description = "What the rule lists under jwt.audiences; one for each AWS account"
  type        = string
  default     = "sts.amazonaws.com"
}

variable "spiffe_id" {
  description = "The workload that may have the role"
  type        = string

  validation {
    condition     = startswith(var.spiffe_id, "spiffe://") && !strcontains(var.spiffe_id, "*")
    error_message = "One SPIFFE ID, whole."
  }
}

variable "role_name" {
  type = string
}

locals {
  # Condition keys are named after the issuer without its scheme.
  host = trimprefix(var.issuer, "https://")
}

resource "aws_iam_openid_connect_provider" "svidmint" {
  url            = var.issuer
  client_id_list = [var.audience]
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.svidmint.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.host}:aud"
      values   = [var.audience]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.host}:sub"
      values   = [var.spiffe_id]
    }
  }
}

resource "aws_iam_role" "workload" {
  name                 = var.role_name
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 3600
}

output "role_arn" {
  value = aws_iam_role.workload.arn
}
