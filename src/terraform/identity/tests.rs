//! Which symbols are joined, and which stay apart.

use super::*;
use crate::terraform::DeclaredAccount;

fn symbol(folder: &str, kind: SymbolKind, name: &str) -> Symbol {
    Symbol::new(folder, kind, name)
}

fn known(name: Name) -> Known {
    Known { name: Some(name), ..Known::default() }
}

fn open(folder: &str, text: &str) -> Known {
    known(Name::open(folder, text))
}

/// A name that ends with `-cosmos`.
fn part(folder: &str, text: &str) -> Known {
    known(Name::join([Name::open(folder, text), Name::text("-cosmos")]))
}

fn literal(name: &str) -> Known {
    known(Name::text(name))
}

fn keys(naming: Naming) -> Vec<String> {
    identify(&naming, &Declared::default()).0.into_iter().map(|account| account.key.to_string()).collect()
}

#[test]
fn one_resource_and_one_data_source_are_one_account() {
    let naming = Naming::from([
        (symbol("global", SymbolKind::Managed, "main"), part("global", "local.prefix")),
        (symbol("stamp", SymbolKind::Data, "global"), open("stamp", "var.name")),
    ]);
    assert_eq!(keys(naming), ["global:azurerm_cosmosdb_account.main"]);
}

#[test]
fn a_key_that_was_written_for_a_name_is_masked() {
    let key = format!("{}+/x9==", "aB3".repeat(27) + "Z");
    let naming = Naming::from([(symbol("a", SymbolKind::Data, "x"), literal(&key))]);
    assert_eq!(keys(naming), ["*".repeat(88)]);
}

#[test]
fn different_spelt_names_stay_apart() {
    let naming = Naming::from([
        (symbol("global", SymbolKind::Managed, "main"), literal("orders")),
        (symbol("stamp", SymbolKind::Data, "global"), literal("invoices")),
    ]);
    assert_eq!(keys(naming), ["invoices", "orders"]);
}

#[test]
fn equal_spelt_names_are_one_account_under_that_name() {
    let naming = Naming::from([
        (symbol("a", SymbolKind::Data, "one"), literal("orders")),
        (symbol("b", SymbolKind::Data, "two"), literal("orders")),
        (symbol("c", SymbolKind::Data, "three"), literal("invoices")),
    ]);
    assert_eq!(keys(naming), ["invoices", "orders"]);
}

#[test]
fn a_bare_variable_means_the_same_only_within_its_folder() {
    let bare = |folder| open(folder, "var.name");
    let apart = Naming::from([
        (symbol("a", SymbolKind::Data, "x"), bare("a")),
        (symbol("b", SymbolKind::Data, "x"), bare("b")),
    ]);
    assert_eq!(keys(apart).len(), 2);
    let together = Naming::from([
        (symbol("a", SymbolKind::Data, "x"), bare("a")),
        (symbol("a", SymbolKind::Data, "y"), bare("a")),
    ]);
    assert_eq!(keys(together).len(), 1);
}

#[test]
fn copies_for_environments_are_accounts_of_their_own() {
    let name = |folder| part(folder, "var.prefix");
    let naming = Naming::from([
        (symbol("int", SymbolKind::Managed, "main"), name("int")),
        (symbol("prod", SymbolKind::Managed, "main"), name("prod")),
        (symbol("unit", SymbolKind::Data, "global"), name("unit")),
    ]);
    assert_eq!(keys(naming).len(), 3);
    let naming = Naming::from([
        (symbol("global", SymbolKind::Managed, "main"), name("global")),
        (symbol("unit", SymbolKind::Data, "global"), name("unit")),
        (symbol("tools", SymbolKind::Data, "db"), name("tools")),
    ]);
    assert_eq!(keys(naming), ["global:azurerm_cosmosdb_account.main"]);
}

#[test]
fn two_resources_and_a_data_source_stay_three() {
    let naming = Naming::from([
        (symbol("", SymbolKind::Managed, "a"), open("", "var.a")),
        (symbol("", SymbolKind::Managed, "b"), open("", "var.b")),
        (symbol("", SymbolKind::Data, "c"), open("", "var.c")),
    ]);
    assert_eq!(keys(naming).len(), 3);
}
#[test]
fn what_a_person_declares_outranks_the_code() {
    let naming = Naming::from([
        (symbol("a", SymbolKind::Managed, "main"), literal("orders")),
        (symbol("b/one", SymbolKind::Data, "db"), open("b/one", "var.name")),
        (symbol("b/two", SymbolKind::Module, "cosmos"), Known::default()),
        (symbol("c", SymbolKind::Data, "db"), literal("invoices")),
    ]);
    let declared = DeclaredAccount {
        name: "shop".to_owned(),
        symbols: vec!["a:azurerm_cosmosdb_account.main".to_owned(), "b/*".to_owned()],
    };
    let (accounts, index) = identify(&naming, &Declared { accounts: vec![declared], ..Declared::default() });
    let keys: Vec<&str> = accounts.iter().map(|account| account.key.as_str()).collect();
    assert_eq!(keys, ["invoices", "shop"]);
    assert_eq!(index[&symbol("b/two", SymbolKind::Module, "cosmos")], [1]);
    assert!(accounts[1].joined.iter().all(|(_, _, reason)| *reason == JoinReason::Declared));
}
