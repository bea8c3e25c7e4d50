module "db" {
  source = "./db"
}
module "app" {
  source = "./app"
  keys   = { db = module.db.key_of_today }
}
# --- app/main.tf
variable "keys" {}
resource "azurerm_linux_web_app" "api" {
  app_settings = {
    KEY = var.keys["db"]
  }
}
# --- db/outputs.tf
output "key_of_today" {
  value = azurerm_cosmosdb_account.main.primary_key
}
output "spare" {
  value = azurerm_cosmosdb_account.main.secondary_key
}
output "key_of_today" {
  value = azurerm_cosmosdb_account.main.primary_key
}
