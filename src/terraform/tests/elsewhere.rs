//! Keys that do not come from an account's own block.

use super::{check, found};
use crate::model::Slot;
use crate::terraform::Tree;

#[test]
fn terragrunt_dependencies_are_followed_into_the_tree() {
    check(
        &[
            (
                "app/terragrunt.hcl",
                "dependency \"db\" {\n  config_path = \"../db\"\n}\ninputs = {\n  key = dependency.db.outputs.main_secondary\n}\n",
            ),
            ("db/terragrunt.hcl", "terraform {\n  source = \"../modules//db\"\n}\n"),
            (
                "modules/db/a.tf",
                "output \"main_primary\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\noutput \"main_secondary\" {\n  value = azurerm_cosmosdb_account.a.secondary_key\n}\n",
            ),
        ],
        &[
            "app/terragrunt.hcl:5 main_secondary [main_secondary] secondary read-write Consumer",
            "modules/db/a.tf:2 primary_key [primary_key] primary read-write Definition",
            "modules/db/a.tf:5 secondary_key [secondary_key] secondary read-write Definition",
        ],
    );
}

#[test]
fn terragrunt_dependencies_on_code_from_elsewhere_go_by_their_names() {
    let text = "dependency \"cosmosdb_account\" {\n  config_path = \"../../cosmosdb/account\"\n}\ndependency \"search\" {\n  config_path = \"../search\"\n}\ninputs = {\n  a = dependency.cosmosdb_account.outputs.primary_master_key\n  b = dependency.cosmosdb_account.outputs.connection_strings[1]\n  c = dependency.search.outputs.primary_key\n  d = dependency.cosmosdb_account.outputs.endpoint\n}\n";
    check(
        &[("prod/app/terragrunt.hcl", text)],
        &[
            "prod/app/terragrunt.hcl:8 primary_master_key [primary_master_key] primary read-write Consumer",
            "prod/app/terragrunt.hcl:9 connection_strings[1] [1] secondary read-write Consumer",
        ],
    );
}

#[test]
fn modules_from_elsewhere_go_by_their_names() {
    let text = "module \"Search\" {\n  source = \"Azure/search/azurerm\"\n}\nmodule \"Cosmos\" {\n  source = \"git::https://example.invalid/m.git\"\n}\nlocals {\n  a = module.Search.primary_key\n  b = module.Cosmos.primary_key\n  c = [module.Cosmos.key]\n  d = module.Cosmos.location\n}\n";
    check(
        &[("a.tf", text)],
        &["a.tf:9 primary_key [primary_key] primary read-write Consumer", "a.tf:10 opaque"],
    );
}

#[test]
fn remote_state_goes_by_its_names() {
    let text = "data \"terraform_remote_state\" \"shared\" {\n  backend = \"azurerm\"\n}\nlocals {\n  a = data.terraform_remote_state.shared.outputs.cosmos_primary_key\n  b = data.terraform_remote_state.shared.outputs[\"cosmos_secondary_key\"]\n  c = data.terraform_remote_state.shared.outputs.primary_key\n}\n";
    check(
        &[("a.tf", text)],
        &[
            "a.tf:5 cosmos_primary_key [cosmos_primary_key] primary read-write Consumer",
            "a.tf:6 cosmos_secondary_key [cosmos_secondary_key] secondary read-write Consumer",
        ],
    );
}

