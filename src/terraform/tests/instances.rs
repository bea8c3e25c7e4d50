//! Instances of repeated blocks: accounts of their own where they are known to be.

use super::Tree;
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{
    AllowedOpaque, Declared, DeclaredAccount, Refusal, SharedBy, plan, plan_allowing, select_all,
};

/// Every account with what it reads, in order.
fn reads<P: AsRef<str>, T: AsRef<[u8]>>(files: &[(P, T)]) -> Vec<String> {
    of_tree(&Tree::read(files))
}

fn of_tree(tree: &Tree) -> Vec<String> {
    let slot = |at: usize| match tree.slot_use(at, Access::ReadWrite) {
        SlotUse::Only(slot) => slot.to_string(),
        SlotUse::Mixed => "mixed".to_owned(),
        SlotUse::None => "none".to_owned(),
        SlotUse::Unknown => "unknown".to_owned(),
    };
    tree.accounts.iter().enumerate().map(|(at, account)| format!("{}: {}", account.key, slot(at))).collect()
}

const NAMED: &str = "resource \"azurerm_cosmosdb_account\" \"x\" {\n  for_each = toset([\"eu\", \"us\"])\n  name     = \
                     \"cosmos-${each.key}\"\n}\n";
const NAMELESS: &str = "resource \"azurerm_cosmosdb_account\" \"x\" {\n  for_each = var.regions\n  name     = local.name[each.key]\n}\n";

fn locals(expressions: &[&str]) -> String {
    let lines = expressions.iter().enumerate().map(|(at, it)| format!("  l{at} = [{it}]\n"));
    format!("locals {{\n{}}}\n", lines.collect::<String>())
}

#[track_caller]
fn check(block: &str, expressions: &[&str], expected: &[&str]) {
    let text = format!("{block}{}", locals(expressions));
    assert_eq!(reads(&[("a.tf", &text)]), expected, "{text}");
}

const EU: &str = "azurerm_cosmosdb_account.x[\"eu\"].primary_key";
const US: &str = "azurerm_cosmosdb_account.x[\"us\"].secondary_key";

#[test]
fn mixed_slots_are_those_of_one_instance() {
    check(NAMED, &[EU, US], &["cosmos-eu: primary", "cosmos-us: secondary"]);
    let mixed = "azurerm_cosmosdb_account.x[\"eu\"].secondary_key";
    check(NAMED, &[EU, mixed], &["cosmos-eu: mixed", "cosmos-us: none"]);
    check(
        NAMELESS,
        &[EU, US],
        &["azurerm_cosmosdb_account.x[\"eu\"]: primary", "azurerm_cosmosdb_account.x[\"us\"]: secondary"],
    );
}

#[test]
fn instances_are_made_apart_whatever_spells_their_names() {
    let block = NAMED.replace("cosmos-${each.key}", "${random_id.x.hex}-db");
    let [eu, us] = ["eu: primary", "us: secondary"].map(|it| it.split_once(": ").unwrap());
    let key = |(key, slot)| format!("azurerm_cosmosdb_account.x[\"{key}\"]: {slot}");
    check(&block, &[EU, US], &[&key(eu), &key(us)]);
}

#[test]
fn counted_instances_are_told_by_their_number() {
    let counted = "resource \"azurerm_cosmosdb_account\" \"x\" {\n  count = 2\n  name  = \"cosmos-${count.index}\"\n}\n";
    for first in [
        "azurerm_cosmosdb_account.x[0].primary_key",
        "azurerm_cosmosdb_account.x.0.primary_key",
        "element(azurerm_cosmosdb_account.x, 0).primary_key",
    ] {
        let second = "azurerm_cosmosdb_account.x[1].secondary_key";
        check(counted, &[first, second], &["cosmos-0: primary", "cosmos-1: secondary"]);
    }
    let later = counted.replace("${count.index}", "${count.index + 1}");
    check(&later, &["azurerm_cosmosdb_account.x[1].primary_key"], &["cosmos-1: none", "cosmos-2: primary"]);
    let one = counted.replace("count = 2", "count = var.on ? 1 : 0");
    check(
        &one,
        &["azurerm_cosmosdb_account.x[0].primary_key", "one(azurerm_cosmosdb_account.x[*]).secondary_key"],
        &["azurerm_cosmosdb_account.x: mixed"],
    );
}

