//! `ignored-value`: a resource takes a key, and Terraform is told to ignore that it changed.

use crate::check::consumed::Consumed;
use crate::check::{Place, Rule, Severity};
use crate::terraform::{Argument, Block, Flow, Role, SinkKind, Tree, Value, WRITE_ONLY, versions_of};

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
    let taken = |flow: &&Flow| {
        matches!(flow.sink.kind, SinkKind::KeyVaultSecret | SinkKind::Argument)
            && matches!(tree.references[flow.reference].role, Role::Consumer | Role::Definition)
            && !consumed.tells(tree, flow)
    };
    let mut places: Vec<Place> = Vec::new();
    for flow in tree.flows().iter().filter(taken) {
        let Some((argument, ignored)) = ignoring(tree, flow) else { continue };
        let reference = &tree.references[flow.reference];
        let message = format!("{} takes this key once and ignores later ones", flow.sink.name);
        let place = Place::new(reference.file, reference.span.clone(), message);
        let label =
            if ignored == "all" { "all changes are ignored here" } else { "its changes are ignored here" };
        places.push(place.related(flow.sink.file, argument.span.clone(), label));
    }
    places.dedup_by(|a, b| a.span == b.span && a.message == b.message);
    places
}

/// The `ignore_changes` that covers the argument that a flow ends in, and the word that does.
fn ignoring<'t>(tree: &'t Tree, flow: &Flow) -> Option<(&'t Argument, String)> {
    let block = block_of(tree, flow)?;
    let argument = block.argument("lifecycle.ignore_changes").or_else(|| {
        block.argument("lifecycle").filter(|_| block.value("lifecycle.ignore_changes").is_some())
    })?;
    let taken = taken(flow, block)?;
    let write_only = taken.first().filter(|name| name.ends_with(WRITE_ONLY));
    // Without its version a write-only value is never written again.
    let covers = |word: &String| {
        word == "all"
            || overlaps(&path(word), &taken)
            || write_only.is_some_and(|name| versions_of(name).any(|version| version == *word))
    };
    ignored(block.value("lifecycle.ignore_changes")?).into_iter().find(covers).map(|word| (argument, word))
}

/// The path of the argument within its block that a flow ends in, as far as it is known.
fn taken(flow: &Flow, block: &Block) -> Option<Vec<String>> {
    let argument = flow.sink.binding.get(block.words.len()..).filter(|path| !path.is_empty())?;
    // Where a map was handed on whole, the sink's name tells the entry.
    let whole = format!("{}.", flow.sink.binding[1..].join("."));
    let entry = match flow.sink.kind {
        SinkKind::Argument => flow.sink.name.strip_prefix(&whole).map(str::to_owned),
        _ => None,
    };
    let names = argument.iter().chain(&entry).filter(|name| !is_index(name));
    Some(names.map(|name| level(name)).collect())
}

/// `app_settings["KEY"]` and `site_config[0].key` as names. Blocks and lists are not told apart by index.
fn path(word: &str) -> Vec<String> {
    // Strings of a JSON file keep their escapes.
    let word = word.replace("\\\"", "\"");
    let mut names = Vec::new();
    let mut rest = word.as_str();
    while !rest.is_empty() {
        let (name, after) = match rest.strip_prefix("[\"") {
            Some(key) => key.split_once("\"]").unwrap_or((key, "")),
            None => {
                let plain = rest.trim_start_matches(['.', '[', ']']);
                plain.split_at(plain.find(['.', '[', ']']).unwrap_or(plain.len()))
            }
        };
        names.extend(Some(name).filter(|name| !is_index(name)).map(level));
        rest = after;
    }
    names
}

/// Expressions are kept without white space.
fn level(name: &str) -> String {
    name.split_whitespace().collect()
}

fn is_index(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether what is ignored holds what is taken, or a part of it. An entry's name that is computed may be any.
fn overlaps(ignored: &[String], taken: &[String]) -> bool {
    !ignored.is_empty()
        && ignored.iter().zip(taken).all(|(ignored, taken)| ignored == taken || taken == "(…)")
}

fn block_of<'t>(tree: &'t Tree, flow: &Flow) -> Option<&'t Block> {
    let starts = |block: &Block| !block.words.is_empty() && flow.sink.binding.starts_with(&block.words);
    tree.blocks().find(|(file, block)| *file == flow.sink.file && starts(block)).map(|(_, block)| block)
}

fn ignored(value: &Value) -> Vec<String> {
    match value {
        Value::List(values) => values.iter().flat_map(ignored).collect(),
        // Lists of a JSON file.
        Value::Map(entries) => entries.iter().flat_map(|(_, value)| ignored(value)).collect(),
        Value::Other(word) | Value::Text(word) => vec![word.clone()],
        _ => Vec::new(),
    }
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