#[test]
fn azapi_list_keys_is_read_with_and_without_its_decoding() {
    let text = "data \"azapi_resource_action\" \"keys\" {\n  type        = \"Microsoft.DocumentDB/databaseAccounts@2024-08-15\"\n  resource_id = azurerm_cosmosdb_account.a.id\n  action      = \"listKeys\"\n  response_export_values = [\"*\"]\n}\ndata \"azapi_resource_action\" \"storage\" {\n  type   = \"Microsoft.Storage/storageAccounts@2022-09-01\"\n  action = \"listKeys\"\n}\nlocals {\n  a = jsondecode(data.azapi_resource_action.keys.output).primaryMasterKey\n  b = data.azapi_resource_action.keys.output.secondaryReadonlyMasterKey\n  c = data.azapi_resource_action.storage.output.primaryMasterKey\n  d = azurerm_cosmosdb_account.a.primary_key\n}\n";
    check(
        &[("a.tf", text)],
        &[
            "a.tf:12 primaryMasterKey [primaryMasterKey] primary read-write Consumer",
            "a.tf:13 secondaryReadonlyMasterKey [secondaryReadonlyMasterKey] secondary read-only Consumer",
            "a.tf:15 primary_key [primary_key] primary read-write Consumer",
        ],
    );
    let tree = Tree::read(&[("a.tf", text)]);
    assert_eq!(tree.accounts.len(), 1, "{:?}", tree.accounts);
}

#[test]
fn outputs_of_an_arm_template_are_what_the_template_says() {
    let text = "resource \"azurerm_resource_group_template_deployment\" \"x\" {\n  template_content = <<-JSON\n{\"outputs\": {\"key\": {\"type\": \"string\", \"value\": \"[listKeys(resourceId('Microsoft.DocumentDB/databaseAccounts', 'a'), '2021-04-15').secondaryMasterKey]\"}, \"where\": {\"type\": \"string\", \"value\": \"x\"}}}\n  JSON\n}\nlocals {\n  a = jsondecode(azurerm_resource_group_template_deployment.x.output_content).key.value\n  b = jsondecode(azurerm_resource_group_template_deployment.x.output_content).where.value\n  c = azurerm_template_deployment.cosmos.outputs[\"primaryKey\"]\n}\nresource \"azurerm_template_deployment\" \"cosmos\" {\n  template_body = file(\"cosmos.json\")\n}\n";
    check(
        &[("a.tf", text)],
        &[
            "a.tf:7 key [key] secondary read-write Consumer",
            "a.tf:9 primaryKey [primaryKey] primary read-write Consumer",
        ],
    );
}

#[test]
fn keys_that_an_arm_template_computes_or_hands_out_whole_are_opaque() {
    let account = "{\"type\": \"Microsoft.DocumentDB/databaseAccounts\", \"name\": \"acme-db\"}";
    let template = |value: &str| {
        format!(
            "{{\"resources\": [{account}], \"outputs\": {{\"key\": {{\"type\": \"string\", \"value\": \"{value}\"}}}}}}"
        )
    };
    let code = "resource \"azurerm_resource_group_template_deployment\" \"d\" {\n  template_content = file(\"arm.json\")\n}\nresource \"x\" \"y\" {\n  k = jsondecode(azurerm_resource_group_template_deployment.d.output_content).key.value\n}\n";
    let list = "listKeys('acme-db','2021-04-15')";
    for (text, expected) in [
        (template(&format!("[{list}.secondaryMasterKey]")), "a.tf:5 key [key] secondary read-write Consumer"),
        (
            template(&format!(
                "[if(equals(parameters('x'),'y'),{list}.primaryMasterKey,{list}.secondaryMasterKey)]"
            )),
            "a.tf:5 opaque",
        ),
        (template(&format!("[{list}[parameters('which')]]")), "a.tf:5 opaque"),
        (template(&format!("[{list}]")), "a.tf:5 opaque"),
        (
            template("[listConnectionStrings('acme-db','2021-04-15').connectionStrings[0].connectionString]"),
            "a.tf:5 opaque",
        ),
        ("{\"outputs\": {".to_owned(), "a.tf:5 opaque"),
    ] {
        check(&[("a.tf", code), ("arm.json", &text)], &[expected]);
    }
}

