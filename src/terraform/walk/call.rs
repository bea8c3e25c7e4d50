//! Functions: what each of them does to what it is given.

use hcl_edit::Span;
use hcl_edit::expr::{Expression, FuncCall, ObjectKey};

use super::super::facts::{Remade, Step, StepKind, Takes, Token, When};
use super::super::object::is_whole;
use super::super::offer::COMPUTED;
use super::super::service::names_endpoint;
use super::collection::{called, is_key};
use super::expression::{is_literal, literal};
use super::{Walk, text_of};

/// Functions that look at an object without handing it on.
pub(super) const LOOKING: &[&str] = &["can", "keys", "length"];

/// Functions that go on where what they are given cannot be read.
pub(super) const MASKING: &[&str] = &["can", "try"];

/// Functions that take the first of what they are given that is there.
pub(super) const FALLING_BACK: &[&str] = &["coalesce", "try"];

/// Functions that pick from an object by a literal, as an index would.
pub(super) const PICKING: &[&str] = &["element", "lookup"];

/// Functions that give back some of what is in what they are given.
pub(super) const SIFTING: &[&str] = &["element", "lookup", "matchkeys", "one", "slice"];

/// Functions that make one text of what they are given.
pub(super) const FILLING: &[&str] = &["format", "join", "replace"];

/// Functions that make a collection of those that they are given, or pick from one.
pub const GATHERING: &[&str] = &[
    "coalesce",
    "coalescelist",
    "compact",
    "concat",
    "distinct",
    "element",
    "flatten",
    "lookup",
    "matchkeys",
    "merge",
    "nonsensitive",
    "one",
    "reverse",
    "sensitive",
    "setunion",
    "slice",
    "tolist",
    "tomap",
    "toset",
    "try",
    "values",
    "zipmap",
];

/// Functions that make a list whose elements are at other places than in what they are given.
pub(super) const MOVING: &[&str] = &[
    "chunklist",
    "distinct",
    "matchkeys",
    "reverse",
    "setintersection",
    "setproduct",
    "setsubtract",
    "setunion",
    "slice",
    "sort",
    "transpose",
];

/// Functions in which what they are given by a name stands at other places than it had there.
const REMAKING: &[&str] =
    &["compact", "concat", "distinct", "flatten", "matchkeys", "reverse", "setunion", "sort", "values"];

/// Those of which not even the text tells the places.
const TAKING_APART: &[&str] = &["chunklist", "element", "lookup", "one", "setproduct", "slice", "transpose"];

/// Functions that hand on all that they are given, under its own names.
pub(super) const HANDING_ON: &[&str] =
    &["base64encode", "jsonencode", "merge", "nonsensitive", "sensitive", "tomap", "yamlencode"];

