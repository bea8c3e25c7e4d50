//! An element that is taken whole, and what stands in it beside a key.

use crate::model::{Access, Slot};
use crate::terraform::{AllowedOpaque, Refusal, Tree, flip, plan_allowing};

const P: &str = "azurerm_cosmosdb_account.c.primary_key";
const S: &str = "azurerm_cosmosdb_account.c.secondary_key";

/// A root whose `local.mine` is one of two elements that hold a key each.
fn root(one: &str, other: &str) -> String {
    format!(
        "resource \"azurerm_cosmosdb_account\" \"c\" {{\n  name = \"acme\"\n}}\nlocals {{\n  dbs = {{\n    a = {{ {one}key = {P} }}\n    \
         b = {{ {other}key = {S} }}\n  }}\n  mine = local.dbs.a\n}}\nresource \"azurerm_linux_web_app\" \"w\" {{\n  app_settings = {{\n    \
         KEY = local.mine.key\n    DB  = local.mine.db\n  }}\n}}\n"
    )
}

#[test]
fn what_an_element_says_besides_keeps_it() {
    for (one, other, what) in [
        ("db = \"orders\", ", "db = \"carts\", ", "db"),
        ("db = \"orders\", ", "", "db"),
        ("", "db = \"orders\", ", "db"),
        ("db = { name = \"x\", id = 1 }, ", "db = { name = \"x\", id = 2 }, ", "db.id"),
        ("db = local.x[var.a], ", "db = local.x[var.a], ", "db"),
    ] {
        let text = root(one, other);
        let refused = flip(&[("a.tf", text.as_str())], None, Access::ReadWrite, Slot::Secondary).unwrap_err();
        let told: Vec<String> = refused.iter().map(ToString::to_string).collect();
        let expected = format!("a.tf:9:20: `a` chooses the slot and also decides `{what}`");
        assert_eq!(told, [expected], "{one} {other}");
        assert!(matches!(refused[..], [Refusal::AlsoDecides { .. }]));
        // A person may say that nobody reads it.
        let tree = Tree::read(&[("a.tf", text.as_str())]);
        let allowed = AllowedOpaque(vec!["a.tf:9".to_owned()]);
        assert!(allowed.unused(&tree).is_empty());
        assert!(plan_allowing(&tree, &[0], Access::ReadWrite, Slot::Secondary, &allowed).is_ok());
    }
}

#[test]
fn what_has_no_name_stands_beside_it() {
    let text = root("", "").replace(&format!("{{ key = {P} }}"), &format!("merge(local.x, {{ key = {P} }})"));
    let refused = flip(&[("a.tf", text.as_str())], None, Access::ReadWrite, Slot::Secondary).unwrap_err();
    let told: Vec<String> = refused.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["a.tf:9:20: `a` chooses the slot and also decides what stands beside it"]);
    // Of two conditions, what they say counts.
    for (one, other) in [("a b", "ab"), ("orders", "carts")] {
        let db = |name: &str| format!("db = var.env == \"prod\" ? \"{name}\" : \"x\", ");
        let text = root(&db(one), &db(other));
        let refused = flip(&[("a.tf", text.as_str())], None, Access::ReadWrite, Slot::Secondary).unwrap_err();
        assert!(matches!(refused[..], [Refusal::AlsoDecides { .. }]), "{refused:?}");
    }
}

#[test]
fn elements_that_differ_in_their_keys_alone_are_turned() {
    for both in [
        "",
        "more = [{P}], id = jsonencode({ a = [1, {P}] }), ",
        "db = \"orders\", ",
        "db = { name = \"x\" }, ",
        "db = \"${var.env}-orders\", ",
        "db = var.env == \"prod\" ? \"orders\" : \"carts\", ",
    ] {
        let text = root(&both.replace("{P}", P), &both.replace("{P}", S));
        let changed = flip(&[("a.tf", text.as_str())], None, Access::ReadWrite, Slot::Secondary).unwrap();
        let changed = String::from_utf8(changed[0].1.clone()).unwrap();
        assert_eq!(changed, text.replace("mine = local.dbs.a", "mine = local.dbs.b"), "{both}");
        let back = flip(&[("a.tf", changed.as_str())], None, Access::ReadWrite, Slot::Primary).unwrap();
        assert_eq!(back[0].1, text.as_bytes(), "{both}");
    }
}

#[test]
fn an_element_that_a_call_is_given_whole_is_one() {
    let root = format!(
        "resource \"azurerm_cosmosdb_account\" \"c\" {{\n  name = \"acme\"\n}}\nlocals {{\n  conns = {{\n    primary = {{ name = \
         \"db-primary\", value = {P} }}\n    secondary = {{ name = \"db-secondary\", value = {S} }}\n  }}\n}}\nmodule \"app\" {{\n  source = \
         \"./m\"\n  conn   = local.conns.primary\n}}\n"
    );
    let module = "variable \"conn\" {}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  name  = var.conn.name\n  value = var.conn.value\n}\n";
    let files = [("main.tf", root.as_str()), ("m/main.tf", module)];
    let refused = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap_err();
    assert!(matches!(refused[..], [Refusal::AlsoDecides { .. }]), "{refused:?}");
    // Its own part alone is turned where that is named.
    let direct = root.replace(
        "conn   = local.conns.primary",
        "conn   = { name = \"x\", value = local.conns.primary.value }",
    );
    assert!(
        flip(
            &[("main.tf", direct.as_str()), ("m/main.tf", module)],
            None,
            Access::ReadWrite,
            Slot::Secondary
        )
        .is_ok()
    );
}

#[test]
fn whatever_takes_an_element_whole_takes_all_of_it() {
    let secret = |over: &str, key: &str| {
        format!(
            "resource \"azurerm_key_vault_secret\" \"s\" {{\n  {over}\n  name  = \"s\"\n  value = {key}.key\n  tags  = {{ db = {key}.db }}\n}}\n"
        )
    };
    let local = |value: &str| format!("locals {{\n  m = {value}\n}}\n{}", secret("", "local.m"));
    for rest in [
        local("local.k[var.slot]"),
        local("var.slot == \"primary\" ? local.k.primary : local.k.secondary"),
        local("lookup(local.k, \"primary\", null)"),
        secret("for_each = { main = local.k.primary }", "each.value"),
        secret("for_each = { for x in [local.k.primary] : x.db => x }", "each.value"),
        "resource \"azurerm_linux_web_app\" \"w\" {\n  app_settings = local.k.primary\n}\n".to_owned(),
        "resource \"azurerm_linux_web_app\" \"w\" {\n  app_settings = merge(local.k.primary, { A = \"1\" })\n}\n".to_owned(),
    ] {
        let text = format!(
            "variable \"slot\" {{\n  default = \"primary\"\n}}\nresource \"azurerm_cosmosdb_account\" \"c\" {{\n  name = \"acme\"\n}}\nlocals {{\n  \
             k = {{\n    primary   = {{ db = \"orders\", key = {P} }}\n    secondary = {{ db = \"carts\", key = {S} }}\n  }}\n}}\n{rest}"
        );
        let refused = flip(&[("a.tf", text.as_str())], None, Access::ReadWrite, Slot::Secondary);
        assert!(refused.is_err(), "{rest}");
        let alike = text.replace("carts", "orders");
        assert!(flip(&[("a.tf", alike.as_str())], None, Access::ReadWrite, Slot::Secondary).is_ok(), "{rest}");
    }
}
