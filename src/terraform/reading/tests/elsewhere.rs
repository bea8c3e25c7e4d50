//! What is told of code that is not here, and of accounts that Azure's own names name, by files that hold no word of theirs.

use super::{owned, read, report};

/// Whatever else says Cosmos DB may stand in another file than the read, and the read in one that holds no such word.
#[test]
fn what_tells_of_code_that_is_not_here_is_seen_from_wherever_it_is_read() {
    let db = "module \"db\" {\n  source = \"git::https://example.invalid/db.git\"\n}\n";
    let named = "resource \"azurerm_key_vault_secret\" \"a\" {\n  name = \"cosmos-key\"\n  value = $\n}\n";
    let received = |value: &str| named.replace('$', value);
    let certain = "locals {\n  r = module.db.primary_readonly_key\n}\n";
    let neutral = "resource \"x\" \"y\" {\n  k = module.db.secondary_key\n}\n";
    let noise = ("noise.tf", "resource \"x\" \"z\" {\n  k = module.other.secondary_key\n}\n");
    let local = "locals {\n  k = module.db.primary_key\n}\n";
    let app = "module \"app\" {\n  source = \"./app\"\n  k = module.db.primary_key\n}\n";
    let through = "output \"k\" {\n  value = module.db.primary_key\n}\n";
    let [by_key, by_local, by_variable, by_output, by_own] =
        ["module.db.primary_key", "local.k", "var.k", "module.in.k", "module.db.cosmos_primary_key"]
            .map(received);
    let call_in = "module \"in\" {\n  source = \"./in\"\n}\n";
    let alias = "locals {\n  db = module.db\n}\n";
    let by_alias = "output \"o\" {\n  value = local.db.primary_readonly_key\n}\n";
    let here = "module \"db\" {\n  source = \"./db\"\n}\n";
    let nothing =
        "output \"primary_key\" {\n  value = var.x\n}\noutput \"cosmos_primary_key\" {\n  value = var.x\n}\n";
    let tfe = "resource \"x\" \"y\" {\n  k = data.tfe_outputs.t.values.secondary_key\n}\n";
    let by_tfe = received("data.tfe_outputs.t.values.primary_key");
    let by_block = "resource \"a_b\" \"c\" {\n  setting {\n    name = \"cosmos_key\"\n    value = module.db.primary_key\n  }\n}\n";
    let by_text = "locals {\n  x = \"AccountEndpoint=${var.url};AccountKey=${module.db.primary_key}\"\n}\n";
    let by_small_text = "locals {\n  x = \"accountendpoint=x;accountkey=${local.k}\"\n}\n";
    for (files, reads) in [
        (vec![("a.tf", certain), ("b.tf", db), ("c.tf", neutral)], 2),
        (vec![("a.tf", by_key.as_str()), ("b.tf", db), ("c.tf", neutral)], 2),
        (vec![("a.tf", &by_local), ("b.tf", db), ("c.tf", local), ("d.tf", neutral)], 2),
        (vec![("app/a.tf", &by_variable), ("b.tf", db), ("c.tf", app), ("d.tf", neutral)], 3),
        (
            vec![
                ("a.tf", &by_output),
                ("b.tf", call_in),
                ("in/b.tf", db),
                ("in/c.tf", through),
                ("in/d.tf", neutral),
            ],
            3,
        ),
        (vec![("a.tf", by_alias), ("b.tf", db), ("c.tf", alias), ("d.tf", neutral)], 2),
        (vec![("a.tf", &by_own), ("b.tf", here), ("db/a.tf", nothing)], 0),
        (vec![("a.tf", &by_key), ("b.tf", here), ("db/a.tf", nothing)], 0),
        (vec![("a.tf", &by_tfe), ("b.tf", tfe)], 2),
        (vec![("a.tf", by_block), ("b.tf", db), ("c.tf", neutral)], 2),
        (vec![("a.tf", by_text), ("b.tf", db), ("c.tf", neutral)], 2),
        (vec![("a.tf", by_small_text), ("b.tf", db), ("c.tf", local), ("d.tf", neutral)], 2),
    ] {
        let files = owned(&[files, vec![noise]].concat());
        let (part, left_out) = read(&files, true);
        assert_eq!(report(&part), report(&read(&files, false).0), "{files:#?}");
        assert_eq!(part.references.len(), reads, "{files:#?}: {:#?}", part.references);
        assert!(left_out > 0, "{files:#?}");
    }
}