#[test]
fn whole_accounts_are_followed_through_outputs_and_inputs() {
    check(
        &[
            (
                "a.tf",
                "module \"db\" {\n  source = \"./db\"\n}\nmodule \"app\" {\n  source  = \"./app\"\n  account = module.db.account\n}\nlocals {\n  k = module.db.account.secondary_key\n}\n",
            ),
            ("app/a.tf", "variable \"account\" {}\nlocals {\n  key = var.account.primary_key\n}\n"),
            ("db/a.tf", "output \"account\" {\n  value = azurerm_cosmosdb_account.a\n}\n"),
        ],
        &[
            "a.tf:9 secondary_key [secondary_key] secondary read-write Consumer",
            "app/a.tf:3 primary_key [primary_key] primary read-write Consumer",
        ],
    );
    // A root's output leaves the tree.
    check(
        &[("db/a.tf", "output \"account\" {\n  value = azurerm_cosmosdb_account.a\n}\n")],
        &["db/a.tf:2 opaque"],
    );
}

#[test]
fn names_behind_which_one_key_stands_are_relays() {
    let files = [
        (
            "a.tf",
            "module \"db\" {\n  source = \"./db\"\n}\nmodule \"app\" {\n  source = \"./app\"\n  cosmos = module.db.key\n}\n",
        ),
        ("app/a.tf", "variable \"cosmos\" {}\nlocals {\n  key = var.cosmos\n}\n"),
        ("db/a.tf", "output \"key\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\n"),
    ];
    check(
        &files,
        &[
            "a.tf:6 key [key] primary read-write Relay",
            "app/a.tf:3 cosmos [cosmos] primary read-write Relay",
            "db/a.tf:2 primary_key [primary_key] primary read-write Consumer",
        ],
    );
    let flipped = crate::terraform::flip(&files, None, crate::model::Access::ReadWrite, Slot::Secondary);
    let changed: Vec<String> = flipped.unwrap().into_iter().map(|(path, _)| path).collect();
    assert_eq!(changed, ["db/a.tf"]);
}

#[test]
fn keys_that_are_handed_in_from_elsewhere_are_opaque() {
    check(
        &[(
            "a.tf",
            "variable \"cosmosdb_primary_key\" {}\nlocals {\n  a = var.cosmosdb_primary_key\n  b = var.storage_primary_key\n}\n",
        )],
        &["a.tf:3 opaque", "a.tf:3 cosmosdb_primary_key [cosmosdb_primary_key] primary read-write Relay"],
    );
    let called = found(&[
        ("a.tf", "module \"m\" {\n  source = \"./m\"\n  cosmosdb_primary_key = \"none\"\n}\n"),
        ("m/a.tf", "variable \"cosmosdb_primary_key\" {}\nlocals {\n  a = var.cosmosdb_primary_key\n}\n"),
    ]);
    assert!(called.is_empty(), "{called:?}");
}

#[test]
fn json_files_hand_out_keys_like_others() {
    check(
        &[
            (
                "a.tf.json",
                "{\"module\": {\"db\": {\"source\": \"./db\"}}, \"locals\": {\"k\": \"${module.db.secondary}\"}}\n",
            ),
            (
                "db/a.tf.json",
                "{\"output\": {\"primary\": {\"value\": \"${azurerm_cosmosdb_account.a.primary_key}\"},\n\"secondary\": {\"value\": \"${azurerm_cosmosdb_account.a.secondary_key}\"}}}\n",
            ),
        ],
        &[
            "a.tf.json:1 secondary [secondary] secondary read-write Consumer",
            "db/a.tf.json:1 primary_key [primary_key] primary read-write Definition",
            "db/a.tf.json:2 secondary_key [secondary_key] secondary read-write Definition",
        ],
    );
}

#[test]
fn objects_handed_in_from_elsewhere_are_read_by_their_attributes() {
    check(
        &[(
            "a.tf",
            "variable \"cosmos_db\" {}\nlocals {\n  a = var.cosmos_db.secondary_key\n  b = var.cosmos_db.endpoint\n  c = var.storage.primary_key\n}\n",
        )],
        &["a.tf:3 opaque", "a.tf:3 secondary_key [secondary_key] secondary read-write Relay"],
    );
}

