//! Slots that a condition makes of a value: `local.slot` of `slot = var.use_secondary ? "secondary" : "primary"`.

use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{claim, flip};

/// The code with `X` for an account.
fn spelt<'f>(files: &[(&'f str, &str)]) -> Vec<(&'f str, String)> {
    files.iter().map(|(path, text)| (*path, text.replace("X.", "azurerm_cosmosdb_account.x."))).collect()
}

/// The code with `X` for an account, after the flip to the secondary key; the same again after the flip back.
#[track_caller]
fn check(files: &[(&str, &str)], changed: &str, old: &str, new: &str) {
    let spelt = spelt(files);
    let before: Vec<(&str, &str)> = spelt.iter().map(|(path, text)| (*path, text.as_str())).collect();
    assert_eq!(claim(&before, None, Access::ReadWrite).reads, SlotUse::Only(Slot::Primary), "{before:#?}");
    let flipped = flip(&before, None, Access::ReadWrite, Slot::Secondary).unwrap();
    let (_, text) = spelt.iter().find(|(path, _)| *path == changed).unwrap();
    let expected = text.replace(old, new);
    assert_eq!(flipped, [(changed.to_owned(), expected.clone().into_bytes())]);
    let after: Vec<(&str, &str)> =
        before.iter().map(|(path, text)| (*path, if *path == changed { &expected } else { *text })).collect();
    assert_eq!(claim(&after, None, Access::ReadWrite).reads, SlotUse::Only(Slot::Secondary));
    let back = flip(&after, None, Access::ReadWrite, Slot::Primary).unwrap();
    assert_eq!(back, [(changed.to_owned(), text.clone().into_bytes())]);
}

/// Whether neither slot is claimed, and no flip goes through.
#[track_caller]
fn unknown(files: &[(&str, &str)]) {
    let spelt = spelt(files);
    let files: Vec<(&str, &str)> = spelt.iter().map(|(path, text)| (*path, text.as_str())).collect();
    assert!(!matches!(claim(&files, None, Access::ReadWrite).reads, SlotUse::Only(_)), "{files:#?}");
    assert!(flip(&files, None, Access::ReadWrite, Slot::Secondary).is_err(), "{files:#?}");
}

const READS: [&str; 8] = [
    "k = azurerm_cosmosdb_account.x[\"${local.slot}_key\"]",
    "k = azurerm_cosmosdb_account.x[\"${(local.slot)}_sql_connection_string\"]",
    "k = local.slot == \"primary\" ? X.primary_key : X.secondary_key",
    "k = local.slot != \"secondary\" ? X.primary_key : X.secondary_key",
    "k = { primary = X.primary_key, secondary = X.secondary_key }[local.slot]",
    "k = lookup({ primary = X.primary_key, secondary = X.secondary_key }, local.slot)",
    "k = local.is_second ? X.secondary_key : X.primary_key",
    "k = [X.primary_key, X.secondary_key][local.is_second ? 1 : 0]",
];

fn locals(slot: &str, read: &str) -> String {
    let second = if read.contains("is_second") { "  is_second = local.slot == \"secondary\"\n" } else { "" };
    format!("locals {{\n  slot = {slot}\n{second}  {read}\n}}\n")
}

#[test]
fn a_variable_behind_a_condition_is_what_a_flip_changes() {
    let variables = "variable \"use_secondary\" {\n  default = false\n}\n";
    for read in READS {
        for slot in [
            "var.use_secondary ? \"secondary\" : \"primary\"",
            "(!var.use_secondary ? \"primary\" : \"secondary\")",
            "var.use_secondary == true ? \"secondary\" : \"primary\"",
        ] {
            let code = locals(slot, read);
            check(&[("a.tf", &code), ("v.tf", variables)], "v.tf", "false", "true");
        }
    }
}

#[test]
fn a_condition_may_stand_where_its_value_is_taken() {
    let variables = "variable \"use_secondary\" {\n  default = false\n}\n";
    let taken = "var.use_secondary ? \"secondary\" : \"primary\"";
    for read in READS.into_iter().filter(|read| read.contains("local.slot")) {
        let code = format!("locals {{\n  {}\n}}\n", read.replace("local.slot", &format!("({taken})")));
        check(&[("a.tf", &code), ("v.tf", variables)], "v.tf", "false", "true");
    }
    for index in ["var.use_secondary ? 1 : 0", "(var.use_secondary ? 1 : 0)"] {
        let code = format!("locals {{\n  k = azurerm_cosmosdb_account.x.connection_strings[{index}]\n}}\n");
        check(&[("a.tf", &code), ("v.tf", variables)], "v.tf", "false", "true");
    }
}

