//! `write-only-version-not-raised`: a write-only argument takes another key than at the revision that this is compared
//! with, under the same version, so that Terraform will not write it.
//!
//! Only versions that are written out as numbers are judged: what an expression comes to is not known here.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::check::compare::There;
use crate::check::{Place, Rule, Severity};
use crate::model::{Access, Slot};
use crate::terraform::{Role, Sink, Tree, Value, WRITE_ONLY};

pub const RULE: Rule = Rule {
    id: "write-only-version-not-raised",
    severity: Severity::Error,
    summary: "A write-only argument takes another key than at the revision that this is compared with, and its version \
              is the same.",
    why: "Terraform does not keep write-only values, so it writes them again only when their version changes. The code \
          says the new slot, the vault keeps the old key, and regenerating that one breaks whoever reads the vault.",
    remedy: "Raise the version together with the slot, as `keyslot flip` does.",
    before: r#"# --- main.tf
resource "azurerm_key_vault_secret" "cosmos" {
  name             = "cosmos-key"
  value_wo         = azurerm_cosmosdb_account.orders.primary_readonly_key
  value_wo_version = 1
}
# --- release/2021.7:main.tf
resource "azurerm_key_vault_secret" "cosmos" {
  name             = "cosmos-key"
  value_wo         = azurerm_cosmosdb_account.orders.primary_key
  value_wo_version = 1
}
"#,
    after: r#"# --- main.tf
resource "azurerm_key_vault_secret" "cosmos" {
  name             = "cosmos-key"
  value_wo         = azurerm_cosmosdb_account.orders.primary_readonly_key
  value_wo_version = 2
}
# --- release/2021.7:main.tf
resource "azurerm_key_vault_secret" "cosmos" {
  name             = "cosmos-key"
  value_wo         = azurerm_cosmosdb_account.orders.primary_key
  value_wo_version = 1
}
"#,
    look: |_| Vec::new(),
};

pub fn compare(here: &Tree, there: &There) -> Vec<Place> {
    let theirs = arguments(&there.tree, Some);
    arguments(here, |account| there.same_account(&here.accounts[account]))
        .iter()
        .filter_map(|(argument, ours)| stale(argument, ours, theirs.get(argument)?, there))
        .collect()
}

/// A write-only argument, by where it stands in the code's structure: the same in both trees.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Argument {
    folder: String,
    binding: Vec<String>,
    element: Option<String>,
    /// Its own name.
    name: String,
}

struct Written {
    /// The keys that it takes: the account there, slot and access.
    keys: BTreeSet<(Option<usize>, Slot, Access)>,
    /// The version, where it is written out.
    version: Option<String>,
    /// What the secret is called.
    secret: String,
    file: usize,
    span: Range<usize>,
}

/// Everything that takes a key write-only. `account` gives the index that both trees know an account by.
fn arguments(tree: &Tree, account: impl Fn(usize) -> Option<usize>) -> BTreeMap<Argument, Written> {
    let mut found: BTreeMap<Argument, Written> = BTreeMap::new();
    for flow in tree.flows() {
        let reference = &tree.references[flow.reference];
        if matches!(reference.role, Role::Relay | Role::Unchosen | Role::Tested) {
            continue;
        }
        let Some(argument) = argument(tree, &flow.sink) else { continue };
        let key = (account(reference.account), reference.slot, reference.access);
        let fresh = written(tree, &flow.sink, &argument.name);
        found.entry(argument).or_insert(fresh).keys.insert(key);
    }
    found
}

fn argument(tree: &Tree, sink: &Sink) -> Option<Argument> {
    let name = sink.binding.iter().find(|word| word.ends_with(WRITE_ONLY))?.clone();
    let folder = tree.sources[sink.file].folder().to_owned();
    Some(Argument { folder, binding: sink.binding.clone(), element: sink.element.clone(), name })
}

fn written(tree: &Tree, sink: &Sink, name: &str) -> Written {
    let block = tree.block_around(sink.file, &sink.binding);
    let version = block.and_then(|block| block.version_of(name));
    let number = version.and_then(|version| match &version.value {
        Value::Number(number) | Value::Text(number) => Some(number.clone()),
        _ => None,
    });
    let span = version.map_or(sink.span.clone(), |version| version.span.clone());
    Written { keys: BTreeSet::new(), version: number, secret: sink.name.clone(), file: sink.file, span }
}

