//! `deprecated-attribute`: a key is read by a name that azurerm gave up.
//!
//! `connection_strings` is gone as well, but has a rule of its own: its order matters more.

use crate::check::{Fix, Place, Rule, Severity};
use crate::terraform::{Digest, Edit, Reference, Tree};

pub const RULE: Rule = Rule {
    id: "deprecated-attribute",
    severity: Severity::Warning,
    summary: "A key is read by a name that newer versions of the provider do not have.",
    why: "`primary_master_key` and its like are gone since azurerm 3.0. The upgrade of the provider then comes with a \
          change of the very lines that a rotation has to change.",
    remedy: "Take the name without `master_`, which gives the same key.",
    before: r#"locals {
  key = azurerm_cosmosdb_account.orders.primary_master_key
}
"#,
    after: r#"locals {
  key = azurerm_cosmosdb_account.orders.primary_key
}
"#,
    look,
};

const GONE: &str = "master_key";

fn look(tree: &Tree) -> Vec<Place> {
    tree.references
        .iter()
        .filter(|reference| reference.attribute.ends_with(GONE) && is_of_an_account(tree, reference))
        .map(|reference| place(tree, reference))
        .collect()
}

/// Whether the word is the provider's own, and not the name of an output or a variable that somebody chose.
fn is_of_an_account(tree: &Tree, reference: &Reference) -> bool {
    let source = &tree.sources[reference.file];
    let before = &source.text()[..source.to_text(reference.span.clone()).start];
    let in_path = |next: char| next.is_alphanumeric() || "_-.[]\"*".contains(next);
    let path = before.trim_end_matches(in_path).len();
    let path = before[path..].trim_start_matches(['"', '[', '.', '-']);
    !["module.", "var.", "local.", "dependency."].iter().any(|root| path.starts_with(root))
}

fn place(tree: &Tree, reference: &Reference) -> Place {
    let source = &tree.sources[reference.file];
    let new = reference.attribute.replace(GONE, "key");
    let message = format!("`{}` is gone since azurerm 3.0; it is called `{new}`", reference.attribute);
    let edit = Edit {
        path: source.path().to_owned(),
        digest: Digest::of(source.bytes()),
        span: reference.span.clone(),
        old: reference.attribute.clone(),
        new: new.clone(),
    };
    let fix = Fix { title: format!("read `{new}`"), edits: vec![edit] };
    Place::new(reference.file, reference.span.clone(), message).fix(fix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;
    use crate::check::tests::check_rule;

    #[test]
    fn names_of_the_provider_are_found_and_names_of_people_are_not() {
        check_rule(
            RULE.id,
            "output \"primary_master_key\" {\n  value = data.azurerm_cosmosdb_account.x[0].primary_readonly_master_key\n}\n\
             output \"secondary_master_key\" {\n  value = \"k=${data.azurerm_cosmosdb_account.x[0].secondary_readonly_master_key}\"\n}\n",
            &[2, 5],
        );
        let files = [
            (
                "m/a.tf",
                "output \"primary_master_key\" {\n  value = azurerm_cosmosdb_account.x.primary_key\n}\n\
                 output \"secondary_master_key\" {\n  value = azurerm_cosmosdb_account.x.secondary_key\n}\n",
            ),
            (
                "a.tf",
                "module \"m\" {\n  source = \"./m\"\n}\nlocals {\n  k = [\"${module.m.primary_master_key}\"]\n}\n",
            ),
        ];
        let tree = Tree::read(&files);
        assert!(tree.references.iter().any(|reference| reference.attribute == "primary_master_key"));
        assert!(check(&tree).iter().all(|finding| finding.rule.id != RULE.id));
    }

    #[test]
    fn the_fix_takes_the_new_name() {
        let text = "locals {\n  k = azurerm_cosmosdb_account.x.secondary_readonly_master_key\n}\n";
        let tree = Tree::read(&[("a.tf", text)]);
        let fix = check(&tree)[0].fix.clone().unwrap();
        assert_eq!(fix.edits[0].old, &text[fix.edits[0].span.clone()]);
        assert_eq!(fix.edits[0].new, "secondary_readonly_key");
    }
}
