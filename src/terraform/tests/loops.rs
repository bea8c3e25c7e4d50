//! Elements that a `for` hands on as they are: each keeps what it holds, whatever it is called then.

use std::collections::BTreeSet;

use super::flows::flows;
use crate::model::{Access, Slot};
use crate::terraform::{Role, Tree, flip};

const ONE: &str = "{ name = \"a\", key = azurerm_cosmosdb_account.x.primary_key }";
const BOTH: &str = "{ name = \"a\", primary = azurerm_cosmosdb_account.x.primary_key, secondary = azurerm_cosmosdb_account.x.secondary_key }";

/// Collections made of `local.m`, a map, and of `local.l`, a list; and whether they are all of it.
const LOOPS: [(&str, bool); 9] = [
    ("{ for k, v in local.m : k => v }", true),
    ("{ for k, v in local.m : \"x-${k}\" => v }", true),
    ("{ for v in local.m : v.name => v }", true),
    ("{ for s in local.l : s.name => s }", true),
    ("{ for i, s in local.l : s.name => s }", true),
    ("{ for k, v in { for s in local.l : s.name => s } : k => v }", true),
    ("local.by_name", true),
    ("{ for s in local.l : s.name => s if s.name != \"\" }", false),
    ("{ for k, v in local.by_name : k => v if k != \"\" }", false),
];

fn locals(entry: &str) -> String {
    format!(
        "locals {{\n  m = {{ a = {entry} }}\n  l = [{entry}]\n  by_name = {{ for s in local.l : s.name => s }}\n}}\n"
    )
}

fn secrets(entry: &str, over: &str, key: &str) -> String {
    let locals = locals(entry);
    format!(
        "{locals}resource \"azurerm_key_vault_secret\" \"s\" {{\n  for_each = {over}\n  name = each.value.name\n  value = each.value.{key}\n}}\n"
    )
}

#[test]
fn an_entry_beside_the_key_hands_no_key_on() {
    for (over, _) in LOOPS {
        let found = flows(&[("a.tf", secrets(ONE, over, "key"))]);
        let ends = |sink: &str| found.iter().filter(|flow| flow.contains(sink)).count();
        assert_eq!((ends("KeyVaultSecret"), ends("Argument")), (1, 0), "{over}: {found:#?}");
    }
}

#[test]
fn a_key_is_named_in_an_entry_that_holds_both() {
    for (over, _) in LOOPS {
        let text = secrets(BOTH, over, "primary");
        let tree = Tree::read(&[("a.tf", &text)]);
        assert_eq!(tree.opaque, [], "{over}");
        let consumers: Vec<&str> = tree
            .references
            .iter()
            .filter(|it| it.role == Role::Consumer)
            .map(|it| it.attribute.as_str())
            .collect();
        assert_eq!(consumers, ["primary"], "{over}");
        let changed = flip(&[("a.tf", &text)], None, Access::ReadWrite, Slot::Secondary).unwrap();
        let after = String::from_utf8(changed[0].1.clone()).unwrap();
        assert_eq!(after, text.replace("each.value.primary", "each.value.secondary"), "{over}");
    }
}

#[test]
fn what_a_loop_leaves_out_is_not_delivered() {
    let keys = "locals {\n  m = { primary = azurerm_cosmosdb_account.x.primary_key, secondary = azurerm_cosmosdb_account.x.secondary_key }\n  some = { for k, v in local.m : k => v if k == var.slot }\n}\n";
    let opaque = |over: &str| {
        let text = format!(
            "{keys}resource \"azurerm_key_vault_secret\" \"s\" {{\n  for_each = {over}\n  name = each.key\n  value = each.value\n}}\n"
        );
        let tree = Tree::read(&[("a.tf", text)]);
        tree.opaque.iter().any(|it| it.position.line == 8)
    };
    assert!(!opaque("{ for k, v in local.m : k => v }"));
    for over in ["{ for k, v in local.m : k => v if k == var.slot }", "local.some"] {
        assert!(opaque(over), "{over}");
    }
}

