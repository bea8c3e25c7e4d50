//! `published-key`: a key ends in an output of a root, or in a file: places that pipelines keep and hand on.

use crate::check::consumed::Consumed;
use crate::check::{Place, Rule, Severity};
use crate::terraform::{Flow, Role, SinkKind, Tree};

pub const RULE: Rule = Rule {
    id: "published-key",
    severity: Severity::Warning,
    summary: "A key ends in a root's outputs or in a file, which are kept and handed on.",
    why: "`terraform output -json` writes sensitive values in clear, and pipelines publish what it writes as an \
          artifact; files and blobs are copied. Such copies are readers that no restart refreshes, and a key that \
          leaks through one means regenerating all of them.",
    remedy: "Leave keys out of a root's outputs and out of files; hand on the name of the Key Vault secret.",
    before: r#"provider "azurerm" {
  features {}
}

output "cosmos_key" {
  value     = azurerm_cosmosdb_account.orders.primary_key
  sensitive = true
}
"#,
    after: r#"provider "azurerm" {
  features {}
}

output "cosmos_secret_name" {
  value = azurerm_key_vault_secret.cosmos.name
}

resource "azurerm_key_vault_secret" "cosmos" {
  name  = "cosmos-key"
  value = azurerm_cosmosdb_account.orders.primary_key
}
"#,
    look,
};

/// Resources that write files and blobs.
const FILES: [&str; 5] = [
    "local_file",
    "local_sensitive_file",
    "azurerm_storage_blob",
    "azurerm_app_configuration_key",
    "github_actions_secret",
];

fn look(tree: &Tree) -> Vec<Place> {
    let consumed = Consumed::of(tree);
    let flows = tree.flows().iter().filter(|flow| !consumed.tells(tree, flow));
    let mut places: Vec<Place> = flows.filter_map(|flow| place(tree, flow)).collect();
    places.dedup_by(|a, b| a.span == b.span && a.message == b.message);
    places
}

fn place(tree: &Tree, flow: &Flow) -> Option<Place> {
    let reference = &tree.references[flow.reference];
    // The key behind a relay has flows of its own, and a module's pair is there to be handed out.
    if matches!(reference.role, Role::Relay | Role::Tested) {
        return None;
    }
    let sink = &flow.sink;
    let where_to = match sink.kind {
        // A folder without a provider's settings is a module that others use: handing keys out is its purpose.
        SinkKind::RootOutput if !tree.is_root_module(sink.file) => return None,
        SinkKind::RootOutput => format!("output `{}` of a root", sink.name),
        SinkKind::Argument if sink.is_watched(tree) => return None,
        SinkKind::Argument if sink.binding.get(1).is_some_and(|kind| FILES.contains(&kind.as_str())) => {
            sink.name.clone()
        }
        _ => return None,
    };
    let message = format!("this {} key ends in {where_to}", reference.slot);
    let place = Place::new(reference.file, reference.span.clone(), message);
    Some(match flow.hops.is_empty() {
        true => place,
        false => place.related(sink.file, sink.span.clone(), "ends here"),
    })
}

#[cfg(test)]
mod tests {
    use crate::check::{check, tests::check_text};
    use crate::terraform::Tree;

    #[test]
    fn outputs_of_modules_that_are_called_are_not_published() {
        let tree = Tree::read(&[
            ("a.tf", "module \"m\" {\n  source = \"./m\"\n}\n"),
            (
                "m/a.tf",
                "output \"k\" {\n  sensitive = true\n  value = azurerm_cosmosdb_account.x.primary_key\n}\n",
            ),
        ]);
        assert!(check(&tree).is_empty());
    }

    #[test]
    fn a_pair_and_its_reader_are_told_once() {
        let key = |slot: &str| format!("azurerm_cosmosdb_account.x.{slot}_key");
        let root = format!(
            "module \"m\" {{\n  source = \"./m\"\n  primary = {}\n  secondary = {}\n}}\n",
            key("primary"),
            key("secondary")
        );
        let module = "variable \"primary\" {}\nvariable \"secondary\" {}\nresource \"local_file\" \"f\" {\n  content = var.primary\n}\n";
        let tree = Tree::read(&[("a.tf", root.as_str()), ("m/a.tf", module)]);
        let found = check(&tree);
        let published = found.iter().filter(|finding| finding.rule.id == "published-key");
        let files: Vec<&str> = published.map(|finding| finding.source(&tree).path()).collect();
        assert_eq!(files, ["m/a.tf"]);
    }

    #[test]
    fn files_are_found_as_well_as_what_passes_the_vault_by() {
        check_text(
            "resource \"local_file\" \"f\" {\n  content = azurerm_cosmosdb_account.x.primary_key\n}\n",
            &[("bypasses-key-vault", 2), ("published-key", 2)],
        );
    }
}
