//! A module that several accounts share, by pairs of inputs.

use super::Tree;
use crate::model::{Access, Slot, SlotUse};
use crate::render::mermaid::render_mermaid;
use crate::render::trace::render_trace;
use crate::terraform::{
    AllowedOpaque, Declared, Flip, Question, Refusal, Role, SharedBy, SinkKind, plan, plan_allowing,
};

const INPUTS: &str = "variable \"primary\" {}\nvariable \"secondary\" {}\n";

fn app(value: &str) -> String {
    format!("{INPUTS}resource \"azurerm_key_vault_secret\" \"s\" {{\n  name = \"s\"\n  value = {value}\n}}\n")
}

fn key(slot: &str) -> String {
    format!("azurerm_cosmosdb_account.db.{slot}_key")
}

/// A root with an account of its own that calls the module, with more arguments.
fn root(name: &str, primary: &str, secondary: &str, more: &str) -> String {
    format!(
        "resource \"azurerm_cosmosdb_account\" \"db\" {{\n  name = \"{name}\"\n}}\nmodule \"app\" {{\n  source = \"../app\"\n  \
         primary = {primary}\n  secondary = {secondary}\n{more}}}\n"
    )
}

fn pair(name: &str) -> String {
    root(name, &key("primary"), &key("secondary"), "")
}

fn tree(app: &str, dev: &str, prod: &str) -> Tree {
    Tree::read(&[("app/a.tf", app), ("dev/a.tf", dev), ("prod/a.tf", prod)])
}

fn slots(tree: &Tree) -> [SlotUse; 2] {
    assert_eq!(tree.accounts.len(), 2, "{:?}", tree.accounts);
    [0, 1].map(|at| tree.slot_use(at, Access::ReadWrite))
}

fn flip(tree: &Tree, accounts: &[usize], to: Slot) -> Result<Flip, Vec<Refusal>> {
    plan_allowing(tree, accounts, Access::ReadWrite, to, &AllowedOpaque::default())
}

#[track_caller]
fn text(flip: &Flip, path: &str) -> String {
    let (_, bytes) = flip.files.iter().find(|(changed, _)| changed == path).unwrap();
    String::from_utf8(bytes.clone()).unwrap()
}

const PRIMARY: SlotUse = SlotUse::Only(Slot::Primary);
const SECONDARY: SlotUse = SlotUse::Only(Slot::Secondary);

#[test]
fn a_reader_that_two_accounts_share_is_a_consumer_of_each() {
    let tree = tree(&app("var.primary"), &pair("dev-db"), &pair("prod-db"));
    assert!(tree.opaque.is_empty(), "{:?}", tree.opaque);
    assert_eq!(slots(&tree), [PRIMARY, PRIMARY]);
    for account in [0, 1] {
        let consumers: Vec<_> = tree.consumers(account, Access::ReadWrite).collect();
        let [one] = consumers[..] else { panic!("{consumers:?}") };
        assert_eq!((one.attribute.as_str(), one.other.as_deref()), ("primary", Some("secondary")));
        let call = ["dev:module.app", "prod:module.app"][account];
        assert_eq!(one.run().map(ToString::to_string).as_deref(), Some(call));
    }
    let trace = anstream::adapter::strip_str(&render_trace(&tree)).to_string();
    let (dev, prod) = trace.split_once("prod-db").unwrap();
    assert!(dev.contains("app/a.tf:5:15  of dev:module.app\n"), "{trace}");
    assert!(prod.contains("app/a.tf:5:15  of prod:module.app\n"), "{trace}");
    assert!(render_mermaid(&tree).contains("dev-db") && render_mermaid(&tree).contains("prod-db"));
}

