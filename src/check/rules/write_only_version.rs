//! `write-only-version`: a write-only argument takes a key, and nothing tells Terraform when to write it again.

use crate::check::{Place, Rule, Severity};
use crate::terraform::{Flow, SinkKind, Tree};

pub const RULE: Rule = Rule {
    id: "write-only-version",
    severity: Severity::Error,
    summary: "A write-only argument takes a key without a version that says when to write it.",
    why: "Terraform does not keep write-only values, so it cannot see that one changed: `value_wo` is written again \
          only when `value_wo_version` is raised. Without it a flip changes the code and no vault.",
    remedy: "Add `value_wo_version`; `keyslot flip` raises it together with the slot.",
    before: r#"resource "azurerm_key_vault_secret" "cosmos" {
  name     = "cosmos-key"
  value_wo = azurerm_cosmosdb_account.orders.primary_key
}
"#,
    after: r#"resource "azurerm_key_vault_secret" "cosmos" {
  name             = "cosmos-key"
  value_wo         = azurerm_cosmosdb_account.orders.primary_key
  value_wo_version = 1
}
"#,
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    tree.flows().iter().filter_map(|flow| place(tree, flow)).collect()
}

fn place(tree: &Tree, flow: &Flow) -> Option<Place> {
    let write_only = flow.sink.binding.iter().find(|word| word.ends_with("_wo"))?;
    if !matches!(flow.sink.kind, SinkKind::KeyVaultSecret | SinkKind::Argument) {
        return None;
    }
    let block = tree.block_around(flow.sink.file, &flow.sink.binding)?;
    let version = format!("{write_only}_version");
    if block.version_of(write_only).is_some() {
        return None;
    }
    let reference = &tree.references[flow.reference];
    let message = format!("{} takes this key through `{write_only}` and has no `{version}`", flow.sink.name);
    Some(Place::new(reference.file, reference.span.clone(), message))
}

#[cfg(test)]
mod tests {
    use crate::check::tests::check_text;

    #[test]
    fn plain_values_need_no_version() {
        check_text(
            "resource \"azurerm_key_vault_secret\" \"s\" {\n  name = \"db\"\n  value = \
             azurerm_cosmosdb_account.x.primary_key\n}\n",
            &[],
        );
    }
}
