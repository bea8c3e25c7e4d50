//! Modules that run for several calls: what they read is read for the account of each.

use super::Tree;
use crate::model::{Access, Slot, SlotUse};
use crate::render::trace::render_trace;
use crate::terraform::{AllowedOpaque, Refusal, SharedBy, plan, plan_allowing, select_all};

/// A module that looks an account up by the name that it is given, and writes a secret.
const LOOKS_UP: &str = "variable \"name\" {}\ndata \"azurerm_cosmosdb_account\" \"db\" {\n  name = \
                        var.name\n}\nresource \"azurerm_key_vault_secret\" \"s\" {\n  name  = \"db\"\n  value = \
                        data.azurerm_cosmosdb_account.db.primary_key\n}\n";

fn call(name: &str, source: &str, account: &str) -> String {
    format!("module \"{name}\" {{\n  source = \"{source}\"\n  name   = {account}\n}}\n")
}

fn owns(name: &str, read: &str) -> String {
    format!(
        "resource \"azurerm_cosmosdb_account\" \"own\" {{\n  name = {name}\n}}\nlocals {{\n  k = \
         azurerm_cosmosdb_account.own.{read}\n}}\n"
    )
}

fn tree(files: &[(&str, &str)]) -> Tree {
    Tree::read(files)
}

fn reads(tree: &Tree) -> Vec<String> {
    let slot = |at: usize| match tree.slot_use(at, Access::ReadWrite) {
        SlotUse::Only(slot) => slot.to_string(),
        other => format!("{other:?}").to_lowercase(),
    };
    tree.accounts.iter().enumerate().map(|(at, account)| format!("{}: {}", account.key, slot(at))).collect()
}

#[test]
fn what_a_module_reads_is_read_for_the_account_of_each_caller() {
    let a = call("db", "../m", "\"orders\"");
    let b = call("db", "../m", "\"carts\"");
    let files = [("a/a.tf", a.as_str()), ("b/a.tf", &b), ("m/a.tf", LOOKS_UP)];
    let tree = tree(&files);
    assert_eq!(reads(&tree), ["carts: primary", "orders: primary"]);
    let symbols: Vec<String> = tree.references.iter().map(|it| it.symbol.to_string()).collect();
    let of = "m:data.azurerm_cosmosdb_account.db of";
    assert_eq!(symbols, [format!("{of} b:module.db"), format!("{of} a:module.db")]);
}

#[test]
fn slots_of_a_caller_and_of_its_module_are_mixed() {
    let a = owns("\"orders\"", "secondary_key") + &call("db", "../m", "azurerm_cosmosdb_account.own.name");
    let b = owns("\"carts\"", "primary_key") + &call("db", "../m", "azurerm_cosmosdb_account.own.name");
    let tree = tree(&[("a/a.tf", &a), ("b/a.tf", &b), ("m/a.tf", LOOKS_UP)]);
    assert_eq!(reads(&tree), ["carts: primary", "orders: mixed"]);
    // Also where nobody knows the name.
    let a = a.replace("\"orders\"", "\"${random_id.o.hex}-orders\"");
    let b = b.replace("\"carts\"", "\"${random_id.c.hex}-carts\"");
    let tree = self::tree(&[("a/a.tf", &a), ("b/a.tf", &b), ("m/a.tf", LOOKS_UP)]);
    let expected = ["a:azurerm_cosmosdb_account.own: mixed", "b:azurerm_cosmosdb_account.own: primary"]
        .map(str::to_owned);
    assert_eq!(reads(&tree), expected);
}

#[test]
fn names_are_handed_down_through_several_modules() {
    let stamp = "variable \"name\" {}\n".to_owned() + &call("db", "../m", "\"${var.name}-cosmos\"");
    let a = call("stamp", "../stamp", "\"orders\"");
    let b = call("stamp", "../stamp", "\"carts\"");
    let tree = tree(&[("a/a.tf", &a), ("b/a.tf", &b), ("m/a.tf", LOOKS_UP), ("stamp/a.tf", &stamp)]);
    assert_eq!(reads(&tree), ["carts-cosmos: primary", "orders-cosmos: primary"]);
    let symbol = tree.accounts[0].symbols[0].to_string();
    assert_eq!(symbol, "m:data.azurerm_cosmosdb_account.db of stamp:module.db of b:module.stamp");
}

#[test]
fn instances_of_a_call_are_callers_too() {
    let repeated = "module \"db\" {\n  source   = \"./m\"\n  for_each = toset([\"orders\", \"carts\"])\n  name     = \
                    each.key\n}\n";
    let tree = tree(&[("a.tf", repeated), ("m/a.tf", LOOKS_UP)]);
    assert_eq!(reads(&tree), ["carts: primary", "orders: primary"]);
    let one = repeated.replace("name     = each.key", "name     = \"orders\"");
    let tree = self::tree(&[("a.tf", &one), ("m/a.tf", LOOKS_UP)]);
    assert_eq!(reads(&tree), ["orders: primary"]);
    assert_eq!(tree.references.len(), 1);
}

