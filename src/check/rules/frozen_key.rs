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
        .filter(|reference| reference.role != Role::Tested)
        .filter_map(|reference| owner(tree, reference).map(|owner| place(reference, owner)))
        .collect()
}

/// What keeps the key, if something does. A reference within terragrunt's own file reads another state, whatever
/// its module is. Where one name stands for a key that was kept, that is told where the key is read.
fn owner(tree: &Tree, reference: &Reference) -> Option<&'static str> {
    let own = Some(reference.symbol.kind).filter(|_| reference.role != Role::Relay);
    match reference.crosses.or(own).unwrap_or(SymbolKind::Managed) {
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

    /// The places at which the rule finds something: files and lines.
    fn found(files: &[(&str, &str)]) -> Vec<(String, usize)> {
        let tree = Tree::read(files);
        let mine = check(&tree).into_iter().filter(|finding| finding.rule.id == "frozen-key");
        mine.map(|it| {
            let source = it.source(&tree);
            (source.path().to_owned(), source.position(it.span.start).line)
        })
        .collect()
    }

    const OWNER: &str = "terraform {\n  backend \"azurerm\" {\n    key = \"db\"\n  }\n}\noutput \"k\" {\n  value = \
                         azurerm_cosmosdb_account.a.primary_key\n  sensitive = true\n}\n";
    const STATE: &str =
        "data \"terraform_remote_state\" \"db\" {\n  backend = \"azurerm\"\n  config = { key = \"db\" }\n}\n";

    #[test]
    fn an_owner_in_the_tree_that_offers_one_slot_freezes_it_too() {
        let reader = format!("{STATE}locals {{\n  k = data.terraform_remote_state.db.outputs.k\n}}\n");
        assert_eq!(found(&[("app/a.tf", &reader), ("db/a.tf", OWNER)]), [("app/a.tf".to_owned(), 6)]);
        let whole = format!(
            "{STATE}locals {{\n  s = data.terraform_remote_state.db.outputs\n}}\noutput \"o\" {{\n  value = \
             local.s.k\n  sensitive = true\n}}\n"
        );
        assert_eq!(found(&[("app/a.tf", &whole), ("db/a.tf", OWNER)]), [("app/a.tf".to_owned(), 9)]);
        let terragrunt = [
            (
                "app/terragrunt.hcl",
                "dependency \"db\" {\n  config_path = \"../db\"\n}\ninputs = {\n  a = dependency.db.outputs.k\n}\n",
            ),
            ("db/terragrunt.hcl", "terraform {\n  source = \"../m\"\n}\n"),
            ("m/a.tf", OWNER),
        ];
        assert_eq!(found(&terragrunt), [("app/terragrunt.hcl".to_owned(), 5)]);
    }

    #[test]
    fn what_goes_on_within_one_state_is_told_where_it_is_read() {
        let module = format!(
            "{STATE}output \"key\" {{\n  value = data.terraform_remote_state.db.outputs.k\n  sensitive = true\n}}\n"
        );
        let root = "module \"m\" {\n  source = \"../m\"\n}\nlocals {\n  k = module.m.key\n}\n";
        let files = [("app/a.tf", root), ("db/a.tf", OWNER), ("m/a.tf", module.as_str())];
        assert_eq!(found(&files), [("m/a.tf".to_owned(), 6)]);
        let plain = [
            ("app/a.tf", root),
            ("m/a.tf", "output \"key\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\n"),
        ];
        assert_eq!(found(&plain), []);
    }
}
