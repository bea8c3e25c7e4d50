//! A module that is called for several accounts, with a slot for each.

use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Refusal, Tree, flip};

const CODE: &str = "variable \"slot\" {\n  default = \"primary\"\n}\nvariable \"account\" {}\ndata \"azurerm_cosmosdb_account\" \"x\" {\n  name = var.account\n}\n";
const X: &str = "data.azurerm_cosmosdb_account.x";

fn code(value: &str) -> String {
    let value = value.replace("$X", X);
    format!("{CODE}resource \"azurerm_key_vault_secret\" \"s\" {{\n  value = {value}\n}}\n")
}

fn call(name: &str, account: &str, slot: &str) -> String {
    format!("module \"{name}\" {{\n  source = \"./m\"\n  account = \"{account}\"\n{slot}}}\n")
}

fn says(slot: &str) -> String {
    format!("  slot = \"{slot}\"\n")
}

fn used(files: &[(&str, &str)]) -> Vec<(String, SlotUse)> {
    let tree = Tree::read(files);
    let account = |at: usize| (tree.accounts[at].key.to_string(), tree.slot_use(at, Access::ReadWrite));
    (0..tree.accounts.len()).map(account).collect()
}

const VALUES: [&str; 4] = [
    "var.slot == \"secondary\" ? $X.secondary_key : $X.primary_key",
    "{ primary = $X.primary_key, secondary = $X.secondary_key }[var.slot]",
    "$X[\"${var.slot}_key\"]",
    "coalesce(var.slot == \"secondary\" ? $X.secondary_key : null, var.slot != \"secondary\" ? $X.primary_key : null)",
];

#[test]
fn each_call_says_the_slot_of_its_own_account() {
    let pair =
        format!("locals {{\n  keys = {{ primary = {X}.primary_key, secondary = {X}.secondary_key }}\n}}\n");
    let mut codes: Vec<String> = VALUES.iter().map(|value| code(value)).collect();
    codes.push(code("local.keys[var.slot]") + &pair);
    for code in &codes {
        for (int, prod) in [(Slot::Primary, Slot::Secondary), (Slot::Primary, Slot::Primary)] {
            let root = call("int", "acme-int", &says(int.as_str()))
                + &call("prod", "acme-prod", &says(prod.as_str()));
            let files = [("a.tf", root.as_str()), ("m/a.tf", code)];
            let expected =
                [("acme-int".to_owned(), SlotUse::Only(int)), ("acme-prod".to_owned(), SlotUse::Only(prod))];
            assert_eq!(used(&files), expected, "{code}");
            if code.contains("coalesce") {
                continue;
            }
            let changed = flip(&files, Some("acme-int"), Access::ReadWrite, Slot::Secondary).unwrap();
            let there = call("int", "acme-int", &says("secondary"))
                + &call("prod", "acme-prod", &says(prod.as_str()));
            assert_eq!(changed, [("a.tf".to_owned(), there.into_bytes())], "{code}");
        }
    }
}

#[test]
fn what_several_calls_take_moves_all_of_them() {
    let code = code(VALUES[0]);
    let root = |slot: &str| {
        let calls = call("int", "acme-int", slot) + &call("prod", "acme-prod", slot);
        calls + "variable \"slot\" {\n  default = \"primary\"\n}\n"
    };
    // By the module's own default, or by one value of the caller's.
    for root in [root(""), root("  slot = var.slot\n")] {
        let files = [("a.tf", root.as_str()), ("m/a.tf", &code)];
        assert!(used(&files).iter().all(|(_, used)| *used == SlotUse::Only(Slot::Primary)), "{root}");
        let refused = flip(&files, Some("acme-int"), Access::ReadWrite, Slot::Secondary).unwrap_err();
        assert!(matches!(&refused[..], [Refusal::AlsoDecides { .. }]), "{root}: {refused:?}");
    }
    // Calls that say different slots for one account say none that is known.
    let root = call("a", "acme", &says("primary")) + &call("b", "acme", &says("secondary"));
    let files = [("a.tf", root.as_str()), ("m/a.tf", &code)];
    assert_eq!(used(&files), [("acme".to_owned(), SlotUse::Unknown)]);
}
