//! Which names of the other slot nobody here is known to hand out.
//!
//! What comes from a module of a registry, a dependency's state or another root's goes by its name, and the other slot
//! by the pattern of that name. That such an output exists is shown by whoever reads it already, or by a dependency's
//! mocks; a plan fails where it does not. Only where something would stand in for it does nobody notice. Of a state that
//! one of several roots here may have written, it is known that one without such an output may be meant.

use std::collections::BTreeSet;

use super::Resolver;
use crate::terraform::account::Symbol;
use crate::terraform::attribute::CONNECTION_STRINGS;
use crate::terraform::facts::{Base, Block, Object, REMOTE_STATE, SymbolKind};
use crate::terraform::folders::Folders;
use crate::terraform::reference::{Counterpart, Reference};
use crate::terraform::value::Value;

/// Arguments of a dependency by which its mocks stand in for outputs that its state does not have.
const MERGING: [&str; 2] = ["mock_outputs_merge_strategy_with_state", "mock_outputs_merge_with_state"];

impl Resolver<'_> {
    /// The reference just found goes by its name, if it comes from elsewhere.
    pub(super) fn by_pattern(&mut self) {
        let Some(last) = self.references.last_mut() else { return };
        let elsewhere = match last.symbol.kind {
            SymbolKind::Module
            | SymbolKind::Dependency
            | SymbolKind::RemoteState
            | SymbolKind::Deployment => true,
            // What a program prints is its own.
            SymbolKind::DataAction => last.symbol.name.contains('.'),
            _ => false,
        };
        // A list that hands out one of the connection strings hands out all of them.
        if elsewhere && !last.family.starts_with(CONNECTION_STRINGS) {
            last.counterpart = Counterpart::Assumed;
        }
    }

    /// Judges all of them, once every reference is known.
    pub(super) fn counterparts(&mut self) {
        // What one instance of a block hands out, or one run of its code, all of them do.
        let read: BTreeSet<(Symbol, String)> =
            self.references.iter().map(|it| (it.symbol.block(), it.attribute.clone())).collect();
        let absent: Vec<bool> = self.references.iter().map(|it| self.is_absent(it)).collect();
        for (reference, absent) in self.references.iter_mut().zip(absent) {
            if reference.dropped.is_some() {
                let masked = reference.masked;
                reference.counterpart = if masked { Counterpart::Masked } else { Counterpart::Absent };
                continue;
            }
            let Some(other) =
                reference.other.as_ref().filter(|_| reference.counterpart != Counterpart::Known)
            else {
                continue;
            };
            let is_read = read.contains(&(reference.symbol.block(), other.clone()));
            reference.counterpart = match stands_in(self.folders, reference, other) {
                Some(StandsIn::Always) => Counterpart::Masked,
                _ if absent => Counterpart::Absent,
                _ if is_read => Counterpart::Known,
                Some(StandsIn::BeforeTheFirstApply) => Counterpart::Known,
                None if reference.masked => Counterpart::Masked,
                None => Counterpart::Assumed,
            };
        }
    }

    /// Whether a root that may have written the state which is read is here, and hands nothing out under the other name.
    fn is_absent(&self, reference: &Reference) -> bool {
        let Symbol { folder, kind: SymbolKind::RemoteState, name, .. } = &reference.symbol else {
            return false;
        };
        let Some(other) = &reference.other else { return false };
        let state = Object { base: Base::RemoteState(name.clone()), steps: Vec::new() };
        let mut possible = self.folders.possible_states(folder, &state).iter();
        possible.any(|root| {
            let has = |name: &str| self.folders.block(root, &["output", name]).is_some();
            has(&reference.attribute) && !has(other)
        })
    }
}

/// When a value that is written here takes an output's place.
enum StandsIn {
    Always,
    BeforeTheFirstApply,
}

fn stands_in(folders: &Folders<'_>, reference: &Reference, other: &str) -> Option<StandsIn> {
    let Symbol { folder, kind, name, .. } = &reference.symbol;
    let named = |block: &Block, argument: &str| block.value(&format!("{argument}.{other}")).is_some();
    match kind {
        SymbolKind::RemoteState => {
            let (_, block) = folders.block(folder, &["data", REMOTE_STATE, name])?;
            named(block, "defaults").then_some(StandsIn::Always)
        }
        SymbolKind::Dependency => {
            let (_, block) =
                folders.block(folder, &["dependency", name]).filter(|it| named(it.1, "mock_outputs"))?;
            let merged = MERGING
                .iter()
                .filter_map(|name| block.value(name))
                .any(|value| !matches!(value, Value::Bool(false)) && value.as_text() != Some("no_merge"));
            Some(if merged { StandsIn::Always } else { StandsIn::BeforeTheFirstApply })
        }
        _ => None,
    }
}
