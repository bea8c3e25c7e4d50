//! Places that a person vouches for.

use super::ignored::ignored_flows;
use super::reference::{Counterpart, Reference};
use super::siblings::{place, siblings};
use super::together::together;
use super::tree::Tree;

/// Places that a person has looked at: what is opaque there, goes by the value that chooses a slot, holds both keys,
/// goes where Terraform ignores it, takes something else along, or joins the other one of a pair, does not stand in the
/// way. `path:line`, or `path:line:column`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedOpaque(pub Vec<String>);

impl AllowedOpaque {
    pub(super) fn allows(&self, place: &str) -> bool {
        // A whole file is no place.
        let is_place = |allowed: &&String| {
            allowed.rsplit(':').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()))
        };
        self.0.iter().filter(is_place).any(|allowed| {
            place.strip_prefix(allowed.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        })
    }

    /// Those at which nothing stands that anybody could vouch for.
    pub fn unused(&self, tree: &Tree) -> Vec<&str> {
        let opaque = tree.opaque.iter().map(|read| (read.file, read.span.start));
        let driven = tree.choosers.iter().flat_map(|chooser| &chooser.drives);
        let driven = driven.map(|driven| (driven.file, driven.span.start));
        let doubted = |it: &&Reference| {
            it.dropped.is_none() && matches!(it.counterpart, Counterpart::Masked | Counterpart::Absent)
        };
        let masked = tree.references.iter().filter(doubted);
        let masked = masked.map(|reference| (reference.file, reference.span.start));
        let along = tree.references.iter().filter(|reference| reference.along.is_some());
        let along = along.map(|reference| (reference.file, reference.span.start));
        let together = together(tree);
        let together = together.iter().map(|at| &tree.references[*at]);
        let together = together.map(|reference| (reference.file, reference.span.start));
        let ignored = ignored_flows(tree).map(|(flow, ..)| &tree.references[flow.reference]);
        let ignored = ignored.map(|reference| (reference.file, reference.span.start));
        let places = opaque.chain(driven).chain(masked).chain(together).chain(ignored).chain(along);
        let pairs =
            siblings(tree).into_iter().flat_map(|(one, other)| [place(tree, one), place(tree, other)]);
        let places: Vec<String> = places.map(|(file, start)| tree.place(file, start)).chain(pairs).collect();
        let one = |allowed: &&String| {
            let alone = AllowedOpaque(vec![(*allowed).clone()]);
            !places.iter().any(|place| alone.allows(place))
        };
        self.0.iter().filter(one).map(String::as_str).collect()
    }
}
