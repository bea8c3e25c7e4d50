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
    before: r#"locals {
  # keyslot:ignore opaque-reads because the module takes the account whole and reads its endpoint
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
