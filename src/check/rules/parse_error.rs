//! `parse-error`: a file that does not parse may hide anything, so nothing can be claimed of the tree.
//!
//! In a tree of more than 4 MiB of Terraform a file is parsed only if it could matter: it holds a word that keys or
//! their accounts are known by, or a name through which one travels. Of the others those are found whose
//! brackets or quotes do not add up; `a = = 1` in a file that says nothing of keys is left to `terraform
//! validate`. No claim hangs on it: a file without such words reads no key, however its mistake is corrected.

use crate::check::{Place, Rule, Severity};
use crate::terraform::Tree;

pub const RULE: Rule = Rule {
    id: "parse-error",
    severity: Severity::Error,
    summary: "A Terraform file does not parse, so what it reads is unknown.",
    why: "A file that does not parse may hide anything: another use of the key, an account of the same name. Nothing can \
          be claimed of the tree until it parses.",
    remedy: "Correct the file, or keep it out of the tree; `terraform fmt` shows where Terraform itself cannot read it.",
    before: r#"locals {
  hosts = [azurerm_cosmosdb_account.orders.endpoint,
}
"#,
    after: r#"locals {
  hosts = [azurerm_cosmosdb_account.orders.endpoint]
}
"#,
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    tree.unparsed
        .iter()
        .map(|unparsed| {
            let message = format!("this file does not parse: {}", unparsed.failure.message);
            Place::new(unparsed.file, unparsed.failure.span.clone(), message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::check::tests::check_text;

    #[test]
    fn only_files_that_do_not_parse_are_found() {
        check_text("locals {\n  a = \n}\n", &[("parse-error", 2)]);
        check_text("locals {\n  a = 1\n}\n", &[]);
    }

    #[test]
    fn what_terraform_takes_and_the_parser_does_not_is_told_as_that() {
        let tree = crate::terraform::Tree::read(&[(
            "a.tf",
            "locals {\n  a = {\n    \"\" = 1\n    \"\" = 2\n  }\n}\n",
        )]);
        let [place] = &super::look(&tree)[..] else { panic!("{:?}", tree.unparsed) };
        assert!(place.message.contains("Terraform takes the last one"), "{}", place.message);
    }
}