#[test]
fn one_account_or_the_other_under_one_name_is_one_account() {
    let text = "locals {\n  db = (var.restore ? azurerm_cosmosdb_account.restored[0] : azurerm_cosmosdb_account.main[0])\n  key = local.db.primary_key\n}\n";
    check(&[("a.tf", text)], &["a.tf:3 primary_key [primary_key] primary read-write Consumer"]);
    assert_eq!(Tree::read(&[("a.tf", text)]).accounts.len(), 1);
}

#[test]
fn what_comes_from_blocks_that_are_not_here_goes_by_its_names() {
    check(
        &[(
            "a.tf",
            "locals {\n  a = try(azapi_resource_action.k.output.primaryReadonlyMasterKey, \"\")\n  b = azurerm_template_deployment.x.outputs[\"documentDbSecondaryMasterKey\"]\n  c = azurerm_template_deployment.x.outputs[\"storageKey\"]\n}\n",
        )],
        &[
            "a.tf:2 primaryReadonlyMasterKey [primaryReadonlyMasterKey] primary read-only Consumer",
            "a.tf:3 documentDbSecondaryMasterKey [documentDbSecondaryMasterKey] secondary read-write Consumer",
        ],
    );
}

#[test]
fn an_action_may_be_ephemeral() {
    let text = "ephemeral \"azapi_resource_action\" \"keys\" {\n  type = \"Microsoft.DocumentDB/databaseAccounts@2024-05-15\"\n  action = \"listKeys\"\n}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  name = \"db\"\n  value_wo = ephemeral.azapi_resource_action.keys.output.secondaryMasterKey\n}\n";
    check(
        &[("a.tf", text)],
        &["a.tf:7 secondaryMasterKey [secondaryMasterKey] secondary read-write Consumer"],
    );
}

#[test]
fn json_strings_with_escapes_are_read_and_comments_are_not() {
    let text = r#"{"//": "${azurerm_cosmosdb_account.x.primary_key}",
      "locals": {"//": "${azurerm_cosmosdb_account.x.primary_key}",
        "a": "key=\"${azurerm_cosmosdb_account.a[\"eu\"].primary_key}\"\n",
        "b": "${lookup(azurerm_cosmosdb_account.a, \"secondary_key\")}"}}"#;
    check(
        &[("a.tf.json", text)],
        &[
            "a.tf.json:3 primary_key [primary_key] primary read-write Consumer",
            "a.tf.json:4 secondary_key [secondary_key] secondary read-write Consumer",
        ],
    );
}

#[test]
fn a_key_that_replaces_a_resource_is_read() {
    let text = "resource \"terraform_data\" \"t\" {\n  lifecycle {\n    replace_triggered_by = [azurerm_cosmosdb_account.a.primary_key, azurerm_cosmosdb_account.b]\n  }\n}\n";
    check(&[("a.tf", text)], &["a.tf:3 primary_key [primary_key] primary read-write Consumer"]);
}

#[test]
fn limits_of_the_parser_are_not_told_as_errors_of_the_file() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let files = [
        ("a.tf", format!("locals {{\n  x = {deep}\n}}\n")),
        ("b.tf.json", format!("{{\"locals\": {{\"x\": {deep}}}}}")),
    ];
    let tree = Tree::read(&files);
    for unparsed in &tree.unparsed {
        assert!(unparsed.failure.message.contains("though Terraform may"), "{:?}", unparsed.failure);
    }
    assert_eq!(tree.unparsed.len(), 2);
}

