//! `frozen-key`: a key that crosses from one state file to another is as old as its owner's last apply.

use crate::check::{Place, Rule, Severity};
use crate::terraform::{Reference, Role, SymbolKind, Tree};

pub const RULE: Rule = Rule {
    id: "frozen-key",
    severity: Severity::Warning,
    summary: "A key comes out of another state file and is as old as that one's last apply.",
    why: "Outputs in a state file, of terragrunt dependencies and of ARM deployments hold the key that was current \
          when their owner was applied last. After a regeneration they still hand out the dead key, and the next \
          apply here writes it into a vault that was right before.",
    remedy: "Look the account up where its key is used (`data \"azurerm_cosmosdb_account\"`); or apply the owner \
             again after every regeneration, before anything here is applied.",
    before: r#"data "terraform_remote_state" "data" {
  backend = "azurerm"
}

resource "azurerm_key_vault_secret" "cosmos" {
  name  = "cosmos-key"
  value = data.terraform_remote_state.data.outputs.cosmos_primary_key
}
"#,
    after: r#"data "azurerm_cosmosdb_account" "orders" {
  name                = "orders-db"
  resource_group_name = "shop"
}

resource "azurerm_key_vault_secret" "cosmos" {
  name  = "cosmos-key"
  value = data.azurerm_cosmosdb_account.orders.primary_key
}
"#,
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    tree.references
        .iter()
        .filter(|reference| !matches!(reference.role, Role::Relay | Role::Tested))
        .filter_map(|reference| owner(tree, reference).map(|owner| place(reference, owner)))
        .collect()
}

/// What keeps the key, if something does. A reference within terragrunt's own file reads another state, whatever
/// its module is.
fn owner(tree: &Tree, reference: &Reference) -> Option<&'static str> {
    match reference.crosses.unwrap_or(reference.symbol.kind) {
        SymbolKind::RemoteState => Some("another root's state"),
        SymbolKind::Deployment => Some("an ARM deployment"),
        SymbolKind::Dependency => Some("a dependency's state"),
        SymbolKind::Managed
        | SymbolKind::Data
        | SymbolKind::ManagedAction
        | SymbolKind::DataAction
        | SymbolKind::EphemeralAction
        | SymbolKind::Module
        | SymbolKind::Variable => tree.is_terragrunt(reference.file).then_some("a dependency's state"),
    }
}

fn place(reference: &Reference, owner: &str) -> Place {
    let message = format!("`{}` is the key that {owner} kept when it was applied last", reference.attribute);
    Place::new(reference.file, reference.span.clone(), message)
}

#[cfg(test)]
mod tests {
    use crate::check::check;
    use crate::terraform::Tree;

    #[test]
    fn dependencies_are_frozen_whether_their_code_is_here_or_not() {
        let files = [
            (
                "app/terragrunt.hcl",
                "dependency \"db\" {\n  config_path = \"../db\"\n}\ndependency \"cosmos\" {\n  config_path = \
                 \"../../x\"\n}\ninputs = {\n  a = dependency.db.outputs.secondary\n  b = \
                 dependency.cosmos.outputs.secondary_key\n}\n",
            ),
            ("db/terragrunt.hcl", "terraform {\n  source = \"../m\"\n}\n"),
            (
                "m/a.tf",
                "output \"primary\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n  sensitive = true\n}\n\
                 output \"secondary\" {\n  value = azurerm_cosmosdb_account.a.secondary_key\n  sensitive = true\n}\n",
            ),
        ];
        let tree = Tree::read(&files);
        let found: Vec<(&str, usize)> = check(&tree)
            .iter()
            .filter(|finding| finding.rule.id == "frozen-key")
            .map(|finding| (finding.rule.id, finding.source(&tree).position(finding.span.start).line))
            .collect();
        assert_eq!(found, [("frozen-key", 8), ("frozen-key", 9)]);
    }
}
