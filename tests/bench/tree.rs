//! A tree of Terraform as a platform team might have it: many units, few of which read a key.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// How large a file gets.
const FILE_BYTES: usize = 11_000;

/// Writes so many files, ten to a folder, and says how many bytes they have.
pub fn write(root: &Path, files: usize) -> usize {
    let mut bytes = 0;
    for number in 0..files {
        let unit = number / 10;
        let folder = root.join(format!("team-{:03}/unit-{unit:04}", unit / 20));
        fs::create_dir_all(&folder).unwrap();
        let text = file(number);
        bytes += text.len();
        fs::write(folder.join(format!("part-{}.tf", number % 10)), text).unwrap();
    }
    let owner = root.join("modules/database");
    fs::create_dir_all(&owner).unwrap();
    fs::write(owner.join("main.tf"), MODULE).unwrap();
    bytes + MODULE.len()
}

/// Hands both keys out under names of its own.
const MODULE: &str = "resource \"azurerm_cosmosdb_account\" \"main\" {\n  name = \"orders-global\"\n}\n\n\
    output \"primary\" {\n  value     = azurerm_cosmosdb_account.main.primary_key\n  sensitive = true\n}\n\n\
    output \"secondary\" {\n  value     = azurerm_cosmosdb_account.main.secondary_key\n  sensitive = true\n}\n";

fn file(number: usize) -> String {
    let mut text = String::with_capacity(FILE_BYTES + 2_000);
    let mut part = 0;
    while text.len() < FILE_BYTES {
        // Any order will do, as long as it is the same every time.
        block(&mut text, number, part, (number * 7 + part * 5 + part / 3) % 6);
        part += 1;
        if part == 5 && number.is_multiple_of(100) {
            read_a_key(&mut text, number / 100);
        }
    }
    text
}

/// In one of three ways: from the account itself, through a local value, through a module's output.
fn read_a_key(text: &mut String, number: usize) {
    let account = "data \"azurerm_cosmosdb_account\" \"global\" {\n  name                = \"orders-global\"\n  \
                   resource_group_name = \"global\"\n}\n\n";
    let key = match number % 3 {
        0 => format!(
            "{account}locals {{\n  database_key = data.azurerm_cosmosdb_account.global.primary_key\n}}\n\n"
        ),
        1 => "module \"database\" {\n  source = \"../../modules/database\"\n}\n\n".to_owned(),
        _ => account.to_owned(),
    };
    let value =
        ["local.database_key", "module.database.primary", "data.azurerm_cosmosdb_account.global.primary_key"];
    let value = value[number % 3];
    let _ = write!(
        text,
        "{key}resource \"azurerm_key_vault_secret\" \"database\" {{\n  name         = \"Database-Key\"\n  \
         value        = {value}\n  key_vault_id = azurerm_key_vault.stamp.id\n}}\n\n"
    );
}

fn block(text: &mut String, file: usize, part: usize, kind: usize) {
    let template = [STORAGE, HUB, VARIABLE, ALERT, LOCALS, OUTPUT][kind];
    text.push_str(&template.replace("{file}", &file.to_string()).replace("{part}", &part.to_string()));
}

const STORAGE: &str = r#"# Storage of the stamp, number {part} (of file {file}).
resource "azurerm_storage_account" "storage_{file}_{part}" {
  name                     = "${local.prefix}${var.location}st{part}"
  resource_group_name      = azurerm_resource_group.stamp.name
  location                 = azurerm_resource_group.stamp.location
  account_tier             = "Standard"
  account_replication_type = var.replication[{part}]
  tags                     = merge(local.tags, { "purpose" = "data {part}", owner = "team-{file}" })

  blob_properties {
    delete_retention_policy {
      days = {part}
    }
  }
}

"#;

/// Look-alikes: another service's key goes into the same kind of secret.
const HUB: &str = r#"resource "azurerm_eventhub_authorization_rule" "rule_{file}_{part}" {
  name                = "read-{part}"
  namespace_name      = azurerm_eventhub_namespace.stamp.name
  eventhub_name       = azurerm_eventhub.hub_{part}.name
  resource_group_name = azurerm_resource_group.stamp.name
  listen              = true
  send                = false
  manage              = false
}

resource "azurerm_key_vault_secret" "secret_{file}_{part}" {
  name         = "EventHub-Connection-{part}"
  value        = azurerm_eventhub_authorization_rule.rule_{file}_{part}.primary_connection_string
  key_vault_id = azurerm_key_vault.stamp.id # the stamp's own vault
}

"#;

const VARIABLE: &str = r#"variable "setting_{file}_{part}" {
  description = "A setting of the application, number {part}, that nobody has changed for a long time."
  type        = object({ name = string, count = number })
  default     = { name = "setting", count = {part} }

  validation {
    condition     = length(var.setting_{file}_{part}.name) > 3 && var.setting_{file}_{part}.count < 100
    error_message = "The name is too short, or the count is too high."
  }
}

"#;

const ALERT: &str = r#"resource "azurerm_monitor_scheduled_query_rules_alert_v2" "alert_{file}_{part}" {
  name                = "alert-{part}"
  resource_group_name = azurerm_resource_group.stamp.name
  scopes              = [azurerm_log_analytics_workspace.stamp.id]

  criteria {
    query     = <<-QUERY
      requests
      | where success == false and name startswith "GET /{part}"
      | summarize count() by bin(timestamp, 5m), cloud_RoleName
    QUERY
    operator  = "GreaterThan"
    threshold = {part}0
  }
}

"#;

const LOCALS: &str = r#"locals {
  settings_{file}_{part} = {
    for name, value in var.settings : upper(name) => "${value}-${var.location}"
    if value != null
  }
  subnet_{file}_{part} = cidrsubnet(var.address_space, 8, {part}) // one a stamp
}

"#;

const OUTPUT: &str = r#"output "endpoint_{file}_{part}" {
  value       = "https://${azurerm_linux_web_app.app_{file}.default_hostname}/v{part}/health"
  description = "Where the application answers, see https://example.invalid/docs/{part}#health"
}

"#;
