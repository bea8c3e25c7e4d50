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
    remedy: "Remove it, or move it to the line of the finding or the one above.",
    before: r#"locals {
  # keyslot:ignore opaque-read because the module takes the account whole and reads its endpoint
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
