//! `mixed-slots`: consumers of one account and one access read both slots, so neither key can be retired.
//!
//! Pairs that offer both by design do not count.

use super::{Place, Related, Rule, Severity};
use crate::model::{Access, Slot};
use crate::terraform::{Reference, Tree};

pub const RULE: Rule = Rule {
    id: "mixed-slots",
    severity: Severity::Error,
    summary: "Keys of one account are read from both slots.",
    remedy: "Move all of them to one slot: `keyslot flip --to primary` or `--to secondary`.",
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
    let related =
        Related { file: other.file, span: other.span.clone(), label: format!("reads {} here", other.slot) };
    Some(Place { file: first.file, span: first.span.clone(), message, related: vec![related] })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_text;

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
        check_text(
            "locals {\n  a = azurerm_cosmosdb_account.x.secondary_key\n  \
             b = azurerm_cosmosdb_account.x.primary_readonly_key\n  \
             c = azurerm_cosmosdb_account.y.primary_key\n}\n\
             output \"primary\" {\n  value = azurerm_cosmosdb_account.x.primary_key\n}\n\
             output \"secondary\" {\n  value = azurerm_cosmosdb_account.x.secondary_key\n}\n",
            &[],
        );
    }
}
