module "db" {
  source = "./db"
}
module "app" {
  source = "./app"
  key    = module.db.cosmosdb_primary_key
  keys   = { db = module.db.cosmosdb_primary_key }
}
# --- db/outputs.tf
output "cosmosdb_primary_key" {
  value     = azurerm_cosmosdb_account.main.primary_key
  sensitive = true
}
output "cosmosdb_secondary_key" {
  value     = azurerm_cosmosdb_account.main.secondary_key
  sensitive = true
}
# --- app/main.tf
variable "key" {}
variable "keys" {}
resource "azurerm_linux_web_app" "api" {
  app_settings = {
    KEY  = var.key
    KEY2 = var.keys["db"]
  }
}