#[test]
fn no_account_is_moved_by_the_flip_of_another() {
    let code = app("var.primary");
    let tree = tree(&code, &pair("dev-db"), &pair("prod-db"));
    let refused = plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap_err();
    let [Refusal::ReadForAnother { accounts, by: SharedBy::HandedIn(calls), .. }] = &refused[..] else {
        panic!("{refused:?}");
    };
    assert_eq!(
        (accounts.as_slice(), calls.as_slice()),
        (&["prod-db".to_owned()][..], &["prod:module.app".to_owned()][..])
    );
    assert_eq!(
        refused[0].to_string(),
        "app/a.tf:5:15: `primary` is read for prod-db too, handed in by prod:module.app"
    );
    // So is the proposal of a rotation, which is one account's.
    let question = Question { account: Some("dev-db".to_owned()), ..Question::default() };
    assert_eq!(question.flip(&tree, Access::ReadWrite, Slot::Secondary).unwrap_err(), refused);
    // Nothing changes where it is on that slot already.
    assert!(plan(&tree, 0, Access::ReadWrite, Slot::Primary).unwrap().edits.is_empty());
    let both = flip(&tree, &[0, 1], Slot::Secondary).unwrap();
    assert_eq!((both.edits.len(), both.changed.len()), (1, 2));
    assert_eq!(text(&both, "app/a.tf"), app("var.secondary"));
    // And back, to the byte.
    let there = self::tree(&app("var.secondary"), &pair("dev-db"), &pair("prod-db"));
    assert_eq!(slots(&there), [SECONDARY, SECONDARY]);
    assert_eq!(text(&flip(&there, &[0, 1], Slot::Primary).unwrap(), "app/a.tf"), code);
}

#[test]
fn mixed_slots_are_told_of_the_account_that_has_them() {
    let own = format!("locals {{\n  k = {}\n}}\n", key("secondary"));
    let tree = tree(&app("var.primary"), &(pair("dev-db") + &own), &pair("prod-db"));
    assert_eq!(slots(&tree), [SlotUse::Mixed, PRIMARY]);
    // What one account reads by itself goes to the slot of the rest.
    let flip = plan(&tree, 0, Access::ReadWrite, Slot::Primary).unwrap();
    assert_eq!(flip.files.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["dev/a.tf"]);
}

#[test]
fn a_caller_that_fills_the_pair_otherwise_is_named() {
    let text = "\"\"".to_owned();
    let own = "azurerm_search_service.s.primary_key".to_owned();
    for (primary, secondary, slots) in [
        (key("secondary"), key("primary"), Some([PRIMARY, SECONDARY])),
        (key("primary"), key("primary"), Some([PRIMARY, PRIMARY])),
        (key("secondary"), key("secondary"), Some([PRIMARY, SECONDARY])),
        (key("primary"), text.clone(), Some([PRIMARY, PRIMARY])),
        (text.clone(), key("secondary"), None),
        (own, text, None),
    ] {
        let prod = root("prod-db", &primary, &secondary, "");
        let tree = tree(&app("var.primary"), &pair("dev-db"), &prod);
        if let Some(slots) = slots {
            assert_eq!(self::slots(&tree), slots, "{prod}");
        }
        let all: Vec<usize> = (0..tree.accounts.len()).collect();
        for accounts in [&[0][..], &all] {
            let refused = flip(&tree, accounts, Slot::Secondary).unwrap_err();
            let named = |refusal: &Refusal| refusal.to_string().contains("prod:module.app");
            assert!(refused.iter().any(named), "{prod}: {refused:?}");
        }
    }
}

#[test]
fn a_slot_that_each_call_says_moves_its_own_account() {
    let slot = "variable \"slot\" {\n  default = \"primary\"\n}\n";
    for value in [
        "var.slot == \"secondary\" ? var.secondary : var.primary",
        "{ primary = var.primary, secondary = var.secondary }[var.slot]",
    ] {
        let says = |name: &str, slot: &str| {
            root(name, &key("primary"), &key("secondary"), &format!("  slot = \"{slot}\"\n"))
        };
        let (dev, prod) = (says("dev-db", "primary"), says("prod-db", "secondary"));
        let tree = tree(&(slot.to_owned() + &app(value)), &dev, &prod);
        assert_eq!(slots(&tree), [PRIMARY, SECONDARY], "{value}");
        let flip = plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap();
        assert_eq!(flip.edits.len(), 1, "{value}");
        assert_eq!(text(&flip, "dev/a.tf"), says("dev-db", "secondary"), "{value}");
    }
}

