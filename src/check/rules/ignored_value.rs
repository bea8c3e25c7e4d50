//! `ignored-value`: a resource takes a key, and Terraform is told to ignore that it changed.

use crate::check::consumed::Consumed;
use crate::check::{Place, Rule, Severity};
use crate::terraform::{Role, Tree, ignored_flows};

pub const RULE: Rule = Rule {
    id: "ignored-value",
    severity: Severity::Error,
    summary: "A key goes into an argument whose changes Terraform ignores.",
    why: "With `ignore_changes` the value is written once, when the resource is made. After a flip the code reads \
          the other slot and the plan is empty: the vault keeps the old key, and a regeneration kills it in use.",
    remedy: "Take the argument out of `ignore_changes`. Where the value is set by hand on purpose, do not read it \
             from the account at all.",
    before: r#"resource "azurerm_key_vault_secret" "cosmos" {
  name  = "cosmos-key"
  value = azurerm_cosmosdb_account.orders.primary_key

  lifecycle {
    ignore_changes = [value]
  }
}
"#,
    after: r#"resource "azurerm_key_vault_secret" "cosmos" {
  name  = "cosmos-key"
  value = azurerm_cosmosdb_account.orders.primary_key

  lifecycle {
    ignore_changes = [tags]
  }
}
"#,
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    let consumed = Consumed::of(tree);
    let mut places: Vec<Place> = Vec::new();
    for (flow, argument, ignored) in ignored_flows(tree) {
        let reference = &tree.references[flow.reference];
        if !matches!(reference.role, Role::Consumer | Role::Definition) || consumed.tells(tree, flow) {
            continue;
        }
        let message = format!("{} takes this key once and ignores later ones", flow.sink.name);
        let place = Place::new(reference.file, reference.span.clone(), message);
        let label =
            if ignored == "all" { "all changes are ignored here" } else { "its changes are ignored here" };
        places.push(place.related(flow.sink.file, argument.span.clone(), label));
    }
    places.dedup_by(|a, b| a.span == b.span && a.message == b.message);
    places
}

#[cfg(test)]
mod tests {
    use crate::check::check;
    use crate::check::tests::{check_rule, check_text};
    use crate::model::Access;
    use crate::terraform::Tree;

    fn secret(ignored: &str) -> String {
        format!(
            "resource \"azurerm_key_vault_secret\" \"s\" {{\n  name = \"db\"\n  value = \
             azurerm_cosmosdb_account.x.primary_key\n  lifecycle {{\n    ignore_changes = {ignored}\n  }}\n}}\n"
        )
    }

    fn app(settings: &str, ignored: &str) -> String {
        format!(
            "resource \"azurerm_linux_web_app\" \"a\" {{\n  app_settings = {settings}\n  lifecycle {{\n    ignore_changes = \
             [{ignored}]\n  }}\n}}\nlocals {{\n  s = {{\n    \"my.KEY\" = azurerm_cosmosdb_account.x.primary_key\n    OTHER = 1\n  \
             }}\n}}\n"
        )
    }

    #[test]
    fn of_a_map_the_entry_that_holds_the_key_must_be_ignored() {
        let direct = "{ \"my.KEY\" = azurerm_cosmosdb_account.y.primary_key, OTHER = 1 }";
        for (ignored, found) in [
            ("app_settings", true),
            ("app_settings[\"my.KEY\"]", true),
            ("app_settings[\"OTHER\"]", false),
            ("app_settings[\"OTHER\"], tags", false),
            ("tags[\"my.KEY\"]", false),
            ("app_settings[ \"my.KEY\" ]", true),
            ("app_settings[\"OTHER\"], app_settings[\"my.KEY\"]", true),
        ] {
            check_rule("ignored-value", &app(direct, ignored), if found { &[2] } else { &[] });
            check_rule("ignored-value", &app("local.s", ignored), if found { &[9] } else { &[] });
        }
        let computed = "{ (var.name) = azurerm_cosmosdb_account.y.primary_key }";
        check_rule("ignored-value", &app(computed, "app_settings[\"OTHER\"]"), &[2]);
        let nested = "resource \"r\" \"n\" {\n  site {\n    key = azurerm_cosmosdb_account.x.primary_key\n  }\n  lifecycle {\n    \
                      ignore_changes = [IGNORED]\n  }\n}\n";
        for (ignored, found) in [("site[0].key", true), ("site", true), ("site[0].other", false)] {
            check_rule("ignored-value", &nested.replace("IGNORED", ignored), if found { &[3] } else { &[] });
        }
    }

    #[test]
    fn a_name_that_a_for_makes_may_be_any() {
        let key = "azurerm_cosmosdb_account.y.primary_key";
        for made in ["\"X_${k}\" => v", "upper(k) => v"] {
            let settings = format!("{{ for k, v in {{ a = {key} }} : {made} }}");
            check_rule("ignored-value", &app(&settings, "app_settings[\"X_a\"]"), &[2]);
            let local = app("local.r", "app_settings[\"A\"]") + &format!("locals {{\n  r = {settings}\n}}\n");
            check_rule("ignored-value", &local, &[14]);
        }
        let kept = format!("{{ for k, v in {{ a = {key} }} : k => v }}");
        check_rule("ignored-value", &app(&kept, "app_settings[\"A\"]"), &[]);
    }

    #[test]
    fn an_output_and_its_reader_are_told_once() {
        let output = |slot: &str| {
            format!(
                "output \"{slot}\" {{\n  value = azurerm_cosmosdb_account.x.{slot}_key\n  sensitive = true\n}}\n"
            )
        };
        let secret = secret("[value]").replace("azurerm_cosmosdb_account.x.primary_key", "module.m.primary");
        let root = "module \"m\" {\n  source = \"./m\"\n}\n".to_owned() + &secret;
        let module = output("primary") + &output("secondary");
        let tree = Tree::read(&[("a.tf", root.as_str()), ("m/a.tf", &module)]);
        let findings = check(&tree);
        let found: Vec<&str> = findings.iter().map(|finding| finding.rule.id).collect();
        assert_eq!(found, ["ignored-value"], "{findings:?}");
        assert_eq!(findings[0].span, tree.consumers(0, Access::ReadWrite).next().unwrap().span);
    }

    #[test]
    fn the_argument_or_all_must_be_ignored() {
        for ignored in ["[value]", "all", "[tags, value]"] {
            check_text(&secret(ignored), &[("ignored-value", 3)]);
        }
        for ignored in ["[tags]", "[]", "[expiration_date]"] {
            check_text(&secret(ignored), &[]);
        }
    }
}