#[test]
fn a_dependency_is_found_by_terragrunts_own_names_for_places() {
    for path in [
        "../db",
        "../db/terragrunt.hcl",
        "${get_terragrunt_dir()}/../db",
        "${get_repo_root()}/live/db",
        "../../live/db",
    ] {
        let app = format!(
            "dependency \"x\" {{\n  config_path = \"{path}\"\n}}\ninputs = {{\n  key = dependency.x.outputs.b_key\n}}\n"
        );
        let db = "output \"a_key\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\noutput \"b_key\" {\n  value = azurerm_cosmosdb_account.a.secondary_key\n}\n";
        let files = [("live/app/terragrunt.hcl", app.as_str()), ("live/db/a.tf", db)];
        let read = "live/app/terragrunt.hcl:5 b_key [b_key] secondary read-write Consumer".to_owned();
        assert!(found(&files).contains(&read), "{path}: {:#?}", found(&files));
    }
}

#[test]
fn an_arm_template_may_stand_in_a_file() {
    let template = "{\"outputs\": {\"one\": {\"type\": \"string\", \"value\": \"[listKeys(variables('id'), '2021-04-15').secondaryMasterKey]\"}, \"two\": {\"value\": \"[listKeys(variables('storage'), '2019-06-01').keys[0].value]\"}}}\n";
    let reads = |content: &str| {
        format!(
            "resource \"azurerm_resource_group_template_deployment\" \"x\" {{\n  template_content = {content}\n}}\nlocals {{\n  a = \
             jsondecode(azurerm_resource_group_template_deployment.x.output_content).one.value\n  b = \
             jsondecode(azurerm_resource_group_template_deployment.x.output_content).two.value\n}}\n"
        )
    };
    let marked = format!("\u{feff}{template}");
    for (content, path, text, found_at) in [
        ("file(\"x.json\")", "in/x.json", template, true),
        ("file(\"${path.module}/arm/x.json\")", "in/arm/x.json", template, true),
        ("file(\"../x.json\")", "x.json", &marked, true),
        ("templatefile(\"${path.module}/x.json\", { id = 1 })", "in/x.json", template, true),
        ("file(\"x.json\")", "x.json", template, false),
        ("file(\"../../x.json\")", "x.json", template, false),
        ("file(var.path)", "in/x.json", template, false),
        ("file(\"x.json\")", "in/x.json", "{\"outputs\": {", false),
    ] {
        let code = reads(content);
        let files = [("in/a.tf", code.as_str()), (path, text)];
        let expected: &[&str] =
            if found_at { &["in/a.tf:5 one [one] secondary read-write Consumer"] } else { &[] };
        check(&files, expected);
        // What is changed and read again says the same.
        let tree = Tree::read(&files);
        let again = tree.with(&[("in/a.tf".to_owned(), code.clone().into_bytes())]);
        assert_eq!(again.references.len(), tree.references.len(), "{content}");
    }
}

#[test]
fn a_module_is_what_it_comes_from_and_not_what_it_is_called() {
    let text = "module \"cosmos_backup\" {\n  source = \"Azure/storage/azurerm\"\n}\nmodule \"cosmos\" {\n  source = \"git::https://example.invalid/search/modules.git\"\n}\nresource \"a_b\" \"c\" {\n  a = module.cosmos_backup.primary_access_key\n  b = module.cosmos.primary_key\n  c = module.cosmos.search_primary_key\n}\n";
    check(&[("a.tf", text)], &["a.tf:9 primary_key [primary_key] primary read-write Consumer"]);
}

