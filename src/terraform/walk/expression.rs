//! Every expression of a file, down to its last index.

use hcl_edit::Span;
use hcl_edit::expr::{BinaryOperator, Conditional, Expression, Traversal, TraversalOperator};

use super::super::facts::{Base, Object, Read, Takes, Unread};
use super::super::syntax::Syntax;
use super::Walk;
use super::call::{MASKING, PICKING};
use super::condition::Condition;

impl Walk<'_> {
    pub(super) fn expression(&mut self, expression: &Expression, mention: bool) {
        if may_read(expression)
            && let objects = self.scope.objects_of(self.source, expression)
            && let Some(first) = objects.first()
        {
            let picks = self.picking(first, expression);
            objects.into_iter().for_each(|object| self.read(object, expression, picks, mention));
            return self.beside(expression);
        }
        match expression {
            Expression::Null(_)
            | Expression::Bool(_)
            | Expression::Number(_)
            | Expression::String(_)
            | Expression::Variable(_) => {}
            Expression::Array(array) => self.array(array, mention),
            Expression::Object(object) => self.object(object),
            Expression::StringTemplate(template) => self.elements(&template.iter().collect::<Vec<_>>()),
            Expression::HeredocTemplate(heredoc) => self.template(&heredoc.template),
            Expression::Parenthesis(inner) => self.expression(inner.inner(), mention),
            Expression::Conditional(conditional) => self.conditional(conditional),
            Expression::FuncCall(call) => self.call(call),
            Expression::Traversal(traversal) => {
                self.dependency(traversal);
                self.read_back(traversal);
                self.traversal(traversal);
            }
            Expression::UnaryOp(operation) => self.test(|walk| walk.expression(&operation.expr, false)),
            Expression::BinaryOp(operation) => {
                // What is compared as a whole goes nowhere.
                let looking =
                    matches!(operation.operator.value(), BinaryOperator::Eq | BinaryOperator::NotEq);
                self.test(|walk| {
                    walk.expression(&operation.lhs_expr, looking);
                    walk.expression(&operation.rhs_expr, looking);
                });
            }
            Expression::ForExpr(each) => self.for_expression(each),
        }
    }

    /// Numbers the choice of an element by a plain name, if the expression is one such choice.
    fn picking(&mut self, object: &Object, expression: &Expression) -> Option<u32> {
        let computed = object.steps.iter().filter(|step| step.kind.is_computed()).count();
        // The one before it may say which of several accounts is meant.
        let of_instance = matches!(object.base, Base::Account(..))
            && matches!(object.steps.as_slice(), [first, .., last] if first.kind.is_computed() && last.kind.is_computed());
        let index = match expression {
            Expression::Traversal(traversal) => indexes(traversal).filter(|index| !is_literal(index)).last(),
            Expression::FuncCall(call) => call.args.get(1),
            _ => None,
        };
        let by = index.filter(|_| computed == 1 || of_instance && computed == 2);
        let by = by.and_then(|index| self.chooser(index, Takes::Index));
        by.map(|by| self.number(Some(by)))
    }

    pub(super) fn read(
        &mut self,
        object: Object,
        expression: &Expression,
        picks: Option<u32>,
        mention: bool,
    ) {
        let span = expression.span().map_or(0..0, |span| self.source.to_file(span));
        self.facts.reads.push(Read {
            object,
            span,
            binding: self.binding.clone(),
            choices: self.choices.clone(),
            exists: self.exists.clone(),
            picks,
            value: self.value.clone().map_or(0, |value| self.source.to_file(value).start),
            plain: expression.span().is_some() && expression.span() == self.value,
            mention,
            looped: mention && self.looping > 0,
            sifted: self.sifting > 0,
            filtered: self.filtering > 0,
            is_entry: self.sifted_entries > 0,
            label: self.label.clone(),
            called: self.called(),
            beside_endpoint: self.beside_endpoint > 0,
            masked: self.masking > 0 || masks(expression),
            fallback: self.falling_back > 0,
            tested: self.testing > 0,
            replaced: self.replaced > 0,
            entire: self.changing == 0 && self.sifting == 0,
            overridden: self.overriding.clone(),
            remade: self.remaking,
        });
    }

    /// What stands inside is only looked at.
    pub(super) fn test(&mut self, inside: impl FnOnce(&mut Self)) {
        self.testing += 1;
        inside(self);
        self.testing -= 1;
    }

    /// Expressions that stand within a read and are reads of their own: computed indexes, further arguments.
    pub(super) fn beside(&mut self, expression: &Expression) {
        match expression {
            Expression::Traversal(traversal) => {
                match &traversal.expr {
                    Expression::Variable(_) => {}
                    other => self.beside(other),
                }
                self.indexes(traversal);
            }
            Expression::Parenthesis(inner) => self.beside(inner.inner()),
            Expression::Array(_) | Expression::Object(_) | Expression::ForExpr(_) => {
                self.collection(expression)
            }
            Expression::Conditional(choice) => {
                self.test(|walk| walk.expression(&choice.cond_expr, false));
                self.beside(&choice.true_expr);
                self.beside(&choice.false_expr);
            }
            Expression::FuncCall(call) => {
                let picks = PICKING.contains(&call.name.name.as_str());
                for (index, argument) in call.args.iter().enumerate() {
                    let named = !self.scope.objects_of(self.source, argument).is_empty();
                    match named && (!picks || index == 0) {
                        true => self.beside(argument),
                        false => self.expression(argument, false),
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn conditional(&mut self, conditional: &Conditional) {
        self.test(|walk| walk.expression(&conditional.cond_expr, false));
        let Condition { by, branches: [then, otherwise], asked: [holds, denied] } =
            self.condition(&conditional.cond_expr);
        self.choosing(by, |walk| {
            walk.branch(then, Some(holds), conditional.true_expr.span());
            walk.expression(&conditional.true_expr, false);
            walk.branch(otherwise, Some(denied), conditional.false_expr.span());
            walk.expression(&conditional.false_expr, false);
        });
    }

    pub(super) fn traversal(&mut self, traversal: &Traversal) {
        let sifts = traversal.operators.iter().any(|operator| !is_splat(operator));
        self.sifting += usize::from(sifts);
        let outer = self.remaking;
        if sifts {
            self.remake(false);
        }
        if indexes(traversal).any(|index| !is_literal(index)) {
            let by = indexes(traversal).find_map(|index| self.chooser(index, Takes::Index));
            self.choosing(by, |walk| {
                walk.keyed = walk.choices.last().map(|branch| branch.choice);
                walk.expression(&traversal.expr, false);
                walk.keyed = None;
            });
        } else {
            self.expression(&traversal.expr, false);
        }
        self.remaking = outer;
        self.sifting -= usize::from(sifts);
        self.indexes(traversal);
    }

    /// A dependency of Terragrunt's whose name the text does not tell: it may hand out any key.
    fn dependency(&mut self, traversal: &Traversal) {
        let is_dependency = traversal.expr.as_variable().is_some_and(|root| root.as_str() == "dependency");
        let computed = traversal.operators.first().map(|first| first.value());
        if is_dependency
            && self.is_of_terragrunt()
            && !matches!(computed, Some(TraversalOperator::GetAttr(_)))
        {
            let span = traversal.span().map_or(0..0, |span| self.source.to_file(span));
            let why = "which dependency is read here, the text does not tell: name it in full".to_owned();
            self.facts.unread.push(Unread { span, why });
        }
    }

    fn is_of_terragrunt(&self) -> bool {
        self.source.syntax() == Syntax::Terragrunt && !self.scope.binds("dependency")
    }

    pub(super) fn indexes(&mut self, traversal: &Traversal) {
        indexes(traversal).for_each(|index| self.expression(index, false));
    }
}

fn indexes(traversal: &Traversal) -> impl Iterator<Item = &Expression> {
    traversal.operators.iter().filter_map(|operator| match operator.value() {
        TraversalOperator::Index(index) => Some(index),
        _ => None,
    })
}

fn is_splat(operator: &TraversalOperator) -> bool {
    matches!(operator, TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_))
}

/// Whether an expression of this form is one read as a whole.
pub(super) fn may_read(expression: &Expression) -> bool {
    match expression {
        Expression::Traversal(_) | Expression::Variable(_) => true,
        Expression::FuncCall(call) => PICKING.contains(&call.name.name.as_str()),
        Expression::Conditional(_) => true,
        _ => false,
    }
}

/// Whether a path within an expression may lead nowhere without an error.
fn masks(expression: &Expression) -> bool {
    match expression {
        Expression::Traversal(traversal) => masks(&traversal.expr),
        Expression::Parenthesis(inner) => masks(inner.inner()),
        Expression::FuncCall(call) => {
            let name = call.name.name.as_str();
            MASKING.contains(&name) || name == "lookup" && call.args.len() > 2 || call.args.iter().any(masks)
        }
        _ => false,
    }
}

pub(super) fn is_literal(expression: &Expression) -> bool {
    matches!(expression, Expression::String(_) | Expression::Number(_))
}

/// A value that is compared with, and which values equal it.
pub fn literal(expression: &Expression) -> Option<(Takes, String)> {
    match expression {
        Expression::String(text) => Some((Takes::Text, text.value().clone())),
        Expression::Number(number) => Some((Takes::Number, number.value().to_string())),
        Expression::Bool(bool) => Some((Takes::Bool, bool.value().to_string())),
        _ => None,
    }
}
