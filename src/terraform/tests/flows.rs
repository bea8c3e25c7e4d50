//! Where keys end, and what they pass on the way.

use super::Tree;
use crate::model::example_tree;

/// One line a flow: the reference's line, the names that it passes, the sink.
pub(super) fn flows<P: AsRef<str>, B: AsRef<[u8]>>(files: &[(P, B)]) -> Vec<String> {
    let tree = Tree::read(files);
    let line = |file: usize, start: usize| {
        format!("{}:{}", tree.sources[file].path(), tree.sources[file].position(start).line)
    };
    let told = tree.flows().iter().map(|flow| {
        let reference = &tree.references[flow.reference];
        let mut parts = vec![format!("{} {}", line(reference.file, reference.span.start), reference.slot)];
        parts.extend(flow.hops.iter().map(|hop| hop.name.clone()));
        parts.push(format!("{:?} {}", flow.sink.kind, flow.sink.name));
        parts.join(" > ")
    });
    told.collect()
}

#[test]
fn the_example_ends_in_the_secret_that_the_runbook_names() {
    let file = "src/infra/releaseunit/modules/stamp/keyvault-secrets.tf";
    let found = flows(&example_tree());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with(file), "{found:?}");
    assert!(
        found[0].ends_with("primary > local.secrets[\"CosmosDb-ApiKey\"] > KeyVaultSecret CosmosDb-ApiKey"),
        "{found:?}"
    );
}

#[test]
fn keys_are_followed_through_outputs_locals_and_inputs() {
    let files = [
        (
            "a.tf",
            "module \"db\" {\n  source = \"./db\"\n}\nlocals {\n  all = { db = module.db.key }\n}\nmodule \"app\" {\n  source = \"./app\"\n  settings = local.all\n}\n",
        ),
        (
            "app/a.tf",
            "variable \"settings\" {}\nresource \"azurerm_linux_web_app\" \"w\" {\n  app_settings = {\n    KEY = var.settings.db\n  }\n}\n",
        ),
        ("db/a.tf", "output \"key\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\n"),
    ];
    let found = flows(&files);
    assert!(
        found.contains(
            &"db/a.tf:2 primary > module.db.key > local.all[\"db\"] > var.settings.db > Argument azurerm_linux_web_app.w.app_settings.KEY".to_owned()
        ),
        "{found:#?}"
    );
}

#[test]
fn sinks_are_told_apart() {
    for (text, sink) in [
        ("output \"x\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\n", "RootOutput x"),
        (
            "module \"m\" {\n  source = \"a/b/c\"\n  key = azurerm_cosmosdb_account.a.primary_key\n}\n",
            "Input module.m.key",
        ),
        ("locals {\n  x = azurerm_cosmosdb_account.a.primary_key\n}\n", "Unread locals.x"),
        ("provider \"p\" {\n  key = azurerm_cosmosdb_account.a.primary_key\n}\n", "Setting provider.p.key"),
        (
            "resource \"azurerm_key_vault_secret\" \"s\" {\n  name = \"${var.p}-key\"\n  value_wo = azurerm_cosmosdb_account.a.primary_key\n}\n",
            "KeyVaultSecret ${var.p}-key",
        ),
    ] {
        let found = flows(&[("a.tf", text)]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].ends_with(sink), "{found:?}");
    }
}

#[test]
fn cycles_end() {
    let files = [
        (
            "a.tf",
            "locals {\n  a = try(local.b, azurerm_cosmosdb_account.x.primary_key)\n  b = local.a\n}\nmodule \"m\" {\n  source = \"./m\"\n  in = module.m.out\n}\n",
        ),
        (
            "m/a.tf",
            "module \"back\" {\n  source = \"../\"\n}\nvariable \"in\" {}\noutput \"out\" {\n  value = var.in\n}\n",
        ),
    ];
    assert!(!flows(&files).is_empty());
}

