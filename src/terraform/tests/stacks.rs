//! Components of stacks: modules whose inputs stand in a map of their own.

use super::check;

const DB: &str = "output \"primary_key\" {\n  value = azurerm_cosmosdb_account.a.primary_key\n}\noutput \"secondary_key\" {\n  value = azurerm_cosmosdb_account.a.secondary_key\n}\n";

#[test]
fn keys_are_followed_from_component_to_component() {
    for file in ["main.tfcomponent.hcl", "main.tfstack.hcl"] {
        let stack = "component \"db\" {\n  source = \"./db\"\n}\ncomponent \"app\" {\n  source = \"./app\"\n  inputs = {\n    key    = component.db.primary_key\n    inputs = \"x\"\n  }\n}\n";
        let app = "variable \"key\" {}\nresource \"a_b\" \"c\" {\n  k = var.key\n}\n";
        let stack_line = format!("{file}:7 primary_key [primary_key] primary read-write Consumer");
        check(
            &[("app/a.tf", app), ("db/a.tf", DB), (file, stack)],
            &[
                "app/a.tf:3 key [key] primary read-write Relay",
                "db/a.tf:2 primary_key [primary_key] primary read-write Definition",
                "db/a.tf:5 secondary_key [secondary_key] secondary read-write Definition",
                &stack_line,
            ],
        );
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
