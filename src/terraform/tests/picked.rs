//! Collections that hold both keys, and what is picked from them: a flip leaves the pair as it is.

use super::found;
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Role, Tree, flip};

const P: &str = "data.azurerm_cosmosdb_account.d.primary_key";
const S: &str = "data.azurerm_cosmosdb_account.d.secondary_key";
const HEAD: &str = "variable \"i\" {\n  default = 0\n}\nvariable \"n\" {\n  default = \"main\"\n}\n\
                    variable \"slot\" {\n  default = \"primary\"\n}\nvariable \"open\" {}\n\
                    data \"azurerm_cosmosdb_account\" \"d\" {\n  name = \"acme\"\n}\n";

/// The collection that is meant by what an expression reads.
fn collection(expression: &str) -> String {
    let text = match expression {
        it if it.contains("local.list") => "list = [$P, $S]",
        it if it.contains("local.pair") => "pair = {\n    main   = $P\n    backup = $S\n  }",
        it if it.contains("local.objs") => "objs = [{ id = \"one\", key = $P }, { id = \"two\", key = $S }]",
        it if it.contains("local.texts") => "texts = [\"k=${$P}\", \"k=${$S}\"]",
        _ => "conf = {\n    primary   = { api = $P }\n    secondary = { api = $S }\n  }",
    };
    text.replace("$P", P).replace("$S", S)
}

fn reading(expression: &str) -> String {
    format!(
        "{HEAD}locals {{\n  j = 0\n  {}\n}}\nresource \"azurerm_key_vault_secret\" \"s\" {{\n  name = \"a\"\n  value = {expression}\n}}\n",
        collection(expression)
    )
}

/// There and back, by changing nothing but what is named.
#[track_caller]
fn flips_by(text: &str, old: &str, new: &str) {
    let tree = Tree::read(&[("a.tf", text)]);
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Only(Slot::Primary), "{text}{tree:#?}");
    let there = flip(&[("a.tf", text)], None, Access::ReadWrite, Slot::Secondary).unwrap();
    let there = String::from_utf8(there[0].1.clone()).unwrap();
    assert_eq!(there, text.replacen(old, new, 1));
    let back = flip(&[("a.tf", &there)], None, Access::ReadWrite, Slot::Primary).unwrap();
    assert_eq!(String::from_utf8_lossy(&back[0].1), text);
}

#[test]
fn a_known_value_that_picks_is_what_a_flip_changes() {
    let (index, name, slot) =
        (["default = 0", "default = 1"], ["\"main\"", "\"backup\""], ["\"primary\"", "\"secondary\""]);
    for (expression, [old, new]) in [
        ("local.list[var.i]", index),
        ("element(local.list, var.i)", index),
        ("local.list[local.j]", ["j = 0", "j = 1"]),
        ("local.pair[var.n]", name),
        ("try(local.pair[var.n], \"\")", name),
        ("lookup(local.pair, var.n)", name),
        ("\"k=${local.pair[var.n]}\"", name),
        ("local.objs[var.i].key", index),
        ("local.list[var.i == 0 ? 0 : 1]", index),
        ("local.conf[var.slot].api", slot),
        ("jsonencode(local.conf[var.slot])", slot),
    ] {
        flips_by(&reading(expression), old, new);
    }
}

#[test]
fn a_name_or_an_index_that_picks_is_what_a_flip_changes() {
    for (expression, old, new) in [
        ("local.list[0]", "list[0]", "list[1]"),
        ("\"k=${local.list[0]}\"", "list[0]", "list[1]"),
        ("local.pair.main", "pair.main", "pair.backup"),
        ("local.pair[\"main\"]", "[\"main\"]", "[\"backup\"]"),
        ("local.objs[0].key", "objs[0]", "objs[1]"),
        ("local.conf.primary.api", "conf.primary", "conf.secondary"),
        // What is taken as a whole holds one slot alone.
        ("jsonencode(local.conf.primary)", "conf.primary", "conf.secondary"),
        ("nonsensitive(local.conf).primary", "(local.conf).primary", "(local.conf).secondary"),
        ("nonsensitive(local.conf.primary)[\"api\"]", "conf.primary", "conf.secondary"),
    ] {
        flips_by(&reading(expression), old, new);
    }
}

