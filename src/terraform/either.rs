//! One value or another, by a condition: `var.use_secondary ? "secondary" : "primary"`.
//!
//! Whoever asks for such a value asks, in the end, for the one that the condition goes by. A comparison is one of the two
//! truths by itself.

use hcl_edit::Span;
use hcl_edit::expr::{BinaryOperator, Expression, UnaryOperator};

use super::facts::{Base, Object, Takes, When};
use super::object::Scope;
use super::source::Source;
use super::value::Value;
use super::walk::{literal, text_of, without_blanks};

/// A condition, taken apart.
pub struct Compared<'e> {
    /// What it asks for; the condition itself where no single value decides it.
    pub operand: &'e Expression,
    /// Which values it can tell apart; absent where no single value decides it.
    pub takes: Option<Takes>,
    /// When it holds, and when it does not.
    pub when: [When; 2],
}

/// What a condition compares with a literal; what is no comparison is true or not.
pub fn compared(condition: &Expression) -> Compared<'_> {
    let truths = || [true, false].map(|value| When::Is(value.to_string()));
    match condition {
        Expression::Parenthesis(inner) => compared(inner.inner()),
        Expression::UnaryOp(operation) if *operation.operator.value() == UnaryOperator::Not => {
            let Compared { operand, takes, when: [holds, denied] } = compared(&operation.expr);
            Compared { operand, takes, when: [denied, holds] }
        }
        Expression::BinaryOp(operation) => {
            let unknown = Compared { operand: condition, takes: None, when: truths() };
            let (operand, (takes, text)) = match (literal(&operation.lhs_expr), literal(&operation.rhs_expr))
            {
                (None, Some(literal)) => (&operation.lhs_expr, literal),
                (Some(literal), None) => (&operation.rhs_expr, literal),
                _ => return unknown,
            };
            let equal = [When::Is(text.clone()), When::IsNot(text)];
            let when = match operation.operator.value() {
                BinaryOperator::Eq => equal,
                BinaryOperator::NotEq => {
                    let [is, is_not] = equal;
                    [is_not, is]
                }
                _ => return unknown,
            };
            Compared { operand, takes: Some(takes), when }
        }
        operand => Compared { operand, takes: Some(Takes::Condition), when: truths() },
    }
}

/// The variable or local value that an expression names, if it is no more than that.
pub fn named(source: &Source, scope: &Scope, expression: &Expression) -> Option<Object> {
    let object = scope.object_of(source, expression)?;
    (matches!(object.base, Base::Local | Base::Variable) && object.steps.len() == 1).then_some(object)
}

/// A value by a condition that goes by a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Either {
    /// The expression as it is written, without white space.
    pub text: String,
    pub by: Object,
    pub takes: Takes,
    pub when: [When; 2],
    /// Under the condition, and under its denial.
    pub values: [Value; 2],
}

impl Either {
    /// Absent where an expression is none, or its condition goes by no plain name.
    pub fn of(source: &Source, scope: &Scope, expression: &Expression) -> Option<Either> {
        let (condition, values) = match expression {
            Expression::Parenthesis(inner) => return Either::of(source, scope, inner.inner()),
            Expression::Conditional(choice) => {
                let branches = [&choice.true_expr, &choice.false_expr];
                (&choice.cond_expr, branches.map(|branch| Value::of(source, scope, branch)))
            }
            Expression::UnaryOp(_) | Expression::BinaryOp(_) => (expression, [true, false].map(Value::Bool)),
            _ => return None,
        };
        let Compared { operand, takes, when } = compared(condition);
        let by = named(source, scope, operand)?;
        let text = without_blanks(text_of(source, expression.span()));
        Some(Either { text, by, takes: takes?, when, values })
    }

    /// What it makes of the value that it goes by, for one who takes such values.
    pub fn turn(&self, takes: Takes) -> Turn {
        let [then, otherwise] = &self.values;
        let text = |value: &Value| takes.text(value).map(str::to_owned);
        Turn { when: self.when.clone(), texts: [text(then), text(otherwise)] }
    }
}

/// What a condition makes of the value that it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    pub when: [When; 2],
    /// Under the condition, and under its denial; absent where that is no literal.
    pub texts: [Option<String>; 2],
}

impl Turn {
    /// What comes of a value.
    pub fn of(&self, value: &str) -> Option<&str> {
        let at = self.when.iter().position(|when| when.is(value))?;
        self.texts[at].as_deref()
    }
}

impl Takes {
    /// The text of a value, where such a one can be taken.
    pub fn text(self, value: &Value) -> Option<&str> {
        match (self, value) {
            (Takes::Text | Takes::Condition | Takes::Index, Value::Text(text))
            | (Takes::Number | Takes::Index, Value::Number(text)) => Some(text),
            (Takes::Bool | Takes::Condition | Takes::Index, Value::Bool(true)) => Some("true"),
            (Takes::Bool | Takes::Condition | Takes::Index, Value::Bool(false)) => Some("false"),
            _ => None,
        }
    }
}
