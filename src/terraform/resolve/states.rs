//! Reads of states of which it is not known who wrote them.

use std::collections::BTreeMap;

use super::Resolver;
use super::look::{Look, start};
use crate::model::{Access, Slot};
use crate::terraform::facts::{Step, StepKind, SymbolKind};
use crate::terraform::folders::Followed;
use crate::terraform::key_read::KeyRead;
use crate::terraform::naming::spelt;
use crate::terraform::reference::Role;
use crate::terraform::service::says_cosmos;

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
            if let Some((hop, folder, reference)) = named.filter(|_| !self.is_quiet(read)) {
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

    /// Keys by the name of an output: where a root that may have written the state has one of that name which is not
    /// the key that the name says, nobody knows which it is.
    pub(super) fn by_names_of_states(&mut self) {
        for read in std::mem::take(&mut self.of_states) {
            let (Some(end), KeyRead::Key(key)) = (read.hops.last(), &read.found) else { continue };
            let Some(folder) = self.contradicted(end, (key.slot, key.access)) else { continue };
            let why = format!(
                "`{}` may be read from the state of {}, where it is another value than its name says",
                spelt(&end.object),
                if folder.is_empty() { "the root" } else { &folder }
            );
            let access = Some(key.access);
            self.doubt(&read);
            self.opaque(&read, None, access, why);
        }
    }

    /// The first of the roots that may have written the state whose output is not this key.
    fn contradicted(&self, end: &Followed, key: (Slot, Access)) -> Option<String> {
        let (first, behind) = end.object.steps.split_first()?;
        let name = first.name()?;
        let mut possible = self.folders.possible_states(&end.folder, &end.object).iter();
        let contradicts = |folder: &&String| {
            let keys = self.handed_out(folder, name, behind);
            // An output whose name says nothing may be left out of what is read, as long as it is no key.
            let declared = self.folders.block(folder, &["output", name]).is_some() && says_cosmos(name);
            (declared && keys.is_empty()) || keys.iter().any(|found| *found != Some(key))
        };
        possible.find(contradicts).cloned()
    }

    /// The keys that an output is, or may be: absent for one of which it is not known which.
    fn handed_out(&self, folder: &str, name: &str, behind: &[Step]) -> Vec<Option<(Slot, Access)>> {
        let named =
            self.folders.output(folder, name, behind).and_then(|end| match start(self.folders, &end).1 {
                KeyRead::Key(key) => Some(Some((key.slot, key.access))),
                KeyRead::Whole | KeyRead::Opaque(_) => Some(None),
                KeyRead::Nothing => None,
            });
        let steps: Vec<Option<&str>> = behind.iter().filter(is_named).map(Step::name).collect();
        let bound = self.references.iter().filter(|reference| {
            let binding: Vec<&str> = reference.binding.iter().map(String::as_str).collect();
            reference.role != Role::Tested
                && reference.homes.iter().any(|home| home == folder)
                && binding.strip_prefix(&["output", name, "value"]).is_some_and(|rest| {
                    rest.iter().zip(&steps).all(|(bound, step)| step.is_none_or(|step| step == *bound))
                })
        });
        named.into_iter().chain(bound.map(|reference| Some((reference.slot, reference.access)))).collect()
    }

    /// What is read there stays a reference, but says nothing of its slot.
    fn doubt(&mut self, read: &Look<'_>) {
        let (file, span) = (read.file, &read.read.span);
        let same = self.references.iter_mut().filter(|reference| {
            reference.symbol.kind == SymbolKind::RemoteState
                && reference.role != Role::Tested
                && reference.file == file
                && span.start <= reference.span.start
                && reference.span.end <= span.end
        });
        same.for_each(|reference| {
            reference.role = Role::Relay;
            reference.other = None;
        });
    }
}

fn is_named(step: &&Step) -> bool {
    !matches!(step.kind, StepKind::Number(_) | StepKind::Any | StepKind::Element)
}
