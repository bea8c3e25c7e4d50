//! What says of outputs of code that is not here that they are keys of Cosmos DB, where neither their names nor what they
//! come from do: another output of the same code, or a name under which they are received.
//!
//! What one reader says holds for all of them, and for the key of the other slot: it is one value.

use std::collections::BTreeSet;

use super::look::Look;
use crate::terraform::attribute::{CONNECTION_STRINGS, key_attribute};
use crate::terraform::by_name::{is_of_cosmos, key_by_name};
use crate::terraform::elsewhere::ReadElsewhere;
use crate::terraform::facts::{Base, Step};
use crate::terraform::folders::Folders;
use crate::terraform::key_read::KeyRead;
use crate::terraform::origin::{Origin, origin, outputs};
use crate::terraform::receiver::{Says, is_taken_for_key, received_as};
use crate::terraform::role::counterpart;

type Id = (String, String);

#[derive(Default)]
pub(super) struct Evidence {
    /// Origins of which one output goes by a name that no other service's key has.
    origins: BTreeSet<Id>,
    /// Outputs that somebody receives as a key of Cosmos DB, under the first of both slots' names.
    outputs: BTreeSet<(Id, String)>,
}

impl Evidence {
    pub(super) fn of(folders: &Folders<'_>, looks: &[Look<'_>]) -> Evidence {
        let mut evidence = Evidence::default();
        for look in looks {
            let Some((origin, steps)) = from(folders, look).filter(|(origin, _)| !origin.another) else {
                continue;
            };
            let Some(name) = steps.iter().find_map(Step::name) else { continue };
            if is_of_cosmos(name) {
                evidence.origins.insert(origin.id);
            } else if look.symbol.is_none()
                && !crosses(look)
                && is_taken_for_key(steps, says(folders, look), look.hops.len() == 1)
            {
                evidence.outputs.insert((origin.id, of_both(name)));
            }
        }
        evidence
    }

    /// What a read leads to that leads nowhere by itself.
    pub(super) fn read(&self, folders: &Folders<'_>, look: &Look<'_>) -> Option<ReadElsewhere> {
        if self.origins.is_empty() && self.outputs.is_empty() {
            return None;
        }
        let (origin, steps) = from(folders, look).filter(|(origin, _)| !origin.another)?;
        let name = steps.iter().find_map(Step::name)?;
        // The names that the provider gives to them are those of the same account.
        let of_provider = key_attribute(name).is_some() || name == CONNECTION_STRINGS;
        let known = of_provider && self.origins.contains(&origin.id)
            || self.outputs.contains(&(origin.id.clone(), of_both(name)));
        if !known || says(folders, look) == Says::Another {
            return None;
        }
        let read = key_by_name(steps, true);
        (read != KeyRead::Nothing).then_some(ReadElsewhere { kind: origin.kind, name: origin.name, read })
    }
}

/// Where a read starts, if not in the tree, and the steps from there.
fn from<'l>(folders: &Folders<'_>, look: &'l Look<'_>) -> Option<(Origin, &'l [Step])> {
    let end = look.hops.last()?;
    let origin = origin(folders, &end.folder, &end.object.base)?;
    let here = folders.cell_of(&end.folder, &end.object).is_some()
        || folders.whole(&end.folder, &end.object).is_some();
    let steps = outputs(folders, &end.folder, &end.object.base, &end.object.steps);
    (!here).then_some((origin, steps))
}

/// Whether it starts in another root than the one that it is read in: who reads a state says nothing of the code behind it.
fn crosses(look: &Look<'_>) -> bool {
    let before = look.hops.split_last().map_or(&[][..], |(_, before)| before);
    before.iter().any(|hop| matches!(hop.object.base, Base::RemoteState(_) | Base::Dependency(_)))
}

fn says(folders: &Folders<'_>, look: &Look<'_>) -> Says {
    received_as(look.read, |words| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        folders.blocks_at(look.folder, &words).find(|(file, _)| *file == look.file).map(|(_, block)| block)
    })
}

/// The same for the names of both slots.
fn of_both(name: &str) -> String {
    match counterpart(name) {
        Some(other) if *other < *name => other,
        Some(_) | None => name.to_owned(),
    }
}
