module "db" {
  source = "git::https://example.com/modules//cosmosdb"
}
module "app" {
  source = "./app"
  key    = module.db.primary_of_the_PrimarY_key
  keys   = { db = module.db.primary_key }
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
