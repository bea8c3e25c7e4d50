//! Which object an expression names: a base and the steps from it.
//!
//! Knows the names that are bound around an expression (`each`, the variable of a `for`, the iterator of a
//! `dynamic` block) and the functions that hand an object through. Knows nothing of other files.

use std::cell::Cell;
use std::ops::Range;

use hcl_edit::expr::{Expression, ForExpr, FuncCall, ObjectKey, Traversal, TraversalOperator};
use hcl_edit::{Decorated, Span};

use super::attribute::COSMOSDB_ACCOUNT;
use super::facts::{
    AZAPI_ACTION, Alias, Base, DEPLOYMENTS, EXTERNAL, Object, REMOTE_STATE, Step, StepKind, SymbolKind,
    TFE_OUTPUTS, Token, UPSTREAM,
};
use super::key_read::names_key;
use super::source::Source;
use super::syntax::Syntax;
use super::twice::is_replaced;
use super::value::Value;
use super::walk::{literal_key, text_of};

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

/// Those of them whose elements stand elsewhere than they stood: an index after them says nothing.
const MOVING: &[&str] = &["coalescelist", "concat", "flatten", "reverse", "toset", "values"];

/// What a name stands for. Of several objects each in turn: they are the elements of one collection.
#[derive(Clone, Debug)]
pub enum Bound {
    /// An element of the object.
    Element(Vec<Object>),
    /// `NAME.value` is an element of the object.
    Iterator(Vec<Object>),
    /// `NAME.value` is an element of the object, of which some are left out.
    Some(Vec<Object>),
    /// The object as it is.
    Itself(Object),
    /// The key, or the number, of an element of the object.
    Key(Vec<Object>),
    /// Something else: hides an outer name.
    Other,
}

/// The names that are bound where the walk stands, the innermost last.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    names: Vec<(String, Bound)>,
    /// Which of several objects a name, or what a function gives back, stands for now; absent where they are not looked
    /// at one after the other, and several are none.
    turn: Option<usize>,
    /// Of how many objects one was taken, at most, since they were last looked at from the first.
    most: Cell<usize>,
}

impl Scope {
    pub fn depth(&self) -> usize {
        self.names.len()
    }

    pub fn enter(&mut self, name: String, bound: Bound) {
        self.names.push((name, bound));
    }

    pub fn leave(&mut self, depth: usize) {
        self.names.truncate(depth);
    }

    /// Whether a name is bound where the walk stands.
    pub fn binds(&self, name: &str) -> bool {
        self.bound(name).is_some()
    }

    fn bound(&self, name: &str) -> Option<&Bound> {
        self.names.iter().rev().find(|(bound, _)| bound == name).map(|(_, bound)| bound)
    }

    /// The names that stand for the key of an element of a collection, as they are written.
    pub fn keys_of(&self, collection: &Object) -> Vec<String> {
        let is_it = |objects: &[Object]| matches!(objects, [only] if is_same(only, collection));
        let key = |(name, bound): &(String, Bound)| match bound {
            Bound::Key(objects) if is_it(objects) => Some(name.clone()),
            Bound::Iterator(objects) | Bound::Some(objects) if is_it(objects) => Some(format!("{name}.key")),
            _ => None,
        };
        let is_visible = |(at, (name, _)): &(usize, &(String, Bound))| {
            self.names[at + 1..].iter().all(|(inner, _)| inner != name)
        };
        self.names.iter().enumerate().filter(is_visible).filter_map(|(_, bound)| key(bound)).collect()
    }

