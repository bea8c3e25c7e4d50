//! Where the keys go of a collection that is written where a `for` goes through it.
//!
//! The walk comes to such keys where they stand, as entries of the collection. What the `for` makes of each element says
//! by which names they are read: `[for s in [{ key = … }] : s.key]` has no `key` any more.

use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr::{Expression, ForExpr, FuncCall, ObjectKey, Traversal, TraversalOperator};

use super::super::facts::Read;
use super::super::object::is_renamed;
use super::super::offer::COMPUTED;
use super::super::role::counterpart;
use super::super::source::Source;
use super::super::words::is_of_name;
use super::call::GATHERING;
use super::collection::{is_list, is_one};
use super::expression::literal;
use super::{Walk, text_of};

/// Functions that hand on what stands in each of those that they are given, under its own names.
const SAME: &[&str] = &["coalesce", "merge", "nonsensitive", "sensitive", "tolist", "tomap", "try"];

/// A place below the element that a `for` makes, and whether nothing but what is read stands there.
type Place = (Vec<String>, bool);

impl Walk<'_> {
    /// Sends reads that stand in the collection of a `for` where that puts them.
    pub(super) fn make(&mut self, each: &ForExpr, reads: Range<usize>) {
        let depth = self.binding.len();
        let spread = each.span().is_some() && each.span() == self.spread;
        let flattened = self.flattening && each.key_expr.is_none() && !is_one(&each.value_expr);
        let keeps = self.keeps_places(each, reads.clone());
        let mut more = Vec::new();
        for at in reads {
            let read = self.facts.reads[at].clone();
            if read.tested {
                continue;
            }
            let Some((place, path)) = read.binding.get(depth..).and_then(|path| path.split_first()) else {
                // An element of what has a name of its own.
                if is_renamed(each) {
                    self.facts.reads[at].binding.push(COMPUTED.to_owned());
                }
                continue;
            };
            let place = if keeps { place.clone() } else { COMPUTED.to_owned() };
            let mut before: Vec<String> = if spread || flattened { Vec::new() } else { vec![place] };
            if each.grouping {
                before.push(COMPUTED.to_owned());
            }
            let own = path.to_vec();
            let element = each.intro.value_var.as_str();
            let anew = is_made_anew(self.source, &each.intro.collection_expr, &read.span);
            let below = match anew && says(text_of(self.source, each.value_expr.span()), element) {
                true => vec![(Vec::new(), false)],
                false => places(self.source, &each.value_expr, element, path),
            };
            let outer = read.binding[..depth].to_vec();
            let mut made = below.into_iter().map(|(path, plain)| {
                let as_it_is = own == path;
                let path = if flattened { unnumbered(path) } else { path };
                let binding = [outer.clone(), before.clone(), path].concat();
                let label = read.label.clone().filter(|_| as_it_is);
                let label = label.map(|(words, name)| ((words + before.len()).saturating_sub(1), name));
                Read { binding, label, plain: read.plain && plain, ..read.clone() }
            });
            match made.next() {
                Some(first) => {
                    more.extend(made);
                    self.facts.reads[at] = first;
                }
                // What is made of the element holds nothing of it.
                None => self.facts.reads[at].tested = true,
            }
        }
        self.facts.reads.extend(more);
    }

    /// Whether elements have the names, or the numbers, that they have in the collection.
    fn keeps_places(&self, each: &ForExpr, reads: Range<usize>) -> bool {
        match (&each.key_expr, &each.cond) {
            (Some(_), _) if is_renamed(each) => false,
            // Under its name there is an element, or nothing: of both slots nobody knows which.
            (Some(_), Some(_)) if self.may_be_both(reads) => false,
            (Some(_), _) => is_ordered(&each.intro.collection_expr) || is_named(&each.intro.collection_expr),
            (None, condition) => condition.is_none() && is_ordered(&each.intro.collection_expr),
        }
    }

    /// Whether keys of both slots may be among some reads, by their names.
    fn may_be_both(&self, reads: Range<usize>) -> bool {
        let reads = self.facts.reads[reads].iter();
        let names = reads.filter_map(|read| read.object.steps.last()?.name());
        let names: Vec<&str> = names.collect();
        names.iter().any(|name| counterpart(name).is_some_and(|other| names.contains(&other.as_str())))
    }
}

