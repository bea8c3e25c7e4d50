//! `silence-without-rule`: a silence for a rule that is not there or cannot be silenced.
//!
//! Found while silences are obeyed, in `check::silence` and `check::baseline`.

use crate::check::{Rule, Severity};

pub const RULE: Rule = Rule {
    id: "silence-without-rule",
    severity: Severity::Error,
    summary: "A comment or a baseline silences a rule that does not exist, or one that cannot be silenced.",
    why: "It silences nothing, though somebody believes that it does. A file that cannot be read cannot be silenced: \
          nobody knows what it hides.",
    remedy: "Name the rule as `keyslot check --rules` lists it, or remove the silence.",
    before: r#"resource "azurerm_linux_web_app" "shop" {
  app_settings = {
    # keyslot:ignore bypass-key-vault because the app is applied again with every rotation
    COSMOS_KEY = azurerm_cosmosdb_account.orders.primary_key
  }
}
"#,
    after: r#"resource "azurerm_linux_web_app" "shop" {
  app_settings = {
    # keyslot:ignore bypasses-key-vault because the app is applied again with every rotation
    COSMOS_KEY = azurerm_cosmosdb_account.orders.primary_key
  }
}
"#,
    look: |_| Vec::new(),
};
