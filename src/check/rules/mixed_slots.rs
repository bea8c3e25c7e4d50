//! `mixed-slots`: consumers of one account and one access read both slots, so neither key can be retired.
//!
//! Pairs that offer both by design do not count.

use crate::check::{Place, Rule, Severity};
use crate::model::{Access, Slot};
use crate::terraform::{Reference, SinkKind, Tree};

pub const RULE: Rule = Rule {
    id: "mixed-slots",
    severity: Severity::Error,
    summary: "Keys of one account are read from both slots.",
    why: "A key can be regenerated only when nothing reads it. While some places read the primary and others the \
          secondary key, regenerating either one breaks something.",
    remedy: "Move all of them to one slot: `keyslot flip --to primary --account NAME` or `--to secondary`. Places that \
             read both on purpose are declared as `mirrors` under `[check]` in keyslot.toml.",
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
        "the {access} key of {} is read from both slots: {} {}, {} {}",
        tree.accounts[account].key,
        first.slot,
        times(few.len()),
        other.slot,
        times(many.len())
    );
    let place = Place::new(first.file, first.span.clone(), message)
        .related(other.file, other.span.clone(), format!("reads {} here", other.slot))
        .remedy(remedy(tree, account, access, [first, other]));
    Some(place)
}

fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

/// The commands as they can be typed, and the declaration as it can be pasted.
fn remedy(tree: &Tree, account: usize, access: Access, shown: [&Reference; 2]) -> String {
    let folder = match tree.shown_path("") {
        root if root.is_empty() => String::new(),
        root => format!(" '{}'", root.trim_end_matches('/')),
    };
    let access = match access {
        Access::ReadWrite => "",
        Access::ReadOnly => " --access read-only",
    };
    let key = &tree.accounts[account].key;
    let places = shown.map(|reference| format!("\"{}\"", tree.declared_place(reference)));
    // A secret that somebody is served from is no place to leave behind.
    let served = tree.flows().iter().any(|flow| {
        flow.sink.kind == SinkKind::KeyVaultSecret
            && shown.iter().any(|reference| std::ptr::eq(*reference, &tree.references[flow.reference]))
    });
    let mirrors = if served { "\"FOLDER:PLACE\", …".to_owned() } else { places.join(", ") };
    format!(
        "Move all of them to one slot: `keyslot flip{folder} --to primary{access} --account '{key}'`, or `--to \
         secondary`. Where both are read on purpose, declare such places under `[check]` in keyslot.toml: `mirrors = \
         [{mirrors}]`."
    )
}

#[cfg(test)]
mod tests {
    use crate::check::check;
    use crate::check::tests::{check_rule, check_text};
    use crate::terraform::{Declared, Tree};

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
    fn the_remedy_names_the_account_the_access_and_the_places_so_that_they_can_be_pasted() {
        let text = "locals {\n  a = azurerm_cosmosdb_account.x.primary_readonly_key\n  \
                    b = azurerm_cosmosdb_account.x.secondary_readonly_key\n}\n";
        let tree = Tree::read(&[("m/a.tf", text)]).shown_under("infra");
        let [finding] = &check(&tree)[..] else { panic!() };
        assert!(
            finding.message.ends_with("from both slots: secondary once, primary once"),
            "{}",
            finding.message
        );
        let remedy = finding.remedy();
        let command =
            "`keyslot flip 'infra' --to primary --access read-only --account 'm:azurerm_cosmosdb_account.x'`";
        assert!(remedy.contains(command), "{remedy}");
        let mirrors = ["infra/m:locals.b", "infra/m:locals.a"].map(str::to_owned).to_vec();
        assert!(remedy.ends_with(&format!("`mirrors = {mirrors:?}`.")), "{remedy}");
        let declared = |mirrors| Declared { mirrors, root: "infra".to_owned(), ..Declared::default() };
        assert_eq!(check(&tree.clone().declaring(declared(mirrors.clone()))).len(), 0);
        let again = tree.declaring(Declared { root: "live/infra".to_owned(), ..Declared::default() });
        assert!(check(&again)[0].remedy().contains("[\"live/infra/m:locals.b\""));
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
