//! One value or another, by a condition: `var.use_secondary ? "secondary" : "primary"`.
//!
//! Whoever asks for such a value asks, in the end, for the one that the condition goes by. A comparison is one of the two
//! truths by itself. So it is with a text that a value is put into: `"${var.slot}_key"`.

use hcl_edit::Span;
use hcl_edit::expr::{BinaryOp, BinaryOperator, Conditional, Expression, FuncCall, UnaryOperator};
use hcl_edit::template::Element;

use super::facts::{Base, Object, Step, StepKind, Takes, When};
use super::naming::takes_each;
use super::object::Scope;
use super::source::Source;
use super::value::Value;
use super::walk::{literal, text_of, without_blanks};

/// The function that asks whether a value is among others.
const CONTAINS: &str = "contains";

/// A condition, taken apart.
pub struct Compared<'e> {
    /// What it asks for; the condition itself where no single value decides it.
    pub operand: &'e Expression,
    /// Where it asks for the same once more.
    pub others: Vec<&'e Expression>,
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
            let mut inner = compared(&operation.expr);
            inner.when.swap(0, 1);
            inner
        }
        Expression::BinaryOp(operation) => {
            if let Some(both) = both_asked(operation) {
                return both;
            }
            let unknown = Compared { takes: None, ..alone(condition, truths()) };
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
            Compared { takes: Some(takes), ..alone(operand, when) }
        }
        Expression::FuncCall(call) => contained(call).unwrap_or_else(|| alone(condition, truths())),
        operand => alone(operand, truths()),
    }
}

fn alone(operand: &Expression, when: [When; 2]) -> Compared<'_> {
    Compared { operand, others: Vec::new(), takes: Some(Takes::Condition), when }
}

/// `contains(["a", "b"], …)`: whether one value is among some literals of one kind.
fn contained(call: &FuncCall) -> Option<Compared<'_>> {
    let (Expression::Array(texts), operand) = (call.args.get(0)?, call.args.get(1)?) else { return None };
    if call.name.name.as_str() != CONTAINS {
        return None;
    }
    let texts: Vec<(Takes, String)> = texts.iter().map(literal).collect::<Option<_>>()?;
    let takes = texts.first()?.0;
    let when = When::among(texts.iter().map(|(_, text)| text.clone()).collect());
    let same = texts.iter().all(|(other, _)| *other == takes);
    same.then(|| Compared { takes: Some(takes), ..alone(operand, [when.clone(), when.denied()]) })
}

/// Two conditions of one value, of which one or both must hold.
fn both_asked<'e>(operation: &'e BinaryOp) -> Option<Compared<'e>> {
    let [one, other] = [&operation.lhs_expr, &operation.rhs_expr].map(compared);
    let same = one.takes.is_some() && one.takes == other.takes && one.operand == other.operand;
    let [[holds, denied], [other_holds, other_denied]] = [one.when, other.when];
    let others = [one.others, vec![other.operand], other.others].concat();
    let when = match operation.operator.value() {
        BinaryOperator::Or => {
            let either = holds.or(&other_holds);
            [either.clone(), either.denied()]
        }
        BinaryOperator::And => {
            let neither = denied.or(&other_denied);
            [neither.denied(), neither]
        }
        _ => return None,
    };
    same.then_some(Compared { operand: one.operand, others, takes: one.takes, when })
}

