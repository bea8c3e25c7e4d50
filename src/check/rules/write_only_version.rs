//! `write-only-version`: a write-only argument takes a key, and nothing tells Terraform when to write it again.

use crate::check::{Place, Rule, Severity};
use crate::terraform::{Flow, SinkKind, Tree, WRITE_ONLY, versions_of};

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
    let write_only = flow.sink.binding.iter().find(|word| word.ends_with(WRITE_ONLY))?;
    if !matches!(flow.sink.kind, SinkKind::KeyVaultSecret | SinkKind::Argument) {
        return None;
    }
    let block = tree.block_around(flow.sink.file, &flow.sink.binding)?;
    if block.version_of(write_only).is_some() {
        return None;
    }
    let reference = &tree.references[flow.reference];
    let versions: Vec<String> = versions_of(write_only).map(|version| format!("`{version}`")).collect();
    let message = format!(
        "{} takes this key through `{write_only}` and has neither {}",
        flow.sink.name,
        versions.join(" nor ")
    );
    Some(Place::new(reference.file, reference.span.clone(), message))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::check::check;
    use crate::check::tests::{check_rule, check_text};
    use crate::terraform::Tree;

    #[test]
    fn plain_values_need_no_version() {
        check_text(
            "resource \"azurerm_key_vault_secret\" \"s\" {\n  name = \"db\"\n  value = \
             azurerm_cosmosdb_account.x.primary_key\n}\n",
            &[],
        );
    }

    #[test]
    fn whatever_counts_as_the_version_is_named() {
        let secret = |version: &str| {
            format!(
                "resource \"kubernetes_secret_v1\" \"s\" {{\n  data_wo = {{\n    k = \
                 azurerm_cosmosdb_account.x.primary_key\n  }}\n{version}}}\n"
            )
        };
        let told = "kubernetes_secret_v1.s.data_wo.k takes this key through `data_wo` and has neither \
                    `data_wo_version` nor `data_wo_revision`";
        let tree = Tree::read(&[("a.tf", secret(""))]);
        let found = check(&tree);
        assert!(found.iter().any(|finding| finding.message == told), "{found:?}");
        for version in ["version", "revision"] {
            check_rule(RULE.id, &secret(&format!("  data_wo_{version} = 1\n")), &[]);
        }
    }
}