#[test]
fn a_place_that_serves_several_accounts_moves_with_all_of_them() {
    let calls =
        call("a", "./m", "\"orders\"") + &call("b", "./m", "\"carts\"") + &call("c", "./m", "\"stock\"");
    let tree = tree(&[("a.tf", &calls), ("m/a.tf", LOOKS_UP)]);
    let [orders] = tree.accounts_called("orders")[..] else { panic!("{:?}", tree.accounts) };
    let refused = plan(&tree, orders, Access::ReadWrite, Slot::Secondary).unwrap_err();
    let [Refusal::ReadForAnother { accounts, by: SharedBy::Calls, .. }] = refused.as_slice() else {
        panic!("{refused:?}");
    };
    assert_eq!(accounts, &["carts", "stock"]);
    let all = select_all(&tree, "data.azurerm_cosmosdb_account.db", Access::ReadWrite).unwrap();
    assert_eq!(all.len(), 3);
    let flip =
        plan_allowing(&tree, &all, Access::ReadWrite, Slot::Secondary, &AllowedOpaque::default()).unwrap();
    assert_eq!(flip.edits.len(), 1);
    assert_eq!(flip.files[0].1, LOOKS_UP.replace("primary_key", "secondary_key").into_bytes());
}

#[test]
fn calls_for_one_account_move_it_alone() {
    let calls = call("a", "./m", "\"orders\"") + &call("b", "./m", "\"orders\"");
    let tree = tree(&[("a.tf", &calls), ("m/a.tf", LOOKS_UP)]);
    assert_eq!(reads(&tree), ["orders: primary"]);
    assert_eq!(plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap().edits.len(), 1);
}

#[test]
fn what_a_module_hands_out_is_that_of_the_call() {
    let module = "variable \"name\" {}\nlocals {\n  db = data.azurerm_cosmosdb_account.db\n}\ndata \
                  \"azurerm_cosmosdb_account\" \"db\" {\n  name = var.name\n}\noutput \"db\" {\n  value = local.db\n}\n";
    let calls = call("a", "./m", "\"orders\"") + &call("b", "./m", "\"carts\"");
    let root =
        format!("{calls}locals {{\n  x = module.a.db.primary_key\n  y = module.b.db.secondary_key\n}}\n");
    let tree = tree(&[("a.tf", &root), ("m/a.tf", module)]);
    assert_eq!(reads(&tree), ["carts: secondary", "orders: primary"]);
}

#[test]
fn what_is_opaque_in_a_module_is_opaque_for_each_caller() {
    let module = LOOKS_UP.replace("db.primary_key", "db");
    let calls = call("a", "./m", "\"orders\"") + &call("b", "./m", "\"carts\"");
    let tree = tree(&[("a.tf", &calls), ("m/a.tf", &module)]);
    assert_eq!(reads(&tree), ["carts: unknown", "orders: unknown"]);
    let own = owns("\"stock\"", "primary_key");
    let tree = self::tree(&[("a.tf", &(calls + &own)), ("m/a.tf", &module)]);
    assert_eq!(reads(&tree).last().unwrap(), "stock: primary");
}

#[test]
fn modules_that_run_each_other_end() {
    let one = call("n", "../n", "\"a\"") + &call("o", "../n", "var.name") + LOOKS_UP;
    let other = call("m", "../m", "var.name") + &call("l", "../m", "\"b\"") + "variable \"name\" {}\n";
    let tree = tree(&[("m/a.tf", &one), ("n/a.tf", &other)]);
    // Of the names that circle no end is known.
    let open = "m:data.azurerm_cosmosdb_account.db of n:module.m: primary";
    assert_eq!(reads(&tree), ["b: primary", open]);
}

#[test]
fn the_way_of_a_key_leads_through_the_call_that_it_is_read_for() {
    let module =
        format!("{LOOKS_UP}output \"k\" {{\n  value = data.azurerm_cosmosdb_account.db.primary_key\n}}\n");
    let calls = call("a", "./m", "\"orders\"") + &call("b", "./m", "\"carts\"");
    let root = format!(
        "{calls}locals {{\n  x = module.b.k\n}}\nresource \"azurerm_key_vault_secret\" \"a\" {{\n  name = \"of-a\"\n  value = \
         module.a.k\n}}\nresource \"azurerm_key_vault_secret\" \"b\" {{\n  name = \"of-b\"\n  value = local.x\n}}\n"
    );
    let tree = tree(&[("a.tf", &root), ("m/a.tf", &module)]);
    let trace = render_trace(&tree);
    let (carts, orders) = trace.split_once("orders").unwrap();
    let plain = |text: &str| anstream::adapter::strip_str(text).to_string();
    let (carts, orders) = (plain(carts), plain(orders));
    assert!(carts.contains("of-b") && !carts.contains("of-a"), "{trace}");
    assert!(orders.contains("of-a") && !orders.contains("of-b"), "{trace}");
    assert!(carts.contains("m/a.tf:7:44  of module.b"), "{carts}");
    // Calls for one account are all followed.
    let root = root.replace("carts", "orders");
    let trace = plain(&render_trace(&self::tree(&[("a.tf", &root), ("m/a.tf", &module)])));
    assert!(trace.contains("of-a") && trace.contains("of-b"), "{trace}");
}

