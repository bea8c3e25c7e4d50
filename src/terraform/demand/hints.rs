//! Reads that a name tells to be keys of Cosmos DB which is not their own: that of their receiver, or of another output
//! of the same code.
//!
//! What stands behind them must be seen, and whoever else reads the same.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::names::{Name, Place, bound, member, places};
use super::{Ask, Demand, reach};
use crate::terraform::by_name::{is_of_cosmos, named_key};
use crate::terraform::facts::{Base, Block, Facts, Read, Step};
use crate::terraform::receiver::{Says, is_taken_for_key, received_as};
use crate::terraform::role::counterpart;
use crate::terraform::service::says_cosmos;

impl Demand {
    pub(super) fn hints(&mut self, folder: &str, facts: &Facts) {
        let blocks: OnceCell<BTreeMap<&[String], &Block>> = OnceCell::new();
        let of_file = || facts.blocks.iter().map(|block| (block.words.as_slice(), block)).collect();
        for read in &facts.reads {
            let says = || received_as(read, |words| blocks.get_or_init(of_file).get(words).copied());
            if is_hinted(read, says) {
                self.hinted.extend(places(folder, &read.object));
                self.given.extend(bound(&read.binding).map(|name| (folder.to_owned(), name)));
                self.passed_on(folder, &read.object.base);
            }
        }
    }

    /// Outputs of another root that no other word tells.
    fn passed_on(&mut self, folder: &str, base: &Base) {
        if let Base::RemoteState(name) = base
            && let Some((kind, name)) = name.split_once('.')
        {
            let words = vec![kind.to_owned(), name.to_owned()];
            self.hinted_words.insert(Ask::Words { folder: folder.to_owned(), words });
        }
    }

    /// All that may stand behind them.
    pub(super) fn behind_hints(&self) -> Hinted {
        let places = reach(&self.hinted, |place| self.backwards(place));
        let mut members = Vec::new();
        let mut asks = self.hinted_words.clone();
        for (folder, name) in &places {
            if let Name::Member { call, output } = name {
                let other = output.as_deref().and_then(counterpart);
                let outputs = [output.clone(), other].into_iter().flatten().map(Some);
                let outputs = outputs.chain(output.as_deref().is_none_or(is_of_cosmos).then_some(None));
                members.extend(outputs.map(|output| (folder.clone(), member(call, output))));
            }
        }
        let dependencies: BTreeSet<(&str, &str)> = members
            .iter()
            .filter_map(|(folder, name)| match name {
                Name::Member { call, .. } => Some((folder.as_str(), call.as_str())),
                _ => None,
            })
            .collect();
        // Whether code lies there whose outputs they are.
        let is_meant = |(folder, name): &(String, String)| dependencies.contains(&(folder, name));
        let meant = self.dependents.iter().filter(|(_, dependents)| dependents.iter().any(is_meant));
        asks.extend(
            meant.map(|(config, _)| Ask::Words { folder: config.clone(), words: vec!["output".to_owned()] }),
        );
        Hinted { places, members, asks }
    }
}

/// What may stand behind hinted reads.
pub(super) struct Hinted {
    pub(super) places: BTreeSet<Place>,
    /// The outputs among them, with those of the other slot.
    pub(super) members: Vec<Place>,
    /// What else has to be seen.
    pub(super) asks: BTreeSet<Ask>,
}

fn is_hinted(read: &Read, says: impl FnOnce() -> Says) -> bool {
    let steps = &read.object.steps;
    let is_key = |name: &str| is_of_cosmos(name) || says_cosmos(name) && named_key(name).is_some();
    let certain = || steps.iter().filter_map(Step::name).any(is_key);
    match &read.object.base {
        Base::Module(_) | Base::Dependency(_) | Base::RemoteState(_) => {
            let says = says();
            // Code that is here may hand out a key of such code.
            certain()
                || says == Says::Cosmos { key: true }
                // Which of the steps picks an instance, the block says, which may stand in another file.
                || (0..steps.len()).any(|at| is_taken_for_key(&steps[at..], says, true))
        }
        Base::Local | Base::Variable => certain() || says() == Says::Cosmos { key: true },
        Base::Account(..) | Base::Action(..) | Base::Deployment(..) | Base::Each(_) => false,
    }
}
