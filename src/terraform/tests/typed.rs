//! Variables whose type leaves the other slot's name out.

use crate::model::{Access, Slot};
use crate::terraform::{AllowedOpaque, Counterpart, Refusal, Tree, plan, plan_allowing};

const ACCOUNT: &str = "resource \"azurerm_cosmosdb_account\" \"db\" {\n  name = \"acme\"\n}\n";
const LEAN: &str = "object({ name = string, primary_key = string })";
const WIDE: &str = "object({ name = string, primary_key = string, secondary_key = optional(string) })";

/// A module whose variable has a type, and what its secret reads of it; what the root hands in.
fn tree(declared: &str, read: &str, handed_in: &str) -> Tree {
    let module = format!(
        "variable \"account\" {{\n  type = {declared}\n}}\nresource \"azurerm_key_vault_secret\" \"k\" {{\n  {read}\n}}\n"
    );
    let root = format!("{ACCOUNT}module \"m\" {{\n  source = \"./m\"\n  account = {handed_in}\n}}\n");
    Tree::read(&[("a.tf", root.as_str()), ("m/v.tf", module.as_str())])
}

const WHOLE: &str = "azurerm_cosmosdb_account.db";
const PAIR: &str = "{ name = \"a\", primary_key = azurerm_cosmosdb_account.db.primary_key, secondary_key = azurerm_cosmosdb_account.db.secondary_key }";

#[test]
fn a_name_that_the_type_leaves_out_is_not_flipped_to() {
    let each = "for_each = var.account\n  value = each.value.primary_key";
    for (declared, read, handed_in) in [
        (LEAN.to_owned(), "value = var.account.primary_key", WHOLE.to_owned()),
        (LEAN.to_owned(), "value = var.account.primary_key", PAIR.to_owned()),
        (LEAN.to_owned(), "value = var.account[\"primary_key\"]", WHOLE.to_owned()),
        (format!("optional({LEAN})"), "value = var.account.primary_key", WHOLE.to_owned()),
        (format!("map({LEAN})"), each, format!("{{ eu = {WHOLE} }}")),
        (format!("map({LEAN})"), "value = var.account[\"eu\"].primary_key", format!("{{ eu = {WHOLE} }}")),
        (format!("list({LEAN})"), "value = var.account[0].primary_key", format!("[{WHOLE}]")),
        (format!("list({LEAN})"), "value = var.account[*].primary_key", format!("[{WHOLE}]")),
        (
            format!("object({{ db = {LEAN} }})"),
            "value = var.account.db.primary_key",
            format!("{{ db = {WHOLE} }}"),
        ),
    ] {
        let lean = tree(&declared, read, &handed_in);
        let refusals = plan(&lean, 0, Access::ReadWrite, Slot::Secondary).unwrap_err();
        let [Refusal::Dropped { name, declared: at, masked: false, .. }] = &refusals[..] else {
            panic!("{declared} {read} {handed_in}: {refusals:?}")
        };
        assert_eq!((name.as_str(), at.as_str()), ("secondary_key", "m/v.tf:2"), "{declared}");
        assert!(refusals[0].to_string().contains("the variable's type at m/v.tf:2 has no `secondary_key`"));
        let wide = tree(&declared.replace(LEAN, WIDE), read, &handed_in);
        let flip = plan(&wide, 0, Access::ReadWrite, Slot::Secondary);
        assert_eq!(flip.map(|it| it.edits.len()), Ok(1), "{declared} {read} {handed_in}");
    }
    for declared in ["any", "map(string)", "map(any)"] {
        let open = tree(declared, "value = var.account.primary_key", PAIR);
        assert!(plan(&open, 0, Access::ReadWrite, Slot::Secondary).is_ok(), "{declared}");
    }
}

#[test]
fn nobody_can_vouch_for_a_name_that_is_not_there() {
    let lean = tree(LEAN, "value = try(var.account.primary_key, \"\")", WHOLE);
    let [reference] = &lean.references[..] else { panic!("{:?}", lean.references) };
    assert_eq!(reference.counterpart, Counterpart::Masked);
    let place = lean.place(reference.file, reference.span.start);
    let allowed = AllowedOpaque(vec![place.clone()]);
    assert_eq!(allowed.unused(&lean), [place]);
    let refusals = plan_allowing(&lean, &[0], Access::ReadWrite, Slot::Secondary, &allowed).unwrap_err();
    assert!(matches!(&refusals[..], [Refusal::Dropped { masked: true, .. }]), "{refusals:?}");
    assert!(plan(&lean, 0, Access::ReadWrite, Slot::Primary).is_ok(), "on that slot nothing changes");
}

#[test]
fn the_type_is_read_where_json_spells_it() {
    let module = |declared: &str| {
        let secret = "\"resource\": {\"azurerm_key_vault_secret\": {\"k\": {\"value\": \"${var.account.primary_key}\"}}}";
        format!("{{\"variable\": {{\"account\": {{\"type\": \"{declared}\"}}}}, {secret}}}")
    };
    let root = format!("{ACCOUNT}module \"m\" {{\n  source = \"./m\"\n  account = {WHOLE}\n}}\n");
    let planned = |declared: &str| {
        let tree = Tree::read(&[("a.tf", root.as_str()), ("m/v.tf.json", module(declared).as_str())]);
        plan(&tree, 0, Access::ReadWrite, Slot::Secondary).map(|it| it.edits.len())
    };
    let refusals = planned(LEAN).unwrap_err();
    assert!(matches!(&refusals[..], [Refusal::Dropped { .. }]), "{refusals:?}");
    assert_eq!(planned(WIDE), Ok(1));
}
