//! `branches-disagree`: one account's key is read from one slot here and from the other at the revision that this is
//! compared with.

use crate::check::compare::There;
use crate::check::{Place, Rule, Severity};
use crate::model::{Access, Slot};
use crate::terraform::{Reference, Tree};

pub const RULE: Rule = Rule {
    id: "branches-disagree",
    severity: Severity::Error,
    summary: "A key is read from one slot here and from the other at the revision that this is compared with.",
    why: "What is deployed comes from more than one branch. While the base branch and a live release branch read different \
          slots, the next deployment of either moves everything to its own slot, and regenerating the key that seems \
          unused breaks what the other one deployed.",
    remedy: "Bring the change to the other branch too (merge or cherry-pick it), or flip this one back.",
    before: r#"# --- main.tf
locals {
  key = azurerm_cosmosdb_account.orders.secondary_key
}
# --- release/2021.7:main.tf
locals {
  key = azurerm_cosmosdb_account.orders.primary_key
}
"#,
    after: r#"# --- main.tf
locals {
  key = azurerm_cosmosdb_account.orders.secondary_key
}
# --- release/2021.7:main.tf
locals {
  key = azurerm_cosmosdb_account.orders.secondary_key
}
"#,
    look: |_| Vec::new(),
};

pub fn compare(here: &Tree, there: &There) -> Vec<Place> {
    (0..here.accounts.len())
        .filter_map(|account| Some((account, there.same_account(&here.accounts[account])?)))
        .flat_map(|accounts| Access::ALL.map(|access| (accounts, access)))
        .filter_map(|((ours, theirs), access)| disagreement(here, ours, there, theirs, access))
        .collect()
}

/// The finding stands at the first reference here of a slot that is not read there.
fn disagreement(here: &Tree, ours: usize, there: &There, theirs: usize, access: Access) -> Option<Place> {
    let ours_read: Vec<&Reference> = here.consumers(ours, access).collect();
    let theirs_read: Vec<&Reference> = there.tree.consumers(theirs, access).collect();
    let (our_slots, their_slots) = (slots(&ours_read), slots(&theirs_read));
    if our_slots == their_slots {
        return None;
    }
    let first = |references: &[&Reference], not: &[Slot]| -> Option<usize> {
        let lonely = references.iter().position(|reference| !not.contains(&reference.slot));
        lonely.or((!references.is_empty()).then_some(0))
    };
    let at = ours_read[first(&ours_read, &their_slots)?];
    let other = theirs_read[first(&theirs_read, &our_slots)?];
    let message = format!(
        "the {access} key of {} is read from {} here, and from {} at {} ({})",
        here.accounts[ours].key,
        named(&our_slots),
        named(&their_slots),
        there.revision,
        there.place(other)
    );
    Some(Place::new(at.file, at.span.clone(), message))
}

fn slots(references: &[&Reference]) -> Vec<Slot> {
    Slot::ALL.into_iter().filter(|slot| references.iter().any(|reference| reference.slot == *slot)).collect()
}

fn named(slots: &[Slot]) -> &'static str {
    match slots {
        [slot] => slot.as_str(),
        _ => "both slots",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{check_with, compare};

    const KEY: &str = "locals {\n  key = azurerm_cosmosdb_account.x.primary_key\n}\n";

    /// Line and message of each finding.
    fn found(here: &[(&str, &str)], there: &[(&str, &str)]) -> Vec<(usize, String)> {
        let here = Tree::read(here);
        let there = There::new(Tree::read(there).shown_under("infra"), "release/1");
        check_with(&here, compare(&here, &there))
            .into_iter()
            .filter(|finding| finding.rule.id == RULE.id)
            .map(|finding| (finding.source(&here).position(finding.span.start).line, finding.message))
            .collect()
    }

    #[test]
    fn another_slot_there_is_found_with_both_places() {
        let there = format!("\n\n{}", KEY.replace("primary", "secondary"));
        let message = "the read-write key of azurerm_cosmosdb_account.x is read from primary here, and from \
                       secondary at release/1 (release/1:infra/b.tf:4:36)";
        assert_eq!(found(&[("a.tf", KEY)], &[("b.tf", &there)]), [(2, message.to_owned())]);
    }

    #[test]
    fn the_slot_that_is_lonely_is_shown() {
        let both = format!("{KEY}{}", KEY.replace("key = ", "other = ").replace("primary", "secondary"));
        let [(line, message)] = &found(&[("a.tf", &both)], &[("a.tf", KEY)])[..] else { panic!() };
        assert_eq!(*line, 5);
        assert!(
            message.contains("from both slots here, and from primary at release/1 (release/1:infra/a.tf:2:")
        );
        let [(line, message)] = &found(&[("a.tf", KEY)], &[("a.tf", &both)])[..] else { panic!() };
        assert_eq!(*line, 2);
        assert!(message.ends_with("from both slots at release/1 (release/1:infra/a.tf:5:38)"), "{message}");
        assert_eq!(found(&[("a.tf", &both)], &[("a.tf", &both)]), []);
    }

    #[test]
    fn equal_slots_other_accounts_other_accesses_and_pairs_agree() {
        for there in [
            KEY.to_owned(),
            KEY.replace(".x.", ".y.").replace("primary", "secondary"),
            KEY.replace("primary_key", "secondary_readonly_key"),
            "locals {}\n".to_owned(),
            "output \"primary\" {\n  value = azurerm_cosmosdb_account.x.primary_key\n}\n\
             output \"secondary\" {\n  value = azurerm_cosmosdb_account.x.secondary_key\n}\n"
                .to_owned(),
        ] {
            assert_eq!(found(&[("a.tf", KEY)], &[("a.tf", &there)]), [], "{there}");
        }
    }

    #[test]
    fn an_account_is_the_same_under_another_symbol_of_the_same_name() {
        let declared = "data \"azurerm_cosmosdb_account\" \"x\" {\n  name = \"orders\"\n}\n\
                        locals {\n  key = data.azurerm_cosmosdb_account.x.primary_key\n}\n";
        let there = declared.replace("\"x\"", "\"y\"").replace("account.x.primary", "account.y.secondary");
        assert_eq!(found(&[("a.tf", declared)], &[("a.tf", &there)]).len(), 1);
    }

    #[test]
    fn an_account_is_the_same_under_a_name_that_was_spelt_since() {
        let declared = "data \"azurerm_cosmosdb_account\" \"x\" {\n  name = NAME\n}\n\
                        locals {\n  key = data.azurerm_cosmosdb_account.x.primary_key\n}\n";
        let here = declared.replace("NAME", "\"orders\"");
        let there = declared.replace("NAME", "var.name").replace("primary", "secondary");
        let [(_, message)] = &found(&[("a.tf", &here)], &[("a.tf", &there)])[..] else { panic!() };
        assert!(message.starts_with("the read-write key of orders "), "{message}");
    }
}