#[test]
fn so_does_one_that_an_environment_hands_on_to_a_module_of_its_own() {
    let slot = "variable \"slot\" {}\n";
    let code = slot.to_owned() + &app("var.slot == \"secondary\" ? var.secondary : var.primary");
    let env = slot.to_owned()
        + "variable \"name\" {}\n"
        + &root("${var.name}-db", &key("primary"), &key("secondary"), "  slot = var.slot\n");
    let call = |name: &str, slot: &str| {
        format!("module \"{name}\" {{\n  source = \"./env\"\n  name = \"{name}\"\n  slot = \"{slot}\"\n}}\n")
    };
    let code_of = |dev: &str| call("dev", dev) + &call("prod", "secondary");
    let files = |dev: &str| [("a.tf", code_of(dev)), ("app/a.tf", code.clone()), ("env/a.tf", env.clone())];
    let tree = Tree::read(&files("primary"));
    assert_eq!(slots(&tree), [PRIMARY, SECONDARY], "{:?}", tree.references);
    let flip = plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(flip.files, [("a.tf".to_owned(), code_of("secondary").into_bytes())]);
    // Where the module names one, the others of the environment are told with their ways.
    let tree = Tree::read(&[
        ("a.tf", code_of("primary")),
        ("app/a.tf", app("var.primary")),
        ("env/a.tf", env.clone()),
    ]);
    let refused = plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap_err();
    assert!(refused[0].to_string().ends_with("handed in by env:module.app of module.prod"), "{refused:?}");
}

#[test]
fn pairs_go_on_through_names_and_modules_of_the_shared_one() {
    let inner = app("var.primary");
    let call = "module \"inner\" {\n  source = \"../inner\"\n  primary = $1\n  secondary = $2\n}\n";
    let call = |one: &str, other: &str| call.replace("$1", one).replace("$2", other);
    let locals = "locals {\n  keys = { primary = var.primary, secondary = var.secondary }\n}\n";
    for app in [
        INPUTS.to_owned() + &call("var.primary", "var.secondary"),
        INPUTS.to_owned() + locals + &call("local.keys.primary", "local.keys.secondary"),
        INPUTS.to_owned() + locals + &call("local.keys[\"primary\"]", "local.keys[\"secondary\"]"),
    ] {
        let (dev, prod) = (pair("dev-db"), pair("prod-db"));
        let files =
            [("app/a.tf", app.as_str()), ("dev/a.tf", &dev), ("inner/a.tf", &inner), ("prod/a.tf", &prod)];
        let tree = Tree::read(&files);
        assert!(tree.opaque.is_empty(), "{app}: {:?}", tree.opaque);
        assert_eq!(slots(&tree), [PRIMARY, PRIMARY], "{app}");
        let consumer = tree.consumers(1, Access::ReadWrite).next().unwrap();
        assert_eq!(consumer.run().unwrap().to_string(), "app:module.inner of prod:module.app");
        assert!(matches!(
            plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap_err()[..],
            [Refusal::ReadForAnother { .. }]
        ));
        let flip = flip(&tree, &[0, 1], Slot::Secondary).unwrap();
        assert_eq!(flip.files, [("inner/a.tf".to_owned(), self::app("var.secondary").into_bytes())], "{app}");
    }
}

