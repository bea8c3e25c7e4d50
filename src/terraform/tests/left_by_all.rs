//! Local values that hold one key each, and of which a flip leaves one that nobody reads.

use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Refusal, Tree, flip};

const PRIMARY: &str = "azurerm_cosmosdb_account.a.primary_key";
const SECONDARY: &str = "azurerm_cosmosdb_account.a.secondary_key";
const SECRET: &str = "variable \"in\" {}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  name = \"s\"\n  value = var.in\n}\n";

fn reading(symbol: &str, value: &str) -> String {
    format!(
        "resource \"azurerm_key_vault_secret\" \"{symbol}\" {{\n  name = \"{symbol}\"\n  value = {value}\n}}\n"
    )
}

fn of(files: &[(&str, &str)]) -> SlotUse {
    Tree::read(files).slot_use(0, Access::ReadWrite)
}

/// Flips there and back, and says how the tree reads after the first.
fn there_and_back(main: &str, module: &str, to: Slot, old: &str, new: &str) {
    let others = [("m/main.tf", module)];
    let with = |text| [("main.tf", text), others[0]];
    assert_eq!(of(&with(main)), SlotUse::Mixed);
    let after = main.replace(old, new);
    let flipped = flip(&with(main), None, Access::ReadWrite, to);
    assert_eq!(flipped, Ok(vec![("main.tf".to_owned(), after.clone().into_bytes())]), "{main}");
    assert_eq!(of(&with(&after)), SlotUse::Only(to), "{main}");
    let back = after.replace(new, old).into_bytes();
    let flipped = flip(&with(&after), None, Access::ReadWrite, to.other());
    assert_eq!(flipped, Ok(vec![("main.tf".to_owned(), back)]), "{main}");
}

#[test]
fn calls_of_one_module_may_hand_in_either() {
    let call =
        |name: &str, value: &str| format!("module \"{name}\" {{\n  source = \"./m\"\n  in = {value}\n}}\n");
    let of_key = SECRET.replace("var.in", "var.in.key");
    for (module, a, b, below) in [
        (SECRET, PRIMARY.to_owned(), SECONDARY.to_owned(), ""),
        (&of_key, format!("{{ key = {PRIMARY} }}"), format!("{{ key = {SECONDARY} }}"), ".key"),
    ] {
        let locals = format!("locals {{\n  a = {a}\n  b = {b}\n}}\n");
        let given = |name: &str| match below {
            "" => format!("local.{name}"),
            _ => format!("{{ key = local.{name}{below} }}"),
        };
        let main = format!("{locals}{}{}", call("one", &given("a")), call("two", &given("b")));
        there_and_back(&main, module, Slot::Secondary, "local.a", "local.b");
        there_and_back(&main, module, Slot::Primary, "local.b", "local.a");
    }
}

#[test]
fn one_that_is_only_asked_for_stays_the_other_one() {
    let locals = format!("locals {{\n  a = {PRIMARY}\n  b = {SECONDARY}\n}}\n");
    let objects = format!("locals {{\n  a = {{ key = {PRIMARY} }}\n  b = {{ key = {SECONDARY} }}\n}}\n");
    let asked = "output \"there\" {\n  value = local.a == \"\" ? \"no\" : \"yes\"\n}\n";
    let plain = [reading("s", "local.a"), reading("t", "local.b")].concat();
    there_and_back(
        &format!("{locals}{plain}{asked}"),
        "",
        Slot::Secondary,
        "value = local.a\n",
        "value = local.b\n",
    );
    let by_name = [reading("s", "local.a.key"), reading("t", "local.b.key")].concat();
    // What else is read of the same objects is another thing.
    let beside = "output \"name\" {\n  value = local.a.name\n}\n";
    let named = objects.replace("{ key", "{ name = \"x\", key");
    for main in [format!("{objects}{by_name}"), format!("{named}{by_name}{beside}")] {
        for (to, old, new) in [(Slot::Secondary, "a.key", "b.key"), (Slot::Primary, "b.key", "a.key")] {
            let (old, new) = (format!("= local.{old}"), format!("= local.{new}"));
            there_and_back(&main, "", to, &old, &new);
        }
    }
}

#[test]
fn another_name_that_nobody_reads_is_a_reader() {
    for more in ["x = local.a", "x = local.b"] {
        let locals = format!("locals {{\n  a = {PRIMARY}\n  b = {SECONDARY}\n  {more}\n}}\n");
        let main = [locals, reading("s", "local.a"), reading("t", "local.b")].concat();
        for (to, old, new) in [(Slot::Secondary, "local.a", "local.b"), (Slot::Primary, "local.b", "local.a")]
        {
            let flipped = flip(&[("main.tf", &main)], None, Access::ReadWrite, to);
            let after = main.replace(old, new);
            assert_eq!(flipped, Ok(vec![("main.tf".to_owned(), after.clone().into_bytes())]));
            assert_eq!(of(&[("main.tf", &after)]), SlotUse::Only(to));
        }
    }
}

/// Within an object, too.
#[test]
fn an_element_by_another_name_that_nobody_reads_is_a_reader() {
    let objects = |x: &str| {
        format!(
            "locals {{\n  a = {{ k = {PRIMARY} }}\n  b = {{ k = {SECONDARY} }}\n  x = {{ k = {x} }}\n}}\n"
        )
    };
    let main =
        |name: &str| [objects(&format!("local.{name}.k")), reading("s", &format!("local.{name}.k"))].concat();
    for (to, from, name) in [(Slot::Secondary, "a", "b"), (Slot::Primary, "b", "a")] {
        let flipped = flip(&[("main.tf", &main(from))], None, Access::ReadWrite, to);
        assert_eq!(flipped, Ok(vec![("main.tf".to_owned(), main(name).into_bytes())]));
        assert_eq!(of(&[("main.tf", &main(name))]), SlotUse::Only(to));
    }
}

#[test]
fn a_third_one_that_nobody_reads_leaves_no_single_other_one() {
    for third in [PRIMARY, SECONDARY] {
        let locals = format!("locals {{\n  a = {PRIMARY}\n  b = {SECONDARY}\n  c = {third}\n}}\n");
        let main = [locals, reading("s", "local.a"), reading("t", "local.b")].concat();
        for to in Slot::ALL {
            let refusals = flip(&[("main.tf", &main)], None, Access::ReadWrite, to).unwrap_err();
            let none = |refusal: &Refusal| matches!(refusal, Refusal::NoCounterpart { .. });
            assert!(refusals.iter().all(none), "{refusals:?}");
        }
    }
}
