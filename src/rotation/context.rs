//! What every phase looks at, and how it asks.
//!
//! Asking for evidence is the only way to get it, and asking names how old it may be: a phase cannot use what
//! is stale by accident.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::{Fold, Gate, Leg, Opened, Opens, Phase, Reach, Reason, Relied, Step, StepRecord, Subject, Why};
use crate::model::{
    AccountRights, AccountView, Blindness, BranchName, BranchRules, CensusView, ClusterView, DeploymentView,
    EvidenceKey, InventoryView, KeyProof, KeyView, MetricsView, OriginView, Policy, PullEnds, PullHead,
    PullView, ReleaseView, RightView, RoomView, RunView, Seen, Slot, StampName, TracesView, UsageView,
    VaultView, World, age_of,
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
    /// What the command that runs was asked for.
    pub reach: &'a Reach,
    /// Where what is asked for is noted, when somebody wants to know.
    pub relied: Option<&'a RefCell<Relied>>,
}

/// Where a phase stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stand {
    Passed,
    /// These may be done now, at once or in any order.
    Act(Vec<Step>),
    /// A fact to be recorded before going on.
    Record(Box<super::Event>),
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

    /// Both, where the one is no reason to leave the other undone; steps of one kind at a time, and what both say once.
    pub fn and(self, other: impl FnOnce() -> Stand) -> Stand {
        let held = match self {
            Stand::Passed => return other(),
            Stand::Held(held) => held,
            steps @ (Stand::Act(_) | Stand::Record(_) | Stand::ActAndHeld(..)) => return steps,
        };
        let both = |held: Vec<Reason>, more: Vec<Reason>| {
            let new: Vec<Reason> = more.into_iter().filter(|reason| !held.contains(reason)).collect();
            [held, new].concat()
        };
        match other() {
            Stand::Act(steps) => Stand::ActAndHeld(steps, held),
            Stand::ActAndHeld(steps, more) => Stand::ActAndHeld(steps, both(held, more)),
            Stand::Held(more) => Stand::Held(both(held, more)),
            Stand::Passed | Stand::Record(_) => Stand::Held(held),
        }
    }
}

impl<'a> Context<'a> {
    /// The slot that this leg moves everybody to.
    pub fn target(&self) -> Slot {
        self.leg.target(self.opened.from)
    }

