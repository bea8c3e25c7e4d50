//! `parse-error`: a file that does not parse may hide anything, so nothing can be claimed of the tree.

use super::{Place, Rule, Severity};
use crate::terraform::Tree;

pub const RULE: Rule = Rule {
    id: "parse-error",
    severity: Severity::Error,
    summary: "A Terraform file does not parse, so what it reads is unknown.",
    remedy: "Correct the file (`terraform fmt` shows where it fails), or keep it out of the tree.",
    look,
};

fn look(tree: &Tree) -> Vec<Place> {
    tree.unparsed
        .iter()
        .map(|unparsed| Place {
            file: unparsed.file,
            span: unparsed.failure.span.clone(),
            message: format!("this file does not parse: {}", unparsed.failure.message),
            related: Vec::new(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_text;

    #[test]
    fn only_files_that_do_not_parse_are_found() {
        check_text("locals {\n  a = \n}\n", &[("parse-error", 2)]);
        check_text("locals {\n  a = 1\n}\n", &[]);
    }
}
