//! Ends of keys that a consumer is told for: the pair on offer behind it needs no finding of its own there.

use std::collections::BTreeSet;

use crate::model::Access;
use crate::terraform::{Flow, Role, Tree};

/// Account and access, file and binding of the end, and its name.
type End<'t> = (usize, Access, usize, &'t [String], &'t str);

/// Where the ways of consumers end.
pub struct Consumed<'t>(BTreeSet<End<'t>>);

impl<'t> Consumed<'t> {
    pub fn of(tree: &'t Tree) -> Consumed<'t> {
        let consumed = |flow: &&Flow| tree.references[flow.reference].role == Role::Consumer;
        Consumed(tree.flows().iter().filter(consumed).map(|flow| end(tree, flow)).collect())
    }

    /// Whether a way is that of a pair on offer, and a consumer of one of its keys ends where it does.
    pub fn tells(&self, tree: &Tree, flow: &Flow) -> bool {
        tree.references[flow.reference].role == Role::Definition && self.0.contains(&end(tree, flow))
    }
}

fn end<'t>(tree: &Tree, flow: &'t Flow) -> End<'t> {
    let (reference, sink) = (&tree.references[flow.reference], &flow.sink);
    (reference.account, reference.access, sink.file, &sink.binding, &sink.name)
}