#[test]
fn an_instance_that_is_not_named_is_every_one() {
    for all in [
        "azurerm_cosmosdb_account.x[each.key].primary_key",
        "azurerm_cosmosdb_account.x[var.unknown].primary_key",
        "values(azurerm_cosmosdb_account.x)[0].primary_key",
        "values(azurerm_cosmosdb_account.x)[*].primary_key",
        "[for a in azurerm_cosmosdb_account.x : a.primary_key]",
        "{ for k, a in azurerm_cosmosdb_account.x : k => a.primary_key }",
        "azurerm_cosmosdb_account.x.*.primary_key",
    ] {
        check(NAMED, &[all, US], &["cosmos-eu: primary", "cosmos-us: mixed"]);
    }
    check(NAMED, &["azurerm_cosmosdb_account.x"], &["cosmos-eu: unknown", "cosmos-us: unknown"]);
}

#[test]
fn an_index_is_worked_out() {
    let values = "locals {\n  region = \"us\"\n  all    = { main = \"us\" }\n}\nvariable \"region\" {\n  default = \"us\"\n}\n";
    for index in ["local.region", "var.region", "local.all.main", "\"${local.region}\"", "lower(\"US\")"] {
        let text = format!("azurerm_cosmosdb_account.x[{index}].secondary_key");
        check(&format!("{NAMED}{values}"), &[EU, &text], &["cosmos-eu: primary", "cosmos-us: secondary"]);
    }
    let files = |value: &str| {
        let text = format!(
            "{NAMED}variable \"region\" {{}}\n{}",
            locals(&[EU, "azurerm_cosmosdb_account.x[var.region].secondary_key"])
        );
        [("a.tf".to_owned(), text), ("terraform.tfvars".to_owned(), format!("region = \"{value}\"\n"))]
    };
    assert_eq!(reads(&files("us")), ["cosmos-eu: primary", "cosmos-us: secondary"]);
    assert_eq!(reads(&files("eu")), ["cosmos-eu: mixed", "cosmos-us: none"]);
    // A configuration beside the code may set another value.
    let set = |value: &str| ("terragrunt.hcl".to_owned(), format!("inputs = {{\n  region = {value}\n}}\n"));
    let beside = |value: &str| files("us").into_iter().chain([set(value)]).collect::<Vec<_>>();
    assert_eq!(reads(&beside("\"us\"")), ["cosmos-eu: primary", "cosmos-us: secondary"]);
    for other in ["\"eu\"", "get_env(\"REGION\")"] {
        assert_eq!(reads(&beside(other)), ["cosmos-eu: mixed", "cosmos-us: secondary"], "{other}");
    }
}

#[test]
fn collections_are_worked_out() {
    let more = "locals {\n  list = [\"eu\", \"us\"]\n  map  = { eu = \"cosmos-eu\", us = \"cosmos-us\" }\n  \
                maps = { eu = { name = \"cosmos-eu\" }, us = { name = \"cosmos-us\" } }\n}\nvariable \"set\" {\n  \
                default = [\"eu\", \"us\"]\n}\n";
    for (collection, name) in [
        ("toset(local.list)", "\"cosmos-${each.value}\""),
        ("toset(var.set)", "\"cosmos-${each.key}\""),
        ("local.map", "each.value"),
        ("local.maps", "each.value.name"),
        ("local.maps", "local.maps[each.key].name"),
        ("local.maps", "lookup(local.map, each.key)"),
        ("merge(local.map, {})", "each.value"),
        ("toset(keys(local.map))", "format(\"cosmos-%s\", each.key)"),
        ("{ eu = \"cosmos-eu\", us = \"cosmos-us\" }", "each.value"),
    ] {
        for kind in ["resource", "data"] {
            let block = format!(
                "{more}{kind} \"azurerm_cosmosdb_account\" \"x\" {{\n  for_each = {collection}\n  name = {name}\n}}\n"
            );
            let data = if kind == "data" { "data." } else { "" };
            let [eu, us] = [EU, US].map(|read| format!("{data}{read}"));
            check(&block, &[&eu, &us], &["cosmos-eu: primary", "cosmos-us: secondary"]);
        }
    }
    for (count, name) in [
        ("length(local.list)", "\"cosmos-${local.list[count.index]}\""),
        ("2", "element(local.list, count.index)"),
    ] {
        let block = format!(
            "{more}resource \"azurerm_cosmosdb_account\" \"x\" {{\n  count = {count}\n  name = {name}\n}}\n"
        );
        let reads = reads(&[("a.tf", block + &locals(&["azurerm_cosmosdb_account.x[1].primary_key"]))]);
        assert!(reads[1].ends_with("us: primary") && reads[0].ends_with("eu: none"), "{reads:?}");
    }
}

