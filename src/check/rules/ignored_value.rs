//! `ignored-value`: a resource takes a key, and Terraform is told to ignore that it changed.

use crate::check::{Place, Rule, Severity};
use crate::terraform::{Argument, Block, Flow, Role, SinkKind, Tree, Value};

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
    let taken = |flow: &&Flow| {
        matches!(flow.sink.kind, SinkKind::KeyVaultSecret | SinkKind::Argument)
            && matches!(tree.references[flow.reference].role, Role::Consumer | Role::Definition)
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
    let taken = flow.sink.binding.get(block.words.len())?;
    let covers = |word: &String| word == "all" || word.split(['.', '[']).next() == Some(taken);
    ignored(block.value("lifecycle.ignore_changes")?).into_iter().find(covers).map(|word| (argument, word))
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
    use crate::check::tests::check_text;

    fn secret(ignored: &str) -> String {
        format!(
            "resource \"azurerm_key_vault_secret\" \"s\" {{\n  name = \"db\"\n  value = \
             azurerm_cosmosdb_account.x.primary_key\n  lifecycle {{\n    ignore_changes = {ignored}\n  }}\n}}\n"
        )
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
