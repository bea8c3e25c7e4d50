data "azurerm_cosmosdb_account" "global" {
  name = var.name
}
locals {
  # was: data.azurerm_cosmosdb_account.global.primary_key
  secrets = {
    "Api-Key"         = var.api_key
    "CosmosDb-ApiKey" = data.azurerm_cosmosdb_account.global.primary_key,
    "Cosmos-Sql"      : "x${data.azurerm_cosmosdb_account.global.primary_sql_connection_string}y"
    "Cosmos-List"     = data.azurerm_cosmosdb_account.global.connection_strings[0]
    "Read-Only"       = data.azurerm_cosmosdb_account.global.primary_readonly_key
  }
}
resource "azurerm_key_vault_secret" "secrets" {
  for_each = local.secrets
  name     = each.key
  value    = each.value
}