#[test]
fn an_instance_joins_what_goes_by_its_name() {
    let data = "data \"azurerm_cosmosdb_account\" \"d\" {\n  name = \"cosmos-us\"\n}\nlocals {\n  k = \
                data.azurerm_cosmosdb_account.d.primary_key\n}\n";
    let files = [("a/a.tf", format!("{NAMED}{}", locals(&[EU, US]))), ("b/a.tf", data.to_owned())];
    assert_eq!(reads(&files), ["cosmos-eu: primary", "cosmos-us: mixed"]);
    let tree = Tree::read(&files);
    let symbols: Vec<String> = tree.accounts[1].symbols.iter().map(ToString::to_string).collect();
    assert_eq!(symbols, ["a:azurerm_cosmosdb_account.x[\"us\"]", "b:data.azurerm_cosmosdb_account.d"]);
    let taken = data.replace("\"cosmos-us\"", "azurerm_cosmosdb_account.x[\"us\"].name");
    let taken = [("a.tf", format!("{NAMELESS}{taken}{}", locals(&[EU, US])))];
    assert_eq!(reads(&taken).len(), 2, "{:?}", reads(&taken));
    assert!(reads(&taken)[1].ends_with("[\"us\"]: mixed"), "{:?}", reads(&taken));
}

#[test]
fn the_only_account_that_is_looked_up_may_be_any_instance() {
    let data = |name: &str| {
        format!(
            "data \"azurerm_cosmosdb_account\" \"d\" {{\n  name = {name}\n}}\nlocals {{\n  k = \
             data.azurerm_cosmosdb_account.d.primary_key\n}}\n"
        )
    };
    let us = format!("{NAMED}{}", locals(&[US]));
    let files = |name: &str| [("a/a.tf", us.clone()), ("b/a.tf", data(name))];
    assert_eq!(reads(&files("var.name")), ["cosmos-eu: primary", "cosmos-us: mixed"]);
    assert_eq!(reads(&files("\"${var.c}-eu\"")), ["cosmos-eu: primary", "cosmos-us: secondary"]);
    let other = ["cosmos-eu: none", "cosmos-us: secondary", "orders: primary"];
    assert_eq!(reads(&files("\"orders\"")), other);
    let tree = Tree::read(&files("var.name"));
    let refused = plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap_err();
    assert!(matches!(refused.as_slice(), [Refusal::ReadForAnother { .. }]), "{refused:?}");
    // Where there are more accounts, it may be one of those.
    let more = [("c/a.tf", "resource \"azurerm_cosmosdb_account\" \"o\" {\n  name = \"o\"\n}\n".to_owned())];
    let more: Vec<_> = files("var.name").into_iter().chain(more).collect();
    assert_eq!(reads(&more)[0], "b:data.azurerm_cosmosdb_account.d: primary");
}

#[test]
fn what_is_not_known_to_be_different_stays_one() {
    let data = |name: &str| {
        format!("data \"azurerm_cosmosdb_account\" \"x\" {{\n  for_each = var.all\n  name = {name}\n}}\n")
    };
    let [eu, us] = [EU, US].map(|read| format!("data.{read}"));
    let one = ["data.azurerm_cosmosdb_account.x: mixed"];
    // Two entries may name one account.
    check(&data("each.value"), &[&eu, &us], &one);
    check(&data("var.name"), &[&eu, &us], &one);
    check(&data("each.key"), &[&eu, &us], &["eu: primary", "us: secondary"]);
    check(
        &data("\"${var.p}-${each.key}\""),
        &[&eu, &us],
        &[
            "data.azurerm_cosmosdb_account.x[\"eu\"]: primary",
            "data.azurerm_cosmosdb_account.x[\"us\"]: secondary",
        ],
    );
    // One instance of several says nothing of the others.
    let each = "azurerm_cosmosdb_account.x[each.key].secondary_key";
    check(NAMELESS, &[EU, each], &["azurerm_cosmosdb_account.x: mixed"]);
}

#[test]
fn a_local_name_for_an_instance_is_followed() {
    let block = format!(
        "{NAMED}locals {{\n  db  = azurerm_cosmosdb_account.x[\"us\"]\n  dbs = azurerm_cosmosdb_account.x\n}}\n"
    );
    for read in ["local.db.secondary_key", "local.dbs[\"us\"].secondary_key"] {
        check(&block, &[EU, read], &["cosmos-eu: primary", "cosmos-us: secondary"]);
    }
}

#[test]
fn one_instance_moves_and_the_other_stays() {
    let text = format!("{NAMED}{}", locals(&[EU, &EU.replace("eu", "us")]));
    let tree = Tree::read(&[("a.tf", &text)]);
    for name in ["cosmos-eu", "azurerm_cosmosdb_account.x[\"eu\"]"] {
        let accounts = select_all(&tree, name, Access::ReadWrite).unwrap();
        assert_eq!(accounts, [0], "{name}");
        let flip = plan(&tree, accounts[0], Access::ReadWrite, Slot::Secondary).unwrap();
        let there = String::from_utf8(flip.files[0].1.clone()).unwrap();
        assert_eq!(there, text.replacen("primary_key", "secondary_key", 1));
    }
    let all = select_all(&tree, "azurerm_cosmosdb_account.x", Access::ReadWrite).unwrap();
    assert_eq!(all, [0, 1]);
    let unknown = select_all(&tree, "azurerm_cosmosdb_account.x[\"asia\"]", Access::ReadWrite).unwrap_err();
    assert!(matches!(unknown.as_slice(), [Refusal::UnknownAccount { .. }]), "{unknown:?}");
}

