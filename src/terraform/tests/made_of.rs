//! Values that choose the slot and are made of others: looked up, fallen back to, or joined to one condition.

use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Refusal, Tree, flip};

const P: &str = "data.azurerm_cosmosdb_account.x.primary_key";
const S: &str = "data.azurerm_cosmosdb_account.x.secondary_key";

fn code(values: &str, key: &str) -> String {
    let key = key.replace("$P", P).replace("$S", S).replace("$X", "data.azurerm_cosmosdb_account.x");
    format!(
        "data \"azurerm_cosmosdb_account\" \"x\" {{\n  name = \"acme\"\n}}\n{values}\
         resource \"azurerm_key_vault_secret\" \"s\" {{\n  name  = \"a\"\n  value = {key}\n}}\n"
    )
}

fn variable(name: &str, default: &str) -> String {
    format!("variable \"{name}\" {{\n  default = {default}\n}}\n")
}

const BY_ENV: &str = "locals {\n  by_env = { dev = \"primary\", prod = \"secondary\" }\n}\n";

#[test]
fn what_is_looked_up_or_fallen_back_to_is_what_a_flip_changes() {
    let env = variable("env", "\"dev\"") + BY_ENV;
    let nothing = variable("slot", "null");
    let said = variable("slot", "\"primary\"");
    for (values, key, old, new) in [
        (&env, "local.by_env[\"dev\"] == \"primary\" ? $P : $S", "dev = \"primary\"", "dev = \"secondary\""),
        (&env, "$X[\"${lookup(local.by_env, \"dev\")}_key\"]", "dev = \"primary\"", "dev = \"secondary\""),
        (
            &env,
            "lookup(local.by_env, \"qa\", \"primary\") == \"primary\" ? $P : $S",
            "\"qa\", \"primary\"",
            "\"qa\", \"secondary\"",
        ),
        (
            &nothing,
            "$X[\"${coalesce(var.slot, \"primary\")}_key\"]",
            "slot, \"primary\"",
            "slot, \"secondary\"",
        ),
        (&said, "coalesce(var.slot, \"x\") == \"primary\" ? $P : $S", "= \"primary\"\n", "= \"secondary\"\n"),
        (&said, "try(var.slot, \"x\") == \"primary\" ? $P : $S", "= \"primary\"\n", "= \"secondary\"\n"),
        (&said, "$X[\"${try(var.slot, \"primary\")}_key\"]", "= \"primary\"\n", "= \"secondary\"\n"),
    ] {
        let text = code(values, key);
        let tree = Tree::read(&[("a.tf", &text)]);
        assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Only(Slot::Primary), "{key}");
        let there = flip(&[("a.tf", &text)], None, Access::ReadWrite, Slot::Secondary).unwrap();
        let there = String::from_utf8(there[0].1.clone()).unwrap();
        assert_eq!(there, text.replacen(old, new, 1), "{key}");
        let back = flip(&[("a.tf", &there)], None, Access::ReadWrite, Slot::Primary).unwrap();
        assert_eq!(String::from_utf8_lossy(&back[0].1), text);
    }
}

#[test]
fn what_is_made_empty_on_its_way_is_fallen_back_from() {
    let maybe = "locals {\n  maybe = var.use_primary ? \"primary\" : \"\"\n}\n";
    for (value, slot) in [("false", Slot::Secondary), ("true", Slot::Primary)] {
        for key in [
            "coalesce(local.maybe, \"secondary\") == \"secondary\" ? $S : $P",
            "$X[\"${coalesce(local.maybe, \"secondary\")}_key\"]",
        ] {
            let text = code(&(variable("use_primary", value) + maybe), key);
            let tree = Tree::read(&[("a.tf", &text)]);
            assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Only(slot), "{value}: {key}");
        }
    }
    // A text around it is not empty, whatever is in it; and what is around all of it does not make it so.
    let around = variable("x", "\"\"") + "locals {\n  maybe = \"${var.x}primary\"\n}\n";
    let text = code(&around, "coalesce(local.maybe, \"secondary\") == \"secondary\" ? $S : $P");
    let tree = Tree::read(&[("a.tf", &text)]);
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Only(Slot::Primary));
}

#[test]
fn what_is_asked_for_more_than_once_decides_nothing_besides() {
    let values = variable("slot", "\"primary\"") + &variable("other", "\"x\"");
    for condition in [
        "coalesce(var.slot, var.other) == \"primary\"",
        "coalesce(var.slot, var.other) == \"primary\" || coalesce(var.slot, var.other) == \"main\"",
    ] {
        let text = code(&values, &format!("{condition} ? $P : $S"));
        let there = flip(&[("a.tf", &text)], None, Access::ReadWrite, Slot::Secondary);
        let there = there.unwrap_or_else(|refusals| panic!("{condition}: {refusals:?}"));
        assert_ne!(there[0].1, text.as_bytes());
        let back = Tree::read(&[("a.tf", std::str::from_utf8(&there[0].1).unwrap())]);
        assert_eq!(back.slot_use(0, Access::ReadWrite), SlotUse::Only(Slot::Secondary), "{condition}");
    }
}

#[test]
fn a_condition_of_several_values_is_known_and_moved_by_nobody() {
    for (a, b, condition, slot) in [
        ("true", "true", "var.a && var.b", Slot::Secondary),
        ("true", "false", "var.a && var.b", Slot::Primary),
        ("false", "true", "var.a || var.b", Slot::Secondary),
        ("true", "true", "!(var.a && var.b)", Slot::Primary),
        ("true", "false", "var.a && !var.b", Slot::Secondary),
        ("\"on\"", "true", "var.a == \"on\" && var.b", Slot::Secondary),
    ] {
        let values = variable("a", a) + &variable("b", b);
        let text = code(&values, &format!("{condition} ? $S : $P"));
        let tree = Tree::read(&[("a.tf", &text)]);
        assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Only(slot), "{condition}");
        let refusals = flip(&[("a.tf", &text)], None, Access::ReadWrite, slot.other()).unwrap_err();
        assert!(matches!(refusals[0], Refusal::ChosenElsewhere { .. }), "{refusals:?}");
        assert!(flip(&[("a.tf", &text)], None, Access::ReadWrite, slot).unwrap().is_empty());
    }
}

#[test]
fn what_is_made_of_something_open_is_not_known() {
    // What the default says is not what other runs are given: the elements are those of several environments.
    let open = "variable \"open\" {}\n".to_owned() + &variable("env", "\"dev\"") + BY_ENV;
    for key in [
        "local.by_env[var.env] == \"primary\" ? $P : $S",
        "$X[\"${lookup(local.by_env, var.env)}_key\"]",
        "lookup(local.by_env, var.env, \"secondary\") == \"primary\" ? $P : $S",
        "coalesce(local.by_env[var.env], \"primary\") == \"primary\" ? $P : $S",
        "local.by_env[var.open] == \"primary\" ? $P : $S",
        "lookup(local.by_env, var.open, \"primary\") == \"primary\" ? $P : $S",
        "coalesce(var.open, \"primary\") == \"primary\" ? $P : $S",
        "try(local.by_env.qa, var.open) == \"primary\" ? $P : $S",
        "var.open && true ? $P : $S",
    ] {
        let tree = Tree::read(&[("a.tf", code(&open, key))]);
        assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::Unknown, "{key}");
    }
}