impl Walk<'_> {
    pub(super) fn call(&mut self, call: &FuncCall) {
        let name = call.name.name.as_str();
        let looking = LOOKING.contains(&name);
        let flattening = std::mem::replace(&mut self.flattening, name == "flatten");
        let (offset, spread) = (self.offset, self.spread.clone());
        self.offset = self.begins(call);
        let reduces = usize::from(!GATHERING.contains(&name));
        self.reducing += reduces;
        if call.args.expand_final() {
            self.spread = call.args.iter().last().and_then(Span::span);
        }
        self.testing += usize::from(looking);
        // What is put into a text stands beside what that says.
        let beside =
            usize::from(FILLING.contains(&name) && names_endpoint(text_of(self.source, call.span())));
        self.beside_endpoint += beside;
        let changes = !HANDING_ON.contains(&name);
        self.changing += usize::from(changes);
        // `lookup({ … }, var.slot)`: which of the entries is taken is not known from the text.
        let chooses = PICKING.contains(&name) && call.args.get(1).is_some_and(|key| !is_literal(key));
        let before = self.facts.reads.len();
        let mut arguments = call.args.iter();
        let sifts = SIFTING.contains(&name) || call.args.expand_final();
        self.sifting += usize::from(sifts);
        if chooses {
            let by = call.args.get(1).and_then(|key| self.chooser(key, Takes::Index));
            self.choosing(by, |walk| {
                walk.keyed = walk.choices.last().map(|branch| branch.choice);
                arguments.next().into_iter().for_each(|entries| walk.expression(entries, false));
                walk.keyed = None;
            });
        }
        // What is taken where there is no such entry is no part of the choice.
        self.masking += usize::from(MASKING.contains(&name));
        let remade = self.remaking;
        let takes_apart = TAKING_APART.contains(&name);
        if takes_apart || REMAKING.contains(&name) || call.args.expand_final() {
            self.remake(!takes_apart);
        }
        match name {
            "merge" => self.merged(&arguments.collect::<Vec<_>>(), looking),
            "zipmap" if call.args.len() == 2 => self.zipped(call, looking),
            _ => arguments.enumerate().for_each(|(index, argument)| {
                let behind = usize::from(index > 0 && FALLING_BACK.contains(&name));
                self.falling_back += behind;
                if index > 0 && name == "concat" {
                    self.offset = None;
                }
                self.expression(argument, looking);
                self.falling_back -= behind;
            }),
        }
        self.remaking = remade;
        self.masking -= usize::from(MASKING.contains(&name));
        // What is picked right there is an element itself.
        if name == "values" && self.sifting == 0 {
            self.unname(before);
        }
        (self.flattening, self.offset, self.spread) = (flattening, offset, spread);
        self.reducing -= reduces;
        self.testing -= usize::from(looking);
        self.changing -= usize::from(changes);
        self.beside_endpoint -= beside;
        self.sifting -= usize::from(sifts);
    }

    /// Notes that what stands inside goes by other names from here on.
    pub(super) fn remake(&mut self, told: bool) {
        let from = self.binding.len();
        self.remaking = Some(match self.remaking {
            Some(outer) => Remade { told: outer.told && told, ..outer },
            None => Remade { from, told },
        });
    }

    /// At which place of what the function makes the elements that it is given begin.
    pub(super) fn begins(&self, call: &FuncCall) -> Option<usize> {
        let name = call.name.name.as_str();
        let whole = |argument: &Expression| match argument {
            Expression::Array(array) => array.iter().all(is_key),
            _ => false,
        };
        match name {
            _ if MOVING.contains(&name) => None,
            // Texts of several lists, one of each.
            "formatlist" if call.args.len() > 2 => None,
            // What is empty is left out; keys are not.
            "compact" if !call.args.iter().all(whole) => None,
            _ if GATHERING.contains(&name) => self.offset,
            _ => Some(0),
        }
    }

    /// The elements of a list that a function takes one by one.
    fn each_of(&mut self, list: &Expression, mention: bool) {
        match (list, self.scope.objects_of(self.source, list).as_slice()) {
            (Expression::Traversal(traversal), [only]) if !is_whole(only) => {
                let element = Step { kind: StepKind::Any, token: Token::Unplaced };
                self.read(only.clone().then(element), list, None, mention);
                self.indexes(traversal);
            }
            _ => self.expression(list, mention),
        }
    }

    /// The entries of a map come to a list in the order of their names.
    fn unname(&mut self, before: usize) {
        let depth = self.binding.len();
        let reads = self.facts.reads[before..].iter_mut();
        let names = reads.filter_map(|read| read.binding.get_mut(depth));
        names.for_each(|name| COMPUTED.clone_into(name));
    }

    /// What two lists make together: entries of these names and these values.
    fn zipped(&mut self, call: &FuncCall, mention: bool) {
        let keyed = self.keyed();
        let mut parts = call.args.iter();
        let (Some(names), Some(values)) = (parts.next(), parts.next()) else { return };
        self.expression(names, mention);
        let names = texts_in(names);
        let Expression::Array(values) = values else {
            return self.within(COMPUTED.to_owned(), |walk| walk.expression(values, mention));
        };
        for (at, value) in values.iter().enumerate() {
            let name = names.as_ref().and_then(|names| names.get(at));
            let name = name.map_or(COMPUTED, String::as_str).to_owned();
            if keyed.is_some() {
                self.branch(called(&name), None, value.span());
            }
            self.entry(name, value, mention);
        }
        if keyed.is_some() {
            self.branch(When::Unknown, None, None);
        }
    }

    /// Of what is merged, the later stands in the place of what is called the same before it.
    pub(super) fn merged(&mut self, arguments: &[&Expression], mention: bool) {
        for (at, argument) in arguments.iter().enumerate() {
            let later: Option<Vec<Vec<String>>> = arguments[at + 1..].iter().map(|it| names_in(it)).collect();
            let outer = self.overriding.len();
            self.changing += usize::from(later.is_none());
            self.overriding.extend(later.iter().flatten().flatten().cloned());
            match argument.span().is_some() && argument.span() == self.spread {
                true => self.each_of(argument, mention),
                false => self.expression(argument, mention),
            }
            self.overriding.truncate(outer);
            self.changing -= usize::from(later.is_none());
        }
    }
}

/// The texts of a list that is written out.
fn texts_in(expression: &Expression) -> Option<Vec<String>> {
    let Expression::Array(texts) = expression else { return None };
    texts.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

/// The names of the entries that an expression can have; absent where the text does not tell them.
pub(super) fn names_in(expression: &Expression) -> Option<Vec<String>> {
    match expression {
        Expression::Null(_) => Some(Vec::new()),
        Expression::Parenthesis(inner) => names_in(inner.inner()),
        Expression::Conditional(choice) => {
            let names = [&choice.true_expr, &choice.false_expr].map(names_in);
            names.into_iter().collect::<Option<Vec<_>>>().map(|names| names.concat())
        }
        Expression::Object(object) => object
            .iter()
            .map(|(key, _)| match key {
                ObjectKey::Ident(name) => Some(name.as_str().to_owned()),
                ObjectKey::Expression(key) => literal(key).map(|(_, text)| text),
            })
            .collect(),
        _ => None,
    }
}
