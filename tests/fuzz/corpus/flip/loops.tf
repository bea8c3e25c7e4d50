resource "azurerm_cosmosdb_account" "all" {
  for_each = toset(["eu", "us"])
  name     = "orders-${each.key}"
}
locals {
  keys = { for k, a in azurerm_cosmosdb_account.all : k => { primary = a.primary_key, secondary = a.secondary_key } }
  list = [for a in azurerm_cosmosdb_account.all : { primary = a.primary_readonly_key, secondary = a.secondary_readonly_key } if a.name != ""]
}
resource "azurerm_key_vault_secret" "each" {
  for_each = azurerm_cosmosdb_account.all
  name     = "cosmos-${each.key}"
  value    = local.keys[each.key].primary
}
resource "azurerm_key_vault_secret" "one" {
  name  = "readonly"
  value = local.list[0].secondary
}