#[test]
fn what_the_shared_module_hands_out_is_that_of_the_call() {
    let outputs = "output \"primary\" {\n  value = var.primary\n}\noutput \"secondary\" {\n  value = var.secondary\n}\n";
    let reads = |slot: &str| format!("locals {{\n  own = module.app.{slot}\n}}\n");
    let (dev, prod) = (pair("dev-db") + &reads("primary"), pair("prod-db") + &reads("secondary"));
    let tree = tree(&(INPUTS.to_owned() + outputs), &dev, &prod);
    assert_eq!(slots(&tree), [PRIMARY, SECONDARY], "{:?}", tree.opaque);
    let flip = plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(text(&flip, "dev/a.tf"), pair("dev-db") + &reads("secondary"));
    // Of a single key behind an output, too, the way leads through the call.
    let output = "output \"used\" {\n  value = var.primary\n}\n";
    let secret = |name: &str| {
        format!(
            "resource \"azurerm_key_vault_secret\" \"s\" {{\n  name = \"{name}\"\n  value = module.app.used\n}}\n"
        )
    };
    let (dev, prod) = (pair("dev-db") + &secret("of-dev"), pair("prod-db") + &secret("of-prod"));
    let tree = self::tree(&(INPUTS.to_owned() + output), &dev, &prod);
    let secrets = |account: usize| -> Vec<&str> {
        let is_own =
            |at: usize| tree.references[at].account == account && tree.references[at].role == Role::Consumer;
        let own = tree.flows().iter().filter(|flow| is_own(flow.reference));
        own.filter(|flow| flow.sink.kind == SinkKind::KeyVaultSecret)
            .map(|flow| flow.sink.name.as_str())
            .collect()
    };
    assert_eq!([secrets(0), secrets(1)], [["of-dev"], ["of-prod"]]);
}

#[test]
fn calls_beside_each_other_and_objects_and_terragrunt_hand_in_too() {
    let account = |name: &str| {
        format!("resource \"azurerm_cosmosdb_account\" \"{name}\" {{\n  name = \"{name}-db\"\n}}\n")
    };
    let key = |name: &str, slot: &str| format!("azurerm_cosmosdb_account.{name}.{slot}_key");
    let call = |name: &str, at: &str| {
        format!(
            "module \"{name}\" {{\n  source = \"./app\"\n  primary = {}\n  secondary = {}\n}}\n",
            key(at, "primary"),
            key(at, "secondary")
        )
    };
    let code = app("var.primary");
    let accounts = account("dev") + &account("prod");
    // Two calls of one account, and one of another.
    let root = accounts.clone() + &call("a", "dev") + &call("b", "dev") + &call("c", "prod");
    let tree = Tree::read(&[("a.tf", root.as_str()), ("app/a.tf", &code)]);
    assert_eq!(slots(&tree), [PRIMARY, PRIMARY]);
    let refused = plan(&tree, 1, Access::ReadWrite, Slot::Secondary).unwrap_err();
    assert!(
        refused[0].to_string().ends_with("for dev-db too, handed in by module.a, module.b"),
        "{refused:?}"
    );
    // An object with both, in a repeated call.
    let object = |name: &str, at: &str| {
        format!(
            "module \"{name}\" {{\n  source = \"./app\"\n  c = {{ primary = {}, secondary = {} }}\n}}\n",
            key(at, "primary"),
            key(at, "secondary")
        )
    };
    let code = "variable \"c\" {}\nlocals {\n  k = var.c.primary\n}\n";
    let root = accounts + &object("a", "dev") + &object("b", "prod");
    let tree = Tree::read(&[("a.tf", root.as_str()), ("app/a.tf", code)]);
    assert_eq!(slots(&tree), [PRIMARY, PRIMARY]);
    assert_eq!(flip(&tree, &[0, 1], Slot::Secondary).unwrap().edits.len(), 1);
    // Configurations of Terragrunt.
    let unit = |name: &str| {
        format!(
            "terraform {{\n  source = \"../app\"\n}}\ndependency \"db\" {{\n  config_path = \"../{name}-cosmos\"\n}}\ninputs = {{\n  \
             primary = dependency.db.outputs.primary_key\n  secondary = dependency.db.outputs.secondary_key\n}}\n"
        )
    };
    let (dev, prod, code) = (unit("dev"), unit("prod"), app("var.primary"));
    let tree =
        Tree::read(&[("app/a.tf", &code), ("dev/terragrunt.hcl", &dev), ("prod/terragrunt.hcl", &prod)]);
    assert_eq!(slots(&tree), [PRIMARY, PRIMARY], "{:?}", tree.opaque);
    assert!(matches!(
        plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap_err()[..],
        [Refusal::ReadForAnother { .. }]
    ));
    assert_eq!(flip(&tree, &[0, 1], Slot::Secondary).unwrap().edits.len(), 1);
}

