//! `unused-silence`: a silence with nothing to silence.
//!
//! Found while silences are obeyed, in `check::silence` and `check::baseline`.

use crate::check::{Rule, Severity};

pub const RULE: Rule = Rule {
    id: "unused-silence",
    severity: Severity::Warning,
    summary: "A comment or a baseline silences a finding that is not there.",
    why: "What it was meant for is gone or stands elsewhere now. Left in place, it would hide the next finding of that \
          rule, which nobody has looked at.",
    remedy: "Remove it; or, where it is a comment, move it to the line of the finding or the one above.",
    before: r#"resource "azurerm_linux_web_app" "shop" {
  app_settings = {
    # keyslot:ignore bypasses-key-vault because the app is applied again with every rotation
    COSMOS_KEY = "@Microsoft.KeyVault(SecretUri=${azurerm_key_vault_secret.cosmos.versionless_id})"
  }
}
"#,
    after: r#"resource "azurerm_linux_web_app" "shop" {
  app_settings = {
    COSMOS_KEY = "@Microsoft.KeyVault(SecretUri=${azurerm_key_vault_secret.cosmos.versionless_id})"
  }
}
"#,
    look: |_| Vec::new(),
};
