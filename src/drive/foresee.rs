//! Looking ahead: what a rotation would do and what would hold it, without beginning it. Nothing is written.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;

use super::{DriveError, Driver, OpenRequest, fresh_salt};
use crate::model::{
    AccountRights, Blindness, BudgetView, EvidenceKey, NodesView, Right, RightView, Slot, StampName, Term,
    age_of,
};
use crate::observe::Change;
use crate::ports::Fault;
use crate::rotation::{
    Event, Fold, Foresight, Reason, Report, Verdict, Why, branches_ahead, decide, is_closed, preflight,
    renewal, restarts, ruled,
};

/// So many rounds of looking lead from nothing to a decision.
pub(super) const ROUNDS: usize = 8;

impl Driver {
    /// The plan of the open rotation, or of the one that would be opened now. The target key is proven, which counts
    /// as a use of it; the key that is to go is never touched.
    ///
    /// # Errors
    /// Another rotation than the one asked for is open; nobody said which slot to retire and the world does not agree;
    /// the account cannot be read; the journal.
    pub async fn foresee(&mut self, request: &OpenRequest) -> Result<Foresight, DriveError> {
        self.journal.refresh().await?;
        self.refold()?;
        if let Some(open) = self.fold.rotation() {
            request.fits(open)?;
        }
        let begun = self.fold.rotation().is_some();
        if !begun {
            self.salt_with(fresh_salt()?);
        }
        self.look_at_everything().await?;
        let silent = self.silent();
        let (opened, mut fold) = match self.fold.rotation() {
            Some(opened) => (opened.clone(), self.fold.clone()),
            None => {
                let opened = self.identify(request)?;
                let opened = self.in_its_round(opened).await;
                let event = Event::Opened(opened.clone());
                let fold = Fold::of([(1, self.ports.clock.now(), &event)])?;
                (opened, fold)
            }
        };
        let mut decision = self.would_decide(&fold)?;
        for _ in 0..ROUNDS {
            match &decision.verdict {
                // What would only be noted is noted here, and nowhere else.
                Verdict::Record(event) => {
                    let event = event.clone();
                    let at = self.ports.clock.now();
                    if fold.apply(at, &event).is_err() {
                        break;
                    }
                }
                Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => {
                    let reasons = reasons.clone();
                    if !reasons.iter().any(Reason::opens_by_looking) {
                        break;
                    }
                    self.aim_for(&fold);
                    self.look_further(&reasons, &silent).await?;
                }
                Verdict::Act { .. } | Verdict::Done | Verdict::Enough => break,
            }
            decision = self.would_decide(&fold)?;
        }
        let later = self.would_hold(&fold, &silent).await?;
        self.look_at_rules(&fold).await;
        if self.policy.census().is_some() && self.world.census.is_none() {
            self.look_now(&BTreeSet::from([EvidenceKey::Census])).await;
        }
        let (rights, term) = self.rights(&silent).await;
        let now = self.ports.clock.now();
        let mut foresight = Foresight::of(&opened, begun, &decision, &self.world, &self.policy, rights);
        if begun {
            let report = Report::of(&self.decider(), &fold, &self.world, now);
            let restarts = restarts(&self.decider(), &fold, &opened, &self.world, now);
            foresight = foresight.begun_with(&report.phases, &restarts).approved(report.approved);
            foresight.acceptances = report.acceptances;
            foresight.acceptances.retain(|one| one.until > now);
        }
        foresight = foresight.renewing(renewal(&self.decider(), &fold, &self.world, now), now);
        foresight = foresight.meeting(later).logged(&self.world, &self.policy, now);
        foresight = foresight.ruled_by(ruled(&self.decider(), &fold, &self.world, now));
        // It is taken when there is something to do.
        foresight.holds.retain(|one| !one.is_free_lease(now));
        let mut foresight = foresight.lasting(&term, now);
        for (stamp, budgets) in self.budgets(&silent).await {
            foresight = foresight.knowing(&stamp, budgets.map_err(|fault| fault.why));
        }
        for (stamp, nodes) in self.nodes(&silent).await {
            foresight = foresight.placing(&stamp, nodes.map_err(|fault| fault.why), &self.world);
        }
        Ok(foresight)
    }

    /// What the proposal would change on the base branch.
    ///
    /// # Errors
    /// In words, why it cannot be changed.
    pub async fn foresee_code(&self, to: Slot) -> Result<Vec<Change>, Vec<String>> {
        let code = self.world.code.as_ref().and_then(|seen| seen.get());
        let Some(code) = code else { return Err(vec!["the branches cannot be seen".to_owned()]) };
        self.observer.would_change(&code.base.head, to).await
    }

    /// Stamps whose clusters do not answer now, or only after so long that they are not asked twice for one plan.
    pub(super) fn silent(&self) -> BTreeSet<StampName> {
        let (now, max) = (self.ports.clock.now(), self.policy.ages.ordinary);
        let silent = self.world.clusters.iter().filter(|(_, seen)| {
            let unreachable = seen.what.as_ref().is_err_and(|blind| blind.kind == Blindness::Unreachable);
            unreachable && age_of(seen.at, now) <= max
        });
        silent.map(|(stamp, _)| stamp.clone()).collect()
    }

