//! Both keys of an account in one list, or in one text: whoever wrote that wanted both.
//!
//! Nothing there says which of them takes a slot, and a flip would leave one key twice and the other nowhere, with no
//! way back. So it is refused where a person does not vouch for the place. Entries of a map and blocks beside each other
//! go by names of their own, and move one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::allowed::AllowedOpaque;
use super::comment::comments;
use super::offer::COMPUTED;
use super::reference::{Reference, Role};
use super::refusal::Refusal;
use super::role::both_slots;
use super::source::Source;
use super::tree::Tree;
use crate::model::Access;

/// Where values stand together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place<'r> {
    /// The words that lead to a list.
    List(&'r [String]),
    /// Where a text starts, and the line of a heredoc: what stands in others goes by names of its own.
    Text(usize, usize),
}

/// File, place, account, access and family.
type Group<'r> = (usize, Place<'r>, usize, Access, &'r str);

/// The references that stand together with their counterparts.
pub fn together(tree: &Tree) -> BTreeSet<usize> {
    let references = &tree.references;
    let mut groups: BTreeMap<Group<'_>, Vec<usize>> = BTreeMap::new();
    let consumers = references.iter().enumerate().filter(|(_, it)| it.role == Role::Consumer);
    for (at, reference) in consumers {
        let Reference { file, account, access, family, .. } = reference;
        for place in places(tree, reference) {
            groups.entry((*file, place, *account, *access, family)).or_default().push(at);
        }
    }
    groups.into_values().filter(|group| both_slots(references, group)).flatten().collect()
}

fn places<'r>(tree: &'r Tree, reference: &'r Reference) -> impl Iterator<Item = Place<'r>> {
    let source = &tree.sources[reference.file];
    // An element whose place is not told stands among those whose place is; an entry of a map has a name all the same.
    let is_element =
        |name: &str| name.parse::<u64>().is_ok() || name == COMPUTED && !is_named(source, reference.value);
    let list = reference.binding.split_last().filter(|(last, _)| is_element(last));
    let before = source.text().get(source.to_text(reference.value..reference.span.start));
    // An expression may go over several lines, and is one all the same.
    let is_heredoc = before.is_some_and(|text| text.contains("<<"));
    let line = if is_heredoc { reference.position.line } else { 0 };
    let text = (!reference.plain).then_some(Place::Text(reference.value, line));
    list.map(|(_, list)| Place::List(list)).into_iter().chain(text)
}

/// Whether a value that starts there has a name before it.
fn is_named(source: &Source, value: usize) -> bool {
    let mut before = source.text().get(source.to_text(0..value)).unwrap_or_default().trim_end();
    for comment in comments(source).iter().rev() {
        let span = source.to_text(comment.span.clone());
        if span.contains(&before.len().saturating_sub(1)) {
            before = before.get(..span.start).unwrap_or_default().trim_end();
        }
    }
    before.ends_with(['=', ':', '>'])
}

/// The places that would hold one slot twice.
pub fn refusals(tree: &Tree, changed: &[usize], allowed: &AllowedOpaque) -> Vec<Refusal> {
    let together = together(tree);
    let changed = changed.iter().filter(|at| together.contains(at)).map(|at| &tree.references[*at]);
    let refusal = |reference: &Reference| Refusal::BothTogether {
        place: tree.place(reference.file, reference.span.start),
        attribute: reference.attribute.clone(),
    };
    let place = |reference: &&Reference| tree.place(reference.file, reference.span.start);
    changed.filter(|reference| !allowed.allows(&place(reference))).map(refusal).collect()
}
