//! Code that a Terragrunt configuration writes beside the module that it runs: `generate "x" { contents = … }`.
//!
//! Its text is parsed as the code that it becomes, every word where it stands. What Terragrunt would put in is not known
//! here, and a mark as long as it stands in its place.

use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::template::{Directive, Element, Template};

use super::{Walk, facts_of};
use crate::terraform::generated::Generated;
use crate::terraform::glance::Glance;
use crate::terraform::syntax::Syntax;
use crate::terraform::twice;

impl Walk<'_> {
    /// Keeps the code that a value becomes, if it can matter.
    pub(super) fn generated(&mut self, value: &Expression) {
        let words: Vec<&str> = self.binding.iter().map(String::as_str).collect();
        let writes = matches!(words.as_slice(), ["generate", _, "contents"]);
        if !writes || self.source.syntax() != Syntax::Terragrunt {
            return;
        }
        let Some((span, text)) = code(self.source.text(), value) else { return };
        if !Glance::of("generated.tf", text.as_bytes()).matters {
            return;
        }
        let part = self.source.part_as(span.clone(), text);
        let facts = twice::parse(part.text()).ok().map(|body| facts_of(&part, &body));
        let span = self.source.to_file(span);
        self.facts.generated.push(Generated { span, text: part.text().to_owned(), facts });
    }
}

/// Where the text of a value stands, and what it says, byte for byte.
fn code(file: &str, value: &Expression) -> Option<(Range<usize>, String)> {
    let span = value.span()?;
    let raw = file.get(span.clone())?;
    let within = match value {
        Expression::Parenthesis(inner) => return code(file, inner.inner()),
        // The line of its mark, and the last one.
        Expression::HeredocTemplate(_) => raw.find('\n')? + 1..raw.trim_end().rfind('\n')? + 1,
        Expression::String(_) | Expression::StringTemplate(_) => 1..raw.len().checked_sub(1)?,
        _ => return None,
    };
    let span = span.start + within.start..span.start + within.end;
    let mut text = vec![b' '; span.len()];
    let mut put = |at: Range<usize>, said: &[u8]| {
        let start = at.start.checked_sub(span.start);
        if let Some(place) = start.and_then(|start| text.get_mut(start..start + said.len())) {
            place.copy_from_slice(said);
        }
    };
    match value {
        Expression::HeredocTemplate(heredoc) => literals(file, &heredoc.template, &plain, &mut put),
        Expression::StringTemplate(template) => {
            template.iter().for_each(|element| literal(file, element, &unescaped, &mut put));
        }
        _ => put(span.clone(), unescaped(file.get(span.clone())?).as_bytes()),
    }
    Some((span, String::from_utf8(text).ok()?))
}

type Put<'p> = dyn FnMut(Range<usize>, &[u8]) + 'p;

fn literals(file: &str, template: &Template, said: &dyn Fn(&str) -> String, put: &mut Put<'_>) {
    template.iter().for_each(|element| literal(file, element, said, put));
}

fn literal(file: &str, element: &Element, said: &dyn Fn(&str) -> String, put: &mut Put<'_>) {
    match element {
        Element::Literal(literal) => {
            let span = literal.span().unwrap_or_default();
            put(span.clone(), said(file.get(span).unwrap_or_default()).as_bytes());
        }
        Element::Interpolation(value) => {
            let span = value.expr.span().unwrap_or_default();
            put(span.clone(), "x".repeat(span.len()).as_bytes());
        }
        Element::Directive(directive) => match directive.as_ref() {
            Directive::If(choice) => {
                literals(file, &choice.if_expr.template, said, put);
                if let Some(otherwise) = &choice.else_expr {
                    literals(file, &otherwise.template, said, put);
                }
            }
            Directive::For(each) => literals(file, &each.for_expr.template, said, put),
        },
    }
}

/// `$${` becomes `${`. A blank goes before it, where it belongs to a string.
fn plain(raw: &str) -> String {
    raw.replace("$${", " ${").replace("%%{", " %{")
}

/// The same, with the escapes of a quoted string undone.
fn unescaped(raw: &str) -> String {
    plain(&raw.replace("\\n", " \n").replace("\\t", " \t").replace("\\\"", " \""))
}
