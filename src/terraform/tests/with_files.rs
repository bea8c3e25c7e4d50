//! One configuration that is run with a variables file for each environment.

use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{AllowedOpaque, Flip, Refusal, SharedBy, Tree, flip, plan, plan_allowing};

const ROOT: &str = "variable \"cosmos_name\" {}\nvariable \"slot\" {\n  default = \"primary\"\n}\n\
                    data \"azurerm_cosmosdb_account\" \"x\" {\n  name = var.cosmos_name\n}\n";
const X: &str = "data.azurerm_cosmosdb_account.x";

fn reading(value: &str) -> String {
    let value = value.replace("$X", X);
    format!("{ROOT}resource \"azurerm_key_vault_secret\" \"s\" {{\n  name = \"a\"\n  value = {value}\n}}\n")
}

fn file(name: &str, slot: &str) -> String {
    format!("cosmos_name = \"{name}\"\nslot = \"{slot}\"\n")
}

const CHOICE: &str = "var.slot == \"secondary\" ? $X.secondary_key : $X.primary_key";

/// What is used of each account, by its name.
fn used(tree: &Tree) -> Vec<(String, SlotUse)> {
    let account = |at: usize| (tree.accounts[at].key.to_string(), tree.slot_use(at, Access::ReadWrite));
    (0..tree.accounts.len()).map(account).collect()
}

fn only(name: &str, slot: Slot) -> (String, SlotUse) {
    (name.to_owned(), SlotUse::Only(slot))
}

#[test]
fn each_file_says_the_slot_of_its_own_account() {
    for value in [
        CHOICE,
        "{ primary = $X.primary_key, secondary = $X.secondary_key }[var.slot]",
        "$X[\"${var.slot}_key\"]",
        "lookup({ primary = $X.primary_key, secondary = $X.secondary_key }, var.slot)",
    ] {
        for (int, prod) in [(Slot::Primary, Slot::Primary), (Slot::Secondary, Slot::Primary)] {
            let (root, of_int, of_prod) =
                (reading(value), file("acme-int", int.as_str()), file("acme-prod", prod.as_str()));
            let files = [("m.tf", &root), ("env/int.tfvars", &of_int), ("env/prod.tfvars", &of_prod)];
            let tree = Tree::read(&files);
            assert_eq!(used(&tree), [only("acme-int", int), only("acme-prod", prod)], "{value}");
            // An account is moved by its own file, and the other stays.
            let changed = flip(&files, Some("acme-prod"), Access::ReadWrite, Slot::Secondary).unwrap();
            let there = of_prod.replace("primary", "secondary");
            assert_eq!(changed, [("env/prod.tfvars".to_owned(), there.into_bytes())], "{value}");
            let refusals = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap_err();
            assert!(matches!(&refusals[..], [Refusal::SeveralAccounts { .. }]), "{refusals:?}");
        }
    }
}

#[test]
fn a_pair_in_a_local_value_is_picked_from_by_each_file() {
    let pair = format!("locals {{\n  keys = [{X}.primary_key, {X}.secondary_key]\n}}\n");
    let root = reading("local.keys[var.slot]") + &pair;
    let (int, prod) = (file("acme-int", "1"), file("acme-prod", "0"));
    let files = [("m.tf", &root), ("int.tfvars", &int), ("prod.tfvars", &prod)];
    let expected = [only("acme-int", Slot::Secondary), only("acme-prod", Slot::Primary)];
    assert_eq!(used(&Tree::read(&files)), expected);
    let changed = flip(&files, Some("acme-int"), Access::ReadWrite, Slot::Primary).unwrap();
    assert_eq!(changed, [("int.tfvars".to_owned(), file("acme-int", "0").into_bytes())]);
}

#[test]
fn a_module_that_is_called_there_is_run_with_each_file() {
    let call = "variable \"cosmos_name\" {}\nvariable \"slot\" {}\nmodule \"m\" {\n  source = \"./m\"\n  cosmos_name = var.cosmos_name\n  slot = var.slot\n}\n";
    let pair =
        format!("locals {{\n  keys = {{ primary = {X}.primary_key, secondary = {X}.secondary_key }}\n}}\n");
    for code in [reading(CHOICE), reading("local.keys[var.slot]") + &pair] {
        let (int, prod) = (file("acme-int", "secondary"), file("acme-prod", "primary"));
        let files = [("m.tf", call), ("m/m.tf", &code), ("int.tfvars", &int), ("prod.tfvars", &prod)];
        let expected = [only("acme-int", Slot::Secondary), only("acme-prod", Slot::Primary)];
        assert_eq!(used(&Tree::read(&files)), expected);
        let changed = flip(&files, Some("acme-prod"), Access::ReadWrite, Slot::Secondary).unwrap();
        assert_eq!(changed, [("prod.tfvars".to_owned(), file("acme-prod", "secondary").into_bytes())]);
    }
}

