//! What every phase looks at, and how it asks.
//!
//! Asking for evidence is the only way to get it, and asking names how old it may be: a phase cannot use what
//! is stale by accident.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::{Fold, Gate, Leg, Opened, Phase, Reason, Step, StepRecord, Subject, Why};
use crate::model::{
    AccountView, ClusterView, EvidenceKey, KeyProof, Policy, PullView, ReleaseView, RunView, Seen, Slot,
    StampName, VaultView, World,
};

/// Everything that a decision depends on.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub fold: &'a Fold,
    pub opened: &'a Opened,
    pub world: &'a World,
    pub policy: &'a Policy,
    pub now: Timestamp,
    /// Who we are in the lease.
    pub holder: &'a str,
    pub leg: Leg,
    pub without: &'a BTreeSet<Gate>,
}

/// Where a phase stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stand {
    Passed,
    /// These may be done now, at once or in any order.
    Act(Vec<Step>),
    /// A fact to be recorded before going on.
    Record(super::Event),
    /// Not yet.
    Held(Vec<Reason>),
    /// Steps that may be done now, while other subjects are held.
    ActAndHeld(Vec<Step>, Vec<Reason>),
}

impl Stand {
    /// Passed when nothing holds.
    pub fn unless(reasons: Vec<Reason>) -> Stand {
        if reasons.is_empty() { Stand::Passed } else { Stand::Held(reasons) }
    }
}

impl<'a> Context<'a> {
    /// The slot that this leg moves everybody to.
    pub fn target(&self) -> Slot {
        self.leg.target(self.opened.from)
    }

    fn fresh<T>(
        &self,
        gate: Gate,
        subject: Subject,
        key: EvidenceKey,
        seen: Option<&'a Seen<T>>,
        max: Duration,
    ) -> Result<&'a T, Box<Reason>> {
        let Some(seen) = seen else {
            return Err(Box::new(Reason::new(gate, subject, Why::NotSeen(key))));
        };
        let age = seen.age(self.now);
        if age > max {
            return Err(Box::new(Reason::new(gate, subject, Why::TooOld { evidence: key, age, max })));
        }
        seen.what.as_ref().map_err(|blind| {
            Box::new(Reason::new(gate, subject, Why::Blind { evidence: key, blind: blind.clone() }))
        })
    }

    pub fn account(&self, gate: Gate, max: Duration) -> Result<&'a AccountView, Box<Reason>> {
        self.fresh(gate, Subject::Account, EvidenceKey::Account, self.world.account.as_ref(), max)
    }

    pub fn proof(&self, slot: Slot, gate: Gate, max: Duration) -> Result<&'a KeyProof, Box<Reason>> {
        self.fresh(gate, Subject::Key(slot), EvidenceKey::Proof(slot), self.world.proofs.get(&slot), max)
    }

    pub fn code(&self, gate: Gate, max: Duration) -> Result<&'a ReleaseView, Box<Reason>> {
        self.fresh(gate, Subject::Rotation, EvidenceKey::Code, self.world.code.as_ref(), max)
    }

    pub fn pull(
        &self,
        branch: &crate::model::BranchName,
        gate: Gate,
        max: Duration,
    ) -> Result<Option<&'a PullView>, Box<Reason>> {
        let key = EvidenceKey::Pull(branch.clone());
        let seen = self.world.pulls.get(branch);
        self.fresh(gate, Subject::Branch(branch.clone()), key, seen, max).map(Option::as_ref)
    }

    pub fn runs(&self, gate: Gate, max: Duration) -> Result<&'a [RunView], Box<Reason>> {
        self.fresh(gate, Subject::Rotation, EvidenceKey::Runs, self.world.runs.as_ref(), max)
            .map(Vec::as_slice)
    }

    pub fn vault(&self, stamp: &StampName, gate: Gate, max: Duration) -> Result<&'a VaultView, Box<Reason>> {
        let key = EvidenceKey::Vault(stamp.clone());
        self.fresh(gate, Subject::Stamp(stamp.clone()), key, self.world.vaults.get(stamp), max)
    }

    pub fn cluster(
        &self,
        stamp: &StampName,
        gate: Gate,
        max: Duration,
    ) -> Result<&'a ClusterView, Box<Reason>> {
        let key = EvidenceKey::Cluster(stamp.clone());
        self.fresh(gate, Subject::Stamp(stamp.clone()), key, self.world.clusters.get(stamp), max)
    }

    /// What the journal knows of this step, if it was ever intended.
    pub fn record(&self, step: &Step) -> Option<&'a StepRecord> {
        self.fold.step(&step.key())
    }

    /// Whether this leg has come to this phase before.
    pub fn has_reached(&self, phase: Phase) -> bool {
        self.fold.reached.iter().any(|(_, leg, reached)| *leg == self.leg && *reached >= phase)
    }

    /// Leaves out what a person accepted, and what a test switched off.
    pub fn holding(&self, reasons: Vec<Reason>) -> Vec<Reason> {
        reasons
            .into_iter()
            .filter(|reason| !self.without.contains(&reason.gate) || reason.is_blindness())
            .filter(|reason| !self.is_accepted(reason))
            .collect()
    }

    fn is_accepted(&self, reason: &Reason) -> bool {
        if reason.gate.never_accepted() {
            return false;
        }
        let subject = reason.subject.to_string();
        self.fold.acceptances.iter().any(|accepted| {
            accepted.gate == reason.gate
                && accepted.subject == subject
                && accepted.until > self.now
                && accepted.why.as_deref().is_none_or(|why| why == reason.why.kind())
        })
    }
}

impl Reason {
    /// Whether it only says that something was not looked at yet.
    pub fn is_blindness(&self) -> bool {
        matches!(self.why, Why::NotSeen(_) | Why::TooOld { .. })
    }
}
