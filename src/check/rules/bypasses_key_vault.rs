//! `bypasses-key-vault`: a key goes straight into a resource's argument instead of a Key Vault secret.

use crate::check::{Place, Rule, Severity};
use crate::terraform::{Flow, Role, SinkKind, Tree};

pub const RULE: Rule = Rule {
    id: "bypasses-key-vault",
    severity: Severity::Warning,
    summary: "A key reaches a resource without passing a Key Vault.",
    why: "What is written into an argument follows the account only when Terraform is applied to that resource. A \
          rotation that moves Key Vaults and restarts pods never reaches it: it keeps the old key until its own \
          apply, and whatever it feeds is refused once that key is regenerated.",
    remedy: "Write the key into a Key Vault secret and let the resource refer to the secret. A rotation holds the \
             regeneration for this reader, by name, until somebody who has renewed it accepts it.",
    before: r#"resource "azurerm_linux_web_app" "shop" {
  app_settings = {
    COSMOS_KEY = azurerm_cosmosdb_account.orders.primary_key
  }
}
"#,
    after: r#"resource "azurerm_key_vault_secret" "cosmos" {
  name         = "cosmos-key"
  value        = azurerm_cosmosdb_account.orders.primary_key
  key_vault_id = azurerm_key_vault.shop.id
}

resource "azurerm_linux_web_app" "shop" {
  app_settings = {
    COSMOS_KEY = "@Microsoft.KeyVault(SecretUri=${azurerm_key_vault_secret.cosmos.versionless_id})"
  }
}
"#,
    look,
};

/// Blocks that write secrets of other stores, which have readers of their own.
const STORES: [&str; 3] = ["vault_generic_secret", "vault_kv_secret_v2", "azurerm_key_vault_certificate"];

fn look(tree: &Tree) -> Vec<Place> {
    let passes = |flow: &&Flow| {
        tree.references[flow.reference].role == Role::Consumer
            && flow.sink.kind == SinkKind::Argument
            && !flow.sink.is_watched(tree)
            && !flow.sink.binding.iter().any(|word| STORES.contains(&word.as_str()))
    };
    let mut places: Vec<Place> = Vec::new();
    let mut told = None;
    for flow in tree.flows().iter().filter(passes) {
        if told == Some(flow.reference) {
            continue;
        }
        told = Some(flow.reference);
        let reference = &tree.references[flow.reference];
        let message = format!("this {} key goes to {} without a Key Vault", reference.slot, flow.sink.name);
        let mut place = Place::new(reference.file, reference.span.clone(), message);
        if !flow.hops.is_empty() {
            place = place.related(flow.sink.file, flow.sink.span.clone(), "ends here");
        }
        places.push(place);
    }
    places
}

#[cfg(test)]
mod tests {
    use crate::check::tests::check_text;

    #[test]
    fn what_passes_names_on_its_way_is_found_where_it_is_read() {
        check_text(
            "locals {\n  k = { db = azurerm_cosmosdb_account.x.primary_key }\n}\n\
             resource \"azurerm_container_app\" \"a\" {\n  secret {\n    value = local.k.db\n  }\n}\n",
            &[("bypasses-key-vault", 2)],
        );
    }

    #[test]
    fn what_only_tells_terraform_that_a_key_is_another_hands_none_out() {
        let trigger = "resource \"azurerm_app_configuration_key\" \"j\" {\n  value = \"x\"\n  lifecycle {\n    \
                       replace_triggered_by = [azurerm_cosmosdb_account.x.primary_key]\n  }\n}\n";
        check_text(trigger, &[]);
        let versioned = "resource \"azurerm_key_vault_secret\" \"c\" {\n  name = \"c\"\n  value_wo = \
                         azurerm_cosmosdb_account.x.primary_key\n  value_wo_version = \
                         parseint(substr(sha256(azurerm_cosmosdb_account.x.primary_key), 0, 8), 16)\n}\n";
        check_text(versioned, &[]);
        check_text(&versioned.replace("sha256", "lower"), &[("bypasses-key-vault", 4)]);
    }

    #[test]
    fn names_that_nothing_reads_and_secrets_are_not() {
        check_text("locals {\n  k = azurerm_cosmosdb_account.x.primary_key\n}\n", &[]);
        check_text(
            "resource \"azurerm_key_vault_secret\" \"s\" {\n  name = \"db\"\n  \
             value = azurerm_cosmosdb_account.x.primary_key\n}\n",
            &[],
        );
    }
}