#[test]
fn a_variables_file_and_a_caller_say_it_too() {
    let module = "variable \"stand\" {}\nlocals {\n  slot = var.stand == \"blue\" ? \"primary\" : \"secondary\"\n  \
                  k = azurerm_cosmosdb_account.x[\"${local.slot}_key\"]\n}\n";
    let root = "variable \"colour\" {}\nmodule \"m\" {\n  source = \"./m\"\n  stand = var.colour\n}\n";
    let values = "colour = \"blue\"\n";
    let files = [("a.tf", root), ("m/a.tf", module), ("terraform.tfvars", values)];
    // What the other colour is called, nothing says.
    let spelt = claim(&files, None, Access::ReadWrite);
    assert_eq!(spelt.reads, SlotUse::Only(Slot::Primary));
    assert!(flip(&files, None, Access::ReadWrite, Slot::Secondary).is_err());

    let module = module
        .replace("\"blue\" ?", "\"green\" ?")
        .replace("\"primary\" : \"secondary\"", "\"secondary\" : \"primary\"");
    let files = [("a.tf", root), ("m/a.tf", module.as_str()), ("terraform.tfvars", values)];
    assert_eq!(claim(&files, None, Access::ReadWrite).reads, SlotUse::Only(Slot::Primary));
    let flipped = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(flipped, [("terraform.tfvars".to_owned(), b"colour = \"green\"\n".to_vec())]);

    // A caller may work it out itself.
    let root = "variable \"dr\" {\n  default = false\n}\nmodule \"m\" {\n  source = \"./m\"\n  \
                slot = var.dr ? \"secondary\" : \"primary\"\n}\n";
    let module =
        "variable \"slot\" {\n  validation {\n    condition = contains([\"primary\", \"secondary\"], \
                  var.slot)\n    error_message = \"no\"\n  }\n}\nlocals {\n  k = X.primary_key\n  \
                  l = var.slot == \"primary\" ? X.primary_key : X.secondary_key\n}\n"
            .replace("  k = X.primary_key\n", "");
    check(&[("a.tf", root), ("m/a.tf", &module)], "a.tf", "false", "true");
}

#[test]
fn calls_of_one_module_say_it_each_for_its_own_account() {
    let module = "variable \"name\" {}\nvariable \"second\" {}\nlocals {\n  slot = var.second ? \"secondary\" : \
                  \"primary\"\n}\ndata \"azurerm_cosmosdb_account\" \"x\" {\n  name = var.name\n}\nresource \
                  \"azurerm_key_vault_secret\" \"s\" {\n  value = \
                  data.azurerm_cosmosdb_account.x[\"${local.slot}_key\"]\n}\n";
    let root = "module \"a\" {\n  source = \"./m\"\n  name = \"a\"\n  second = false\n}\nmodule \"b\" {\n  source = \
                \"./m\"\n  name = \"b\"\n  second = true\n}\n";
    let tree = crate::terraform::Tree::read(&[("a.tf", root), ("m/a.tf", module)]);
    let mut slots: Vec<(String, Slot)> = tree
        .references
        .iter()
        .filter(|it| it.role == crate::terraform::Role::Chosen)
        .map(|it| (tree.accounts[it.account].key.to_string(), it.slot))
        .collect();
    slots.sort();
    assert_eq!(slots, [("a".to_owned(), Slot::Primary), ("b".to_owned(), Slot::Secondary)]);
    assert!(tree.opaque.is_empty(), "{:?}", tree.opaque);
}

#[test]
fn what_the_condition_asks_must_be_known_and_its_answers_written_out() {
    let no_default = "variable \"use_secondary\" {}\n";
    let default = "variable \"use_secondary\" {\n  default = false\n}\n";
    for read in READS {
        let code = locals("var.use_secondary ? \"secondary\" : \"primary\"", read);
        unknown(&[("a.tf", &code), ("v.tf", no_default)]);
        for slot in [
            "var.use_secondary ? \"secondary\" : var.other",
            "var.use_secondary && var.more ? \"secondary\" : \"primary\"",
            "var.use_secondary == var.more ? \"secondary\" : \"primary\"",
            "var.use_secondary ? \"primary\" : \"primary\"",
        ] {
            let code = locals(slot, read);
            let files = spelt(&[("a.tf", code.as_str()), ("v.tf", default)]);
            assert!(flip(&files, None, Access::ReadWrite, Slot::Secondary).is_err(), "{files:#?}");
        }
    }
}

