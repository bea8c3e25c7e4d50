//! From blocks to declarations: accounts and module calls.

use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;
use hcl_edit::template::Element;

use super::facts::{Base, Declaration, ModuleCall, NameExpression, StepKind, SymbolKind};
use super::object::Scope;
use super::source::Source;
use super::walk::text_of;

pub fn account(source: &Source, kind: SymbolKind, name: &str, block: &Block) -> Declaration {
    let account_name =
        block.body.get_attribute("name").map(|attribute| name_expression(source, &attribute.value));
    Declaration { kind, name: name.to_owned(), account_name }
}

pub fn module(name: &str, block: &Block) -> ModuleCall {
    let source = block.body.get_attribute("source").and_then(|attribute| attribute.value.as_str());
    ModuleCall { name: name.to_owned(), source: source.map(str::to_owned) }
}

fn name_expression(source: &Source, expression: &Expression) -> NameExpression {
    if let Some(literal) = expression.as_str() {
        return NameExpression::Literal(literal.to_owned());
    }
    if let Some(object) = Scope::default().object_of(source, expression)
        && let Base::Account(kind, name) = object.base
        && object.steps.last().is_some_and(|last| last.kind == StepKind::Attribute("name".to_owned()))
    {
        return NameExpression::Symbol(kind, name);
    }
    let text = text_of(source, expression.span()).split_whitespace().collect();
    NameExpression::Text { text, specific: has_literal_text(expression) }
}

/// Whether letters of the name itself are written here, as in `"${var.prefix}-global-cosmos"`.
fn has_literal_text(expression: &Expression) -> bool {
    match expression {
        Expression::StringTemplate(template) => template.iter().any(|element| match element {
            Element::Literal(text) => text.chars().any(char::is_alphanumeric),
            Element::Interpolation(_) | Element::Directive(_) => false,
        }),
        Expression::Parenthesis(inner) => has_literal_text(inner.inner()),
        Expression::FuncCall(call) => {
            call.args.iter().any(|argument| argument.is_str() || has_literal_text(argument))
        }
        _ => false,
    }
}