fn stale(argument: &Argument, ours: &Written, theirs: &Written, there: &There) -> Option<Place> {
    let version = ours.version.as_ref().filter(|version| theirs.version.as_ref() == Some(*version))?;
    if ours.keys == theirs.keys {
        return None;
    }
    let Argument { name, .. } = argument;
    let message = format!(
        "`{name}` of {} takes another key than at {} ({}), and `{name}_version` is {version} at both, so Terraform \
         writes nothing",
        ours.secret,
        there.revision,
        there.place_of(theirs.file, theirs.span.start)
    );
    Some(Place::new(ours.file, ours.span.clone(), message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{check_with, compare};

    const SECRET: &str = "resource \"azurerm_key_vault_secret\" \"db\" {\n  name = \"db-key\"\n  value_wo = \
                          azurerm_cosmosdb_account.x.primary_key\n  value_wo_version = 3\n}\n";

    fn found(here: &str, there: &str) -> Vec<(usize, String)> {
        let here = Tree::read(&[("m/a.tf", here)]);
        let there = There::new(Tree::read(&[("m/b.tf", there)]), "main");
        check_with(&here, compare(&here, &there))
            .into_iter()
            .filter(|finding| finding.rule.id == RULE.id)
            .map(|finding| (finding.source(&here).position(finding.span.start).line, finding.message))
            .collect()
    }

    fn flipped(text: &str) -> String {
        text.replace("primary", "secondary")
    }

    #[test]
    fn another_key_under_the_same_version_is_found_at_the_version() {
        let message = "`value_wo` of db-key takes another key than at main (main:m/b.tf:4:22), and \
                       `value_wo_version` is 3 at both, so Terraform writes nothing";
        assert_eq!(found(&flipped(SECRET), SECRET), [(4, message.to_owned())]);
        let other = SECRET.replace("account.x", "account.y");
        assert_eq!(found(&other, SECRET).len(), 1);
        let read_only = SECRET.replace("primary_key", "primary_readonly_key");
        assert_eq!(found(&read_only, SECRET).len(), 1);
        let quoted = SECRET.replace("= 3", "= \"3\"");
        assert_eq!(found(&flipped(&quoted), &quoted).len(), 1);
    }

    #[test]
    fn a_new_version_the_same_key_and_plain_values_are_well() {
        let raised = flipped(SECRET).replace("= 3", "= 4");
        let plain = |text: &str| text.replace("value_wo =", "value =");
        let computed = |text: &str| text.replace("= 3", "= var.version");
        let another = flipped(SECRET).replace("\"db\"", "\"other\"");
        for (here, there) in [
            (raised.as_str(), SECRET),
            (SECRET, raised.as_str()),
            (SECRET, SECRET),
            (&plain(&flipped(SECRET)), &plain(SECRET)),
            (&computed(&flipped(SECRET)), &computed(SECRET)),
            (&another, SECRET),
        ] {
            assert_eq!(found(here, there), [], "{here}{there}");
        }
    }

    #[test]
    fn a_key_that_comes_through_a_map_is_followed() {
        let through = "locals {\n  secrets = {\n    db = azurerm_cosmosdb_account.x.primary_key\n    other = \
                       azurerm_cosmosdb_account.y.primary_key\n  }\n}\n\
                       resource \"azurerm_key_vault_secret\" \"all\" {\n  for_each = local.secrets\n  name = \
                       each.key\n  value_wo = each.value\n  value_wo_version = 1\n}\n";
        let one = through.replace("account.x.primary", "account.x.secondary");
        let [(line, message)] = &found(&one, through)[..] else { panic!() };
        assert_eq!(*line, 11);
        assert!(message.starts_with("`value_wo` of db takes another key"), "{message}");
        let swapped =
            through.replace("account.x", "account.z").replace("account.y", "account.x").replace(".z.", ".y.");
        assert_eq!(found(&swapped, through).len(), 2);
    }

    #[test]
    fn a_value_that_chooses_the_slot_counts_as_the_slot() {
        let chosen = "variable \"slot\" {\n  default = \"primary\"\n}\n\
                      resource \"azurerm_key_vault_secret\" \"db\" {\n  name = \"db-key\"\n  value_wo = var.slot \
                      == \"primary\" ? azurerm_cosmosdb_account.x.primary_key : \
                      azurerm_cosmosdb_account.x.secondary_key\n  value_wo_version = 3\n}\n";
        let other = chosen.replace("default = \"primary\"", "default = \"secondary\"");
        assert_eq!(found(chosen, chosen), []);
        assert_eq!(found(&other, chosen).len(), 1);
    }
}
