//! Keys that are read back from a resource that they are given to.
//!
//! Where one key is given, it moves with whatever gives it. Where a pair is given by design, nothing is moved there, and who
//! reads one of the two back takes a slot that no flip would change.

use std::collections::BTreeSet;

use super::Resolver;
use crate::terraform::facts::{HELD, ReadBack};
use crate::terraform::parse::Parsed;
use crate::terraform::reference::{OpaqueRead, Reference, Role};

impl Resolver<'_> {
    pub(super) fn read_back(&mut self, facts: &[Parsed]) {
        let mut found = BTreeSet::new();
        for (file, facts) in facts.iter().enumerate() {
            for read in facts.iter().flat_map(|facts| &facts.read_back) {
                for folder in self.folders.homes(file) {
                    let keys = self.of_pairs(folder, read).into_iter();
                    found.extend(keys.map(|key| (file, read.span.start, read.span.end, name(read), key)));
                }
            }
        }
        for (file, start, end, name, (account, access)) in found {
            self.opaque.push(OpaqueRead {
                file,
                span: start..end,
                position: self.sources[file].position(start),
                account: Some(account),
                access: Some(access),
                why: format!("`{name}` takes one of a pair that is held on purpose, and stays with it"),
            });
        }
    }

    /// The accounts of which it reads one key of a pair, with the access.
    fn of_pairs(&self, folder: &str, read: &ReadBack) -> BTreeSet<(usize, crate::model::Access)> {
        let given = |reference: &&Reference| {
            let words = reference.binding.iter().take(3).map(String::as_str);
            reference.role != Role::Tested
                && reference.home() == folder
                && words.eq(["resource", &read.kind, &read.name])
        };
        let all: Vec<&Reference> = self.references.iter().filter(given).collect();
        let hands_back = HELD
            .iter()
            .any(|(kind, attributes)| *kind == read.kind && attributes.contains(&read.attribute.as_str()));
        let beside = |one: &Reference| {
            all.iter().any(|other| {
                (other.account, other.access) == (one.account, one.access)
                    && other.slot != one.slot
                    // In arguments of their own, every instance holds both.
                    && other.binding.get(3) == one.binding.get(3)
            })
        };
        let paired = |one: &&&Reference| match hands_back {
            true => one.role == Role::Definition,
            false => read.picks && beside(one),
        };
        all.iter().filter(paired).map(|one| (one.account, one.access)).collect()
    }
}

fn name(read: &ReadBack) -> String {
    let index = if read.picks { "[…]" } else { "" };
    format!("{}.{}{index}.{}", read.kind, read.name, read.attribute)
}