#[test]
fn a_key_in_several_elements_ends_in_each_of_their_secrets() {
    let text = "locals {\n  key = azurerm_cosmosdb_account.a.primary_key\n  all = {\n    one = local.key\n    two = \"k=${local.key};\"\n  }\n}\nresource \
                \"azurerm_key_vault_secret\" \"s\" {\n  for_each = local.all\n  name = each.key\n  value = each.value\n}\n";
    let found = flows(&[("a.tf", text)]);
    for secret in ["one", "two"] {
        assert!(found.iter().any(|flow| flow.ends_with(&format!("KeyVaultSecret {secret}"))), "{found:#?}");
    }
}

/// Names that hold each other in ever deeper objects.
#[test]
fn names_that_hold_each_other_end() {
    let names: Vec<String> = (0..12).map(|at| format!("n{at}")).collect();
    let held = |own: &String| {
        let parts: Vec<String> = names.iter().map(|name| format!("{name} = local.{name}")).collect();
        format!("  {own} = {{ {}, key = azurerm_cosmosdb_account.a.primary_key }}\n", parts.join(", "))
    };
    let text = format!("locals {{\n{}}}\n", names.iter().map(held).collect::<String>());
    assert!(!flows(&[("a.tf", text)]).is_empty());
}

#[test]
fn what_a_module_hands_out_is_followed_where_all_of_it_goes_by_another_name() {
    let module = "resource \"azurerm_cosmosdb_account\" \"a\" {\n  name = \"orders\"\n}\noutput \"key\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\n";
    let call = "module \"cosmos\" {\n  source = \"./m\"\n  depends_on = [module.other]\n}\n";
    let secret = |value: &str| {
        format!("resource \"azurerm_key_vault_secret\" \"s\" {{\n  name = \"k\"\n  value = {value}\n}}\n")
    };
    let end = " > KeyVaultSecret k";
    let told = |root: &str, way: &str| {
        let root = format!("{call}{root}");
        assert_eq!(
            flows(&[("a.tf", root.as_str()), ("m/a.tf", module)]).last().unwrap(),
            &format!("m/a.tf:5 primary{way}")
        );
    };
    let all = "locals {\n  all = { cosmos = module.cosmos }\n}\n";
    let read = |value: &str| format!("{all}{}", secret(value));
    told(&read("local.all.cosmos.key"), &format!(" > module.cosmos[\"key\"] > local.all.cosmos.key{end}"));
    told(
        &read("local.all[\"cosmos\"].key"),
        &format!(" > module.cosmos[\"key\"] > local.all[\"cosmos\"].key{end}"),
    );
    told(&read("local.all.cosmos.other"), " > module.cosmos[\"key\"] > Unread locals.all.cosmos.key");
    told("resource \"x\" \"y\" {\n  depends_on = [module.cosmos]\n}\n", " > Unread output.key.value");
    let each = "resource \"azurerm_key_vault_secret\" \"s\" {\n  for_each = { k = module.cosmos }\n  name = each.key\n  value = each.value.key\n}\n";
    told(each, &format!(" > module.cosmos[\"key\"] > each.value.key{end}"));
    told("output \"all\" {\n  value = module.cosmos\n}\n", " > module.cosmos[\"key\"] > RootOutput all");
}

#[test]
fn every_instance_of_a_module_is_followed_where_all_are_kept_together() {
    let secret = |name: &str, value: &str| {
        format!(
            "resource \"azurerm_key_vault_secret\" \"{name}\" {{\n  name = \"{name}\"\n  value = {value}\n}}\n"
        )
    };
    let root = "module \"cosmos\" {\n  for_each = { eu = \"orders-eu\", us = \"orders-us\" }\n  source = \"./m\"\n  name = each.value\n}\nlocals {\n  all = { cosmos = module.cosmos }\n}\n".to_owned()
        + &secret("eu", "local.all.cosmos[\"eu\"].key")
        + &secret("us", "module.cosmos[\"us\"].key");
    let module = "variable \"name\" {}\nresource \"azurerm_cosmosdb_account\" \"a\" {\n  name = var.name\n}\noutput \"key\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\n";
    let found = flows(&[("a.tf", root.as_str()), ("m/a.tf", module)]);
    let of_module = found.iter().filter(|flow| flow.starts_with("m/a.tf"));
    let ways: Vec<&str> = of_module.map(|flow| flow.split_once(" > ").unwrap().1).collect();
    let eu = "module.cosmos[\"eu\"][\"key\"] > local.all.cosmos[\"eu\"].key > KeyVaultSecret eu";
    assert_eq!(ways, [eu, "module.cosmos[\"us\"].key > KeyVaultSecret us"]);
}

