//! Slots and accounts that the elements of one collection say: each element reads its own account from its own slot.

use super::found;
use crate::model::{Access, Slot, SlotUse};
use crate::terraform::{Refusal, Tree, plan, plan_allowing, select};

const REPEATED: &str = "resource \"azurerm_cosmosdb_account\" \"x\" {\n  for_each = local.apps\n  name     = \"acct-${each.key}\"\n}\n";
const TWO: &str = "resource \"azurerm_cosmosdb_account\" \"a\" {\n  name = \"acct-a\"\n}\nresource \"azurerm_cosmosdb_account\" \"b\" {\n  name = \"acct-b\"\n}\n";
const MODULE: &str = "variable \"name\" {}\nresource \"azurerm_cosmosdb_account\" \"x\" {\n  name = \"acct-${var.name}\"\n}\noutput \"p\" {\n  value = azurerm_cosmosdb_account.x.primary_key\n}\noutput \"s\" {\n  value = azurerm_cosmosdb_account.x.secondary_key\n}\n";

fn apps(a: &str, b: &str) -> String {
    format!(
        "locals {{\n  apps = {{\n    a = {{ account = \"a\", slot = \"{a}\" }} # one\n    b = {{ account = \"b\", slot = \"{b}\" }}\n  }}\n}}\n"
    )
}

/// The code that reads a key for every element: `$P` and `$S` of an account that it names, and what declares those.
const READS: &[(&str, &str, &str)] = &[
    ("azurerm_cosmosdb_account.x[each.key].", "each.value.slot == \"primary\" ? $P : $S", REPEATED),
    (
        "azurerm_cosmosdb_account.x[each.value.account].",
        "each.value.slot == \"secondary\" ? $S : $P",
        REPEATED,
    ),
    (
        "azurerm_cosmosdb_account.x[\"${each.key}\"].",
        "{ primary = $P, secondary = $S }[each.value.slot]",
        REPEATED,
    ),
    ("azurerm_cosmosdb_account.x[each.key]", "$X[\"${each.value.slot}_key\"]", REPEATED),
    ("azurerm_cosmosdb_account.x[each.value.account]", "$X[format(\"%s_key\", each.value.slot)]", REPEATED),
    (
        "azurerm_cosmosdb_account.x[local.apps[each.key].account].",
        "each.value.slot == \"primary\" ? $P : $S",
        REPEATED,
    ),
    (
        "local.accounts[each.value.account].",
        "each.value.slot == \"primary\" ? $P : $S",
        "locals {\n  accounts = { a = azurerm_cosmosdb_account.a, b = azurerm_cosmosdb_account.b }\n}\nTWO",
    ),
    (
        "module.db[each.key].",
        "each.value.slot == \"primary\" ? $p : $s",
        "module \"db\" {\n  for_each = local.apps\n  source = \"./m\"\n  name = each.key\n}\n",
    ),
];

fn code((account, read, declared): &(&str, &str, &str), apps: &str) -> String {
    let read = read
        .replace("$P", &format!("{account}primary_key"))
        .replace("$S", &format!("{account}secondary_key"))
        .replace("$p", &format!("{account}p"))
        .replace("$s", &format!("{account}s"))
        .replace("$X", account);
    let declared = declared.replace("TWO", TWO);
    format!(
        "{declared}resource \"azurerm_key_vault_secret\" \"s\" {{\n  for_each = local.apps\n  name = each.key\n  value = {read}\n}}\n{apps}"
    )
}

fn tree(text: &str) -> Tree {
    Tree::read(&[("a.tf", text), ("m/a.tf", MODULE)])
}

fn uses(tree: &Tree) -> [SlotUse; 2] {
    ["acct-a", "acct-b"].map(|name| {
        let account = select(tree, Some(name), Access::ReadWrite).unwrap();
        tree.slot_use(account, Access::ReadWrite)
    })
}

#[test]
fn an_element_reads_its_own_account_from_its_own_slot() {
    let only = SlotUse::Only;
    for read in READS {
        for (a, b) in [(Slot::Primary, Slot::Secondary), (Slot::Secondary, Slot::Primary)] {
            let text = code(read, &apps(&a.to_string(), &b.to_string()));
            assert_eq!(uses(&tree(&text)), [only(a), only(b)], "{text}\n{:#?}", found(&[("a.tf", &text)]));
        }
    }
}

#[test]
fn one_account_moves_by_its_own_element_there_and_back() {
    for read in READS {
        let text = code(read, &apps("primary", "secondary"));
        let moved = |text: &str, account: &str, to: Slot| {
            let tree = tree(text);
            let account = select(&tree, Some(account), Access::ReadWrite).unwrap();
            let flip =
                plan(&tree, account, Access::ReadWrite, to).unwrap_or_else(|why| panic!("{text} {why:?}"));
            String::from_utf8(flip.files.into_iter().next().unwrap().1).unwrap()
        };
        let there = moved(&text, "acct-a", Slot::Secondary);
        assert_eq!(there, text.replace("slot = \"primary\"", "slot = \"secondary\""));
        assert_eq!(moved(&there, "acct-a", Slot::Primary), text);
        assert_eq!(
            moved(&text, "acct-b", Slot::Primary),
            text.replace("slot = \"secondary\"", "slot = \"primary\"")
        );
    }
}

#[test]
fn two_elements_of_one_account_are_mixed_where_they_differ() {
    let both = apps("primary", "secondary").replace("account = \"b\"", "account = \"a\"");
    let text = code(&READS[1], &both);
    assert_eq!(uses(&tree(&text)), [SlotUse::Mixed, SlotUse::None]);
}

#[test]
fn whose_slot_it_is_that_an_element_does_not_tell_is_not_known() {
    let open = |slot: &str| apps("primary", slot).replace("account = \"a\"", "account = var.open");
    let more = "variable \"open\" {}\n";
    for read in [&READS[1], &READS[4], &READS[6]] {
        let text = code(read, &open("secondary")) + more;
        assert_eq!(uses(&tree(&text)), [SlotUse::Unknown; 2], "{text}");
        let tree = tree(&text);
        let refused = plan_allowing(&tree, &[0, 1], Access::ReadWrite, Slot::Secondary, &Default::default());
        assert!(refused.is_err(), "{text}");
    }
    // Where all say the same, it does not matter; but none moves alone.
    let text = code(&READS[1], &open("primary")) + more;
    let tree = tree(&text);
    assert_eq!(uses(&tree), [SlotUse::Only(Slot::Primary); 2]);
    let alone = plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap_err();
    assert!(matches!(alone[0], Refusal::ReadForAnother { .. } | Refusal::AlsoDecides { .. }), "{alone:?}");
}
