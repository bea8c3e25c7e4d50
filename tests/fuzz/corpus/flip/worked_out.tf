variable "attribute" {
  default = "primary_key"
}
variable "slot" {
  default = "primary"
}
locals {
  name = "${var.slot}_sql_connection_string"
  keys = { primary = azurerm_cosmosdb_account.third.primary_key, secondary = azurerm_cosmosdb_account.third.secondary_key }
}
resource "azurerm_key_vault_secret" "whole" {
  name  = "whole"
  value = azurerm_cosmosdb_account.main[var.attribute]
}
resource "azurerm_key_vault_secret" "text" {
  name  = "text"
  value = "AccountKey=${azurerm_cosmosdb_account.other[local.name]}"
}
resource "azurerm_key_vault_secret" "among" {
  name  = "among"
  value = contains(["secondary", "second"], var.second) || var.second == "2" ? local.keys.secondary : local.keys.primary
}
variable "second" {}
# --- terraform.tfvars
second = "primary"
