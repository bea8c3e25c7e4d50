//! `output-not-sensitive`: an output hands a key out without being marked sensitive.

use crate::check::{Place, Rule, Severity};
use crate::terraform::{Block, Reference, Role, Tree, Value};

pub const RULE: Rule = Rule {
    id: "output-not-sensitive",
    severity: Severity::Warning,
    summary: "An output hands out a key and is not marked sensitive.",
    why: "Terraform prints outputs at the end of every apply, and pipelines keep what it prints. Whoever reads the \
          log has the key.",
    remedy: "Add `sensitive = true` to the output.",
    before: r#"module "db" {
  source = "./db"
}
# --- db/outputs.tf
output "key" {
  value = azurerm_cosmosdb_account.orders.primary_key
}
"#,
    after: r#"module "db" {
  source = "./db"
}
# --- db/outputs.tf
output "key" {
  value     = azurerm_cosmosdb_account.orders.primary_key
  sensitive = true
}
"#,
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    let mut places: Vec<Place> = tree
        .references
        .iter()
        .filter(|reference| reference.role != Role::Tested)
        .filter(|reference| matches!(reference.binding.as_slice(), [output, _, value, ..] if output == "output" && value == "value"))
        .filter_map(|reference| bare_output(tree, reference).map(|block| place(reference, block)))
        .collect();
    places.dedup_by(|a, b| a.message == b.message && a.span == b.span);
    places
}

fn bare_output<'t>(tree: &'t Tree, reference: &Reference) -> Option<&'t Block> {
    let (_, block) = tree
        .blocks()
        .find(|(file, block)| *file == reference.file && block.words == reference.binding[..2])?;
    let sensitive = block.value("sensitive").is_some_and(|value| *value != Value::Bool(false));
    (!sensitive).then_some(block)
}

fn place(reference: &Reference, block: &Block) -> Place {
    let what = if reference.role == Role::Relay { "a key from another output" } else { "a key" };
    let message = format!("output `{}` hands out {what} and is not sensitive", reference.binding[1]);
    Place::new(reference.file, block.header.clone(), message)
}

#[cfg(test)]
mod tests {
    use crate::check::tests::check_rule;

    #[test]
    fn only_outputs_of_keys_must_be_sensitive() {
        check_rule(
            "output-not-sensitive",
            "output \"k\" {\n  value = azurerm_cosmosdb_account.x.primary_key\n}\n",
            &[1],
        );
        check_rule(
            "output-not-sensitive",
            "output \"k\" {\n  value = azurerm_cosmosdb_account.x.endpoint\n}\noutput \"s\" {\n  sensitive = \
             true\n  value = azurerm_cosmosdb_account.x.primary_key\n}\n",
            &[],
        );
    }
}