#[test]
fn a_secret_that_is_read_back_says_where() {
    let code = |name: &str| {
        format!(
            "resource \"azurerm_key_vault_secret\" \"w\" {{\n  name = \"cosmos\"\n  value = azurerm_cosmosdb_account.x.primary_key\n}}\ndata \"azurerm_key_vault_secret\" \"r\" {{\n  name = {name}\n}}\nresource \"azurerm_linux_web_app\" \"a\" {{\n  app_settings = {{ K = data.azurerm_key_vault_secret.r.value }}\n}}\n"
        )
    };
    let back = |text: &str| -> Vec<String> {
        let tree = Tree::read(&[("a.tf", text)]);
        let told = |back: &crate::terraform::Back| format!("{} in {}", back.name, back.binding.join("."));
        tree.flows().iter().flat_map(|flow| flow.sink.read_back.iter().map(told)).collect()
    };
    let told = "data.azurerm_key_vault_secret.r.value in resource.azurerm_linux_web_app.a.app_settings.K";
    for name in ["\"cosmos\"", "azurerm_key_vault_secret.w.name"] {
        assert_eq!(back(&code(name)), [told], "{name}");
    }
    for name in ["\"other\"", "azurerm_key_vault_secret.v.name", "var.n"] {
        assert_eq!(back(&code(name)), [""; 0], "{name}");
    }
    let twice = code("\"cosmos\"")
        + "resource \"azurerm_key_vault_secret\" \"w2\" {\n  name = \"cosmos\"\n  value = azurerm_cosmosdb_account.x.primary_key\n}\n";
    assert_eq!(back(&twice), [""; 0], "in which vault, nothing says");
    let vaults = |written: &str, read: &str| {
        let name = "  name = \"cosmos\"\n";
        let at = |vault: &str| format!("{name}  key_vault_id = {vault}\n");
        let text = code("\"cosmos\"").replacen(name, &at(written), 1);
        let (writer, reader) = text.split_once("data ").unwrap();
        back(&format!("{writer}data {}", reader.replacen(name, &at(read), 1)))
    };
    assert_eq!(vaults("\"/v/a\"", "\"/v/a\""), [told]);
    assert_eq!(vaults("\"/v/a\"", "\"/v/b\""), [""; 0], "a secret of that name in another vault");
    assert_eq!(vaults("\"/v/a\"", "var.vault"), [told], "which one it is read from, nothing says");
    // Of two that write the name, the one in the vault that is read.
    let written = |resource: &str, slot: &str, vault: &str| {
        format!(
            "resource \"azurerm_key_vault_secret\" \"{resource}\" {{\n  name = \"cosmos\"\n  key_vault_id = \"/v/{vault}\"\n  value = azurerm_cosmosdb_account.x.{slot}_key\n}}\n"
        )
    };
    let two = |vault: &str| {
        let both = written("w1", "primary", "a") + &written("w2", "secondary", "b");
        let reader = code("\"cosmos\"\n  key_vault_id = \"/v/VAULT\"").replace("VAULT", vault);
        let (_, reader) = reader.split_once("data ").unwrap();
        let text = format!("{both}data {reader}");
        let tree = Tree::read(&[("a.tf", &text)]);
        let of = tree.flows();
        let of = of.iter().filter(|flow| !flow.sink.read_back.is_empty());
        of.map(|flow| flow.sink.binding.join(".")).collect::<Vec<_>>()
    };
    assert_eq!(two("a"), ["resource.azurerm_key_vault_secret.w1.value"]);
    assert_eq!(two("b"), ["resource.azurerm_key_vault_secret.w2.value"]);
    assert_eq!(two("c"), [""; 0]);
    let own = code("\"other\"")
        .replace("data.azurerm_key_vault_secret.r.value", "azurerm_key_vault_secret.w.value");
    assert_eq!(
        back(&own),
        ["azurerm_key_vault_secret.w.value in resource.azurerm_linux_web_app.a.app_settings.K"]
    );
}