#[test]
fn what_cannot_be_told_is_opaque_and_nothing_is_flipped() {
    for expression in [
        "local.list[var.open]",
        "local.list[length(local.list) - 2]",
        "reverse(local.list)[1]",
        "element(local.list, 2)",
        "slice(local.list, 0, 1)",
        "coalesce(local.list...)",
        "local.pair[var.open]",
        "values(local.pair)[0]",
        "merge(local.pair, {})[\"main\"]",
        "merge(local.pair, { x = 1 }, { y = 2 })[var.n]",
        "lookup(merge(local.pair, {}), var.n)",
        "join(\"\", [for k, v in local.pair : k == var.n ? v : \"\"])",
        "\"%{ for k, v in local.pair }%{ if k == var.n }${v}%{ endif }%{ endfor }\"",
        "one([for o in local.objs : o.key if o.id == var.n])",
        "[for o in local.objs : o.key][0]",
        "local.conf[var.open]",
    ] {
        let text = reading(expression);
        let tree = Tree::read(&[("a.tf", &text)]);
        let roles: Vec<Role> = tree.references.iter().map(|reference| reference.role).collect();
        assert_eq!(roles, [Role::Definition; 2], "{expression}: {:#?}", found(&[("a.tf", &text)]));
        assert_eq!(tree.opaque.len(), 1, "{expression}");
        assert!(flip(&[("a.tf", &text)], None, Access::ReadWrite, Slot::Secondary).is_err(), "{expression}");
    }
    // Whether two texts stand for each other is not known.
    assert!(flip(&[("a.tf", reading("local.texts[0]"))], None, Access::ReadWrite, Slot::Secondary).is_err());
}

#[test]
fn what_becomes_part_of_something_is_picked_where_that_is() {
    for (more, expression) in [
        ("all = merge(local.pair, { x = 1 })", "local.all.main"),
        ("all = var.open ? local.pair : {}", "local.all[var.n]"),
        ("x = reverse(local.list)", "local.x[0]"),
        ("x = [for o in local.objs : o if o.id == var.n]", "local.x[0].key"),
    ] {
        let text = format!(
            "{HEAD}locals {{\n  {}\n  {more}\n}}\nresource \"x\" \"y\" {{\n  v = {expression}\n}}\n",
            collection(more)
        );
        let tree = Tree::read(&[("a.tf", &text)]);
        assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Unknown, "{more}");
        assert_eq!(tree.definitions(0, Access::ReadWrite).count(), 2, "{more}");
    }
}

#[test]
fn what_a_module_is_given_is_a_pair_where_the_module_picks() {
    for (keys, read, old, new) in [
        ("[$P, $S]", "var.keys[0]", "keys[0]", "keys[1]"),
        ("[$P, $S]", "element(var.keys, 0)", "keys, 0", "keys, 1"),
        ("{ a = $P, b = $S }", "var.keys.a", "keys.a", "keys.b"),
        ("{ a = $P, b = $S }", "var.keys[\"a\"]", "\"a\"", "\"b\""),
        ("{ a = { k = $P }, b = { k = $S } }", "jsonencode(var.keys.a)", "keys.a", "keys.b"),
    ] {
        let keys = keys.replace("$P", P).replace("$S", S);
        let root = format!("{HEAD}module \"m\" {{\n  source = \"./m\"\n  keys = {keys}\n}}\n");
        let code = format!("variable \"keys\" {{}}\nresource \"x\" \"y\" {{\n  v = {read}\n}}\n");
        let files = [("a.tf", root.as_str()), ("m/a.tf", &code)];
        let changed = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap();
        assert_eq!(changed, [("m/a.tf".to_owned(), code.replace(old, new).into_bytes())]);
    }
    let root = format!("{HEAD}module \"m\" {{\n  source = \"./m\"\n  keys = [{P}, {S}]\n  i = 0\n}}\n");
    let code = "variable \"keys\" {}\nvariable \"i\" {}\nresource \"x\" \"y\" {\n  v = var.keys[var.i]\n}\n";
    let changed =
        flip(&[("a.tf", root.as_str()), ("m/a.tf", code)], None, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(changed, [("a.tf".to_owned(), root.replace("i = 0", "i = 1").into_bytes())]);
}

#[test]
fn what_is_handed_on_of_a_pair_is_counted_where_it_is_named() {
    let conf = collection("local.conf");
    for reading in [
        "resource \"azurerm_key_vault_secret\" \"s\" {\n  for_each = local.conf.primary\n  value = each.value\n}\n",
        "module \"m\" {\n  source = \"./m\"\n  keys = local.conf.primary\n}\n",
        "locals {\n  x = local.conf.primary\n}\nresource \"x\" \"y\" {\n  v = local.x.api\n}\n",
    ] {
        let root = format!("{HEAD}locals {{\n  {conf}\n}}\n{reading}");
        let code = "variable \"keys\" {}\nresource \"x\" \"y\" {\n  v = var.keys.api\n}\n";
        let files = [("a.tf", root.as_str()), ("m/a.tf", code)];
        let tree = Tree::read(&files);
        assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Only(Slot::Primary), "{reading}");
        let changed = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap();
        let new = root.replace("local.conf.primary", "local.conf.secondary");
        assert_eq!(changed, [("a.tf".to_owned(), new.into_bytes())]);
    }
}