#[test]
fn a_loop_that_takes_names_hands_no_key_on() {
    let text = |value: &str| format!("{}output \"x\" {{\n  value = {value}\n}}\n", locals(ONE));
    for value in [
        "[for s in local.l : s.name]",
        "{ for s in local.l : s.name => 1 }",
        "{ for k, s in local.m : k => \"@Microsoft.KeyVault(SecretUri=https://kv/${s.name})\" }",
        "join(\",\", [for s in local.l : upper(s.name)])",
        "[for k, s in local.m : k]",
        "\"%{ for s in local.l }${s.name}%{ endfor }\"",
    ] {
        let found = flows(&[("a.tf", text(value))]);
        assert!(!found.iter().any(|flow| flow.contains("RootOutput")), "{value}: {found:#?}");
    }
    for value in [
        "[for s in local.l : s.key]",
        "[for s in local.l : s]",
        "[for s in [for t in local.l : t] : values(s)]",
    ] {
        let found = flows(&[("a.tf", text(value))]);
        assert!(found.iter().any(|flow| flow.contains("RootOutput")), "{value}: {found:#?}");
    }
}

#[test]
fn a_key_is_named_behind_an_element_that_a_value_picks() {
    for expression in
        ["local.l[count.index].primary", "local.m[var.app].primary", "local.by_name[\"a\"].primary"]
    {
        let text = format!(
            "{}resource \"azurerm_key_vault_secret\" \"s\" {{\n  count = 1\n  name = \"s\"\n  value = {expression}\n}}\n",
            locals(BOTH)
        );
        let tree = Tree::read(&[("a.tf", &text)]);
        assert_eq!(tree.opaque, [], "{expression}");
        let changed = flip(&[("a.tf", &text)], None, Access::ReadWrite, Slot::Secondary).unwrap();
        let after = String::from_utf8(changed[0].1.clone()).unwrap();
        assert_eq!(after, text.replace("].primary", "].secondary"), "{expression}");
    }
    // Here the value picks the slot.
    let text = "locals {\n  m = { primary = { k = azurerm_cosmosdb_account.x.primary_key }, secondary = { k = azurerm_cosmosdb_account.x.secondary_key } }\n  x = local.m[var.slot].k\n}\n";
    assert_eq!(Tree::read(&[("a.tf", text)]).opaque.len(), 1);
}

#[test]
fn a_secret_is_called_what_its_instance_makes_of_its_name() {
    let text = "resource \"azurerm_key_vault_secret\" \"s\" {\n  for_each = { one = azurerm_cosmosdb_account.x.primary_key }\n  name = \"sec-${each.key}\"\n  value = each.value\n}\n";
    let found = flows(&[("a.tf", text)]);
    assert!(found[0].ends_with("KeyVaultSecret sec-one"), "{found:#?}");
}

const PAIR: &str = "{ primary = a.primary_key, secondary = a.secondary_key }";

/// Collections of objects that a `for` makes, and how an element's key is read.
const MADE: [(&str, &str); 12] = [
    ("{ for k, a in azurerm_cosmosdb_account.x : k => PAIR }", "[\"eu\"].primary"),
    ("{ for k, a in azurerm_cosmosdb_account.x : k => PAIR }", ".eu.primary"),
    ("{ for k, a in azurerm_cosmosdb_account.x : k => PAIR }", "[each.key].primary"),
    ("{ for k, a in azurerm_cosmosdb_account.x : k => (PAIR) if a.enabled }", "[\"eu\"].primary"),
    ("{ for k, a in azurerm_cosmosdb_account.x : a.location => PAIR... }", "[\"eu\"][0].primary"),
    ("{ for k, a in azurerm_cosmosdb_account.x : k => merge(PAIR, { name = a.name }) }", "[\"eu\"].primary"),
    ("{ for k, a in azurerm_cosmosdb_account.x : k => { rw = PAIR, name = a.name } }", "[\"eu\"].rw.primary"),
    ("[for a in azurerm_cosmosdb_account.x : PAIR]", "[0].primary"),
    ("[for a in azurerm_cosmosdb_account.x : PAIR]", "[*].primary"),
    ("[for a in azurerm_cosmosdb_account.x : PAIR if a.enabled]", "[count.index].primary"),
    (
        "{ for r in var.regions : r => { for k, a in azurerm_cosmosdb_account.x : k => PAIR } }",
        ".eu[\"a\"].primary",
    ),
    ("[for r in var.regions : [for a in azurerm_cosmosdb_account.x : PAIR]]", "[0][1].primary"),
];

