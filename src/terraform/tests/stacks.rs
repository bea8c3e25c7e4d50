//! Components of stacks: modules whose inputs stand in a map of their own.

use super::check;
use crate::model::{Access, Slot};
use crate::terraform::{Tree, flip};

const DB: &str = "output \"primary_key\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\noutput \"secondary_key\" {\n  value = azurerm_cosmosdb_account.a.secondary_key\n}\n";

/// The stack hands one component's key to the next, on its line 7.
#[track_caller]
fn check_stack(file: &str, stack: &str, app: &str) {
    check(
        &[("app/a.tf", app), ("db/a.tf", DB), (file, stack)],
        &[
            "app/a.tf:3 key [key] primary read-write Relay",
            "db/a.tf:2 primary_key [primary_key] primary read-write Definition",
            "db/a.tf:5 secondary_key [secondary_key] secondary read-write Definition",
            &format!("{file}:7 primary_key [primary_key] primary read-write Consumer"),
        ],
    );
}

#[test]
fn keys_are_followed_from_component_to_component() {
    for file in ["main.tfcomponent.hcl", "main.tfstack.hcl"] {
        let stack = "component \"db\" {\n  source = \"./db\"\n}\ncomponent \"app\" {\n  source = \"./app\"\n  inputs = {\n    key    = component.db.primary_key\n    inputs = \"x\"\n  }\n}\n";
        let app = "variable \"key\" {}\nresource \"a_b\" \"c\" {\n  k = var.key\n}\n";
        check_stack(file, stack, app);
    }
}

#[test]
fn an_input_that_is_called_inputs_is_one_like_any_other() {
    let root = "module \"app\" {\n  source = \"./app\"\n  inputs = {\n    key = azurerm_cosmosdb_account.a.primary_key\n  }\n}\n";
    let app = "variable \"inputs\" {}\nresource \"a_b\" \"c\" {\n  k = var.inputs.key\n}\n";
    check(
        &[("a.tf", root), ("app/a.tf", app)],
        &[
            "a.tf:4 primary_key [primary_key] primary read-write Consumer",
            "app/a.tf:3 key [key] primary read-write Relay",
        ],
    );
}

const DEPLOY: &str = "main.tfdeploy.hcl";

#[test]
fn what_another_stack_publishes_goes_by_its_names() {
    let upstream = |name: &str, source: &str, output: &str| {
        format!(
            "upstream_input \"{name}\" {{\n  type   = \"stack\"\n  source = \"app.terraform.io/acme/p/{source}\"\n}}\ndeployment \"prod\" {{\n  inputs = {{\n    key = upstream_input.{name}.{output}\n  }}\n}}\n"
        )
    };
    let read = |name: &str| format!("{DEPLOY}:7 {name} [{name}] primary read-write Consumer");
    for (name, source, output) in [
        ("db", "cosmosdb", "primary_key"),
        ("cosmos", "db", "primary_key"),
        ("db", "db", "cosmosdb_primary_key"),
    ] {
        check(&[(DEPLOY, &upstream(name, source, output))], &[&read(output)]);
    }
    check(&[(DEPLOY, &upstream("db", "search", "primary_key"))], &[]);
    check(&[(DEPLOY, &upstream("db", "cosmosdb", "key"))], &[&format!("{DEPLOY}:7 opaque")]);
    let tree = Tree::read(&[(DEPLOY, upstream("db", "cosmosdb", "primary_key"))]);
    assert_eq!(tree.references[0].symbol.to_string(), "upstream_input.db");
}

#[test]
fn a_value_that_chooses_is_unknown_where_a_deployment_gives_it() {
    let stack = "variable \"slot\" {\n  type    = string\n  default = \"primary\"\n}\nlocals {\n  k = var.slot == \"primary\" ? azurerm_cosmosdb_account.a.primary_key : azurerm_cosmosdb_account.a.secondary_key\n}\n";
    let deploy = |inputs: &str| {
        format!("deployment \"a\" {{\n  inputs = {{}}\n}}\ndeployment \"b\" {{\n  inputs = {inputs}\n}}\n")
    };
    for (inputs, refused) in
        [("{ other = 1 }", false), ("{ slot = \"secondary\" }", true), ("local.inputs", true)]
    {
        let files = [(DEPLOY, deploy(inputs)), ("a.tfcomponent.hcl", stack.to_owned())];
        let flipped = flip(&files, None, Access::ReadWrite, Slot::Secondary);
        assert_eq!(flipped.is_err(), refused, "{inputs}: {flipped:?}");
    }
}

#[test]
fn accounts_are_called_what_deployments_call_them() {
    let stack = "variable \"name\" {\n  default = \"a\"\n}\nlocals {\n  k = data.azurerm_cosmosdb_account.a.primary_key\n}\ndata \"azurerm_cosmosdb_account\" \"a\" {\n  name = var.name\n}\n";
    let key = |deploy: &str| {
        Tree::read(&[("a.tfcomponent.hcl", stack), (DEPLOY, deploy)]).accounts[0].key.to_string()
    };
    assert_eq!(key("deployment \"x\" {\n  inputs = { name = \"b\" }\n}\n"), "b");
    assert_eq!(key("deployment \"x\" {\n  inputs = {}\n}\n"), "a");
    assert_eq!(
        key("deployment \"x\" {\n  inputs = { name = \"b\" }\n}\ndeployment \"y\" {}\n"),
        "data.azurerm_cosmosdb_account.a"
    );
}

#[test]
fn the_same_is_read_in_json() {
    let stack = "{\n  \"component\": {\n    \"db\": { \"source\": \"./db\" },\n    \"app\": {\n      \"source\": \"./app\",\n      \"inputs\": {\n        \"key\": \"${component.db.primary_key}\"\n      }\n    }\n  }\n}\n";
    let app = "variable \"key\" {}\nresource \"a_b\" \"c\" {\n  k = var.key\n}\n";
    for file in ["main.tfcomponent.json", "main.tfstack.json"] {
        check_stack(file, stack, app);
    }
    let deploy = "{\n  \"upstream_input\": { \"db\": { \"type\": \"stack\", \"source\": \"app.terraform.io/acme/p/cosmosdb\" } },\n  \"deployment\": { \"prod\": { \"inputs\": {\n    \"key\": \"${upstream_input.db.primary_key}\" } } }\n}\n";
    check(
        &[("main.tfdeploy.json", deploy)],
        &["main.tfdeploy.json:4 primary_key [primary_key] primary read-write Consumer"],
    );
    let stack = "variable \"slot\" {\n  type    = string\n  default = \"primary\"\n}\nlocals {\n  k = var.slot == \"primary\" ? azurerm_cosmosdb_account.a.primary_key : azurerm_cosmosdb_account.a.secondary_key\n}\n";
    let deploy = "{ \"deployment\": { \"a\": { \"inputs\": { \"slot\": \"secondary\" } } } }\n";
    let files = [("main.tfdeploy.json", deploy), ("a.tfcomponent.hcl", stack)];
    // A deployment decides.
    assert_eq!(flip(&files, None, Access::ReadWrite, Slot::Secondary), Ok(Vec::new()));
    let flipped = flip(&files, None, Access::ReadWrite, Slot::Primary).unwrap();
    assert_eq!(flipped, [(files[0].0.to_owned(), deploy.replace("secondary", "primary").into_bytes())]);
}
