//! `silence-without-reason`: somebody wants a finding to be let be and does not say why.
//!
//! Found while silences are obeyed, in `check::silence`.

use crate::check::{Rule, Severity};

pub const RULE: Rule = Rule {
    id: "silence-without-reason",
    severity: Severity::Error,
    summary: "A comment silences a rule without saying why.",
    why: "Whoever reads the line next cannot tell whether the reason still holds. Without a reason nothing is silenced.",
    remedy: "Write `# keyslot:ignore RULE because REASON`.",
    before: r#"resource "azurerm_linux_web_app" "shop" {
  app_settings = {
    # keyslot:ignore bypasses-key-vault
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