/// The secret that `value` reads after a flip, and back; nothing else changes.
#[track_caller]
fn turns(files: &[(&str, String)], read: &str) {
    let tree = Tree::read(files);
    assert_eq!(tree.opaque, [], "{files:#?}");
    let consumers: Vec<&str> = tree
        .references
        .iter()
        .filter(|it| it.role == Role::Consumer)
        .map(|it| it.attribute.as_str())
        .collect();
    assert_eq!(consumers, ["primary"], "{files:#?}");
    let changed = flip(files, None, Access::ReadWrite, Slot::Secondary).unwrap();
    let (path, before) = files.iter().find(|(_, text)| text.contains(read)).unwrap();
    let after = before.replace(read, &read.replace("primary", "secondary"));
    assert_eq!(changed, [((*path).to_owned(), after.clone().into_bytes())]);
    let files: Vec<(&str, String)> =
        files.iter().map(|(at, text)| (*at, if at == path { after.clone() } else { text.clone() })).collect();
    let back = flip(&files, None, Access::ReadWrite, Slot::Primary).unwrap();
    assert_eq!(back, [((*path).to_owned(), before.clone().into_bytes())]);
}

#[test]
fn a_key_is_named_in_an_object_that_a_loop_makes() {
    for (made, read) in MADE {
        let made = made.replace("PAIR", PAIR);
        let secret = |read: &str| {
            format!("resource \"azurerm_key_vault_secret\" \"s\" {{\n  name = \"s\"\n  value = {read}\n}}\n")
        };
        let local = format!("local.keys{read}");
        turns(&[("a.tf", format!("locals {{\n  keys = {made}\n}}\n{}", secret(&local)))], &local);
        let handed = format!("module \"m\" {{\n  source = \"./m\"\n  keys = {made}\n}}\n");
        let given = format!("var.keys{read}");
        let module = format!("variable \"keys\" {{}}\n{}", secret(&given));
        turns(&[("a.tf", handed), ("m/a.tf", module)], &given);
        let output = format!("module.m.keys{read}");
        let root = format!("module \"m\" {{\n  source = \"./m\"\n}}\n{}", secret(&output));
        turns(&[("a.tf", root), ("m/a.tf", format!("output \"keys\" {{\n  value = {made}\n}}\n"))], &output);
    }
}

#[test]
fn what_a_loop_makes_is_read_by_name_alone() {
    let found = |read: &str| {
        let made = MADE[0].0.replace("PAIR", PAIR);
        let text = format!("locals {{\n  keys = {made}\n}}\noutput \"o\" {{\n  value = {read}\n}}\n");
        let tree = Tree::read(&[("a.tf", text)]);
        let consumed = tree.references.iter().filter(|it| it.role == Role::Consumer).count();
        (consumed, tree.opaque.len())
    };
    assert_eq!(found("local.keys[\"eu\"].primary"), (1, 0));
    // Neither slot, and either of them.
    assert_eq!(found("local.keys[\"eu\"].name"), (0, 0));
    assert_eq!(found("local.keys[\"eu\"][var.slot]"), (0, 1));
    assert_eq!(found("values(local.keys[\"eu\"])[0]"), (0, 1));
}