const REGIONS: &str = "resource \"azurerm_cosmosdb_account\" \"x\" {\n  for_each = toset([\"eu\", \"us\"])\n  name     = \
                       \"cosmos-${each.key}\"\n}\n";

#[test]
fn calls_that_are_handed_different_instances_read_all_of_them() {
    let call = |name: &str, key: &str| {
        format!(
            "module \"{name}\" {{\n  source = \"./m\"\n  db     = azurerm_cosmosdb_account.x[\"{key}\"]\n}}\n"
        )
    };
    let own = "locals {\n  k = azurerm_cosmosdb_account.x[\"us\"].secondary_key\n}\n";
    let root = format!("{REGIONS}{own}{}{}", call("a", "eu"), call("b", "us"));
    let module = "variable \"db\" {}\nlocals {\n  k = var.db.primary_key\n}\n";
    let both = tree(&[("a.tf", &root), ("m/a.tf", module)]);
    assert_eq!(reads(&both), ["cosmos-eu: primary", "cosmos-us: mixed"]);
    let one = tree(&[("a.tf", &format!("{REGIONS}{own}{}", call("a", "eu"))), ("m/a.tf", module)]);
    assert_eq!(reads(&one), ["cosmos-eu: primary", "cosmos-us: secondary"]);
}

#[test]
fn an_index_means_what_it_does_where_it_is_written() {
    let region = |region: &str| format!("variable \"region\" {{\n  default = \"{region}\"\n}}\n");
    let module =
        format!("{REGIONS}{}output \"dbs\" {{\n  value = azurerm_cosmosdb_account.x\n}}\n", region("eu"));
    let root = format!(
        "{}module \"m\" {{\n  source = \"./m\"\n}}\nlocals {{\n  k = module.m.dbs[var.region].secondary_key\n}}\n",
        region("us")
    );
    let tree = tree(&[("a.tf", &root), ("m/a.tf", &module)]);
    assert_eq!(reads(&tree), ["cosmos-eu: none", "cosmos-us: secondary"]);
}

#[test]
fn code_beside_its_configuration_runs_once() {
    let calls = "module \"db\" {\n  source   = \"../m\"\n  for_each = toset([\"orders\", \"carts\"])\n  name     = \
                 \"${var.prefix}-${each.key}\"\n}\nvariable \"prefix\" {}\n";
    let beside = "inputs = {\n  prefix = \"acme\"\n}\n";
    let tree = tree(&[("app/a.tf", calls), ("app/terragrunt.hcl", beside), ("m/a.tf", LOOKS_UP)]);
    assert_eq!(reads(&tree), ["acme-carts: primary", "acme-orders: primary"]);
}

#[test]
fn what_a_module_hands_out_in_a_map_is_that_of_the_call() {
    let module = "variable \"name\" {}\ndata \"azurerm_cosmosdb_account\" \"db\" {\n  name = var.name\n}\noutput \"all\" {\n  \
                  value = { db = data.azurerm_cosmosdb_account.db, x = 1 }\n}\n";
    let calls = call("a", "./m", "\"orders\"") + &call("b", "./m", "\"carts\"");
    let root = format!(
        "{calls}resource \"a_b\" \"c\" {{\n  x = module.a.all.db.primary_key\n  y = module.b.all[\"db\"].secondary_key\n}}\n"
    );
    let tree = tree(&[("a.tf", &root), ("m/a.tf", module)]);
    assert_eq!(reads(&tree), ["carts: secondary", "orders: primary"]);
    let repeated = "module \"m\" {\n  source   = \"./m\"\n  for_each = toset([\"orders\", \"carts\"])\n  name     = \
                    each.key\n}\nresource \"a_b\" \"c\" {\n  x = module.m[\"orders\"].all.db.primary_key\n  y = \
                    module.m[\"carts\"].all.db.secondary_key\n}\n";
    let tree = self::tree(&[("a.tf", repeated), ("m/a.tf", module)]);
    assert_eq!(reads(&tree), ["carts: secondary", "orders: primary"]);
}
