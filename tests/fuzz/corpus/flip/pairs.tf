variable "i" {
  default = 0
}
variable "n" {
  default = "main"
}
locals {
  list = [data.azurerm_cosmosdb_account.x.primary_key, data.azurerm_cosmosdb_account.x.secondary_key]
  pair = {
    main   = data.azurerm_cosmosdb_account.x.primary_key
    backup = data.azurerm_cosmosdb_account.x.secondary_key
  }
  k = [local.list[var.i], local.pair[var.n], local.list[0], local.pair.main]
  d = data.azurerm_cosmosdb_account.x.primary_key
}
resource "azurerm_container_app" "c" {
  secret {
    name  = "primary-key"
    value = data.azurerm_cosmosdb_account.x.primary_key
  }
  secret {
    name  = "secondary-key"
    value = data.azurerm_cosmosdb_account.x.secondary_key
  }
}
module "m" {
  source = "./m"
  keys   = [data.azurerm_cosmosdb_account.x.primary_key, data.azurerm_cosmosdb_account.x.secondary_key]
  i      = 0
}
# --- m/a.tf
variable "keys" {}
variable "i" {}
resource "a_b" "c" {
  k = var.keys[var.i]
  l = var.keys[0]
}