#[test]
fn what_a_condition_decides_besides_is_told() {
    let variables = "variable \"use_secondary\" {\n  default = false\n}\n";
    let code = "locals {\n  slot = var.use_secondary ? \"secondary\" : \"primary\"\n  k = \
                azurerm_cosmosdb_account.x[\"${local.slot}_key\"]\n}\n";
    for more in ["locals {\n  t = local.slot\n}\n", "locals {\n  t = var.use_secondary\n}\n"] {
        let code = format!("{code}{more}");
        let files = [("a.tf", code.as_str()), ("v.tf", variables)];
        let refused = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap_err();
        assert!(
            refused[0].to_string().contains("chooses the slot and also decides `locals.t`"),
            "{refused:?}"
        );
    }
}

/// One way to say a key by a variable or a local value: what is declared, what is read, what a flip changes.
const SAID: [(&str, &str, [&str; 2]); 16] = [
    ("variable \"v\" {\n  default = \"primary_key\"\n}", "X[var.v]", ["primary_key", "secondary_key"]),
    ("locals {\n  v = \"primary_master_key\"\n}", "X[local.v]", ["primary_master", "secondary_master"]),
    ("locals {\n  v = \"primary_key\"\n}", "lookup(X, local.v)", ["primary_key", "secondary_key"]),
    ("locals {\n  v = \"primary_key\"\n}", "\"AccountKey=${X[local.v]}\"", ["primary_key", "secondary_key"]),
    ("locals {\n  v = \"primary\"\n}", "X[format(\"%s_key\", local.v)]", ["\"primary\"", "\"secondary\""]),
    (
        "locals {\n  v = \"primary\"\n  n = \"${local.v}_key\"\n}",
        "X[local.n]",
        ["\"primary\"", "\"secondary\""],
    ),
    (
        "variable \"v\" {\n  default = false\n}\nlocals {\n  n = var.v ? \"secondary_key\" : \"primary_key\"\n}",
        "X[local.n]",
        ["= false", "= true"],
    ),
    (
        "variable \"v\" {\n  default = false\n}\nlocals {\n  s = var.v ? \"secondary\" : \"primary\"\n  n = \"${local.s}_key\"\n}",
        "X[local.n]",
        ["= false", "= true"],
    ),
    ("variable \"v\" {\n  default = 0\n}", "element(X.connection_strings, var.v)", ["= 0", "= 1"]),
    (
        "variable \"v\" {\n  default = \"primary\"\n}",
        "local.keys[\"${var.v}\"]",
        ["= \"primary\"", "= \"secondary\""],
    ),
    (
        "variable \"v\" {\n  default = \"primary\"\n}",
        "local.long[\"${var.v}_key\"]",
        ["= \"primary\"", "= \"secondary\""],
    ),
    (
        "variable \"v\" {\n  default = \"primary\"\n}",
        "{ primary_key = X.primary_key, secondary_key = X.secondary_key }[\"${var.v}_key\"]",
        ["= \"primary\"", "= \"secondary\""],
    ),
    (
        "variable \"v\" {\n  default = \"primary\"\n}",
        "contains([\"secondary\", \"b\"], var.v) ? X.secondary_key : X.primary_key",
        ["= \"primary\"", "= \"secondary\""],
    ),
    (
        "variable \"v\" {\n  default = \"primary\"\n}",
        "var.v == \"secondary\" || var.v == \"b\" ? X.secondary_key : X.primary_key",
        ["= \"primary\"", "= \"secondary\""],
    ),
    (
        "variable \"v\" {\n  default = \"primary\"\n}",
        "!(var.v != \"primary\" && var.v != \"\") ? X.primary_key : X.secondary_key",
        ["= \"primary\"", "= \"secondary\""],
    ),
    (
        "variable \"v\" {\n  default = \"primary\"\n}\nlocals {\n  on = contains([\"secondary\"], var.v)\n}",
        "local.on ? X.secondary_key : X.primary_key",
        ["= \"primary\"", "= \"secondary\""],
    ),
];

