//! Evidence of the rotation as a whole: the account, the code, runs, logs.

use std::time::Duration;

use jiff::Timestamp;

use super::super::{Context, Gate, Reason, Subject, Why};
use crate::model::{
    AccountRights, AccountView, BranchName, BranchRules, CensusView, DeploymentView, EvidenceKey,
    InventoryView, KeyProof, MetricsView, OriginView, PullEnds, PullHead, PullView, ReleaseView, RunView,
    Slot, TracesView, UsageView,
};

impl<'a> Context<'a> {
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
}
