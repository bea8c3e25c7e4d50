//! Which symbols are one account, by the names that their code spells.

use super::Tree;
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Declared, DeclaredAccount};

/// Keys of the accounts, in order.
fn accounts(files: &[(&str, &str)]) -> Vec<String> {
    Tree::read(files).accounts.into_iter().map(|account| account.key.to_string()).collect()
}

const READS: &str = "locals {\n  k = data.azurerm_cosmosdb_account.db.primary_key\n}\n";

fn data(name: &str) -> String {
    format!("data \"azurerm_cosmosdb_account\" \"db\" {{\n  name = {name}\n}}\n{READS}")
}

#[test]
fn names_are_worked_out_from_locals_defaults_and_text_functions() {
    for (name, more) in [
        ("\"shop-cosmos\"", ""),
        ("local.name", "locals {\n  name = \"shop-cosmos\"\n}\n"),
        (
            "\"${local.p}-${var.what}\"",
            "locals {\n  p = \"shop\"\n}\nvariable \"what\" {\n  default = \"cosmos\"\n}\n",
        ),
        ("format(\"%s-%s\", local.m.p, \"cosmos\")", "locals {\n  m = {\n    p = \"shop\"\n  }\n}\n"),
        ("lower(join(\"-\", [\"Shop\", \"Cosmos\"]))", ""),
        ("replace(\"shop_cosmos\", \"_\", \"-\")", ""),
        (
            "azurerm_cosmosdb_account.x.name",
            "resource \"azurerm_cosmosdb_account\" \"x\" {\n  name = \"shop-cosmos\"\n}\n",
        ),
    ] {
        assert_eq!(accounts(&[("a.tf", &format!("{}{more}", data(name)))]), ["shop-cosmos"], "{name}");
    }
}

#[test]
fn variables_take_the_value_that_every_caller_or_file_gives() {
    let module = format!("variable \"name\" {{}}\n{}", data("var.name"));
    let call = |label: &str, name: &str| {
        format!("module \"{label}\" {{\n  source = \"./m\"\n  name = \"{name}\"\n}}\n")
    };
    assert_eq!(accounts(&[("a.tf", &call("one", "shop")), ("m/a.tf", &module)]), ["shop"]);
    let root = ("a.tf", module.as_str());
    assert_eq!(accounts(&[root, ("terraform.tfvars", "name = \"shop\"\n")]), ["shop"]);
    assert_eq!(accounts(&[root, ("env/prod.tfvars.json", "{\"name\": \"shop\"}\n")]), ["shop"]);
    // Two environments: the name stays open.
    assert_eq!(
        accounts(&[root, ("env/int.tfvars", "name = \"int\"\n"), ("env/prod.tfvars", "name = \"shop\"\n")]),
        ["data.azurerm_cosmosdb_account.db"]
    );
}

#[test]
fn one_module_for_two_calls_is_two_accounts() {
    let files = [
        (
            "a.tf",
            "module \"a\" {\n  source = \"./m\"\n  name = \"orders\"\n}\nmodule \"b\" {\n  source = \"./m\"\n  name = \"carts\"\n}\nlocals {\n  x = module.a.primary\n  y = module.b.secondary\n}\n",
        ),
        (
            "m/a.tf",
            "variable \"name\" {}\nresource \"azurerm_cosmosdb_account\" \"db\" {\n  name = var.name\n}\noutput \"primary\" {\n  value = azurerm_cosmosdb_account.db.primary_key\n}\noutput \"secondary\" {\n  value = azurerm_cosmosdb_account.db.secondary_key\n}\n",
        ),
    ];
    let tree = Tree::read(&files);
    let read: Vec<(String, String)> = tree
        .references
        .iter()
        .filter(|reference| reference.file == 0)
        .map(|reference| (tree.accounts[reference.account].key.to_string(), reference.slot.to_string()))
        .collect();
    let expected = [("orders", "primary"), ("carts", "secondary")];
    assert_eq!(read, expected.map(|(account, slot)| (account.to_owned(), slot.to_owned())));
}

#[test]
fn seven_symbols_in_six_folders_are_one_account_when_declared() {
    let files: Vec<(String, String)> =
        (0..6).map(|at| (format!("team{at}/a.tf"), data(&format!("\"${{var.prefix{at}}}-db\"")))).collect();
    let tree = Tree::read(&files);
    assert_eq!(tree.accounts.len(), 6);
    for (symbols, root) in [(["team*"], ""), (["infra/team*"], "infra")] {
        let account =
            DeclaredAccount { name: "shop".to_owned(), symbols: symbols.map(str::to_owned).to_vec() };
        let declared = Declared { accounts: vec![account], root: root.to_owned(), ..Declared::default() };
        let tree = tree.clone().declaring(declared);
        let keys: Vec<&str> = tree.accounts.iter().map(|account| account.key.as_str()).collect();
        assert_eq!(keys, ["shop"], "{symbols:?}");
    }
}

#[test]
fn declared_mirrors_are_both_by_design() {
    let text = "locals {\n  old = azurerm_cosmosdb_account.x.primary_key\n  new = azurerm_cosmosdb_account.x.secondary_key\n  app = azurerm_cosmosdb_account.x.primary_key\n}\n";
    let tree = Tree::read(&[("infra/a.tf", text)]);
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Mixed);
    let mirrors = vec!["infra:locals.old".to_owned(), "*:locals.new".to_owned()];
    let tree = tree.declaring(Declared { mirrors, ..Declared::default() });
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Only(Slot::Primary));
}
