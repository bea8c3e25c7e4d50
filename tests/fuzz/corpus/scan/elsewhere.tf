module "db" {
  source = "./db"
}
module "far" {
  source = "git::https://example.com/db.git"
}
module "out" {
  source = "../../outside"
}
data "terraform_remote_state" "global" {
  backend = "azurerm"
}
resource "azapi_resource_action" "keys" {
  type        = "Microsoft.DocumentDB/databaseAccounts@2024-05-15"
  resource_id = azurerm_cosmosdb_account.main.id
  action      = "listKeys"
}
output "keys" {
  value = [module.db.primary_key, module.far.key, data.terraform_remote_state.global.outputs.cosmos_key, azapi_resource_action.keys.output.secondaryMasterKey]
}
# --- db/main.tf
module "again" {
  source = "../db"
}
output "primary_key" {
  value = azurerm_cosmosdb_account.main.primary_key
}
output "secondary_key" {
  value = azurerm_cosmosdb_account.main.secondary_key
}
# --- unit/terragrunt.hcl
dependency "db" {
  config_path = "../db"
}
inputs = {
  key = dependency.db.outputs.primary_key
}
# --- a.tf.json
{"locals": {"a": "${azurerm_cosmosdb_account.x.primary_key}"}, "output": [{"o": {"value": "${local.a}"}}]}
# --- prod.auto.tfvars
prefix = "prod"