#[test]
fn what_feeds_all_instances_moves_with_all_or_not_at_all() {
    let text = format!("{NAMED}{}", locals(&[EU, "azurerm_cosmosdb_account.x[each.key].primary_key"]));
    let tree = Tree::read(&[("a.tf", &text)]);
    let refused = plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap_err();
    let [Refusal::ReadForAnother { accounts, by: SharedBy::Instances, .. }] = refused.as_slice() else {
        panic!("{refused:?}");
    };
    assert_eq!(accounts, &["cosmos-us"]);
    let said = "a.tf:7:46: `primary_key` is read for cosmos-us too, for no instance is named here";
    assert_eq!(refused[0].to_string(), said);
    let both = plan_allowing(&tree, &[0, 1], Access::ReadWrite, Slot::Secondary, &AllowedOpaque::default());
    let there = String::from_utf8(both.unwrap().files[0].1.clone()).unwrap();
    assert_eq!(there, text.replace("primary_key", "secondary_key"));
}

#[test]
fn one_instance_or_all_of_them_can_be_declared() {
    let text = format!("{NAMELESS}{}", locals(&["azurerm_cosmosdb_account.x[each.key].primary_key", US]));
    let tree = Tree::read(&[("a.tf", &text)]);
    let declaring = |accounts: &[(&str, &str)]| {
        let account = |(name, symbol): &(&str, &str)| DeclaredAccount {
            name: (*name).to_owned(),
            symbols: vec![(*symbol).to_owned()],
        };
        let accounts = accounts.iter().map(account).collect();
        let tree = tree.clone().declaring(Declared { accounts, ..Declared::default() });
        assert_eq!(tree.misfits, Default::default());
        of_tree(&tree)
    };
    assert_eq!(declaring(&[("shop", "azurerm_cosmosdb_account.x")]), ["shop: mixed"]);
    let one = [("eu", "azurerm_cosmosdb_account.x[\"eu\"]"), ("us", "azurerm_cosmosdb_account.x[\"us\"]")];
    assert_eq!(declaring(&one), ["eu: primary", "us: mixed"]);
}

#[test]
fn instances_of_modules_are_told_apart() {
    let root = |more: &str| {
        format!(
            "module \"m\" {{\n  source   = \"./m\"\n  for_each = {{ eu = \"cosmos-eu\", us = \"cosmos-us\" }}\n  name     = \
             each.value\n}}\nlocals {{\n  a = module.m[\"eu\"].first\n  b = module.m[\"us\"].second\n}}\n{more}"
        )
    };
    let output = |name: &str, key: &str| {
        format!("output \"{name}\" {{\n  value = azurerm_cosmosdb_account.db.{key}\n}}\n")
    };
    let module = format!(
        "variable \"name\" {{}}\nresource \"azurerm_cosmosdb_account\" \"db\" {{\n  name = var.name\n}}\n{}{}",
        output("first", "primary_key"),
        output("second", "secondary_key")
    );
    let read = |more: &str| reads(&[("a.tf", root(more)), ("m/a.tf", module.clone())]);
    assert_eq!(read(""), ["cosmos-eu: primary", "cosmos-us: secondary"]);
    let all = "locals {\n  c = values(module.m)[*].first\n}\n";
    assert_eq!(read(all), ["cosmos-eu: primary", "cosmos-us: mixed"]);
    let index = "locals {\n  at = \"us\"\n  c  = module.m[local.at].first\n}\n";
    assert_eq!(read(index), ["cosmos-eu: primary", "cosmos-us: mixed"]);
    // Code that is not in the tree.
    let elsewhere = root("").replace("./m", "git::https://example.invalid/cosmos.git");
    let elsewhere = elsewhere.replace(".first", ".primary_key").replace(".second", ".secondary_key");
    assert_eq!(reads(&[("a.tf", elsewhere)]), ["cosmos-eu: primary", "cosmos-us: secondary"]);
}

#[test]
fn instances_that_are_named_by_nobody_are_accounts_too_where_they_are_known() {
    let tree = Tree::read(&[("a.tf", NAMED)]);
    assert_eq!(of_tree(&tree), ["cosmos-eu: none", "cosmos-us: none"]);
}