#[test]
fn elements_of_what_nothing_picks_from_move_one_by_one() {
    let maps = "pair = { main = $P, backup = $S }";
    let secrets = |block: &str, more: &str| {
        let locals = maps.replace("$P", P).replace("$S", S);
        format!("{HEAD}locals {{\n  {locals}\n  {more}\n}}\nresource \"x\" \"y\" {{\n  {block}\n}}\n")
    };
    for (block, more) in [
        ("for_each = local.pair\n  v = each.value", ""),
        ("for_each = toset(keys(local.pair))\n  v = local.pair[each.key]", ""),
        ("for_each = local.all\n  v = each.value", "all = merge(local.pair, { x = 1 })"),
        ("v = merge(local.pair, { x = 1 })", ""),
        ("v = [for k, v in local.pair : { name = k, value = v }]", ""),
    ] {
        let text = secrets(block, more);
        let tree = Tree::read(&[("a.tf", &text)]);
        assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Mixed, "{block}");
        let changed = flip(&[("a.tf", &text)], None, Access::ReadWrite, Slot::Secondary).unwrap();
        assert_eq!(String::from_utf8_lossy(&changed[0].1), text.replace("primary_key", "secondary_key"));
    }
    // Where something picks from it too, nobody knows what the elements are for.
    let text = secrets("for_each = local.pair\n  v = each.value", "k = [local.pair.main]");
    let tree = Tree::read(&[("a.tf", &text)]);
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Unknown);
    assert_eq!(tree.definitions(0, Access::ReadWrite).count(), 2);
}

#[test]
fn lists_of_objects_in_json_keep_their_places() {
    let text = format!(
        r#"{{"locals": {{"objs": [{{"id": "one", "key": "${{{P}}}"}}, {{"id": "two", "key": "${{{S}}}"}}]}},
        "resource": {{"x": {{"y": {{"v": "${{local.objs[0].key}}"}}}}}}}}"#
    );
    let changed = flip(&[("a.tf.json", &text)], None, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(String::from_utf8_lossy(&changed[0].1), text.replace("objs[0]", "objs[1]"));
}

#[test]
fn a_name_from_which_none_leads_back_is_no_counterpart() {
    let module = |more: &str| {
        let output = |name: &str, key: &str| format!("output \"{name}\" {{\n  value = {key}\n}}\n");
        let names = output("today", P) + &output("spare", S) + more;
        format!("data \"azurerm_cosmosdb_account\" \"d\" {{\n  name = \"acme\"\n}}\n{names}")
    };
    let root = "module \"db\" {\n  source = \"./db\"\n}\nresource \"x\" \"y\" {\n  v = module.db.today\n}\n";
    let third = format!("output \"now\" {{\n  value = {P}\n}}\n");
    for (more, flips) in [("", true), (third.as_str(), false)] {
        let files = [("a.tf", root), ("db/a.tf", &module(more))];
        assert_eq!(flip(&files, None, Access::ReadWrite, Slot::Secondary).is_ok(), flips, "{more}");
    }
}