#[test]
fn where_it_is_not_told_whose_key_a_run_reads_it_stays_opaque() {
    let two = "resource \"azurerm_cosmosdb_account\" \"b\" {\n  name = \"b\"\n}\n";
    let other = |slot: &str| format!("azurerm_cosmosdb_account.b.{slot}_key");
    // One call hands in the keys of either, by a value; or of a collection of pairs.
    let either = |slot: &str| format!("var.c ? {} : {}", key(slot), other(slot));
    let dev = root("dev-db", &either("primary"), &either("secondary"), "") + two;
    let tree = Tree::read(&[("app/a.tf", app("var.primary").as_str()), ("dev/a.tf", &dev)]);
    assert!(
        tree.accounts.len() == 2 && (0..2).all(|at| tree.slot_use(at, Access::ReadWrite) == SlotUse::Unknown)
    );
    // Keys of different accesses.
    let read_only = |slot: &str| format!("azurerm_cosmosdb_account.db.{slot}_readonly_key");
    let prod = root("prod-db", &read_only("primary"), &read_only("secondary"), "");
    let tree = self::tree(&app("var.primary"), &pair("dev-db"), &prod);
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Unknown);
    assert_eq!(tree.slot_use(1, Access::ReadOnly), SlotUse::Unknown);
    // The pair as a whole, and by a name that is worked out elsewhere.
    for value in ["jsonencode(local.keys)", "local.keys[var.which]", "values(local.keys)[0]"] {
        let locals = "locals {\n  keys = { primary = var.primary, secondary = var.secondary }\n}\n";
        let tree = self::tree(&(app(value) + locals), &pair("dev-db"), &pair("prod-db"));
        assert!((0..2).all(|at| tree.slot_use(at, Access::ReadWrite) != PRIMARY), "{value}");
        assert!(flip(&tree, &[0, 1], Slot::Secondary).is_err(), "{value}");
    }
}

#[test]
fn a_mirror_in_the_shared_module_is_one_for_all_who_call_it() {
    let code = format!("{INPUTS}locals {{\n  both = [var.primary, var.secondary]\n}}\n");
    let declared = Declared { mirrors: vec!["app:locals.both.*".to_owned()], ..Declared::default() };
    let own = format!("locals {{\n  k = {}\n}}\n", key("primary"));
    let tree = tree(&code, &(pair("dev-db") + &own), &(pair("prod-db") + &own)).declaring(declared);
    let flip = plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(flip.files.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["dev/a.tf"]);
}

#[test]
fn a_write_only_value_is_versioned_once_for_all() {
    let code = |slot: &str, version: u8| {
        format!(
            "{INPUTS}resource \"azurerm_key_vault_secret\" \"s\" {{\n  name = \"s\"\n  value_wo = var.{slot}\n  value_wo_version = {version}\n}}\n"
        )
    };
    let tree = tree(&code("primary", 1), &pair("dev-db"), &pair("prod-db"));
    let flip = flip(&tree, &[0, 1], Slot::Secondary).unwrap();
    assert_eq!(text(&flip, "app/a.tf"), code("secondary", 2));
}
