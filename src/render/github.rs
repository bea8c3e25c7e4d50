//! `keyslot check --output github`: workflow commands, which GitHub shows as annotations of a pull request.
//!
//! A command is one line; what its syntax needs is escaped, in properties more than in the message. Columns are
//! told only within one line: GitHub refuses them otherwise. Silenced findings are left out.

use super::place::{Stretch, stretch};
use crate::check::{Finding, Severity};
use crate::terraform::Tree;

/// One line for each finding.
pub fn github(tree: &Tree, findings: &[Finding]) -> String {
    findings
        .iter()
        .filter(|finding| finding.silenced.is_none())
        .map(|finding| command(tree, finding))
        .collect()
}

fn command(tree: &Tree, finding: &Finding) -> String {
    let Stretch { start, end } = stretch(finding.source(tree), &finding.span);
    let columns = match start.line == end.line {
        true => format!(",col={},endColumn={}", start.column, end.column),
        false => String::new(),
    };
    format!(
        "::{} file={},line={},endLine={}{columns},title={}::{}\n",
        word(finding.rule.severity),
        property(finding.path(tree).trim_start_matches("./")),
        start.line,
        end.line,
        property(finding.rule.id),
        message(&format!("{}\n{}", finding.message, finding.remedy())),
    )
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    }
}

pub(super) fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;

    #[test]
    fn what_the_syntax_needs_is_escaped() {
        let tree = Tree::read(&[("a,b:100%.tf", "locals {\n  a = [azurerm_cosmosdb_account.x]\n}\n")]);
        assert_eq!(
            github(&tree, &check(&tree)),
            "::error file=a%2Cb%3A100%25.tf,line=2,endLine=2,col=8,endColumn=34,title=opaque-read::\
             `azurerm_cosmosdb_account.x` is handed on whole, with all its keys%0AName the attribute where it is \
             used, so that its slot can be seen and changed.\n"
        );
        assert_eq!(message("100%\r\na: b, c"), "100%25%0D%0Aa: b, c");
    }

    #[test]
    fn columns_are_left_out_where_lines_differ() {
        let text = "locals {\n  a = \"${\n  [azurerm_cosmosdb_account.x[\n    0]] }\"\n}\n";
        let tree = Tree::read(&[("a.tf", text)]);
        let told = github(&tree, &check(&tree));
        assert!(told.starts_with("::error file=a.tf,line=3,endLine=4,title=opaque-read::"), "{told}");
    }
}