#[test]
fn what_spells_an_account_that_azure_lists_the_keys_of_is_seen() {
    let action = "data \"azapi_resource_action\" \"k\" {\n  type = \"Microsoft.DocumentDB/databaseAccounts@2023-04-15\"\n  action = \"listKeys\"\n  \
                  resource_id = local.id\n}\noutput \"k\" {\n  value = data.azapi_resource_action.k.output.primaryMasterKey\n}\n";
    let id = "locals {\n  id = azapi_resource.acc.id\n}\n";
    let block = "resource \"azapi_resource\" \"acc\" {\n  type = \"Microsoft.DocumentDB/databaseAccounts@2023-04-15\"\n  name = var.name\n}\n";
    let variable = "variable \"name\" {\n  default = \"acme\"\n}\n";
    let named = "data \"azurerm_cosmosdb_account\" \"x\" {\n  name = \"acme\"\n}\nlocals {\n  s = data.azurerm_cosmosdb_account.x.secondary_key\n}\n";
    let deployment = |account: &str, more: &str| {
        format!(
            "resource \"azurerm_resource_group_template_deployment\" \"d\" {{\n  template_content = <<E\n{{\"outputs\": {{\"k\": {{\"value\": \
             \"[listKeys(resourceId('Microsoft.DocumentDB/databaseAccounts', {account}), '2015-04-08').primaryMasterKey]\"}}}}}}\nE\n{more}}}\nlocals \
             {{\n  k = jsondecode(azurerm_resource_group_template_deployment.d.output_content).k.value\n}}\n"
        )
    };
    let put_in = deployment("'${var.name}'", "");
    let handed =
        deployment("parameters('n')", "  parameters_content = jsonencode({ n = { value = var.name } })\n");
    for files in [
        vec![("a.tf", action), ("b.tf", id), ("c.tf", block), ("d.tf", variable), ("e.tf", named)],
        vec![("a.tf", put_in.as_str()), ("d.tf", variable), ("e.tf", named)],
        vec![("a.tf", &handed), ("d.tf", variable), ("e.tf", named)],
    ] {
        let noise = ("noise.tf", "variable \"other\" {\n  default = \"acme\"\n}\n");
        let files = owned(&[files, vec![noise]].concat());
        let (part, left_out) = read(&files, true);
        assert_eq!(report(&part), report(&read(&files, false).0), "{files:#?}");
        assert_eq!((part.accounts.len(), left_out), (1, 1), "{files:#?}: {:#?}", part.accounts);
    }
}

/// Who reads a key back from what it was given to needs no word of it.
#[test]
fn what_is_read_back_is_seen() {
    let pair = "resource \"azurerm_key_vault_secret\" \"p\" {\n  name = \"db-primary\"\n  value = azurerm_cosmosdb_account.x.primary_key\n}\n\
                resource \"azurerm_key_vault_secret\" \"s\" {\n  name = \"db-secondary\"\n  value = azurerm_cosmosdb_account.x.secondary_key\n}\n";
    let reader = "resource \"azurerm_linux_web_app\" \"w\" {\n  app_settings = { K = azurerm_key_vault_secret.p.value }\n}\n";
    let files = owned(&[("a.tf", pair), ("b.tf", reader), ("c.tf", &reader.replace(".p.", ".q."))]);
    let ((part, left_out), (whole, _)) = (read(&files, true), read(&files, false));
    assert_eq!((report(&part), left_out), (report(&whole), 1));
    assert_eq!(part.opaque.len(), 1);
}
