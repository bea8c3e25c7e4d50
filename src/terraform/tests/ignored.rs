//! A flip of keys that Terraform would go on ignoring.

use crate::model::{Access, Slot};
use crate::terraform::{AllowedOpaque, Tree, plan_allowing};

const SECRET: &str = "resource \"azurerm_key_vault_secret\" \"a\" {\n  name = \"a\"\n  value = azurerm_cosmosdb_account.x.primary_key\n  lifecycle {\n    ignore_changes = [IGNORED]\n  }\n}\n";

fn refused(text: &str, allowed: &[&str]) -> Vec<String> {
    let tree = Tree::read(&[("a.tf", text)]);
    let allowed = AllowedOpaque(allowed.iter().map(|it| (*it).to_owned()).collect());
    match plan_allowing(&tree, &[0], Access::ReadWrite, Slot::Secondary, &allowed) {
        Ok(_) => Vec::new(),
        Err(refusals) => refusals.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn a_key_whose_changes_are_ignored_is_not_flipped() {
    let text = SECRET.replace("IGNORED", "value");
    let place = "a.tf:3:38";
    let expected = "a.tf:3:38: a takes this key once and ignores later ones (a.tf:5:22): it would keep the key that it has";
    assert_eq!(refused(&text, &[]), [expected]);
    assert!(refused(&text, &[place]).is_empty(), "a person vouches for it");
    assert!(refused(&SECRET.replace("IGNORED", "tags"), &[]).is_empty());
    let tree = Tree::read(&[("a.tf", text.as_str())]);
    let allowed = AllowedOpaque(vec![place.to_owned()]);
    assert!(allowed.unused(&tree).is_empty());
    let stands = plan_allowing(&tree, &[0], Access::ReadWrite, Slot::Primary, &AllowedOpaque::default());
    assert!(stands.is_ok(), "nothing changes");
}

#[test]
fn a_key_that_is_ignored_in_one_of_its_places_is_not_flipped() {
    let text = "locals {\n  k = azurerm_cosmosdb_account.x.primary_key\n}\n".to_owned()
        + &SECRET.replace("IGNORED", "value").replace("azurerm_cosmosdb_account.x.primary_key", "local.k")
        + &SECRET
            .replace("IGNORED", "tags")
            .replace("\"a\"", "\"b\"")
            .replace("azurerm_cosmosdb_account.x.primary_key", "local.k");
    let refused = refused(&text, &[]);
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(refused[0].starts_with("a.tf:2:34: a takes this key once"), "{refused:?}");
}
