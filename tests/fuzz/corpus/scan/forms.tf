data "azurerm_cosmosdb_account" "db" {
  name                = "${var.prefix}-cosmos"
  resource_group_name = var.group
}
locals {
  plain   = data.azurerm_cosmosdb_account.db.primary_key
  counted = azurerm_cosmosdb_account.list[0].secondary_readonly_key
  legacy  = azurerm_cosmosdb_account.list.0.primary_key
  splat   = azurerm_cosmosdb_account.list[*].primary_key
  old     = azurerm_cosmosdb_account.list.*.secondary_key
  by_name = azurerm_cosmosdb_account.main["primary_key"]
  string  = azurerm_cosmosdb_account.main.connection_strings[1]
  picked  = element(azurerm_cosmosdb_account.main.connection_strings, length(var.x) - 1)
  text    = "AccountKey=${azurerm_cosmosdb_account.main.primary_key};%{ if var.a }$${x.primary_key}%{ endif }"
  each    = { for k, v in azurerm_cosmosdb_account.all : k => v.primary_key }
  whole   = [azurerm_cosmosdb_account.main]
  action  = jsondecode(azapi_resource_action.keys.output).primaryMasterKey
  doc     = <<-EOT
    # primary_key
    key: ${try(azurerm_cosmosdb_account.main.primary_sql_connection_string, "")}
    %{ for a in azurerm_cosmosdb_account.all ~}
    ${a.secondary_key}
    %{ endfor ~}
  EOT
  search  = azurerm_search_service.s.primary_key /* look-alike */
}
