# Microsoft Entra believes JWT-SVIDs of one workload: docs/oidc/azure.md.

terraform {
  required_version = ">= 1.5"
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.0"
    }
  }
}

provider "azurerm" {
  features {}
}

variable "issuer" {
  description = "The issuer URL, to the letter: at most 600 characters, no slash that iss does not have"
  type        = string

  validation {
    condition     = startswith(var.issuer, "https://") && length(var.issuer) <= 600
    error_message = "An https URL of at most 600 characters."
  }
}

variable "spiffe_id" {
  description = "The workload that may act as the managed identity"
  type        = string

  validation {
    condition     = startswith(var.spiffe_id, "spiffe://") && length(var.spiffe_id) <= 600
    error_message = "One SPIFFE ID, whole, of at most 600 characters."
  }
}

variable "resource_group_name" {
  type = string
}

variable "location" {
  type = string
}

variable "identity_name" {
  type = string
}

resource "azurerm_user_assigned_identity" "workload" {
  name                = var.identity_name
  resource_group_name = var.resource_group_name
  location            = var.location
}

resource "azurerm_federated_identity_credential" "svidmint" {
  name                = "svidmint"
  resource_group_name = var.resource_group_name
  parent_id           = azurerm_user_assigned_identity.workload.id
  audience            = ["api://AzureADTokenExchange"]
  issuer              = var.issuer
  subject             = var.spiffe_id
}

output "client_id" {
  value = azurerm_user_assigned_identity.workload.client_id
}