    /// The names of what is asked for are only made where they are needed: most asking is answered.
    fn fresh<T>(
        &self,
        gate: Gate,
        max: Duration,
        seen: Option<&'a Seen<T>>,
        about: impl Fn() -> (Subject, EvidenceKey),
    ) -> Result<&'a T, Box<Reason>> {
        self.fresh_at(gate, max, seen, seen.map(|seen| seen.at), about)
    }

    /// The same where what is asked for was so at another time than the whole.
    fn fresh_at<T>(
        &self,
        gate: Gate,
        max: Duration,
        seen: Option<&'a Seen<T>>,
        at: Option<Timestamp>,
        about: impl Fn() -> (Subject, EvidenceKey),
    ) -> Result<&'a T, Box<Reason>> {
        let hold = |why: &dyn Fn(EvidenceKey) -> Why| {
            let (subject, key) = about();
            Err(Box::new(Reason::new(gate, subject, why(key))))
        };
        let (Some(seen), Some(at)) = (seen, at) else { return hold(&Why::NotSeen) };
        let age = age_of(at, self.now);
        if age > max {
            return hold(&|evidence| Why::TooOld { evidence, age, max });
        }
        if let Some(relied) = self.relied {
            relied.borrow_mut().note(about().1, at, max);
        }
        match &seen.what {
            Ok(what) => Ok(what),
            Err(blind) => hold(&|evidence| Why::Blind { evidence, blind: blind.clone() }),
        }
    }

    pub fn account(&self, gate: Gate, max: Duration) -> Result<&'a AccountView, Box<Reason>> {
        let about = || (Subject::Account, EvidenceKey::Account);
        self.fresh(gate, max, self.world.account.as_ref(), about)
    }

    /// The account where its keys are to be told from one another.
    ///
    /// # Errors
    /// As of every evidence; and what kept us from listing the keys.
    pub fn account_keys(&self, gate: Gate, max: Duration) -> Result<&'a AccountView, Box<Reason>> {
        let account = self.account(gate, max)?;
        match account.keys_untold() {
            None => Ok(account),
            Some(blind) => {
                let why = Why::Blind { evidence: EvidenceKey::Account, blind };
                Err(Box::new(Reason::new(gate, Subject::Account, why)))
            }
        }
    }

    pub fn proof(&self, slot: Slot, gate: Gate, max: Duration) -> Result<&'a KeyProof, Box<Reason>> {
        let about = || (Subject::Key(slot), EvidenceKey::Proof(slot));
        self.fresh(gate, max, self.world.proofs.get(&slot), about)
    }

    pub fn code(&self, gate: Gate, max: Duration) -> Result<&'a ReleaseView, Box<Reason>> {
        let about = || (Subject::Rotation, EvidenceKey::Code);
        self.fresh(gate, max, self.world.code.as_ref(), about)
    }

    /// One between exactly these branches: where the same branch is proposed to another one, that is another change.
    pub fn pull(
        &self,
        ends: &PullEnds,
        gate: Gate,
        max: Duration,
    ) -> Result<Option<&'a PullView>, Box<Reason>> {
        let about = || (Subject::Branch(ends.head.clone()), EvidenceKey::Pull(ends.clone()));
        let pull = self.fresh(gate, max, self.world.pulls.get(ends), about)?;
        Ok(pull.as_ref().filter(|pull| pull.base == ends.base))
    }

    /// The runs of the validation pipeline on this head, newest first.
    pub fn validation(&self, head: &PullHead, max: Duration) -> Result<&'a [RunView], Box<Reason>> {
        let about = || (Subject::Pull(head.pull), EvidenceKey::Validation(head.clone()));
        self.fresh(Gate::Validated, max, self.world.validations.get(head), about).map(Vec::as_slice)
    }

    pub fn origin(&self, gate: Gate, max: Duration) -> Result<&'a OriginView, Box<Reason>> {
        let about = || (Subject::Rotation, EvidenceKey::Origin);
        self.fresh(gate, max, self.world.origin.as_ref(), about)
    }

    pub fn runs(&self, gate: Gate, max: Duration) -> Result<&'a [RunView], Box<Reason>> {
        let about = || (Subject::Rotation, EvidenceKey::Runs);
        self.fresh(gate, max, self.world.runs.as_ref(), about).map(Vec::as_slice)
    }

    /// Deployments to the environment; `None` where nobody says which it is, or they may not be read: nothing depends on
    /// them alone.
    ///
    /// # Errors
    /// They are to be looked at (again), or nobody answered.
    pub fn deployments(
        &self,
        gate: Gate,
        max: Duration,
    ) -> Result<Option<&'a [DeploymentView]>, Box<Reason>> {
        if !self.policy.deployments {
            return Ok(None);
        }
        let about = || (Subject::Rotation, EvidenceKey::Deployments);
        match self.fresh(gate, max, self.world.deployments.as_ref(), about) {
            Ok(all) => Ok(Some(all)),
            Err(reason) if reason.is_out_of_sight() => Ok(None),
            Err(reason) => Err(reason),
        }
    }

    pub fn vault(&self, stamp: &StampName, gate: Gate, max: Duration) -> Result<&'a VaultView, Box<Reason>> {
        let about = || (Subject::Stamp(stamp.clone()), EvidenceKey::Vault(stamp.clone()));
        self.fresh(gate, max, self.world.vaults.get(stamp), about).map_err(|reason| match &reason.why {
            Why::Blind { blind, .. } if blind.kind == Blindness::Disabled => {
                Box::new(Reason { why: Why::VaultDisabled, ..*reason })
            }
            _ => reason,
        })
    }

    pub fn cluster(
        &self,
        stamp: &StampName,
        gate: Gate,
        max: Duration,
    ) -> Result<&'a ClusterView, Box<Reason>> {
        let about = || (Subject::Stamp(stamp.clone()), EvidenceKey::Cluster(stamp.clone()));
        self.fresh(gate, max, self.world.clusters.get(stamp), about)
    }

    /// The stamp's cluster where nothing but its workloads counts: they may have been listed after the rest.
    pub fn workloads(
        &self,
        stamp: &StampName,
        gate: Gate,
        max: Duration,
    ) -> Result<&'a ClusterView, Box<Reason>> {
        let about = || (Subject::Stamp(stamp.clone()), EvidenceKey::Workloads(stamp.clone()));
        let seen = self.world.clusters.get(stamp);
        self.fresh_at(gate, max, seen, seen.map(Seen::workloads_at), about)
    }

    /// When what is known of the stamp's workloads was so.
    pub fn workloads_seen_at(&self, stamp: &StampName) -> Option<Timestamp> {
        self.world.clusters.get(stamp).map(Seen::workloads_at)
    }

    /// When what is known of the stamp's cluster was so. Waits that it shows are measured up to then: how long ago that
    /// was says nothing of the cluster.
    pub fn cluster_seen_at(&self, stamp: &StampName) -> Timestamp {
        self.world.clusters.get(stamp).map_or(self.now, |seen| seen.at)
    }

    /// Quotas and autoscalers of the stamp's cluster.
    pub fn room(&self, stamp: &StampName, gate: Gate, max: Duration) -> Result<&'a RoomView, Box<Reason>> {
        let about = || (Subject::Stamp(stamp.clone()), EvidenceKey::Room(stamp.clone()));
        self.fresh(gate, max, self.world.rooms.get(stamp), about)
    }

    /// Whether the configured workloads of the stamp may be restarted.
    pub fn rights_in(
        &self,
        stamp: &StampName,
        gate: Gate,
        max: Duration,
    ) -> Result<&'a [RightView], Box<Reason>> {
        let about = || (Subject::Stamp(stamp.clone()), EvidenceKey::RightsIn(stamp.clone()));
        self.fresh(gate, max, self.world.rights_in.get(stamp), about).map(Vec::as_slice)
    }

    /// What the forge's rules say of a branch.
    pub fn rules(
        &self,
        branch: &BranchName,
        gate: Gate,
        max: Duration,
    ) -> Result<&'a BranchRules, Box<Reason>> {
        let about = || (Subject::Branch(branch.clone()), EvidenceKey::Rules(branch.clone()));
        self.fresh(gate, max, self.world.rules.get(branch), about)
    }

    pub fn inventory(&self, gate: Gate, max: Duration) -> Result<&'a InventoryView, Box<Reason>> {
        let about = || (Subject::Account, EvidenceKey::Inventory);
        self.fresh(gate, max, self.world.inventory.as_ref(), about)
    }

    /// What keyslot may do with the account.
    pub fn rights(&self, gate: Gate, max: Duration) -> Result<&'a AccountRights, Box<Reason>> {
        let about = || (Subject::Account, EvidenceKey::Rights);
        self.fresh(gate, max, self.world.rights.as_ref(), about)
    }

    /// What the activity log tells of our own regenerations, with the time at which it was seen.
    pub fn traces(
        &self,
        subject: &Subject,
        max: Duration,
    ) -> Result<(Timestamp, &'a TracesView), Box<Reason>> {
        let about = || (subject.clone(), EvidenceKey::Traces);
        let seen = self.world.traces.as_ref();
        let view = self.fresh(Gate::Settled, max, seen, about)?;
        Ok((seen.map_or(self.now, |seen| seen.at), view))
    }

    /// With the time at which it was seen: what a log can show depends on it.
    pub fn usage(&self, gate: Gate, max: Duration) -> Result<(Timestamp, &'a UsageView), Box<Reason>> {
        let about = || (Subject::Account, EvidenceKey::Usage);
        let seen = self.world.usage.as_ref();
        let view = self.fresh(gate, max, seen, about)?;
        Ok((seen.map_or(self.now, |seen| seen.at), view))
    }

    pub fn metrics(&self, gate: Gate, max: Duration) -> Result<&'a MetricsView, Box<Reason>> {
        let about = || (Subject::Account, EvidenceKey::Metrics);
        self.fresh(gate, max, self.world.metrics.as_ref(), about)
    }

    /// With the time at which it was seen, too.
    pub fn census(&self, gate: Gate, max: Duration) -> Result<(Timestamp, &'a CensusView), Box<Reason>> {
        let about = || (Subject::Account, EvidenceKey::Census);
        let seen = self.world.census.as_ref();
        let view = self.fresh(gate, max, seen, about)?;
        Ok((seen.map_or(self.now, |seen| seen.at), view))
    }

    /// What the journal knows of this step, if it was ever intended.
    pub fn record(&self, step: &Step) -> Option<&'a StepRecord> {
        self.fold.step(&step.key())
    }

    /// Whether this is another key than the one to be retired. Where the opening was not told when that one was made, a time
    /// alone says nothing: the key itself must have changed.
    pub fn is_renewed(&self, key: &KeyView) -> bool {
        let opened = self.opened;
        // A key that cannot be read is not known to have changed.
        let same = || {
            let then = opened.retired_fingerprint.as_ref();
            then.is_some_and(|then| key.fingerprint.as_ref().is_none_or(|now| now == then))
        };
        key.generated > opened.retired_generation && (opened.retired_generation.is_some() || !same())
    }

    /// When the key that is to be retired was generated anew, as the account was seen last; `None` while it is the one of
    /// the opening.
    pub fn retired_at(&self) -> Option<Timestamp> {
        let account = self.world.account.as_ref().and_then(|seen| seen.get())?;
        let key = account.key(self.opened.retires());
        key.generated.filter(|_| self.is_renewed(key))
    }

    /// Whether this leg leaves a key that is gone already: whoever still holds it is refused.
    pub fn old_key_is_gone(&self) -> bool {
        self.leg == Leg::Out && self.retired_at().is_some()
    }

    /// How old the stand of a stamp may be that is only counted. While restarts go on it was seen whole before them, and
    /// what a step rests on is asked for by itself, each with an age of its own (`wave::rests`); the rest is listed anew as
    /// soon as they are through. Without that, a fleet that is restarted one stamp after the other would be listed again
    /// and again. Before and after the restarts, and for a command that restarts nothing, a vault that is taken back has to be
    /// seen. Once this leg has come to quiesce, also by a restart of some stamps, it is as before the restarts.
    pub fn counted(&self) -> Duration {
        let restarts = matches!(self.reach, Reach::Whole | Reach::Restart { .. });
        let restarting = restarts && self.has_reached(Phase::Restart) && !self.has_reached(Phase::Quiesce);
        if restarting { Duration::MAX } else { self.policy.ages.ordinary }
    }

    /// Whether this leg has come to this phase before.
    pub fn has_reached(&self, phase: Phase) -> bool {
        self.fold.reached.iter().any(|(_, leg, reached)| *leg == self.leg && *reached >= phase)
    }

    /// Whether the return has begun.
    pub fn is_on_the_way_back(&self) -> bool {
        self.fold.reached.iter().any(|(_, leg, _)| *leg == Leg::Back)
    }

    /// The leg that is under way.
    pub fn present_leg(&self) -> Leg {
        if self.is_on_the_way_back() { Leg::Back } else { Leg::Out }
    }

    /// Leaves out what a person accepted, and what a test switched off.
    pub fn holding(&self, reasons: Vec<Reason>) -> Vec<Reason> {
        reasons
            .into_iter()
            .filter(|reason| !self.without.contains(&reason.gate) || reason.is_blindness())
            .filter(|reason| !self.is_accepted(reason))
            .collect()
    }

    /// What a look may still find, nobody has accepted: an acceptance that was given ahead keeps nothing from being
    /// looked at.
    fn is_accepted(&self, reason: &Reason) -> bool {
        if reason.gate.never_accepted() || reason.is_blindness() {
            return false;
        }
        let subject = reason.subject.to_string();
        self.fold.acceptances.iter().any(|accepted| {
            accepted.gate == reason.gate
                && accepted.subject == subject
                && accepted.until > self.now
                && accepted.why.as_deref().is_none_or(|why| reason.why.is_accepted_as(why))
        })
    }
}

impl Reason {
    /// Whether nothing but a person would end it, and one has said that it may stay.
    pub fn is_given_up(&self, ctx: &Context<'_>) -> bool {
        self.why.opens() == Opens::ByPerson && ctx.holding(vec![self.clone()]).is_empty()
    }

    /// Whether we may not see it, or there is nothing to see: what no gate depends on alone is no evidence then.
    pub fn is_out_of_sight(&self) -> bool {
        matches!(&self.why, Why::Blind { blind, .. } if blind.kind.is_refusal())
    }

    /// Whether it only says that something was not looked at yet, or not all of it.
    pub fn is_blindness(&self) -> bool {
        matches!(self.why, Why::NotSeen(_) | Why::TooOld { .. } | Why::WindowShort { .. })
    }
}
