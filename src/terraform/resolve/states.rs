//! Reads of states of which it is not known who wrote them.

use std::collections::BTreeMap;

use super::Resolver;
use crate::model::Access;
use crate::terraform::facts::Step;
use crate::terraform::naming::spelt;

impl Resolver<'_> {
    /// Reads of a state that more roots than one, or one that hands its settings over elsewhere, may have written: of
    /// an output that is a key in one of them, or of all outputs.
    pub(super) fn of_unknown_states(&mut self) {
        let mut handing_out: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for (at, reference) in self.references.iter().enumerate() {
            if let [word, name, ..] = reference.binding.as_slice()
                && word == "output"
            {
                handing_out.insert((reference.home(), name), at);
            }
        }
        let mut told: Vec<(usize, Option<Access>, String)> = Vec::new();
        for (at, read) in self.named.iter().enumerate() {
            let named = read.hops.iter().find_map(|hop| {
                let possible = self.folders.possible_states(&hop.folder, &hop.object);
                let output = hop.object.steps.first().and_then(Step::name);
                let mut keys = possible.iter().flat_map(|folder| {
                    let from = (folder.as_str(), output.unwrap_or_default());
                    handing_out.range(from..).take_while(move |((at, name), _)| {
                        at == folder && output.is_none_or(|output| output == *name)
                    })
                });
                keys.next().map(|((folder, _), reference)| (hop, *folder, *reference))
            });
            let quiet = read.read.mention || self.is_followed(read);
            if let Some((hop, folder, reference)) = named.filter(|_| !quiet) {
                let access = Some(self.references[reference].access);
                let access = access.filter(|_| !hop.object.steps.is_empty());
                let why = format!(
                    "`{}` may be read from the state of {}, where it is a key, and its settings do not tell",
                    spelt(&hop.object),
                    if folder.is_empty() { "the root" } else { folder }
                );
                told.push((at, access, why));
            }
        }
        for (at, access, why) in told {
            let read = self.named[at].clone();
            self.opaque(&read, None, access, why);
        }
    }
}