    /// Looks behind the reasons. What was silent a moment ago is taken to be so still.
    async fn look_further(
        &mut self,
        reasons: &[Reason],
        silent: &BTreeSet<StampName>,
    ) -> Result<(), DriveError> {
        let now = self.ports.clock.now();
        for stamp in silent {
            if let Some(seen) = Arc::make_mut(&mut self.world).clusters.get_mut(stamp) {
                seen.at = now;
            }
        }
        let asked: Vec<Reason> = reasons
            .iter()
            .filter(|reason| {
                let of = reason.subject.stamp();
                !matches!(&reason.why, Why::TooOld { evidence: EvidenceKey::Cluster(_), .. })
                    || !of.is_some_and(|stamp| silent.contains(stamp))
            })
            .cloned()
            .collect();
        self.look_behind(&asked).await;
        self.land_all().await
    }

    /// What would hold before anything is restarted, also where other things hold first.
    async fn would_hold(
        &mut self,
        fold: &Fold,
        silent: &BTreeSet<StampName>,
    ) -> Result<Vec<Reason>, DriveError> {
        for _ in 0..ROUNDS {
            let later = preflight(&self.decider(), fold, &self.world, self.ports.clock.now());
            if !later.iter().any(Reason::opens_by_looking) {
                return Ok(later);
            }
            self.look_further(&later, silent).await?;
        }
        Ok(preflight(&self.decider(), fold, &self.world, self.ports.clock.now()))
    }

    fn would_decide(&self, fold: &Fold) -> Result<crate::rotation::Decision, DriveError> {
        decide(&self.decider(), fold, &self.world, self.ports.clock.now()).ok_or(DriveError::NoneOpen)
    }

    /// Where there may be something to ask.
    fn live_stamps(&self) -> impl Iterator<Item = StampName> {
        let stamps = self.policy.stamps.iter().map(|stamp| &stamp.name);
        stamps.filter(|stamp| !is_closed(&self.world, stamp)).cloned()
    }

    async fn budgets(
        &self,
        silent: &BTreeSet<StampName>,
    ) -> Vec<(StampName, Result<Vec<BudgetView>, Fault>)> {
        let ask = |name: StampName| async {
            let budgets = self.ports.clusters.budgets(&name).await;
            (name, budgets)
        };
        join_all(self.live_stamps().filter(|stamp| !silent.contains(stamp)).map(ask)).await
    }

    /// Where something is restarted.
    async fn nodes(&self, silent: &BTreeSet<StampName>) -> Vec<(StampName, Result<NodesView, Fault>)> {
        let ask = |name: StampName| async {
            let nodes = self.ports.clusters.nodes(&name).await;
            (name, nodes)
        };
        join_all(self.live_stamps().filter(|stamp| !silent.contains(stamp)).map(ask)).await
    }

    /// Also where what holds comes before them.
    async fn look_at_rules(&mut self, fold: &Fold) {
        let branches = branches_ahead(&self.decider(), fold, &self.world, self.ports.clock.now());
        let unseen = branches.into_iter().filter(|branch| !self.world.rules.contains_key(branch));
        self.look_now(&unseen.map(EvidenceKey::Rules).collect()).await;
    }

    /// Whether the stamp's secret may be read: it was tried already.
    fn right_to_the_secret(&self, stamp: &StampName) -> RightView {
        let seen = self.world.vaults.get(stamp).map(|seen| &seen.what);
        let (right, remedy) = match seen {
            Some(Ok(_)) => (Right::Allowed, String::new()),
            Some(Err(blind)) if blind.kind == Blindness::Forbidden => {
                let role = "assign the role “Key Vault Secrets User” on the vault to this identity";
                (Right::Denied, format!("{role} ({})", blind.why))
            }
            Some(Err(blind)) => (Right::Unknown(blind.why.clone()), String::new()),
            None => (Right::Unknown("it was not looked at".to_owned()), String::new()),
        };
        RightView { what: "read the secret in its Key Vault".to_owned(), right, remedy }
    }

    async fn rights(&self, silent: &BTreeSet<StampName>) -> (Vec<(String, RightView)>, Term) {
        let told =
            |by: String, rights: Vec<RightView>| rights.into_iter().map(move |right| (by.clone(), right));
        let (account, term) = match self.ports.accounts.rights().await {
            Ok(AccountRights { rights, term }) => (rights, term),
            Err(fault) => {
                let right = Right::Unknown(fault.to_string());
                let what = "read, list and regenerate the account's keys".to_owned();
                let unknown = RightView { what, right, remedy: fault.remedy.clone() };
                (vec![unknown], Term::Untold(fault.why))
            }
        };
        let mut rights: Vec<_> = told("account".to_owned(), account).collect();
        rights.push(("subscription".to_owned(), self.right_to_the_log().await));
        let stamps = self.live_stamps().map(|stamp| async move {
            let mut asked = vec![self.right_to_the_secret(&stamp)];
            match silent.contains(&stamp) {
                true => asked.push(RightView {
                    what: "use the cluster".to_owned(),
                    right: Right::Unknown("its cluster does not answer".to_owned()),
                    remedy: String::new(),
                }),
                false => asked.extend(self.ports.clusters.rights(&stamp).await),
            }
            (stamp.to_string(), asked)
        });
        for (stamp, asked) in join_all(stamps).await {
            rights.extend(told(stamp, asked));
        }
        (rights, term)
    }

    /// Nothing waits for it before an answer is lost: then a person has to tell what the log would.
    async fn right_to_the_log(&self) -> RightView {
        let what = "read the activity log, which tells whether a regeneration arrived whose answer was lost";
        let asked = self.ports.logs.traces(&[], self.ports.clock.now()).await;
        let (right, remedy) = match asked {
            Ok(_) => (Right::Allowed, String::new()),
            Err(fault) if fault.kind == Blindness::Forbidden => (Right::Unneeded, fault.remedy),
            Err(fault) => (Right::Unknown(fault.to_string()), fault.remedy),
        };
        RightView { what: what.to_owned(), right, remedy }
    }
}
