//! Which symbols are one account, by the names that their code spells.

use super::Tree;
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Contested, Declared, DeclaredAccount, Misfits};

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

fn declaring(text: &str, mirrors: &[&str]) -> Tree {
    let mirrors = mirrors.iter().map(|mirror| (*mirror).to_owned()).collect();
    Tree::read(&[("infra/a.tf", text)]).declaring(Declared { mirrors, ..Declared::default() })
}

#[test]
fn a_mirror_of_one_slot_counts_as_a_reader() {
    let one = "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n  r = azurerm_cosmosdb_account.x.secondary_readonly_key\n}\n";
    for mirror in ["infra:locals.a", "infra:local.a", "*"] {
        let tree = declaring(one, &[mirror]);
        assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Only(Slot::Primary), "{mirror}");
        assert_eq!(tree.misfits.no_mirrors[0].mirror, mirror);
        assert!(tree.misfits.unused.is_empty());
    }
    // What is on offer elsewhere is no mirror.
    let offered = format!(
        "{one}output \"primary\" {{\n  value = azurerm_cosmosdb_account.x.primary_key\n}}\noutput \"secondary\" {{\n  value = \
         azurerm_cosmosdb_account.x.secondary_key\n}}\n"
    );
    let tree = declaring(&offered, &["infra:locals.a"]);
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Only(Slot::Primary));
}

#[test]
fn a_choice_between_both_slots_is_no_mirror() {
    let text = "variable \"slot\" {\n  default = \"primary\"\n}\nlocals {\n  a = var.slot == \"primary\" ? \
                azurerm_cosmosdb_account.x.primary_key : azurerm_cosmosdb_account.x.secondary_key\n}\n";
    let tree = declaring(text, &["infra:locals.a"]);
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Only(Slot::Primary));
    let tree = declaring(&text.replace("default = \"primary\"", ""), &["infra:locals.a"]);
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Unknown);
    assert_eq!(tree.misfits.no_mirrors.len(), 2);
}

#[test]
fn local_values_may_be_declared_as_they_are_read() {
    let both = "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n  b = azurerm_cosmosdb_account.x.secondary_key\n}\n";
    let tree = declaring(both, &["infra:local.a", "*:local.b"]);
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::None);
    assert_eq!(tree.misfits, Misfits::default());
}

#[test]
fn what_is_declared_of_nothing_is_told_where_the_whole_tree_is_read() {
    let account = |name: &str, symbol: &str| DeclaredAccount {
        name: name.to_owned(),
        symbols: vec![symbol.to_owned()],
    };
    let declared = Declared {
        accounts: vec![account("shop", "in:*.x"), account("carts", "azurerm_cosmosdb_account.z")],
        mirrors: vec!["in:locals.b".to_owned()],
        ..Declared::default()
    };
    let tree = Tree::read(&[("in/a.tf", "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n}\n")]);
    let said = [
        "the mirror `in:locals.b` is no place at which a key is read",
        "the symbol `azurerm_cosmosdb_account.z` of the account carts is not in this Terraform",
    ];
    let unused = |declared: Declared| -> Vec<String> {
        tree.clone().declaring(declared).misfits.unused.into_iter().map(|unused| unused.what).collect()
    };
    assert_eq!(unused(declared.clone()), said);
    for part in
        [Declared { root: "sub".to_owned(), ..declared.clone() }, Declared { partial: true, ..declared }]
    {
        assert_eq!(unused(part), [""; 0]);
    }
}

