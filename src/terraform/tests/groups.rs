//! Keys of one slot that are kept together and taken as a whole: whoever takes the group reads every key in it.

use super::flows::flows;
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{AllowedOpaque, Refusal, Tree, flip, plan_allowing};

/// The text with `A` and `B` for two accounts, and a reader of the first one's primary key.
fn root(text: &str) -> String {
    let account = |name: &str| {
        format!("resource \"azurerm_cosmosdb_account\" \"{name}\" {{\n  name = \"acme-{name}\"\n}}\n")
    };
    let text = format!("{}{}{text}{}", account("a"), account("b"), secret("z", "", "A.primary_key"));
    text.replace("A.", "azurerm_cosmosdb_account.a.").replace("B.", "azurerm_cosmosdb_account.b.")
}

fn secret(symbol: &str, over: &str, value: &str) -> String {
    format!(
        "resource \"azurerm_key_vault_secret\" \"{symbol}\" {{\n{over}  name = \"{symbol}\"\n  value = {value}\n}}\n"
    )
}

const TWO: &str = "locals {\n  primary   = { a = A.primary_key, b = B.primary_key }\n  secondary = { a = A.secondary_key, b = \
                   B.secondary_key }\n}\n";

const ONE: &str = "locals {\n  k = {\n    primary   = { a = A.primary_key, b = B.primary_key }\n    secondary = { a = \
                   A.secondary_key, b = B.secondary_key }\n  }\n}\n";

/// The files after the flip of all accounts; the flip back leads to what was before.
#[track_caller]
fn there_and_back(files: &[(&str, &str)]) -> Vec<(String, String)> {
    let turned = |files: &[(&str, &str)], to: Slot| {
        let tree = Tree::read(files);
        let accounts: Vec<usize> = (0..tree.accounts.len()).collect();
        let flip = plan_allowing(&tree, &accounts, Access::ReadWrite, to, &AllowedOpaque::default()).unwrap();
        let changed: Vec<(String, String)> =
            flip.files.into_iter().map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap())).collect();
        let new = |path: &str, text: &str| {
            changed.iter().find(|(it, _)| it == path).map_or(text.to_owned(), |(_, new)| new.clone())
        };
        files.iter().map(|(path, text)| ((*path).to_owned(), new(path, text))).collect::<Vec<_>>()
    };
    let there = turned(files, Slot::Secondary);
    let after: Vec<(&str, &str)> = there.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let tree = Tree::read(&after);
    for account in 0..tree.accounts.len() {
        assert_eq!(tree.slot_use(account, Access::ReadWrite), SlotUse::Only(Slot::Secondary), "{after:#?}");
    }
    let back = turned(&after, Slot::Primary);
    let before: Vec<(String, String)> =
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    assert_eq!(back, before);
    there
}

#[test]
fn a_group_of_two_accounts_is_read_for_both() {
    let module = "variable \"keys\" {}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  for_each = var.keys\n  name = each.key\n  \
                  value = each.value\n}\n";
    let call = |keys: &str| format!("module \"m\" {{\n  source = \"./m\"\n  keys = {keys}\n}}\n");
    let by_for = "locals {\n  accts = { a = azurerm_cosmosdb_account.a, b = azurerm_cosmosdb_account.b }\n  primary = { for k, x in \
                  local.accts : k => x.primary_key }\n  secondary = { for k, x in local.accts : k => x.secondary_key }\n}\n";
    for (text, old, new) in [
        (
            format!("{TWO}{}", secret("s", "  for_each = local.primary\n", "each.value")),
            "local.primary",
            "local.secondary",
        ),
        (
            format!("{by_for}{}", secret("s", "  for_each = local.primary\n", "each.value")),
            "local.primary",
            "local.secondary",
        ),
        (
            format!("{TWO}{}", secret("s", "  for_each = merge(local.primary, {})\n", "each.value")),
            "local.primary",
            "local.secondary",
        ),
        (format!("{ONE}{}", call("local.k.primary")), "keys = local.k.primary", "keys = local.k.secondary"),
        (
            format!("{ONE}locals {{\n  m = local.k.primary\n}}\n{}", secret("s", "", "local.m.b")),
            "m = local.k.primary",
            "m = local.k.secondary",
        ),
        (
            format!("{TWO}resource \"azurerm_linux_web_app\" \"w\" {{\n  app_settings = local.primary\n}}\n"),
            "local.primary",
            "local.secondary",
        ),
    ] {
        let text = root(&text);
        let files = [("a.tf", text.as_str()), ("m/a.tf", module)];
        let there = there_and_back(&files);
        let plain = "value = azurerm_cosmosdb_account.a.";
        let expected =
            text.replace(old, new).replace(&format!("{plain}primary"), &format!("{plain}secondary"));
        assert_eq!(there[0].1, expected);
        assert_eq!(there[1].1, module);
        // One of them alone cannot be moved.
        for account in ["acme-a", "acme-b"] {
            let refused = flip(&files, Some(account), Access::ReadWrite, Slot::Secondary).unwrap_err();
            assert!(matches!(refused[..], [Refusal::ReadForAnother { .. }]), "{text}: {refused:?}");
        }
    }
}