#[test]
fn templates_that_are_written_in_place_are_worked_out_as_far_as_they_go() {
    let reads = |name: &str| {
        format!(
            "resource \"a_b\" \"c\" {{\n  k = jsondecode(azurerm_resource_group_template_deployment.d.output_content).{name}.value\n}}\n"
        )
    };
    let deployed = |name: &str, template: &str, more: &str| {
        let block = format!(
            "resource \"azurerm_resource_group_template_deployment\" \"d\" {{\n  template_content = {template}\n}}\n"
        );
        found(&[("a.tf", &format!("{}{block}{more}", reads(name)))])
    };
    let list = |key: &str| {
        format!(
            "[listKeys(resourceId('Microsoft.DocumentDB/databaseAccounts', '${{var.a}}'), '2021-04-15').{key}]"
        )
    };
    let encoded = |key: &str| {
        format!("jsonencode({{ outputs = {{ k = {{ type = \"string\", value = \"{}\" }} }} }})", list(key))
    };
    let heredoc = |key: &str| {
        format!(
            "<<JSON\n{{\"outputs\": {{\"k\": {{\"type\": \"string\", \"value\": \"{}\"}}}}, \"x\": ${{jsonencode(var.x)}}}}\nJSON",
            list(key)
        )
    };
    let secondary = "a.tf:2 k [k] secondary read-write Consumer";
    for template in [encoded("secondaryMasterKey"), heredoc("secondaryMasterKey")] {
        assert_eq!(deployed("k", &template, ""), [secondary], "{template}");
    }
    let local = format!(
        "locals {{\n  t = {{ outputs = {{ k = {{ value = \"{}\" }} }} }}\n}}\n",
        list("secondaryMasterKey")
    );
    assert_eq!(deployed("k", "jsonencode(local.t)", &local), [secondary]);
    for template in [
        encoded("${var.slot}MasterKey"),
        heredoc("${var.slot}MasterKey"),
        "jsonencode(merge({ x = \"Microsoft.DocumentDB\" }, {}))".to_owned(),
        "jsonencode({ resources = [\"Microsoft.DocumentDB\"], outputs = local.outputs })".to_owned(),
        "jsonencode({ resources = [\"Microsoft.DocumentDB\"], outputs = { (var.name) = { value = \"x\" } } })".to_owned(),
    ] {
        let template = template.replace("k = {", "primary_key = {").replace("\"k\"", "\"primary_key\"");
        assert_eq!(deployed("primary_key", &template, ""), ["a.tf:2 opaque"], "{template}");
        assert!(deployed("endpoint", &template, "").is_empty(), "{template}");
    }
    // Keys of other services stay what they are.
    let storage = "jsonencode({ resources = [\"Microsoft.Storage\"], outputs = { k = { value = \"[listKeys('${var.s}', '1').keys[0].value]\" } } })";
    assert!(deployed("k", storage, "").is_empty());
}

#[test]
fn outputs_of_another_workspace_go_by_their_names() {
    let text = "resource \"a_b\" \"c\" {\n  a = data.tfe_outputs.cosmos.values.primary_key\n  b = nonsensitive(data.tfe_outputs.shared.values.cosmos_secondary_key)\n  c = data.tfe_outputs.search.values.primary_key\n}\n";
    check(
        &[("a.tf", text)],
        &[
            "a.tf:2 primary_key [primary_key] primary read-write Consumer",
            "a.tf:3 cosmos_secondary_key [cosmos_secondary_key] secondary read-write Consumer",
        ],
    );
    let tree = Tree::read(&[("a.tf", text)]);
    assert_eq!(tree.references[0].symbol.to_string(), "data.tfe_outputs.cosmos");
}

#[test]
fn what_a_program_prints_goes_by_azures_names_alone() {
    let text = "data \"external\" \"keys\" {\n  program = [\"az\", \"cosmosdb\", \"keys\", \"list\"]\n}\nresource \"a_b\" \"c\" {\n  a = data.external.keys.result.primaryMasterKey\n  b = data.external.keys.result[\"secondaryReadonlyMasterKey\"]\n  c = data.external.keys.result.primary_key\n  d = data.external.keys.result\n  e = data.external.keys.program\n}\n";
    check(
        &[("a.tf", text)],
        &[
            "a.tf:5 primaryMasterKey [primaryMasterKey] primary read-write Consumer",
            "a.tf:6 secondaryReadonlyMasterKey [secondaryReadonlyMasterKey] secondary read-only Consumer",
        ],
    );
    let tree = Tree::read(&[("a.tf", text)]);
    assert_eq!(tree.references[0].symbol.to_string(), "data.external.keys");
    assert_eq!(tree.references[0].counterpart, crate::terraform::Counterpart::Assumed);
}