#[test]
fn secrets_of_a_repeated_block_are_called_what_their_instances_are() {
    let secret = |over: &str, name: &str| {
        format!(
            "locals {{\n  names = [\"a\", \"b\"]\n}}\nvariable \"secrets\" {{\n  default = {{ one = {{ name = \"a\" }}, two = {{ name = \"b\" }} }}\n}}\nresource \"azurerm_key_vault_secret\" \"s\" {{\n  {over}\n  name = {name}\n  value = azurerm_cosmosdb_account.x.primary_key\n}}\n"
        )
    };
    let many: Vec<String> = ('a'..='j').map(|letter| format!("\"{letter}\"")).collect();
    let many = format!("for_each = toset([{}])", many.join(", "));
    for (over, name, told) in [
        ("for_each = toset([\"a\", \"b\"])", "each.value", "a, b"),
        ("for_each = toset(local.names)", "\"db-${each.value}\"", "db-a, db-b"),
        ("for_each = toset(local.names)", "each.key", "a, b"),
        ("for_each = { one = { name = \"a\" }, two = { name = \"b\" } }", "each.value.name", "a, b"),
        ("for_each = var.secrets", "each.value.name", "a, b"),
        ("for_each = var.secrets", "\"same\"", "same"),
        ("count = length(local.names)", "local.names[count.index]", "a, b"),
        (many.as_str(), "each.key", "a, b, c, d, e, f, g, h, 2 more"),
        // Not all of them are known.
        ("for_each = var.others", "each.value.name", "${var.others[*].name}"),
        ("for_each = var.secrets", "each.value.other", "${var.secrets[*].other}"),
    ] {
        let found = flows(&[("a.tf", secret(over, name))]);
        assert!(found[0].ends_with(&format!("KeyVaultSecret {told}")), "{over}: {name}: {found:#?}");
    }
}

#[test]
fn a_key_behind_a_number_of_what_a_loop_makes_ends_in_its_secret() {
    let text = format!(
        "locals {{\n  keys = [for a in azurerm_cosmosdb_account.x : {PAIR}]\n}}\nresource \"azurerm_key_vault_secret\" \"s\" {{\n  name = \"s\"\n  value = local.keys[0].primary\n}}\n"
    );
    let found = flows(&[("a.tf", text)]);
    let ends = found.iter().filter(|flow| flow.ends_with("KeyVaultSecret s")).count();
    // The one that is read there, and the place on offer that it is read from.
    assert_eq!(ends, 2, "{found:#?}");
}

#[test]
fn a_map_of_keys_that_a_block_is_repeated_over_ends_in_its_secrets() {
    let output = |slot: &str| {
        format!(
            "output \"{slot}_keys\" {{\n  value = {{ for k, a in azurerm_cosmosdb_account.x : k => a.{slot}_key }}\n}}\n"
        )
    };
    let module = output("primary") + &output("secondary");
    let secret = "resource \"azurerm_key_vault_secret\" \"s\" {\n  for_each = OVER\n  name = \"s\"\n  value = each.value\n}\n";
    let call = "module \"m\" {\n  source = \"./m\"\n}\n";
    for over in ["module.m.primary_keys", "{ for k, v in module.m.primary_keys : \"x-${k}\" => v }"] {
        let root = format!("{call}{}", secret.replace("OVER", over));
        let found = flows(&[("a.tf", root), ("m/o.tf", module.clone())]);
        assert!(found.iter().any(|flow| flow.ends_with("KeyVaultSecret s")), "{over}: {found:#?}");
        assert!(!found.iter().any(|flow| flow.contains("Argument")), "{over}: {found:#?}");
    }
    // Into a module, and where the elements are not read.
    let called =
        "module \"n\" {\n  source = \"./n\"\n  for_each = module.m.primary_keys\n  key = each.value\n}\n";
    let inner = "variable \"key\" {}\nresource \"azurerm_key_vault_secret\" \"t\" {\n  name = \"t\"\n  value = var.key\n}\n";
    let root = format!("{call}{called}");
    let found = flows(&[("a.tf", root), ("m/o.tf", module.clone()), ("n/a.tf", inner.to_owned())]);
    assert!(found.iter().any(|flow| flow.ends_with("KeyVaultSecret t")), "{found:#?}");
}

