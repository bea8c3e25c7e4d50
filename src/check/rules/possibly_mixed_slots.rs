//! `possibly-mixed-slots`: what may be one account is read from one slot through one call of a module and from the other slot
//! through another.
//!
//! Accounts that are known to be one are `mixed-slots`'.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::{Place, Rule, Severity};
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Reference, Tree};

pub const RULE: Rule = Rule {
    id: "possibly-mixed-slots",
    severity: Severity::Warning,
    summary: "Keys of what may be one account are read from both slots.",
    why: "Folders that call one module with a name that the code does not spell count as accounts of their own. Where they \
          are one account in truth, neither of its keys can be regenerated while some read the primary and others the \
          secondary.",
    remedy: "Declare under `[[check.account]]` in keyslot.toml which of them are one account; or write the name where \
             keyslot finds it: in the code, a default or a variables file.",
    before: r#"# --- app/main.tf
variable "name" {}
module "db" {
  source = "../db"
  name   = var.name
}
resource "azurerm_key_vault_secret" "db" {
  name         = "db"
  value        = module.db.primary_key
  key_vault_id = var.vault
}
# --- worker/main.tf
variable "name" {}
module "db" {
  source = "../db"
  name   = var.name
}
resource "azurerm_key_vault_secret" "db" {
  name         = "db"
  value        = module.db.secondary_key
  key_vault_id = var.vault
}
# --- db/main.tf
variable "name" {}
data "azurerm_cosmosdb_account" "orders" {
  name                = var.name
  resource_group_name = "orders"
}
output "primary_key" {
  value     = data.azurerm_cosmosdb_account.orders.primary_key
  sensitive = true
}
output "secondary_key" {
  value     = data.azurerm_cosmosdb_account.orders.secondary_key
  sensitive = true
}
"#,
    after: r#"# --- app/main.tf
variable "name" {}
module "db" {
  source = "../db"
  name   = var.name
}
resource "azurerm_key_vault_secret" "db" {
  name         = "db"
  value        = module.db.primary_key
  key_vault_id = var.vault
}
# --- worker/main.tf
variable "name" {}
module "db" {
  source = "../db"
  name   = var.name
}
resource "azurerm_key_vault_secret" "db" {
  name         = "db"
  value        = module.db.primary_key
  key_vault_id = var.vault
}
# --- db/main.tf
variable "name" {}
data "azurerm_cosmosdb_account" "orders" {
  name                = var.name
  resource_group_name = "orders"
}
output "primary_key" {
  value     = data.azurerm_cosmosdb_account.orders.primary_key
  sensitive = true
}
output "secondary_key" {
  value     = data.azurerm_cosmosdb_account.orders.secondary_key
  sensitive = true
}
"#,
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    Access::ALL.into_iter().flat_map(|access| mixed(tree, access)).collect()
}

/// One for each account that reads the secondary key, whatever the number of those that it may be one with.
fn mixed(tree: &Tree, access: Access) -> Vec<Place> {
    let accounts: BTreeSet<usize> = tree.doubts.iter().flat_map(|(one, other)| [*one, *other]).collect();
    let on = |slot| -> BTreeSet<usize> {
        let reads = |account: &&usize| tree.slot_use(**account, access) == SlotUse::Only(slot);
        accounts.iter().filter(reads).copied().collect()
    };
    let (primary, secondary) = (on(Slot::Primary), on(Slot::Secondary));
    let mut partners: BTreeMap<usize, usize> = BTreeMap::new();
    for (one, other) in tree.doubts.iter().flat_map(|(one, other)| [(*one, *other), (*other, *one)]) {
        if primary.contains(&one) && secondary.contains(&other) {
            partners.entry(other).or_insert(one);
        }
    }
    partners.into_iter().filter_map(|(secondary, primary)| place(tree, primary, secondary, access)).collect()
}

