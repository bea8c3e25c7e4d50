//! What a tree claims, and what a flip of it changes or refuses.

use super::Tree;
use crate::model::{Access, Slot, SlotUse, example_tree};
use crate::terraform::{Refusal, claim, flip, plan};

#[test]
fn the_example_claims_one_reference_on_primary() {
    let claim = claim(&example_tree(), None, Access::ReadWrite);
    assert_eq!(claim.reads, SlotUse::Only(Slot::Primary));
    assert_eq!(claim.references, 1);
    assert_eq!(claim.problems, Vec::<String>::new());
}

#[test]
fn flipping_the_example_there_and_back_restores_every_byte() {
    let before: Vec<(String, Vec<u8>)> =
        example_tree().into_iter().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect();
    let there = flip(&before, None, Access::ReadWrite, Slot::Secondary).unwrap();
    let [(path, bytes)] = there.as_slice() else { panic!("{} files change", there.len()) };
    assert!(path.ends_with("modules/stamp/keyvault-secrets.tf"));
    let mut after = before.clone();
    after.iter_mut().find(|(known, _)| known == path).unwrap().1.clone_from(bytes);
    assert_eq!(claim(&after, None, Access::ReadWrite).reads, SlotUse::Only(Slot::Secondary));
    assert_eq!(flip(&after, None, Access::ReadWrite, Slot::Secondary).unwrap(), []);
    let back = flip(&after, None, Access::ReadWrite, Slot::Primary).unwrap();
    assert_eq!(back[0].1, before.iter().find(|(known, _)| known == path).unwrap().1);
}

#[test]
fn mixed_trees_say_so_and_flip_to_one_slot() {
    let text = "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n  \
                b = azurerm_cosmosdb_account.x.secondary_sql_connection_string\n  \
                c = azurerm_cosmosdb_account.x.primary_readonly_key\n}\n";
    let files = [("a.tf", text)];
    assert_eq!(claim(&files, None, Access::ReadWrite).reads, SlotUse::Mixed);
    assert_eq!(claim(&files, None, Access::ReadOnly).reads, SlotUse::Only(Slot::Primary));
    let flipped = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap();
    let expected = text.replace("x.primary_key", "x.secondary_key");
    assert_eq!(flipped, [("a.tf".to_owned(), expected.into_bytes())]);
}

#[test]
fn whatever_could_hide_a_consumer_refuses_the_flip() {
    let consumer = ("a.tf", "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n}\n");
    for (other, reason) in [
        ("locals {\n  b = [azurerm_cosmosdb_account.x]\n}\n", "b.tf:2:8: "),
        ("locals {\n  b = [\n", "b.tf:2:8: does not parse"),
        (
            "locals {\n  b = var.s ? azurerm_cosmosdb_account.x.primary_key : \
             azurerm_cosmosdb_account.x.secondary_key\n}\n",
            "b.tf:2:",
        ),
    ] {
        let files = [consumer, ("b.tf", other)];
        let refusals = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap_err();
        assert!(refusals.iter().all(Refusal::is_finding), "{refusals:?}");
        assert!(refusals[0].to_string().starts_with(reason), "{}", refusals[0]);
        assert_eq!(claim(&files, None, Access::ReadWrite).reads, SlotUse::Unknown);
    }
}

#[test]
fn several_accounts_want_a_name() {
    let text = "resource \"azurerm_cosmosdb_account\" \"a\" {\n  name = \"orders\"\n}\n\
                resource \"azurerm_cosmosdb_account\" \"b\" {\n  name = \"invoices\"\n}\n\
                locals {\n  a = azurerm_cosmosdb_account.a.primary_key\n  \
                b = azurerm_cosmosdb_account.b.primary_key\n}\n";
    let files = [("a.tf", text)];
    let refusals = flip(&files, None, Access::ReadWrite, Slot::Secondary).unwrap_err();
    assert!(matches!(refusals.as_slice(), [Refusal::SeveralAccounts { accounts }] if accounts.len() == 2));
    for name in ["orders", "azurerm_cosmosdb_account.a"] {
        let flipped = flip(&files, Some(name), Access::ReadWrite, Slot::Secondary).unwrap();
        assert_eq!(flipped[0].1, text.replace("a.primary_key", "a.secondary_key").into_bytes());
    }
    let unknown = flip(&files, Some("order"), Access::ReadWrite, Slot::Secondary).unwrap_err();
    assert!(matches!(unknown.as_slice(), [Refusal::UnknownAccount { .. }]), "{unknown:?}");
}

#[test]
fn where_nothing_is_known_of_an_account_the_file_that_does_not_parse_is_named() {
    let broken = [("a.tf", "locals {\n  k = azurerm_cosmosdb_account.x.primary_key\n")];
    let refusals = flip(&broken, None, Access::ReadWrite, Slot::Secondary).unwrap_err();
    assert!(matches!(refusals.as_slice(), [Refusal::Unparsed { .. }]), "{refusals:?}");
    assert!(refusals[0].to_string().starts_with("a.tf:2:45: does not parse"), "{}", refusals[0]);
    let named = flip(&broken, Some("orders"), Access::ReadWrite, Slot::Secondary).unwrap_err();
    assert!(
        matches!(named.as_slice(), [Refusal::Unparsed { .. }, Refusal::UnknownAccount { .. }]),
        "{named:?}"
    );
    let nothing = flip(&[("a.tf", "locals {}\n")], None, Access::ReadWrite, Slot::Secondary).unwrap_err();
    assert_eq!(nothing, [Refusal::NoAccount]);
}

#[test]
fn a_flip_that_would_not_be_what_was_meant_is_ours_and_refused() {
    let text = "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n}\n";
    for wrong in ["primary_readonly_key", "endpoint", "primary_key", "] ["] {
        let mut tree = Tree::read(&[("a.tf", text)]);
        tree.references[0].other = Some(wrong.to_owned());
        let refusals = plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap_err();
        assert!(matches!(refusals.as_slice(), [Refusal::NotAsMeant(_)]), "{wrong}: {refusals:?}");
    }
    let mut tree = Tree::read(&[("a.tf", text)]);
    tree.references[0].span.start -= 1;
    let refusals = plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap_err();
    assert!(matches!(refusals.as_slice(), [Refusal::NotAsMeant(_)]), "{refusals:?}");
}

#[test]
fn copies_of_modules_are_read_and_not_edited() {
    let key = "locals {\n  a = azurerm_cosmosdb_account.x.primary_key\n}\n";
    let tree = Tree::read(&[("vendor/m/a.tf", key), (".terraform/modules/m/a.tf", key)]);
    assert_eq!(tree.references.len(), 1);
    assert_eq!(tree.copies, [".terraform"]);
    let refused = plan(&tree, 0, Access::ReadWrite, Slot::Secondary).unwrap_err();
    let said: Vec<String> = refused.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["vendor/m/a.tf:2:34: lies in a copy of a module from elsewhere, which is not edited"]);
}