#[test]
fn what_no_file_says_holds_for_the_runs_with_them() {
    // The default is the slot of the one whose file says none; another file may be given beside any.
    let root = reading(CHOICE);
    let (int, prod) = (file("acme-int", "secondary"), "cosmos_name = \"acme-prod\"\n".to_owned());
    let files = |common: &str| {
        let files = [
            ("m.tf", root.as_str()),
            ("int.tfvars", &int),
            ("prod.tfvars", &prod),
            ("common.tfvars", common),
        ];
        files.map(|(path, text)| (path.to_owned(), text.to_owned()))
    };
    let expected = [only("acme-int", Slot::Secondary), only("acme-prod", Slot::Primary)];
    assert_eq!(used(&Tree::read(&files("size = 1\n"))), expected);
    let unknown = ("acme-prod".to_owned(), SlotUse::Unknown);
    let said = used(&Tree::read(&files("slot = \"secondary\"\n")));
    assert_eq!(said, [only("acme-int", Slot::Secondary), unknown]);
}

#[test]
fn a_place_that_is_read_with_every_file_names_the_others() {
    let root = reading(CHOICE) + &format!("locals {{\n  k = {X}.primary_key\n}}\n");
    let (int, prod) = (file("acme-int", "primary"), file("acme-prod", "primary"));
    let tree = Tree::read(&[("m.tf", &root), ("int.tfvars", &int), ("prod.tfvars", &prod)]);
    let refusals = plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap_err();
    let [refusal @ Refusal::ReadForAnother { by: SharedBy::Files(files), accounts, .. }] = &refusals[..]
    else {
        panic!("{refusals:?}");
    };
    assert_eq!(
        (files.as_slice(), accounts.as_slice()),
        (&["prod.tfvars".to_owned()][..], &["acme-prod".to_owned()][..])
    );
    assert!(refusal.to_string().ends_with("where the code is run with prod.tfvars"), "{refusal}");
    let flip: Flip =
        plan_allowing(&tree, &[0, 1], Access::ReadWrite, Slot::Secondary, &AllowedOpaque::default()).unwrap();
    let paths: Vec<&str> = flip.edits.iter().map(|edit| edit.path.as_str()).collect();
    assert_eq!(paths, ["int.tfvars", "m.tf", "prod.tfvars"]);
}

#[test]
fn code_of_which_no_file_says_the_slot_moves_as_a_whole() {
    let root = reading("$X.primary_key");
    let (int, prod) = (file("acme-int", "primary"), file("acme-prod", "primary"));
    for paths in [["int.tfvars", "prod.tfvars"], ["int.auto.tfvars", "prod.auto.tfvars"]] {
        let tree = Tree::read(&[("m.tf", &root), (paths[0], &int), (paths[1], &prod)]);
        assert_eq!(tree.accounts.len(), 1);
        assert_eq!(plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap().edits.len(), 1);
    }
    // And where all of them mean one account, it has one slot or none that is known.
    let (int, prod) = (file("acme", "secondary"), file("acme", "primary"));
    let tree = Tree::read(&[("m.tf", &reading(CHOICE)), ("int.tfvars", &int), ("prod.tfvars", &prod)]);
    assert_eq!(used(&tree), [("acme".to_owned(), SlotUse::Unknown)]);
}

#[test]
fn an_account_that_a_default_names_is_that_of_a_run_without_a_file() {
    let root = |name: &str| {
        reading(CHOICE).replace(
            "variable \"cosmos_name\" {}",
            &format!("variable \"cosmos_name\" {{\n  default = \"{name}\"\n}}"),
        )
    };
    let (int, prod) = (file("acme-int", "secondary"), file("acme-prod", "primary"));
    let own = root("acme-dev");
    let files = [("m.tf", own.as_str()), ("int.tfvars", &int), ("prod.tfvars", &prod)];
    let primary = |name| only(name, Slot::Primary);
    let tree = Tree::read(&files);
    assert_eq!(used(&tree), [primary("acme-dev"), only("acme-int", Slot::Secondary), primary("acme-prod")]);
    let changed = flip(&files, Some("acme-dev"), Access::ReadWrite, Slot::Secondary).unwrap();
    let there = own.replace("default = \"primary\"", "default = \"secondary\"");
    assert_eq!(changed, [("m.tf".to_owned(), there.into_bytes())]);
    assert_eq!(
        tree.accounts[0].symbols[0].to_string(),
        "data.azurerm_cosmosdb_account.x of no variables file"
    );
    // A default that a file names too is the account of that file.
    let same = root("acme-int");
    let tree = Tree::read(&[("m.tf", same.as_str()), ("int.tfvars", &int), ("prod.tfvars", &prod)]);
    assert_eq!(used(&tree), [only("acme-int", Slot::Secondary), primary("acme-prod")]);
    // A default that another run takes as well moves both.
    let silent = "cosmos_name = \"acme-prod\"\n";
    let files = [("m.tf", own.as_str()), ("int.tfvars", &int), ("prod.tfvars", silent)];
    let refused = flip(&files, Some("acme-dev"), Access::ReadWrite, Slot::Secondary).unwrap_err();
    assert!(matches!(&refused[..], [Refusal::AlsoDecides { .. }]), "{refused:?}");
}
