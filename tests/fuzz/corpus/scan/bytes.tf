locals {
  # café
  a = azurerm_cosmosdb_account.x.primary_key
  b = [
}
# --- mark.tf
ï»¿locals {
	a = "${
		azurerm_cosmosdb_account.x . primary_key
	}"
}