#[test]
fn lists_that_become_one_have_no_level_of_their_own() {
    let each = "for k, a in azurerm_cosmosdb_account.x";
    let both = "{ name = \"${k}-primary\", value = a.primary_key }, { name = \"${k}-secondary\", value = a.secondary_key }";
    let entry = |slot: &str| format!("\"${{k}}-{slot}\" = a.{slot}_key");
    for made in [
        format!("flatten([{each} : [{both}]])"),
        format!("flatten([for r in var.regions : [{each} : [{both}]]])"),
        format!("flatten([[{each} : [{both}]], []])"),
    ] {
        let text = format!(
            "locals {{\n  secrets = {made}\n}}\nresource \"azurerm_key_vault_secret\" \"s\" {{\n  for_each = {{ for s in local.secrets : s.name => s }}\n  name = each.key\n  value = each.value.value\n}}\n"
        );
        let found = flows(&[("a.tf", &text)]);
        assert!(found.iter().all(|flow| flow.contains("KeyVaultSecret")), "{made}: {found:#?}");
        let tree = Tree::read(&[("a.tf", &text)]);
        assert!(tree.references.iter().all(|it| it.role == Role::Definition), "{made}");
    }
    let made = format!("merge([{each} : {{ {}, {} }}]...)", entry("primary"), entry("secondary"));
    for read in ["each.value", "local.secrets[each.key]"] {
        let text = format!(
            "locals {{\n  secrets = {made}\n}}\nresource \"azurerm_key_vault_secret\" \"s\" {{\n  for_each = local.secrets\n  name = each.key\n  value = {read}\n}}\n"
        );
        let found = flows(&[("a.tf", &text)]);
        assert!(found.iter().all(|flow| flow.contains("KeyVaultSecret")), "{read}: {found:#?}");
    }
}

/// Which slot the secret gets that is made of `f[1]`; both where the text does not tell.
fn second_of(made: &str) -> Vec<String> {
    let made = made.replace('P', "azurerm_cosmosdb_account.x.primary_key");
    let made = made.replace('S', "azurerm_cosmosdb_account.x.secondary_key");
    let text = format!(
        "locals {{\n  f = {made}\n}}\nresource \"azurerm_key_vault_secret\" \"s\" {{\n  name = \"k\"\n  value = local.f[1]\n}}\n"
    );
    let found = flows(&[("a.tf", &text)]);
    let ends = found.iter().filter(|flow| flow.contains("KeyVaultSecret"));
    let slots: BTreeSet<String> =
        ends.map(|flow| flow.split_whitespace().nth(1).unwrap().to_owned()).collect();
    slots.into_iter().collect()
}

#[test]
fn an_element_of_a_list_is_the_one_that_is_at_its_place() {
    const BOTH_SLOTS: &[&str] = &["primary", "secondary"];
    let told: [(&str, &[&str]); 12] = [
        ("[P, S]", &["secondary"]),
        ("flatten([[\"x\"], [P, S]])", &["primary"]),
        ("flatten([[P], [S]])", &["secondary"]),
        ("flatten([var.more, [P, S]])", BOTH_SLOTS),
        ("flatten([P, [[S]]])", &["secondary"]),
        ("tolist(flatten([[\"x\", \"y\"], [P, S]]))", &[]),
        ("compact([P, S])", &["secondary"]),
        ("compact([\"\", P, S])", BOTH_SLOTS),
        ("reverse([P, S])", BOTH_SLOTS),
        ("concat([\"x\"], [P, S])", BOTH_SLOTS),
        ("concat([P, S], [\"x\"])", &["secondary"]),
        ("slice([\"x\", P, S], 1, 3)", BOTH_SLOTS),
    ];
    for (made, ends) in told {
        assert_eq!(second_of(made), ends, "{made}");
    }
}

