variable "slot" {
  default = "primary"
}
locals {
  keys = {
    primary   = azurerm_cosmosdb_account.main.primary_key
    secondary = azurerm_cosmosdb_account.main.secondary_key
  }
}
resource "azurerm_key_vault_secret" "chosen" {
  name  = "chosen"
  value = var.slot == "primary" ? azurerm_cosmosdb_account.main.primary_key : azurerm_cosmosdb_account.main.secondary_key
}
resource "azurerm_key_vault_secret" "looked_up" {
  name  = "looked-up"
  value = local.keys[var.slot]
}
resource "azurerm_key_vault_secret" "write_only" {
  name             = "write-only"
  value_wo         = azurerm_cosmosdb_account.other.primary_key
  value_wo_version = 3
}
# --- terraform.tfvars
slot = "primary"