#[test]
fn a_group_of_both_accesses_is_read_for_both() {
    let text = root(
        "locals {\n  k = {\n    primary = { rw = A.primary_key, ro = A.primary_readonly_key }\n    secondary = { rw = A.secondary_key, ro = \
         A.secondary_readonly_key }\n  }\n  m = local.k.primary\n}\nresource \"azurerm_linux_web_app\" \"w\" {\n  app_settings = { RW = \
         local.m.rw, RO = local.m.ro }\n}\n",
    );
    let files = [("a.tf", text.as_str())];
    let tree = Tree::read(&files);
    for access in [Access::ReadWrite, Access::ReadOnly] {
        assert_eq!(tree.slot_use(0, access), SlotUse::Only(Slot::Primary));
        let refused = flip(&files, Some("acme-a"), access, Slot::Secondary).unwrap_err();
        assert!(matches!(refused[..], [Refusal::ReadForAnother { .. }]), "{refused:?}");
    }
    // Each key goes where its own name is read.
    let told = flows(&files);
    assert!(
        told.iter().any(|it| it.ends_with("local.m.rw > Argument azurerm_linux_web_app.w.app_settings.RW")),
        "{told:#?}"
    );
    assert!(
        !told.iter().any(|it| it.contains("local.m.ro > Argument azurerm_linux_web_app.w.app_settings.RW")),
        "{told:#?}"
    );
}

#[test]
fn groups_that_do_not_hold_the_same_are_not_turned() {
    let over = secret("s", "  for_each = local.primary\n", "each.value");
    for (groups, what) in [
        // A secret would be destroyed, or made.
        ("primary = { a = A.primary_key, b = B.primary_key }\n  secondary = { a = A.secondary_key }", "b"),
        ("primary = { a = A.primary_key }\n  secondary = { a = A.secondary_key, b = B.secondary_key }", "b"),
        (
            "primary = { db = \"x\", key = A.primary_key }\n  secondary = { db = \"y\", key = A.secondary_key }",
            "db",
        ),
    ] {
        let text = root(&format!("locals {{\n  {groups}\n}}\n{over}"));
        let refused =
            flip(&[("a.tf", text.as_str())], Some("acme-a"), Access::ReadWrite, Slot::Secondary).unwrap_err();
        let [Refusal::AlsoDecides { what: told, .. }] = &refused[..] else { panic!("{groups}: {refused:?}") };
        assert_eq!(*told, format!("`{what}`"), "{groups}");
    }
    // Nor are those whose elements get other names.
    let named = "locals {\n  accts = { a = azurerm_cosmosdb_account.a, b = azurerm_cosmosdb_account.b }\n  primary = { for k, x in local.accts : \
                 \"primary-${k}\" => x.primary_key }\n  secondary = { for k, x in local.accts : \"secondary-${k}\" => x.secondary_key }\n}\n";
    let text = root(&format!("{named}{over}"));
    let tree = Tree::read(&[("a.tf", text.as_str())]);
    let refused =
        plan_allowing(&tree, &[0, 1], Access::ReadWrite, Slot::Secondary, &AllowedOpaque::default())
            .unwrap_err();
    assert!(matches!(refused[..], [Refusal::AlsoDecides { .. }, ..]), "{refused:?}");
}

#[test]
fn a_group_that_a_module_hands_out_says_what_stands_beside_its_keys() {
    let module = "data \"azurerm_cosmosdb_account\" \"c\" {\n  name = \"acme-a\"\n}\nlocals {\n  k = {\n    primary = { n = \"x\", key = \
                  data.azurerm_cosmosdb_account.c.primary_key }\n    secondary = { n = \"y\", key = \
                  data.azurerm_cosmosdb_account.c.secondary_key }\n  }\n}\noutput \"primary\" {\n  value = local.k.primary\n}\noutput \
                  \"secondary\" {\n  value = local.k.secondary\n}\n";
    let root = |read: &str| {
        format!(
            "module \"m\" {{\n  source = \"./m\"\n}}\nlocals {{\n  x = {read}\n}}\n{}",
            secret("s", "", "local.x")
        )
    };
    let refused = |read: &str, module: &str| {
        let text = root(read);
        flip(&[("a.tf", text.as_str()), ("m/a.tf", module)], None, Access::ReadWrite, Slot::Secondary)
    };
    assert!(matches!(refused("module.m.primary", module).unwrap_err()[..], [Refusal::AlsoDecides { .. }]));
    assert!(refused("module.m.primary.key", module).is_ok());
    assert!(refused("module.m.primary", &module.replace("\"y\"", "\"x\"")).is_ok());
    // What stands beside the key is no key.
    let text = root("module.m.primary.n");
    let tree = Tree::read(&[("a.tf", text.as_str()), ("m/a.tf", module)]);
    assert_eq!(tree.slot_use(0, Access::ReadWrite), SlotUse::None);
}

#[test]
fn a_group_of_which_the_other_is_not_told_is_read_all_the_same() {
    for groups in [
        // Two could be meant.
        "x = { a = A.primary_key, c = A.primary_key }\n  y = { a = A.secondary_key, c = A.secondary_key }\n  w = { a = A.secondary_key, c = \
         A.secondary_key }",
        // Of one account the other slot.
        "x = { a = A.primary_key, b = B.secondary_key }\n  y = { a = A.secondary_key, b = B.primary_key }",
    ] {
        let text = format!(
            "locals {{\n  k = {{\n  {groups}\n  }}\n}}\n{}",
            secret("s", "  for_each = local.k.x\n", "each.value")
        );
        let text = root(&text);
        let tree = Tree::read(&[("a.tf", text.as_str())]);
        let mut read = tree.references.iter().filter(|it| it.role == crate::terraform::Role::Consumer);
        assert!(read.any(|it| it.attribute == "x"), "{groups}");
        let accounts: Vec<usize> = (0..tree.accounts.len()).collect();
        let refused =
            plan_allowing(&tree, &accounts, Access::ReadWrite, Slot::Secondary, &AllowedOpaque::default());
        assert!(refused.is_err(), "{groups}");
    }
}