/// The finding stands where the secondary key is read; where the primary is, is shown with it.
fn place(tree: &Tree, primary: usize, secondary: usize, access: Access) -> Option<Place> {
    let first = |account: usize| -> Option<&Reference> { tree.consumers(account, access).next() };
    let (here, there) = (first(secondary)?, first(primary)?);
    let [here_key, there_key] = [secondary, primary].map(|account| &tree.accounts[account].key);
    let message = format!(
        "the {access} key of {here_key} is read from the secondary slot, that of {there_key} from the primary: no name \
         in the code tells whether these are two accounts or one"
    );
    let symbols = [&there.symbol, &here.symbol].map(ToString::to_string);
    let place = Place::new(here.file, here.span.clone(), message)
        .related(there.file, there.span.clone(), "reads primary here".to_owned())
        .remedy(format!(
            "Where they are one account, declare it in keyslot.toml: `[[check.account]]`, `name = \"NAME\"`, `symbols = \
             {symbols:?}`. Where they are two, declare each, or write their names where keyslot finds them: in the code, \
             a default or a variables file."
        ));
    Some(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;
    use crate::terraform::{Declared, DeclaredAccount};

    const DB: &str = "variable \"name\" {}\ndata \"azurerm_cosmosdb_account\" \"x\" {\n  name = var.name\n}\n\
                      output \"primary_key\" {\n  value = data.azurerm_cosmosdb_account.x.primary_key\n}\n\
                      output \"secondary_key\" {\n  value = data.azurerm_cosmosdb_account.x.secondary_key\n}\n";

    fn caller(name: &str, slot: &str) -> String {
        format!(
            "variable \"n\" {{}}\nmodule \"db\" {{\n  source = \"../db\"\n  name = {name}\n}}\nlocals {{\n  k = \
             [module.db.{slot}_key]\n}}\n"
        )
    }

    fn tree(app: &str, worker: &str, db: &str) -> Tree {
        Tree::read(&[("app/a.tf", app), ("db/a.tf", db), ("worker/a.tf", worker)])
    }

    fn found(tree: &Tree) -> Vec<String> {
        let findings = check(tree).into_iter().filter(|finding| finding.rule.id == RULE.id);
        findings.map(|it| format!("{}: {}", it.source(tree).path(), it.remedy())).collect()
    }

    #[test]
    fn calls_whose_names_nobody_can_tell_are_compared() {
        let primary = caller("var.n", "primary");
        let told = found(&tree(&primary, &caller("var.n", "secondary"), DB));
        let symbols = "symbols = [\"db:data.azurerm_cosmosdb_account.x of app:module.db\", \
                       \"db:data.azurerm_cosmosdb_account.x of worker:module.db\"]";
        assert!(told.len() == 1 && told[0].starts_with("worker/a.tf: "), "{told:?}");
        assert!(told[0].contains(symbols), "{told:?}");
        for worker in [
            caller("var.n", "primary"),
            caller("\"orders\"", "secondary"),
            caller("\"${var.n}-a\"", "secondary"),
        ] {
            let app = primary.replace("name = var.n", "name = \"${var.n}-b\"");
            assert_eq!(found(&tree(&app, &worker, DB)), [""; 0], "{worker}");
        }
    }

    #[test]
    fn each_reader_of_the_secondary_key_is_told_once() {
        let callers: Vec<(String, String)> = (0..6)
            .map(|at| (format!("c{at}/a.tf"), caller("var.n", if at < 3 { "primary" } else { "secondary" })))
            .collect();
        let callers = callers.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        let files: Vec<(&str, &str)> = callers.chain([("db/a.tf", DB)]).collect();
        assert_eq!(found(&Tree::read(&files)).len(), 3);
    }

    #[test]
    fn what_a_module_creates_is_another_account_in_every_run() {
        let created = DB.replace("data.azurerm", "azurerm").replace("data \"", "resource \"");
        let (app, worker) = (caller("var.n", "primary"), caller("var.n", "secondary"));
        assert_eq!(found(&tree(&app, &worker, &created)), [""; 0]);
    }

    #[test]
    fn what_is_declared_is_no_doubt() {
        let tree = tree(&caller("var.n", "primary"), &caller("var.n", "secondary"), DB);
        let runs =
            ["app", "worker"].map(|it| format!("db:data.azurerm_cosmosdb_account.x of {it}:module.db"));
        let account = |name: &str, symbols: &[String]| DeclaredAccount {
            name: name.to_owned(),
            symbols: symbols.to_vec(),
        };
        let two = Declared {
            accounts: vec![account("a", &runs[..1]), account("b", &runs[1..])],
            ..Declared::default()
        };
        assert_eq!(found(&tree.clone().declaring(two)), [""; 0]);
        let one = Declared { accounts: vec![account("a", &runs)], ..Declared::default() };
        let rules: Vec<&str> = check(&tree.declaring(one)).iter().map(|finding| finding.rule.id).collect();
        assert!(rules.contains(&"mixed-slots") && !rules.contains(&RULE.id), "{rules:?}");
    }
}
