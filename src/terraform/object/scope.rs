//! The names that are bound where the walk stands.

use std::cell::Cell;

use hcl_edit::expr::Expression;

use super::super::facts::Object;
use super::super::source::Source;

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
    pub(super) names: Vec<(String, Bound)>,
    /// Which of several objects a name, or what a function gives back, stands for now; absent where they are not looked
    /// at one after the other, and several are none.
    pub(super) turn: Option<usize>,
    /// Of how many objects one was taken, at most, since they were last looked at from the first.
    pub(super) most: Cell<usize>,
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

    pub(super) fn bound(&self, name: &str) -> Option<&Bound> {
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
    pub(super) fn turned<'o>(&self, objects: &'o [Object]) -> Option<&'o Object> {
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
}

/// Whether two paths lead to the same, wherever their words stand.
fn is_same(one: &Object, other: &Object) -> bool {
    one.base == other.base
        && one.steps.iter().map(|step| &step.kind).eq(other.steps.iter().map(|step| &step.kind))
}
