//! A place in a source file as people like to see it: the line, with carets under the words.
//!
//! Text comes out with colours; whoever prints takes them off where no terminal reads them.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::check::{Finding, Severity};
use crate::terraform::{Source, Tree};

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
    group = group.element(Level::HELP.message(finding.rule.remedy));
    Renderer::styled().render(&[group])
}

fn add<'a>(tree: &'a Tree, group: Group<'a>, file: usize, span: &Range<usize>, label: &'a str) -> Group<'a> {
    match mark(&tree.sources[file], tree.shown(file), span, AnnotationKind::Context, label) {
        Some(snippet) => group.element(snippet),
        None => group,
    }
}

/// Absent where there is no text to show (a file over the cap).
fn mark<'a>(
    source: &'a Source,
    path: String,
    span: &Range<usize>,
    kind: AnnotationKind,
    label: &'a str,
) -> Option<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    if source.text().is_empty() {
        return None;
    }
    let annotation = kind.span(source.to_text(span.clone()));
    let annotation = if label.is_empty() { annotation } else { annotation.label(label) };
    Some(Snippet::source(source.text()).path(path).annotation(annotation))
}
