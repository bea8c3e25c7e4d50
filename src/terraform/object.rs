//! Which object an expression names: a base and the steps from it.
//!
//! Knows the names that are bound around an expression (`each`, the variable of a `for`, the iterator of a
//! `dynamic` block) and the functions that hand an object through. Knows nothing of other files.

mod collection;
mod root;
mod scope;
mod step;

use hcl_edit::Decorated;
use hcl_edit::expr::{Expression, FuncCall, ObjectKey, Traversal, TraversalOperator};

pub use self::collection::{filters, is_renamed};
use self::collection::{moves, renames};
pub use self::scope::{Bound, Scope};
use self::step::{index, step, within, wordless};
use super::facts::{Alias, Base, Object, Step, StepKind};
use super::key_read::names_key;
use super::source::Source;

/// What holds the outputs in what HCP Terraform's data source gives.
const VALUES: [&str; 2] = ["values", "nonsensitive_values"];

/// Functions that give back (one of) what they are given, keeping its shape.
const THROUGH: &[&str] = &[
    "coalesce",
    "coalescelist",
    "concat",
    "flatten",
    "jsondecode",
    "nonsensitive",
    "one",
    "reverse",
    "sensitive",
    "tolist",
    "toset",
    "try",
    "values",
];

impl Scope {
    /// Absent where the expression is no path from something that may hold keys.
    pub fn object_of(&self, source: &Source, expression: &Expression) -> Option<Object> {
        match expression {
            Expression::Traversal(traversal) => self.traversal(source, traversal),
            Expression::Variable(name) => match self.bound(name.as_str())? {
                Bound::Element(objects) => self.turned(objects).map(element_of),
                Bound::Itself(object) => Some(object.clone()),
                Bound::Iterator(_) | Bound::Some(_) | Bound::Key(_) | Bound::Other => None,
            },
            Expression::ForExpr(each) => self.turned(&self.gathered(source, each)).cloned(),
            Expression::Parenthesis(inner) => self.object_of(source, inner.inner()),
            Expression::FuncCall(call) => self.call(source, call),
            Expression::Conditional(choice) => {
                let branch = |branch: &Expression| self.object_of(source, branch);
                match (branch(&choice.true_expr), branch(&choice.false_expr)) {
                    (Some(one), Some(other))
                        if is_whole(&one) && is_whole(&other) && one.base == other.base =>
                    {
                        Some(element_of(&one))
                    }
                    (Some(one), None) if is_whole(&one) && choice.false_expr.is_null() => {
                        Some(element_of(&one))
                    }
                    (None, Some(other)) if is_whole(&other) && choice.true_expr.is_null() => {
                        Some(element_of(&other))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// An entry of what is written out, and the operators behind the one that picks it.
    fn entry<'o>(
        &self,
        source: &Source,
        written: &Expression,
        operators: &'o [Decorated<TraversalOperator>],
    ) -> Option<(Object, &'o [Decorated<TraversalOperator>])> {
        let (picks, rest) = operators.split_first()?;
        let is_named = |key: &ObjectKey, name: &str| match key {
            ObjectKey::Ident(ident) => ident.as_str() == name,
            ObjectKey::Expression(key) => key.as_str() == Some(name),
        };
        let entry = match (written, picks.value()) {
            (Expression::Parenthesis(inner), _) => return self.entry(source, inner.inner(), operators),
            (Expression::Array(array), TraversalOperator::Index(Expression::Number(at))) => {
                array.get(usize::try_from(at.value().as_u64()?).ok()?)?
            }
            (Expression::Object(object), TraversalOperator::GetAttr(name)) => {
                object.iter().find(|(key, _)| is_named(key, name.as_str())).map(|(_, value)| value.expr())?
            }
            (Expression::Object(object), TraversalOperator::Index(Expression::String(name))) => {
                object.iter().find(|(key, _)| is_named(key, name.value())).map(|(_, value)| value.expr())?
            }
            _ => return None,
        };
        self.object_of(source, entry).filter(is_whole).map(|object| (object, rest))
    }

    fn traversal(&self, source: &Source, traversal: &Traversal) -> Option<Object> {
        let operators = traversal.operators.as_slice();
        let (mut object, rest) = match &traversal.expr {
            Expression::Variable(root) => self.rooted(source, root.as_str(), operators)?,
            other => match self.object_of(source, other) {
                Some(object) => (object, operators),
                None => self.entry(source, other, operators)?,
            },
        };
        for (place, operator) in rest.iter().enumerate() {
            let step = step(source, self, operator);
            object.steps.push(if place == 0 { within(&traversal.expr, &object, step) } else { step });
        }
        let is_root = |root: &str| self.bound(root).is_none();
        match traversal.expr.as_variable().is_some_and(|root| is_root(root.as_str())) {
            true => Some(object),
            false => Some(within_outputs(object)),
        }
    }

    fn call(&self, source: &Source, call: &FuncCall) -> Option<Object> {
        let name = call.name.name.as_str();
        if let ("element" | "lookup", Some(from), Some(key)) = (name, call.args.get(0), call.args.get(1)) {
            let object = self.object_of(source, from)?;
            let step = within(from, &object, index(source, self, key));
            return Some(object.then(step));
        }
        if !THROUGH.contains(&name) {
            return None;
        }
        let objects = call.args.iter().filter_map(|argument| self.object_of(source, argument));
        let objects: Vec<Object> = objects.collect();
        // One of several accounts may be given back; of other things nobody knows how they belong together.
        let known = objects.len() == 1 || objects.iter().all(is_whole);
        // Its words stand in the same expression, and are read there if nothing else reads them.
        self.turned(&objects).filter(|_| known).map(|object| object.clone().then(wordless(StepKind::Any)))
    }
}

/// Whether an object is an account, or one of its instances.
pub fn is_whole(object: &Object) -> bool {
    let instance = |step: &Step| !matches!(step.kind, StepKind::Attribute(_) | StepKind::Key(_));
    matches!(object.base, Base::Account(..)) && object.steps.iter().all(instance)
}

/// The same where instances may be called by their names, too.
pub fn is_instance(object: &Object) -> bool {
    let named = |step: &Step| matches!(step.kind, StepKind::Key(_)) && !names_key(step);
    let steps = match object.steps.split_first() {
        Some((first, rest)) if named(first) => rest,
        _ => object.steps.as_slice(),
    };
    is_whole(&Object { base: object.base.clone(), steps: steps.to_vec() })
}

/// Whether an object is what goes by another name, or what stands at a path of names below one.
pub fn is_named(object: &Object) -> bool {
    let plain = |step: &Step| {
        matches!(step.kind, StepKind::Attribute(_) | StepKind::Key(_) | StepKind::Number(_))
            && !names_key(step)
    };
    let is_value = matches!(object.base, Base::Local | Base::Variable | Base::Module(_));
    is_value && !object.steps.is_empty() && object.steps.iter().all(plain)
}

/// A state that was named as a whole, or an instance of it, with the steps from it: its outputs are what counts.
pub fn within_outputs(mut object: Object) -> Object {
    let Base::RemoteState(state) = &object.base else { return object };
    // The name of a workspace's outputs holds the type.
    let names: &[&str] = if state.contains('.') { &VALUES } else { &["outputs"] };
    let outputs = object.steps.iter().position(|step| step.name().is_some_and(|name| names.contains(&name)));
    let instance = |step: &Step| !matches!(step.kind, StepKind::Attribute(_));
    if let Some(at) = outputs.filter(|at| object.steps[..*at].iter().all(instance)) {
        object.steps.drain(..=at);
    }
    object
}

/// One of an object's elements, or of its instances, whichever.
pub fn element_of(object: &Object) -> Object {
    object.clone().seen_from_afar().then(wordless(StepKind::Any))
}

fn each_of(object: &Object) -> Object {
    object.clone().seen_from_afar().then(wordless(StepKind::Element))
}

/// Whether something holds of an expression, or of what it gives back.
fn any_of(expression: &Expression, is: &dyn Fn(&Expression) -> bool) -> bool {
    is(expression)
        || match expression {
            Expression::Parenthesis(inner) => any_of(inner.inner(), is),
            Expression::ForExpr(each) => any_of(&each.intro.collection_expr, is),
            Expression::FuncCall(call) => {
                THROUGH.contains(&call.name.name.as_str()) && call.args.iter().any(|it| any_of(it, is))
            }
            _ => false,
        }
}

/// A name for an object, by the expression that gives it.
pub fn alias(binding: Vec<String>, object: Object, by: &Expression) -> Alias {
    let renamed = renames(by) && !is_whole(&object);
    Alias { binding, object, moved: moves(by), renamed, filtered: filters(by) }
}
