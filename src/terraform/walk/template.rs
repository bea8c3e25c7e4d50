//! Texts with values in them, and their directives.

use hcl_edit::Span;
use hcl_edit::template::{Directive, Element, ForDirective, IfDirective, Template};

use super::super::service::names_endpoint;
use super::Walk;
use super::condition::Condition;

impl Walk<'_> {
    pub(super) fn template(&mut self, template: &Template) {
        self.elements(&template.iter().collect::<Vec<_>>());
    }

    pub(super) fn elements(&mut self, elements: &[&Element]) {
        for (element, beside) in elements.iter().zip(beside_endpoints(elements)) {
            self.beside_endpoint += usize::from(beside);
            self.element(element);
            self.beside_endpoint -= usize::from(beside);
        }
    }

    pub(super) fn element(&mut self, element: &Element) {
        match element {
            Element::Literal(_) => {}
            Element::Interpolation(interpolation) => self.expression(&interpolation.expr, false),
            Element::Directive(directive) => match directive.as_ref() {
                Directive::If(directive) => self.if_directive(directive),
                Directive::For(directive) => self.for_directive(directive),
            },
        }
    }

    pub(super) fn if_directive(&mut self, directive: &IfDirective) {
        self.test(|walk| walk.expression(&directive.if_expr.cond_expr, false));
        let Condition { by, branches: [then, otherwise], asked: [holds, denied] } =
            self.condition(&directive.if_expr.cond_expr);
        self.choosing(by, |walk| {
            walk.branch(then, Some(holds), directive.if_expr.template.span());
            walk.template(&directive.if_expr.template);
            walk.branch(
                otherwise,
                Some(denied),
                directive.else_expr.as_ref().and_then(|other| other.template.span()),
            );
            if let Some(other) = &directive.else_expr {
                walk.template(&other.template);
            }
        });
    }

    pub(super) fn for_directive(&mut self, directive: &ForDirective) {
        let each = &directive.for_expr;
        let depth = self.scope.depth();
        self.loops += 1;
        self.changing += 1;
        let key = each.key_var.as_ref().map(|key| key.as_str());
        self.bind_loop(key, each.value_var.as_str(), &each.collection_expr);
        self.template(&each.template);
        self.loops -= 1;
        self.changing -= 1;
        self.scope.leave(depth);
    }
}

/// Whether each part of a text stands on one line with the endpoint of an account.
pub(super) fn beside_endpoints(elements: &[&Element]) -> Vec<bool> {
    let mut lines = vec![String::new()];
    let mut on: Vec<usize> = Vec::with_capacity(elements.len());
    for element in elements {
        on.push(lines.len() - 1);
        let text = match element {
            Element::Literal(text) => text.value().as_str(),
            // What it comes to is no part of a word.
            Element::Interpolation(_) | Element::Directive(_) => "\u{1f}",
        };
        for (at, part) in text.split('\n').enumerate() {
            match lines.last_mut().filter(|_| at == 0) {
                Some(line) => line.push_str(part),
                None => lines.push(part.to_owned()),
            }
        }
    }
    let named: Vec<bool> = lines.iter().map(|line| names_endpoint(line)).collect();
    on.into_iter().map(|line| named[line]).collect()
}
