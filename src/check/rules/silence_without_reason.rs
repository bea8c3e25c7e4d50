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
    before: r#"locals {
  # keyslot:ignore opaque-read
  endpoint = azurerm_cosmosdb_account.orders.endpoint
}
"#,
    after: r#"locals {
  # keyslot:ignore opaque-read because the module takes the account whole and reads its endpoint
  orders = [azurerm_cosmosdb_account.orders]
}
"#,
    look: |_| Vec::new(),
};
