//! `mixed-slots`: consumers of one account and one access read both slots, so neither key can be retired.
//!
//! Pairs that offer both by design do not count.

use crate::check::{Place, Rule, Severity};
use crate::model::{Access, Slot};
use crate::terraform::{Reference, Tree};

pub const RULE: Rule = Rule {
    id: "mixed-slots",
    severity: Severity::Error,
    summary: "Keys of one account are read from both slots.",
    why: "A key can be regenerated only when nothing reads it. While some places read the primary and others the \
          secondary key, regenerating either one breaks something.",
    remedy: "Move all of them to one slot: `keyslot flip --to primary` or `--to secondary`.",
    before: r#"locals {
  api_key    = azurerm_cosmosdb_account.orders.primary_key
  worker_key = azurerm_cosmosdb_account.orders.secondary_key
}
"#,
    after: r#"locals {
  api_key    = azurerm_cosmosdb_account.orders.primary_key
  worker_key = azurerm_cosmosdb_account.orders.primary_key
}
"#,
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    (0..tree.accounts.len())
        .flat_map(|account| Access::ALL.map(|access| (account, access)))
        .filter_map(|(account, access)| mixed(tree, account, access))
        .collect()
}

/// The finding stands at the first reference of the rarer slot; the first of the other is shown with it.
fn mixed(tree: &Tree, account: usize, access: Access) -> Option<Place> {
    let of = |slot: Slot| -> Vec<&Reference> {
        tree.consumers(account, access).filter(|reference| reference.slot == slot).collect()
    };
    let (primary, secondary) = (of(Slot::Primary), of(Slot::Secondary));
    let (few, many) =
        if primary.len() < secondary.len() { (&primary, &secondary) } else { (&secondary, &primary) };
    let (first, other) = (few.first()?, many.first()?);
    let message = format!(
        "the {access} key of {} is read from both slots: {} times {}, {} times {}",
        tree.accounts[account].key,
        few.len(),
        first.slot,
        many.len(),
        other.slot
    );
    let place = Place::new(first.file, first.span.clone(), message);
    Some(place.related(other.file, other.span.clone(), format!("reads {} here", other.slot)))
}

#[cfg(test)]
mod tests {
    use crate::check::tests::{check_rule, check_text};

    #[test]
    fn the_rarer_slot_is_shown() {
        check_text(
            "locals {\n  a = azurerm_cosmosdb_account.x.secondary_key\n  \
             b = azurerm_cosmosdb_account.x.primary_key\n  \
             c = azurerm_cosmosdb_account.x.secondary_sql_connection_string\n}\n",
            &[("mixed-slots", 3)],
        );
    }

    #[test]
    fn accesses_accounts_and_pairs_are_apart() {
        check_rule(
            "mixed-slots",
            "locals {\n  a = azurerm_cosmosdb_account.x.secondary_key\n  \
             b = azurerm_cosmosdb_account.x.primary_readonly_key\n  \
             c = azurerm_cosmosdb_account.y.primary_key\n}\n\
             output \"primary\" {\n  value = azurerm_cosmosdb_account.x.primary_key\n}\n\
             output \"secondary\" {\n  value = azurerm_cosmosdb_account.x.secondary_key\n}\n",
            &[],
        );
    }
}
