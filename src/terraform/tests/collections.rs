//! Accounts that are elements of a collection: each of them is read where the element is.

use super::{PRIMARY, check, check_one, found};
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{AllowedOpaque, Refusal, SharedBy, Tree, every, plan_allowing};

const A: &str = "azurerm_cosmosdb_account.a";
const B: &str = "azurerm_cosmosdb_account.b";

fn with_accounts(text: &str) -> String {
    text.replace("$A", A).replace("$B", B)
}

#[test]
fn what_is_picked_from_accounts_that_are_written_out_is_read_there() {
    for expression in [
        "[$A][0].primary_key",
        "[$B, $A][1].primary_key",
        "{ x = $A, y = $B }.x.primary_key",
        "({ x = $A })[\"x\"].primary_key",
        "[for a in $A : a if a.name != null][0].primary_key",
        "[for a in [for b in $A : b] : a.primary_key]",
        "[for a in values($A) : a.primary_key]",
        "$A == null ? null : $A.primary_key",
    ] {
        check_one(&with_accounts(expression), &[PRIMARY]);
    }
}

#[test]
fn an_element_that_may_be_any_of_several_accounts_is_read_for_each() {
    for expression in [
        "[for a in [$A, $B] : a.primary_key]",
        "{ for k, a in { x = $A, y = $B } : k => a.primary_key }",
        "[for a in concat([$A], [$B]) : a.primary_key]",
        "try($A[0], $B[0]).primary_key",
        "one(concat($A, $B)).primary_key",
        "element(concat($A[*], $B[*]), 0).primary_key",
        "lookup(try($A, $B), \"primary_key\")",
        "[for a in [$A, $B] : a][0].primary_key",
        "{ for k, a in { x = $A, y = $B } : k => a }[\"x\"].primary_key",
        "values({ for k, a in { x = $A, y = $B } : k => a })[0].primary_key",
        "[for k, a in { x = $A, y = $B } : a.primary_key][0]",
        "(var.c ? coalesce($A, $B) : null).primary_key",
    ] {
        let text = with_accounts(&format!("locals {{\n  x = [{expression}]\n}}\n"));
        check(&[("a.tf", &text)], &[PRIMARY, PRIMARY]);
        let tree = Tree::read(&[("a.tf", &text)]);
        assert_eq!(tree.accounts.len(), 2, "{expression}");
    }
}

#[test]
fn blocks_and_loops_over_accounts_with_a_name_are_followed() {
    for inside in [
        "for_each = local.accs\n  k = each.value.primary_key",
        "for_each = local.keys\n  k = local.accs[each.key].primary_key",
        "v = [for k, a in local.accs : k]\n  k = [for a in local.accs : a.primary_key]",
        "v = length(local.accs)\n  k = values(local.accs)[*].primary_key",
        "dynamic \"d\" {\n    for_each = local.accs\n    content {\n      k = d.value.primary_key\n    }\n  }",
    ] {
        let locals = "locals {\n  accs = { x = $A, y = $B }\n}\n";
        let text = with_accounts(&format!("{locals}resource \"a_b\" \"c\" {{\n  {inside}\n}}\n"));
        let reads = found(&[("a.tf", &text)]);
        assert_eq!(reads.len(), 2, "{text}{reads:?}");
        assert!(
            reads.iter().all(|read| read.ends_with("[primary_key] primary read-write Consumer")),
            "{reads:?}"
        );
    }
}

#[test]
fn elements_that_are_handed_on_whole_are_opaque() {
    for expression in [
        "jsonencode(each.value)",
        "each.value[var.name]",
        "[for a in [$A, $B] : a]",
        "{ for k, a in local.accs : k => a }",
        "jsonencode(local.accs)",
        "merge(local.accs, {})",
    ] {
        let text = with_accounts(&format!(
            "locals {{\n  accs = {{ x = $A, y = $B }}\n}}\nresource \"a_b\" \"c\" {{\n  for_each = local.accs\n  k = \
             {expression}\n}}\n"
        ));
        let reads = found(&[("a.tf", &text)]);
        assert!(reads.iter().any(|read| read.ends_with("opaque")), "{expression}: {reads:?}");
    }
}

#[test]
fn what_is_read_for_several_accounts_moves_for_all_of_them_or_none() {
    let text = with_accounts(
        "locals {\n  accs = { x = $A, y = $B }\n}\nresource \"a_b\" \"c\" {\n  for_each = local.accs\n  k = \
         each.value.primary_key\n}\n",
    );
    let tree = Tree::read(&[("a.tf", &text)]);
    let moved = |accounts: &[usize]| {
        plan_allowing(&tree, accounts, Access::ReadWrite, Slot::Secondary, &AllowedOpaque::default())
    };
    let all = every(&tree, Access::ReadWrite, &AllowedOpaque::default()).unwrap();
    assert_eq!(moved(&all).unwrap().edits.len(), 1);
    assert!(matches!(
        moved(&all[..1]).unwrap_err()[..],
        [Refusal::ReadForAnother { by: SharedBy::Elements, .. }]
    ));
}

#[test]
fn an_account_that_a_condition_may_leave_out_is_not_said_to_be_read() {
    let instances = "resource \"azurerm_cosmosdb_account\" \"i\" {\n  for_each = { x = 1, y = 2 }\n  name = each.key\n}\n";
    for (accounts, keys, left_out) in [
        ("{ x = $A, y = $B }", "{ for k, v in local.accs : k => v.primary_key if k != \"x\" }", true),
        ("azurerm_cosmosdb_account.i", "{ for k, v in local.accs : k => v.primary_key if k != \"x\" }", true),
        ("{ x = $A, y = $B }", "{ for k, v in local.accs : k => v.primary_key }", false),
        ("azurerm_cosmosdb_account.i", "{ for k, v in local.accs : k => v.primary_key }", false),
        ("{ x = $A }", "{ for k, v in local.accs : k => v.primary_key if var.on }", false),
    ] {
        let code = format!(
            "{instances}locals {{\n  accs = {accounts}\n}}\nresource \"x\" \"y\" {{\n  v = {keys}\n}}\n"
        );
        let tree = Tree::read(&[("a.tf", &with_accounts(&code))]);
        let read: Vec<usize> = tree.references.iter().map(|it| it.account).collect();
        assert_eq!(read.is_empty(), left_out, "{code}");
        for account in read.into_iter().chain(tree.opaque.iter().filter_map(|it| it.account)) {
            let expected = if left_out { SlotUse::Unknown } else { SlotUse::Only(Slot::Primary) };
            assert_eq!(tree.slot_use(account, Access::ReadWrite), expected, "{code}");
        }
        assert_eq!(tree.opaque.len(), if left_out { 2 } else { 0 }, "{code}");
    }
}