#[test]
fn secrets_whose_names_differ_by_the_slots_word_deliver_both() {
    let secret = |label: &str, slot: &str, name: &str| {
        format!(
            "resource \"azurerm_key_vault_secret\" \"{label}\" {{\n  for_each = azurerm_cosmosdb_account.x\n  name = \"{name}\"\n  value = each.value.{slot}_key\n}}\n"
        )
    };
    let roles = |one: &str, two: &str| {
        let tree = Tree::read(&[("a.tf", secret("p", "primary", one) + &secret("q", "secondary", two))]);
        tree.references.iter().map(|it| it.role).collect::<Vec<_>>()
    };
    assert_eq!(roles("${each.key}-primary", "${each.key}-secondary"), [Role::Definition; 2]);
    assert_eq!(roles("${each.key}-primary", "${var.key}-secondary"), [Role::Consumer; 2]);
    assert_eq!(roles("${each.key}-a", "${each.key}-b"), [Role::Consumer; 2]);
}

#[test]
fn what_is_picked_from_a_loop_where_it_stands_is_the_element() {
    let list = format!("[for a in azurerm_cosmosdb_account.x : {PAIR}]");
    let map = format!("{{ for k, a in azurerm_cosmosdb_account.x : k => {PAIR} }}");
    for picked in [
        format!("{list}[0]"),
        format!("{map}[\"eu\"]"),
        format!("one({list})"),
        format!("element(concat({list}, []), 0)"),
        format!("lookup({map}, \"eu\")"),
        format!("values({map})[0]"),
    ] {
        let text = format!(
            "locals {{\n  keys = {picked}\n}}\nresource \"azurerm_key_vault_secret\" \"s\" {{\n  name = \"s\"\n  value = local.keys.primary\n}}\n"
        );
        turns(&[("a.tf", text)], "local.keys.primary");
    }
    // A text that is made of all of them stands right where it is written.
    for made in [
        "[for a in azurerm_cosmosdb_account.x : a.SLOT][0]",
        "join(\",\", [for a in azurerm_cosmosdb_account.x : a.SLOT])",
    ] {
        let setting = |slot: &str| {
            let value = made.replace("SLOT", &format!("{slot}_key"));
            format!("  setting {{\n    name = \"{slot}-key\"\n    value = {value}\n  }}\n")
        };
        let text =
            format!("resource \"azurerm_app\" \"a\" {{\n{}{}}}\n", setting("primary"), setting("secondary"));
        let tree = Tree::read(&[("a.tf", &text)]);
        assert!(tree.references.iter().all(|it| it.role == Role::Definition), "{text}");
    }
}

#[test]
fn maps_of_keys_in_pairs_are_read_by_whatever_picks_an_element() {
    let output = |slot: &str| {
        format!(
            "output \"{slot}_keys\" {{\n  value = {{ for k, a in azurerm_cosmosdb_account.x : k => a.{slot}_key }}\n}}\n"
        )
    };
    let module = output("primary") + &output("secondary");
    for read in [
        "KEYS[each.key]",
        "KEYS[var.name]",
        "KEYS[\"eu\"]",
        "lookup(KEYS, \"eu\", \"\")",
        "lookup(KEYS, each.key)",
    ] {
        let read = read.replace("KEYS", "module.m.primary_keys");
        let root = format!(
            "module \"m\" {{\n  source = \"./m\"\n}}\nresource \"azurerm_key_vault_secret\" \"s\" {{\n  name = \"s\"\n  value = {read}\n}}\n"
        );
        let files = [("a.tf", root.clone()), ("m/o.tf", module.clone())];
        let tree = Tree::read(&files);
        assert_eq!(tree.opaque, [], "{read}");
        let changed = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap();
        assert_eq!(changed, [("a.tf".to_owned(), root.replace("primary", "secondary").into_bytes())]);
    }
    // Here a value picks the slot.
    let local = "locals {\n  keys = { for s in [\"a\"] : s => { primary = azurerm_cosmosdb_account.x.primary_key, secondary = azurerm_cosmosdb_account.x.secondary_key } }\n  k = local.keys[var.name][var.slot]\n}\n";
    assert_eq!(Tree::read(&[("a.tf", local)]).opaque.len(), 1);
}