    /// The one of several objects whose turn it is.
    fn turned<'o>(&self, objects: &'o [Object]) -> Option<&'o Object> {
        self.most.set(self.most.get().max(objects.len()));
        match (objects, self.turn) {
            ([only], _) => Some(only),
            ([.., last], Some(turn)) => Some(objects.get(turn).unwrap_or(last)),
            (_, _) => None,
        }
    }

    /// Every object that an expression may name, each once. How many turns that takes shows on the way.
    pub fn objects_of(&mut self, source: &Source, expression: &Expression) -> Vec<Object> {
        let mut found: Vec<Object> = Vec::new();
        self.most.set(1);
        let mut turn = 0;
        while turn < self.most.get() {
            self.turn = Some(turn);
            found.extend(self.object_of(source, expression).filter(|object| !found.contains(object)));
            turn += 1;
        }
        self.turn = None;
        found
    }

    /// The objects whose elements a collection has; those of a list or a map that is written out are accounts. Empty where
    /// it has others too.
    pub fn collection_of(&self, source: &Source, expression: &Expression) -> Vec<Object> {
        let account = |value: &Expression| self.object_of(source, value).filter(is_whole);
        let written_out = match expression {
            Expression::Parenthesis(inner) => return self.collection_of(source, inner.inner()),
            Expression::Array(array) => array.iter().map(account).collect(),
            Expression::Object(object) => {
                let dead = |key: &ObjectKey| literal_key(key).is_some_and(is_replaced);
                object.iter().filter(|(key, _)| !dead(key)).map(|(_, value)| account(value.expr())).collect()
            }
            // Which of them comes first, or goes away, does not matter to who takes each.
            Expression::FuncCall(call) if MOVING.contains(&call.name.name.as_str()) => {
                let each = call.args.iter().map(|argument| self.collection_of(source, argument));
                let each: Vec<Vec<Object>> = each.collect();
                if each.iter().any(Vec::is_empty) { None } else { Some(each.concat()) }
            }
            Expression::ForExpr(each) => return self.gathered(source, each),
            other => self.object_of(source, other).map(|object| vec![object]),
        };
        written_out.unwrap_or_default()
    }

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

    /// What a `for` gathers that gives back elements as they are: the collections that they are elements of. Instances of
    /// an account are that account.
    fn gathered(&self, source: &Source, each: &ForExpr) -> Vec<Object> {
        let name = each.intro.value_var.as_str();
        let is_element = each.value_expr.as_variable().is_some_and(|value| value.as_str() == name);
        let gathered =
            if is_element { self.collection_of(source, &each.intro.collection_expr) } else { Vec::new() };
        // What goes by one name together is a list of elements.
        if each.grouping && !gathered.iter().all(is_whole) {
            return Vec::new();
        }
        let same = |object: &Object| match is_whole(object) {
            true => element_of(object),
            false => object.clone().seen_from_afar(),
        };
        gathered.iter().map(same).collect()
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

    fn rooted<'o>(
        &self,
        source: &Source,
        root: &str,
        operators: &'o [Decorated<TraversalOperator>],
    ) -> Option<(Object, &'o [Decorated<TraversalOperator>])> {
        if let Some(bound) = self.bound(root) {
            return match bound {
                Bound::Element(objects) => Some((element_of(self.turned(objects)?), operators)),
                Bound::Iterator(objects) if attribute(operators, 0) == Some("value") => {
                    Some((each_of(self.turned(objects)?), operators.get(1..)?))
                }
                Bound::Some(objects) if attribute(operators, 0) == Some("value") => {
                    Some((element_of(self.turned(objects)?), operators.get(1..)?))
                }
                Bound::Itself(object) => Some((object.clone(), operators)),
                Bound::Iterator(_) | Bound::Some(_) | Bound::Key(_) | Bound::Other => None,
            };
        }
        let first = match source.syntax() {
            // Terragrunt's names are objects, of which brackets pick too.
            Syntax::Terragrunt => named(operators, 0)?.to_owned(),
            _ => attribute(operators, 0)?.to_owned(),
        };
        // The name of a local value or a variable is a step: it may be what a flip changes.
        let (base, taken) = match root {
            COSMOSDB_ACCOUNT => (Base::Account(SymbolKind::Managed, first), 1),
            "data" if first == COSMOSDB_ACCOUNT => {
                (Base::Account(SymbolKind::Data, attribute(operators, 1)?.to_owned()), 2)
            }
            "data" if first == REMOTE_STATE => {
                let name = attribute(operators, 1)?.to_owned();
                // Without `.outputs` it is the whole state; who goes on from it by another name says it there.
                (Base::RemoteState(name), behind(operators, 2, "outputs").unwrap_or(2))
            }
            // The same by the platform's own data source; its name holds the type.
            "data" if first == TFE_OUTPUTS => {
                let name = format!("{TFE_OUTPUTS}.{}", attribute(operators, 1)?);
                let taken = VALUES.iter().find_map(|values| behind(operators, 2, values));
                (Base::RemoteState(name), taken.unwrap_or(2))
            }
            // And what another stack publishes; its name holds the kind.
            UPSTREAM => (Base::RemoteState(format!("{UPSTREAM}.{first}")), 1),
            // A program may be asked for the keys; its name holds the type.
            "data" if first == EXTERNAL => {
                let name = format!("{EXTERNAL}.{}", attribute(operators, 1)?);
                (Base::Action(SymbolKind::DataAction, name), 2)
            }
            "data" if first == AZAPI_ACTION => {
                let name = attribute(operators, 1)?.to_owned();
                (Base::Action(SymbolKind::DataAction, name), 2)
            }
            "ephemeral" if first == AZAPI_ACTION => {
                let name = attribute(operators, 1)?.to_owned();
                (Base::Action(SymbolKind::EphemeralAction, name), 2)
            }
            AZAPI_ACTION => (Base::Action(SymbolKind::ManagedAction, first), 1),
            deployment if DEPLOYMENTS.contains(&deployment) => {
                (Base::Deployment(deployment.to_owned(), first), 1)
            }
            // A stack calls its modules components.
            "module" | "component" => (Base::Module(first), 1),
            "dependency" => (Base::Dependency(first), behind(operators, 1, "outputs")?),
            // A configuration that is included, or read as a value, hands on what it depends on.
            "local" | "include"
                if source.syntax() == Syntax::Terragrunt && named(operators, 1) == Some("dependency") =>
            {
                let name = named(operators, 2)?.to_owned();
                (Base::Dependency(name), behind(operators, 3, "outputs")?)
            }
            "local" => (Base::Local, 0),
            "var" => (Base::Variable, 0),
            _ => return None,
        };
        Some((Object { base, steps: Vec::new() }, operators.get(taken..)?))
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

/// Whether two paths lead to the same, wherever their words stand.
fn is_same(one: &Object, other: &Object) -> bool {
    one.base == other.base
        && one.steps.iter().map(|step| &step.kind).eq(other.steps.iter().map(|step| &step.kind))
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

/// How many operators are taken where the next one, or the one behind an index that picks an instance, is of this name;
/// absent where it is another.
fn behind(operators: &[Decorated<TraversalOperator>], taken: usize, name: &str) -> Option<usize> {
    let is_it = |at: usize| {
        operators.get(at).is_some_and(|operator| match operator.value() {
            TraversalOperator::GetAttr(next) => next.as_str() == name,
            TraversalOperator::Index(Expression::String(key)) => key.value() == name,
            _ => false,
        })
    };
    let is_index =
        |at: usize| operators.get(at).is_some_and(|it| !matches!(it.value(), TraversalOperator::GetAttr(_)));
    match is_it(taken) {
        true => Some(taken + 1),
        false => (is_index(taken) && is_it(taken + 1)).then_some(taken + 2),
    }
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

/// Whether an expression gives back what it is given in another order, or among other things.
fn moves(expression: &Expression) -> bool {
    any_of(expression, &|it| match it {
        Expression::ForExpr(_) => true,
        Expression::FuncCall(call) => MOVING.contains(&call.name.name.as_str()),
        _ => false,
    })
}

/// Whether the elements of a `for` go by other names than they did in what it goes through.
pub fn is_renamed(each: &ForExpr) -> bool {
    let key = each.intro.key_var.as_ref().map(|key| key.as_str());
    let is_key = |name: &Expression| key.is_some() && name.as_variable().map(|it| it.as_str()) == key;
    each.key_expr.as_ref().is_some_and(|name| !is_key(name))
}

/// Whether an expression gives back what it is given under other names.
fn renames(expression: &Expression) -> bool {
    any_of(expression, &|it| matches!(it, Expression::ForExpr(each) if is_renamed(each)))
}

/// Whether an expression leaves some of what it is given out, by a condition.
pub fn filters(expression: &Expression) -> bool {
    any_of(expression, &|it| matches!(it, Expression::ForExpr(each) if each.cond.is_some()))
}

/// A name for an object, by the expression that gives it.
pub fn alias(binding: Vec<String>, object: Object, by: &Expression) -> Alias {
    let renamed = renames(by) && !is_whole(&object);
    Alias { binding, object, moved: moves(by), renamed, filtered: filters(by) }
}

/// A step into what an expression gives back, as one into the object whose elements it gives. Instances of an account
/// may go by any name.
fn within(expression: &Expression, object: &Object, step: Step) -> Step {
    match step.kind {
        StepKind::Attribute(_) | StepKind::Key(_) | StepKind::Number(_)
            if renames(expression) && !is_whole(object) =>
        {
            wordless(StepKind::Computed(None))
        }
        _ if moves(expression) => unplaced(step),
        _ => step,
    }
}

/// A number that says nothing of what it picks.
fn unplaced(step: Step) -> Step {
    match step.kind {
        StepKind::Number(_) => wordless(StepKind::Computed(None)),
        _ => step,
    }
}

fn wordless(kind: StepKind) -> Step {
    Step { kind, token: Token::Unplaced }
}

fn attribute(operators: &[Decorated<TraversalOperator>], index: usize) -> Option<&str> {
    match operators.get(index)?.value() {
        TraversalOperator::GetAttr(name) => Some(name.as_str()),
        _ => None,
    }
}

/// The same where brackets may name it.
fn named(operators: &[Decorated<TraversalOperator>], index: usize) -> Option<&str> {
    match operators.get(index)?.value() {
        TraversalOperator::Index(Expression::String(name)) => Some(name.value()),
        _ => attribute(operators, index),
    }
}

fn step(source: &Source, scope: &Scope, operator: &TraversalOperator) -> Step {
    match operator {
        TraversalOperator::AttrSplat(_) => wordless(StepKind::AttributeSplat),
        TraversalOperator::FullSplat(_) => wordless(StepKind::Any),
        TraversalOperator::GetAttr(name) => Step {
            kind: StepKind::Attribute(name.as_str().to_owned()),
            token: exact(source, name.span(), name.as_str()),
        },
        TraversalOperator::LegacyIndex(number) => number_step(source, *number.value(), number.span()),
        TraversalOperator::Index(expression) => index(source, scope, expression),
    }
}

fn number_step(source: &Source, value: u64, span: Option<Range<usize>>) -> Step {
    Step { kind: StepKind::Number(value), token: exact(source, span, &value.to_string()) }
}

/// An index as a step. The token of a string is what stands between its quotes.
fn index(source: &Source, scope: &Scope, expression: &Expression) -> Step {
    match expression {
        Expression::String(key) => {
            let inner = key.span().map(|span| span.start + 1..span.end.saturating_sub(1));
            Step { kind: StepKind::Key(key.value().clone()), token: exact(source, inner, key.value()) }
        }
        Expression::Number(number) => match number.value().as_u64() {
            Some(value) => number_step(source, value, number.span()),
            None => wordless(StepKind::Computed(None)),
        },
        // What it is worked out from may tell which instance is meant.
        other => wordless(StepKind::Computed(Some(Box::new(Value::of(source, scope, other))))),
    }
}

/// The place of a word, if the text there is the word (an escape in a string makes it differ).
fn exact(source: &Source, span: Option<Range<usize>>, word: &str) -> Token {
    match span {
        Some(span) if text_of(source, Some(span.clone())) == word => Token::Here(source.to_file(span)),
        Some(_) | None => Token::Unplaced,
    }
}
