locals {
  tags = { a = 1, "b-c" = 2, a = 3, "b-c" = 4, a = 5 }
  keys = {
    primary   = azurerm_cosmosdb_account.main.primary_key
    primary   = azurerm_cosmosdb_account.main.secondary_key
    secondary = azurerm_cosmosdb_account.main.secondary_key # é
  }
}
resource "azurerm_key_vault_secret" "each" {
  for_each = { a = { name = "one" }, a = { name = "two" }, b = { name = "three" } }
  name     = each.value.name
  value    = local.keys.primary
}