/// Whether a read stands in a collection where a function makes another one of it: its path says nothing of the elements.
fn is_made_anew(source: &Source, within: &Expression, read: &Range<usize>) -> bool {
    let holds = |part: &Expression| {
        let span = part.span().map(|span| source.to_file(span));
        span.is_some_and(|span| span.start <= read.start && read.end <= span.end)
    };
    let inner = |part: &Expression| is_made_anew(source, part, read);
    if !holds(within) {
        return false;
    }
    match within {
        Expression::Parenthesis(part) => inner(part.inner()),
        Expression::Array(array) => array.iter().any(inner),
        Expression::Object(object) => object.iter().any(|(_, value)| inner(value.expr())),
        Expression::Conditional(choice) => inner(&choice.true_expr) || inner(&choice.false_expr),
        Expression::ForExpr(each) => inner(&each.intro.collection_expr) || inner(&each.value_expr),
        Expression::FuncCall(call) => {
            !GATHERING.contains(&call.name.name.as_str()) || call.args.iter().any(inner)
        }
        // What is picked from it right there.
        Expression::Traversal(traversal) => traversal.expr.as_variable().is_none(),
        _ => false,
    }
}

/// Where something that stands at a path of an element stands in what is made of the element.
fn places(source: &Source, made: &Expression, element: &str, path: &[String]) -> Vec<Place> {
    let inner = |made: &Expression| places(source, made, element, path);
    let below = |name: String, made: &Expression| {
        let below = inner(made).into_iter();
        below.map(move |(path, plain)| ([vec![name.clone()], path].concat(), plain)).collect::<Vec<_>>()
    };
    match made {
        Expression::Parenthesis(made) => inner(made.inner()),
        Expression::Variable(name) if name.as_str() == element => vec![(path.to_vec(), true)],
        Expression::Traversal(traversal) if is_of(traversal, element) => taken(traversal, path),
        Expression::Object(object) => {
            let entry = |(key, value): (&ObjectKey, &hcl_edit::expr::ObjectValue)| {
                let name = match key {
                    ObjectKey::Ident(name) => name.as_str().to_owned(),
                    ObjectKey::Expression(key) => {
                        literal(key).map_or_else(|| COMPUTED.to_owned(), |(_, text)| text)
                    }
                };
                below(name, value.expr())
            };
            object.iter().flat_map(entry).collect()
        }
        Expression::Array(array) => {
            array.iter().enumerate().flat_map(|(at, value)| below(at.to_string(), value)).collect()
        }
        Expression::Conditional(choice) => [inner(&choice.true_expr), inner(&choice.false_expr)].concat(),
        Expression::FuncCall(call) if is_same(call) => call.args.iter().flat_map(inner).collect(),
        // Somewhere in it.
        other if says(text_of(source, other.span()), element) => vec![(Vec::new(), false)],
        _ => Vec::new(),
    }
}

fn is_of(traversal: &Traversal, element: &str) -> bool {
    traversal.expr.as_variable().is_some_and(|root| root.as_str() == element)
}

fn is_same(call: &FuncCall) -> bool {
    SAME.contains(&call.name.name.as_str()) && !call.args.expand_final()
}

/// What is left of a path behind what a traversal takes; nothing where it takes something else.
fn taken(traversal: &Traversal, path: &[String]) -> Vec<Place> {
    let mut left = path;
    for operator in &traversal.operators {
        let Some((first, rest)) = left.split_first() else { break };
        let name = match operator.value() {
            TraversalOperator::GetAttr(name) => Some(name.as_str().to_owned()),
            TraversalOperator::LegacyIndex(number) => Some(number.value().to_string()),
            TraversalOperator::Index(index) => literal(index).map(|(_, text)| text),
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => None,
        };
        if name.is_some_and(|name| name != *first && first != COMPUTED) {
            return Vec::new();
        }
        left = rest;
    }
    vec![(left.to_vec(), true)]
}

/// Whether a name stands in a text as a word.
fn says(text: &str, name: &str) -> bool {
    text.split(|c: char| !is_of_name(c)).any(|word| word == name)
}

/// Whether a collection is a list whose elements have the numbers that they are written with.
fn is_ordered(collection: &Expression) -> bool {
    match collection {
        Expression::Parenthesis(inner) => is_ordered(inner.inner()),
        Expression::ForExpr(each) => each.key_expr.is_none() && is_ordered(&each.intro.collection_expr),
        other => is_list(other),
    }
}

/// Whether a collection is a map whose elements have the names that they are written with.
fn is_named(collection: &Expression) -> bool {
    match collection {
        Expression::Parenthesis(inner) => is_named(inner.inner()),
        Expression::Object(_) => true,
        Expression::ForExpr(each) => each.key_expr.is_some(),
        Expression::FuncCall(call) => {
            ["merge", "nonsensitive", "sensitive", "tomap", "zipmap"].contains(&call.name.name.as_str())
        }
        _ => false,
    }
}

/// Lists that become one have no numbers of their own.
fn unnumbered(path: Vec<String>) -> Vec<String> {
    let names = path.into_iter().skip_while(|name| name.parse::<u64>().is_ok());
    std::iter::once(COMPUTED.to_owned()).chain(names).collect()
}
