module "db" {
  source = "./db"
}
locals {
  key = module.db.cosmosdb_primary_key
}
# --- db/outputs.tf
output "cosmosdb_primary_key" {
  value = azurerm_cosmosdb_account.main.primary_key
}
output "cosmos[*]db_secondary_key" {
  value = azurerm_cosmosdb_account.main.secondary_key
}
