//! What the forge's rules make of all that a rotation is yet to do with branches: for the plan, and for whoever begins.

use jiff::Timestamp;

use super::foresight::Concern;
use super::predicate::{Deed, Ruling, deeds, ruling};
use super::{Decider, Fold, Phase, Reach};
use crate::model::{Blind, BranchName, Demand, Right, UnreadRules, World};

/// One deed, and what each rule of its branch makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruled {
    pub branch: BranchName,
    pub deed: Deed,
    /// Without those that let it pass.
    pub rulings: Vec<(Demand, Ruling)>,
    pub unread: Vec<UnreadRules>,
    /// Why the rules cannot be seen at all.
    pub unseen: Option<String>,
}

/// The branches with which something is yet to be done on the way out. None where no rotation is open or the branches cannot
/// be seen, and once it has come past them.
pub fn branches_ahead(decider: &Decider<'_>, fold: &Fold, world: &World, now: Timestamp) -> Vec<BranchName> {
    ahead(decider, fold, world, now).into_iter().map(|(branch, _)| branch).collect()
}

fn ahead(decider: &Decider<'_>, fold: &Fold, world: &World, now: Timestamp) -> Vec<(BranchName, Deed)> {
    let Some(opened) = fold.rotation() else { return Vec::new() };
    let ctx = decider.context(fold, opened, world, now);
    let code = world.code.as_ref().and_then(|seen| seen.get()).filter(|_| !ctx.has_reached(Phase::Deploy));
    code.map_or_else(Vec::new, |code| deeds(&ctx, code))
}

/// What is yet to be done with branches, as far as their rules were looked at.
pub fn ruled(decider: &Decider<'_>, fold: &Fold, world: &World, now: Timestamp) -> Vec<Ruled> {
    let of = |(branch, deed): (BranchName, Deed)| {
        let seen = world.rules.get(&branch)?;
        let unseen = seen.what.as_ref().err().map(|Blind { why, .. }| why.clone());
        let rules = seen.get();
        let rulings = rules.into_iter().flat_map(|rules| &rules.rules);
        let rulings = rulings
            .map(|rule| (rule.demand.clone(), ruling(rule, deed, &branch, decider.policy)))
            .filter(|(_, ruling)| *ruling != Ruling::Passes)
            .collect();
        let unread = rules.map(|rules| rules.unread.clone()).unwrap_or_default();
        Some(Ruled { rulings, unread, unseen, branch, deed })
    };
    ahead(decider, fold, world, now).into_iter().filter_map(of).collect()
}

/// What may keep a rotation from its end and holds nothing, as far as it was looked at: rules that may refuse, and clusters
/// that do not say whether their workloads may be restarted.
pub fn forewarnings(decider: &Decider<'_>, fold: &Fold, world: &World, now: Timestamp) -> Vec<Concern> {
    let ruled = ruled(decider, fold, world, now);
    let untold = world.rights_in.iter().flat_map(|(stamp, seen)| {
        seen.get().into_iter().flatten().filter_map(|view| match &view.right {
            Right::Unknown(why) => {
                let (stamp, what, why) = (stamp.clone(), view.what.clone(), why.clone());
                Some(Concern::RestartUntold { stamp, what, why })
            }
            Right::Allowed | Right::Denied | Right::Unneeded => None,
        })
    });
    let rules = match decider.reach {
        Reach::Whole => ruled.iter().flat_map(Ruled::concerns).collect(),
        _ => Vec::new(),
    };
    rules.into_iter().chain(untold).collect()
}

impl Ruled {
    /// What it asks of people, or of what they run.
    pub fn asks(&self) -> impl Iterator<Item = &Demand> {
        self.rulings.iter().filter(|(_, ruling)| *ruling == Ruling::Asks).map(|(demand, _)| demand)
    }

    /// What is worth knowing and holds nothing.
    pub fn concerns(&self) -> Vec<Concern> {
        let (branch, deed) = (&self.branch, self.deed);
        let may = self.rulings.iter().filter(|(_, ruling)| *ruling == Ruling::MayRefuse);
        let may = may.map(|(demand, _)| {
            let (branch, demand) = (branch.clone(), demand.clone());
            Concern::RuleMayRefuse { branch, deed, demand }
        });
        let unread =
            self.unread.iter().map(|what| Concern::RulesUnread { branch: branch.clone(), what: *what });
        let unseen = self.unseen.iter().map(|why| {
            let (branch, why) = (branch.clone(), why.clone());
            Concern::RulesUnseen { branch, why }
        });
        may.chain(unread).chain(unseen).collect()
    }
}