#[test]
fn a_name_that_is_put_together_is_what_its_value_says() {
    let keys = "locals {\n  keys = { primary = X.primary_key, secondary = X.secondary_key }\n  long = { primary_key = \
                X.primary_key, secondary_key = X.secondary_key }\n}\n";
    for (declared, read, [old, new]) in SAID {
        let read =
            read.replace("X[", "azurerm_cosmosdb_account.x[").replace("(X,", "(azurerm_cosmosdb_account.x,");
        let secret = "resource \"azurerm_key_vault_secret\" \"s\" {\n  name = \"s\"\n  value = ";
        let keys = if read.contains("local.keys") || read.contains("local.long") { keys } else { "" };
        for code in [
            format!("{keys}{secret}{read}\n}}\n"),
            format!("{keys}locals {{\n  k = {read}\n}}\n{secret}local.k\n}}\n"),
        ] {
            check(&[("a.tf", &code), ("v.tf", &format!("{declared}\n"))], "v.tf", old, new);
        }
    }
}

#[test]
fn a_variables_file_and_a_caller_say_a_whole_name_too() {
    let secret = "variable \"v\" {}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  name = \"s\"\n  value = \
                  azurerm_cosmosdb_account.x[var.v]\n}\n";
    let values = "v = \"primary_sql_connection_string\"\n";
    check(&[("a.tf", secret), ("terraform.tfvars", values)], "terraform.tfvars", "primary", "secondary");
    let root = "module \"m\" {\n  source = \"./m\"\n  v = \"primary_key\"\n}\n";
    check(&[("a.tf", root), ("m/a.tf", secret)], "a.tf", "primary", "secondary");
}

#[test]
fn a_name_that_is_not_known_or_no_keys_stays_unknown() {
    let secret = |read: &str| {
        format!(
            "resource \"azurerm_key_vault_secret\" \"s\" {{\n  name = \"s\"\n  value = azurerm_cosmosdb_account.x{read}\n}}\n"
        )
    };
    let two = "variable \"v\" {\n  default = \"primary_key\"\n}\nvariable \"w\" {\n  default = true\n}\n";
    let condition = "locals {\n  k = var.v == \"secondary\" && var.w ? X.secondary_key : X.primary_key\n}\n";
    for (code, values) in [
        (secret("[var.v]"), "variable \"v\" {}\n"),
        // Another thing, or an instance of a repeated block.
        (secret("[var.v]"), "variable \"v\" {\n  default = \"eu\"\n}\n"),
        (secret("[\"${var.v}_${var.w}\"]"), two),
        (secret("[format(\"%s_%s\", var.v, var.w)]"), two),
        (secret("[lower(var.v)]"), two),
        // One that is open decides, where the other does not alone.
        (condition.to_owned(), "variable \"v\" {}\nvariable \"w\" {\n  default = true\n}\n"),
        (condition.replace("&&", "||"), "variable \"v\" {\n  default = \"primary\"\n}\nvariable \"w\" {}\n"),
        (condition.replace("var.w", "var.v != \"primary\""), "variable \"v\" {}\n"),
    ] {
        unknown(&[("a.tf", &code), ("v.tf", values)]);
    }
    // Of an instance that a value picks, the key is named.
    let code = secret("[var.v].primary_key");
    let files = [("a.tf", code.as_str()), ("v.tf", "variable \"v\" {\n  default = \"primary_key\"\n}\n")];
    let flipped = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap();
    assert_eq!(flipped, [("a.tf".to_owned(), code.replace("].primary", "].secondary").into_bytes())]);
}

#[test]
fn what_a_resource_demands_of_the_value_is_not_broken() {
    let demand = |condition: &str| {
        format!(
            "variable \"slot\" {{\n  default = \"primary\"\n}}\nvariable \"second\" {{\n  default = false\n}}\nresource \"null_resource\" \"n\" \
             {{\n  lifecycle {{\n    precondition {{\n      condition = {condition}\n      error_message = \"no\"\n    }}\n  }}\n}}\n"
        )
    };
    let slot = "locals {\n  k = var.slot == \"primary\" ? X.primary_key : X.secondary_key\n}\n";
    let second = "locals {\n  k = var.second ? X.secondary_key : X.primary_key\n}\n";
    for (code, condition, holds) in [
        (slot, "var.slot == \"primary\"", false),
        (slot, "var.slot != \"secondary\"", false),
        (slot, "contains([\"primary\", \"secondary\"], var.slot)", true),
        (slot, "length(var.slot) > 0", true),
        (second, "!var.second", false),
        (second, "var.second == false", false),
    ] {
        let text = format!("{code}{}", demand(condition));
        let files = spelt(&[("a.tf", text.as_str())]);
        let flipped = flip(&files, None, Access::ReadWrite, Slot::Secondary);
        assert_eq!(flipped.is_ok(), holds, "{condition}: {flipped:?}");
    }
}