/// The variable or local value that an expression names, or a part of one: at most one step takes its elements one after
/// the other.
pub fn named(source: &Source, scope: &Scope, expression: &Expression) -> Option<Object> {
    let object = scope.object_of(source, expression)?;
    let is_plain = |step: &Step| !matches!(step.kind, StepKind::AttributeSplat | StepKind::Computed(None));
    let each = object.steps.iter().filter(|step| takes_each(step)).count();
    let is_value = matches!(object.base, Base::Local | Base::Variable | Base::Each(_));
    (is_value && !object.steps.is_empty() && object.steps.iter().all(is_plain) && each < 2).then_some(object)
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
        match expression {
            Expression::Parenthesis(inner) => return Either::of(source, scope, inner.inner()),
            Expression::Conditional(choice) => {
                let asked = compared(&choice.cond_expr);
                return Either::between(source, scope, expression, choice, &asked);
            }
            Expression::UnaryOp(_) | Expression::BinaryOp(_) => {}
            Expression::FuncCall(call) if call.name.name.as_str() == CONTAINS => {}
            _ => return None,
        }
        Either::made(source, scope, expression, &compared(expression), [true, false].map(Value::Bool))
    }

    /// The same of a conditional whose condition is taken apart already.
    pub fn between(
        source: &Source,
        scope: &Scope,
        expression: &Expression,
        choice: &Conditional,
        asked: &Compared<'_>,
    ) -> Option<Either> {
        let branches = [&choice.true_expr, &choice.false_expr];
        let values = branches.map(|branch| Value::of(source, scope, branch));
        Either::made(source, scope, expression, asked, values)
    }

    fn made(
        source: &Source,
        scope: &Scope,
        expression: &Expression,
        asked: &Compared<'_>,
        values: [Value; 2],
    ) -> Option<Either> {
        let by = named(source, scope, asked.operand)?;
        let text = without_blanks(text_of(source, expression.span()));
        Some(Either { text, by, takes: asked.takes?, when: asked.when.clone(), values })
    }

    /// What it makes of the value that it goes by, for one who takes such values.
    pub fn turn(&self, takes: Takes) -> Turn {
        let [then, otherwise] = &self.values;
        let text = |value: &Value| takes.text(value).map(str::to_owned);
        Turn::Either { when: self.when.clone(), texts: [text(then), text(otherwise)] }
    }
}

/// What is made of a value before somebody sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// One text or the other, by a condition.
    Either {
        when: [When; 2],
        /// Under the condition, and under its denial; absent where that is no literal.
        texts: [Option<String>; 2],
    },
    /// A text with the value in it.
    Around { before: String, after: String },
}

impl Turn {
    /// What comes of a value.
    pub fn of(&self, value: &str) -> Option<String> {
        match self {
            Turn::Either { when, texts } => texts[when.iter().position(|when| when.is(value))?].clone(),
            Turn::Around { before, after } => Some(format!("{before}{value}{after}")),
        }
    }

    /// What a value was before this was made of it; absent where the text does not tell.
    pub fn undone(&self, value: &str) -> Option<String> {
        match self {
            Turn::Either { .. } => None,
            Turn::Around { before, after } => {
                Some(value.strip_prefix(before.as_str())?.strip_suffix(after.as_str())?.to_owned())
            }
        }
    }

    /// A text with nothing but one name in it, and that name.
    pub fn around(parts: &[Value]) -> Option<(Turn, &Object)> {
        let mut name = None;
        let [mut before, mut after] = [String::new(), String::new()];
        for part in parts {
            match (part, name) {
                (Value::Text(text), None) => before.push_str(text),
                (Value::Text(text), Some(_)) => after.push_str(text),
                (Value::Path(object), None) => name = Some(object),
                _ => return None,
            }
        }
        Some((Turn::Around { before, after }, name?))
    }

    /// A text with one expression in it, written as a template or with `format`, and that expression.
    pub fn around_one(expression: &Expression) -> Option<(Turn, &Expression)> {
        match expression {
            Expression::StringTemplate(template) => {
                let mut one = None;
                let [mut before, mut after] = [String::new(), String::new()];
                for element in template.iter() {
                    match (element, one) {
                        (Element::Literal(text), None) => before.push_str(text.value()),
                        (Element::Literal(text), Some(_)) => after.push_str(text.value()),
                        (Element::Interpolation(inner), None) => one = Some(&inner.expr),
                        _ => return None,
                    }
                }
                Some((Turn::Around { before, after }, one?))
            }
            Expression::FuncCall(call) if call.name.name.as_str() == "format" && call.args.len() == 2 => {
                let (before, after) = call.args.get(0)?.as_str()?.split_once("%s")?;
                let plain = !before.contains('%') && !after.contains('%');
                let [before, after] = [before, after].map(str::to_owned);
                plain.then_some((Turn::Around { before, after }, call.args.get(1)?))
            }
            _ => None,
        }
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