#[test]
fn what_two_accounts_claim_is_told() {
    let accounts = |symbols: [&str; 2]| {
        let account = |(name, symbol): (&str, &str)| DeclaredAccount {
            name: name.to_owned(),
            symbols: vec![symbol.to_owned()],
        };
        let accounts = ["shop", "carts"].into_iter().zip(symbols).map(account).collect();
        Declared { accounts, ..Declared::default() }
    };
    let reads =
        |name: &str| format!("{READS}data \"azurerm_cosmosdb_account\" \"db\" {{\n  name = \"{name}\"\n}}\n");
    let tree = Tree::read(&[("a/a.tf", reads("one")), ("b/a.tf", reads("carts"))]);
    let contested = |symbols| tree.clone().declaring(accounts(symbols)).misfits.contested;
    let symbol = "a:data.azurerm_cosmosdb_account.db".to_owned();
    let claimed = Contested::Symbol { symbol, accounts: ["shop".to_owned(), "carts".to_owned()] };
    assert_eq!(contested(["a:*", "data.*"]), Some(claimed));
    let symbols = vec!["b:data.azurerm_cosmosdb_account.db".to_owned()];
    assert_eq!(contested(["x:*", "a:*"]), Some(Contested::Name { name: "carts".to_owned(), symbols }));
    assert_eq!(contested(["a:*", "b:*"]), None);
}

/// A module that makes an account, called twice, and what else stands in it.
fn called_twice(more: &str) -> Vec<(String, String)> {
    let call = |label: &str| {
        format!(
            "module \"{label}\" {{\n  source = \"./m\"\n  name = \"{label}\"\n}}\nlocals {{\n  {label} = module.{label}.second\n}}\n"
        )
    };
    let module = format!(
        "variable \"name\" {{}}\nresource \"azurerm_cosmosdb_account\" \"db\" {{\n  name = var.name\n}}\n{more}"
    );
    [("a.tf", call("carts") + &call("orders")), ("m/a.tf", module)]
        .map(|(path, text)| (path.to_owned(), text))
        .into()
}

const SHARED_PAIR: &str = "output \"first\" {\n  value = azurerm_cosmosdb_account.db.primary_key\n}\noutput \"second\" {\n  value = \
                           azurerm_cosmosdb_account.db.secondary_key\n}\n";

#[test]
fn a_module_that_runs_for_several_calls_is_no_account_beside_theirs() {
    let keys = |more: &str| {
        let tree = Tree::read(&called_twice(more));
        tree.accounts.iter().map(|account| account.key.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(keys(""), ["carts", "orders"]);
    assert_eq!(keys(SHARED_PAIR), ["carts", "orders"]);
    // What it reads itself is read for each of them.
    assert_eq!(keys("locals {\n  k = azurerm_cosmosdb_account.db.primary_key\n}\n"), ["carts", "orders"]);
    assert_eq!(keys("output \"a\" {\n  value = [azurerm_cosmosdb_account.db]\n}\n"), ["carts", "orders"]);
}

#[test]
fn what_such_a_module_offers_is_said_of_each_account() {
    let tree = Tree::read(&called_twice(SHARED_PAIR));
    for name in ["carts", "orders"] {
        let [account] = tree.accounts_called(name)[..] else { panic!("{:?}", tree.accounts) };
        assert_eq!(tree.definitions(account, Access::ReadWrite).count(), 2, "{name}");
        assert_eq!(tree.slot_use(account, Access::ReadWrite), SlotUse::Only(Slot::Secondary), "{name}");
        let flip = crate::terraform::plan(&tree, account, Access::ReadWrite, Slot::Primary).unwrap();
        let edits: Vec<&str> = flip.edits.iter().map(|edit| edit.path.as_str()).collect();
        assert_eq!(edits, ["a.tf"]);
    }
}

#[test]
fn the_only_two_accounts_are_one_unless_their_names_cannot_be_equal() {
    let owned = |name: &str| {
        format!(
            "variable \"p\" {{}}\nresource \"azurerm_cosmosdb_account\" \"own\" {{\n  name = {name}\n}}\nlocals {{\n  own = \
             azurerm_cosmosdb_account.own.primary_key\n}}\n"
        )
    };
    let found = |own: &str, other: &str| accounts(&[("a.tf", &owned(own)), ("b.tf", &data(other))]).len();
    assert_eq!(found("\"${var.p}-cosmos\"", "\"shop-cosmos\""), 1);
    assert_eq!(found("\"${var.p}-orders\"", "\"legacy-cosmos\""), 2);
    assert_eq!(found("\"${var.p}-orders\"", "\"${var.p}-legacy\""), 2);
}
