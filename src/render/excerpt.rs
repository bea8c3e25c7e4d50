//! A place in a source file as people like to see it: the line, with carets under the words.
//!
//! Text comes out with colours; whoever prints takes them off where no terminal reads them.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::check::{Finding, Severity};
use crate::terraform::{Source, Tree, mask};

/// One finding with its places and its remedy.
pub fn render_finding(tree: &Tree, finding: &Finding) -> String {
    let level = match finding.rule.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(finding.message.as_str()).id(finding.rule.id);
    let primary = mark(finding.source(tree), finding.path(tree), &finding.span, AnnotationKind::Primary, "");
    let mut group = match primary {
        Some(snippet) => title.element(snippet),
        None => title.element(Origin::path(finding.path(tree))),
    };
    for related in &finding.related {
        group = add(tree, group, related.file, &related.span, &related.label);
    }
    group = group.element(Level::HELP.message(finding.remedy()));
    Renderer::styled().render(&[group])
}

fn add<'a>(tree: &'a Tree, group: Group<'a>, file: usize, span: &Range<usize>, label: &'a str) -> Group<'a> {
    match mark(&tree.sources[file], tree.shown(file), span, AnnotationKind::Context, label) {
        Some(snippet) => group.element(snippet),
        None => group,
    }
}

/// Absent where there is no text to show (a file over the cap). Only the lines of the place are taken, and
/// without the keys that may stand in them.
fn mark<'a>(
    source: &Source,
    path: String,
    span: &Range<usize>,
    kind: AnnotationKind,
    label: &'a str,
) -> Option<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let text = source.text();
    if text.is_empty() {
        return None;
    }
    let span = source.to_text(span.clone());
    let first = text.get(..span.start)?.rfind('\n').map_or(0, |newline| newline + 1);
    let last = text.get(span.end..)?.find('\n').map_or(text.len(), |newline| span.end + newline);
    let lines = text[first..last].strip_suffix('\r').filter(|lines| first + lines.len() >= span.end);
    let lines = mask(lines.unwrap_or(&text[first..last])).into_owned();
    let annotation = kind.span(span.start - first..span.end - first);
    let annotation = if label.is_empty() { annotation } else { annotation.label(label) };
    let line = source.position(source.to_file(span).start).line;
    Some(Snippet::source(lines).line_start(line).path(path).annotation(annotation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::check;

    fn rendered(text: &str) -> Vec<String> {
        let tree = Tree::read(&[("a.tf", text)]);
        check(&tree).iter().map(|finding| render_finding(&tree, finding)).collect()
    }

    #[test]
    fn keys_are_masked_wherever_they_stand_in_an_excerpt() {
        let key = format!("{}+/x9==", "aB3".repeat(27) + "Z");
        let read = "azurerm_cosmosdb_account.x";
        for padding in [1, 60, 200, 2_000] {
            let line = format!("{}[\"{key}\", {read}] # {key} AccountKey=hunter2", " ".repeat(padding));
            let told = rendered(&format!("locals {{\n  a = {line}\n}}\n"));
            assert_eq!(told.len(), 3, "{told:?}");
            for text in told {
                assert!(text.contains("a.tf"), "{text}");
                assert!(!text.contains("hunter2") && !text.contains("aB3aB3"), "{text}");
            }
        }
    }

    #[test]
    fn lines_of_all_kinds_are_shown_with_their_number() {
        for (text, line) in [
            ("locals {\r\n  a = [azurerm_cosmosdb_account.x]\r\n}\r\n", "2 "),
            ("\u{feff}locals { a = [azurerm_cosmosdb_account.x] }", "1 "),
            ("locals {\n\n\n  é = [\n    azurerm_cosmosdb_account.x]\n}", "5 "),
        ] {
            let told = anstream::adapter::strip_str(&rendered(text).remove(0)).to_string();
            assert!(
                told.lines().any(|shown| shown.starts_with(line) && shown.contains("account.x]")),
                "{told}"
            );
            assert!(told.contains("^^^^"), "{told}");
        }
    }
}
