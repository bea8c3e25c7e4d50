//! One turn: on and on until it has to wait, a person must act, or it is done.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::FutureExt as _;
use jiff::{SignedDuration, Timestamp};

use super::attention::Looks;
use super::lease::Standing;
use super::wait::is_of_stamp;
use super::{DriveError, Driver, Notice};
use crate::model::{Access, Blindness, EvidenceKey, StampName, World};
use crate::ports::Glance;
use crate::rotation::{
    Decision, Event, Gate, Leg, Opens, Phase, Reach, Reason, Relied, Step, Subject, Verdict, Why, decide,
    failed_news, forewarnings, later, unheard_news,
};

/// Why a turn came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnEnd {
    Waiting {
        phase: Phase,
        reasons: Vec<Reason>,
        until: Timestamp,
    },
    Halted {
        phase: Phase,
        reasons: Vec<Reason>,
    },
    Done,
    /// What this command was asked for is so; the rotation stays open.
    Enough,
}

/// Looking that shows nothing new so often in a row is a wait: evidence that is stale on arrival would
/// otherwise be looked at for ever.
const LOOKS_IN_A_ROW: usize = 64;

/// By how much the wall clock may fall behind the monotonic one between two decisions: it is slewed, not set.
const SET_BACK: Duration = Duration::from_secs(1);

/// Nothing is closed on what was seen before that: nobody looks afterwards.
const LAST_LOOK: SignedDuration = SignedDuration::from_secs(10);

/// How long a service may be away before a command that does not wait says so and ends.
const AWAY: Duration = Duration::from_secs(600);

/// How long the services may go on refusing somebody who was granted the right: role assignments take minutes.
const GRANTS: Duration = Duration::from_secs(600);

/// A service says that it will not show something, or that there is none: forges say the one for the other. What whoever
/// must know says is not there, no right brings; nor does any make up for what this machine was given to look with.
fn is_refusal(reason: &Reason) -> bool {
    match &reason.why {
        Why::Blind { blind, .. } if matches!(blind.kind, Blindness::Gone | Blindness::Misconfigured) => false,
        Why::Blind { blind, .. } if blind.kind == Blindness::Forbidden => true,
        Why::Blind { evidence, .. } => {
            *evidence != EvidenceKey::Account && reason.why.opens() == Opens::ByPerson
        }
        _ => false,
    }
}

/// Whether a service is away, or puts things off, for so long that it is no hiccup.
fn outlasts(reasons: &[Reason], blind: &mut Option<Timestamp>, now: Timestamp) -> bool {
    if reasons.iter().any(is_away) {
        return now >= later(*blind.get_or_insert(now), AWAY);
    }
    *blind = None;
    false
}

fn is_away(reason: &Reason) -> bool {
    matches!(reason.why, Why::Blind { .. } | Why::StepDeferred { .. })
}

/// What was looked at since something last came of it.
#[derive(Default)]
struct Looked {
    in_a_row: usize,
    /// Before acting or ending: however slow the looking was, no second time.
    just_in_time: BTreeSet<EvidenceKey>,
}

impl Driver {
    /// Goes on until there is nothing to do now.
    ///
    /// # Errors
    /// The journal, or no open rotation. A conflict with another writer is not an error: the turn starts anew.
    pub async fn turn(&mut self) -> Result<TurnEnd, DriveError> {
        let mut looked = Looked::default();
        loop {
            match self.once(&mut looked).await {
                Ok(Some(end)) => {
                    self.tell().await;
                    return Ok(end);
                }
                Ok(None) => {}
                Err(error) if error.is_conflict() => {
                    self.attention.overtaken();
                    self.say(&Notice::Overtaken);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Turns until done or halted, waiting in between.
    ///
    /// # Errors
    /// As [`Driver::turn`].
    pub async fn run(&mut self) -> Result<TurnEnd, DriveError> {
        let mut refused = None;
        let mut blind = None;
        loop {
            let now = self.ports.clock.now();
            let end = match self.turn().await {
                Err(error) if self.outlast(&error).await => continue,
                // The answer to its end was lost.
                Err(DriveError::NoneOpen) if self.has_ended_it() => {
                    // It runs out by itself, too.
                    let _ = self.release().await;
                    return Ok(TurnEnd::Done);
                }
                end => end?,
            };
            self.patience.rest();
            let (phase, reasons, until) = match end {
                // Who waits for nobody does not wait for long for a service that is away, either.
                TurnEnd::Waiting { phase, reasons, until }
                    if self.reach.waits_for_nobody() && outlasts(&reasons, &mut blind, now) =>
                {
                    self.release().await?;
                    return Ok(TurnEnd::Waiting { phase, reasons, until });
                }
                TurnEnd::Waiting { phase, reasons, until }
                    if self.reach.waits_in(phase) || self.only_waits_for_services(&reasons) =>
                {
                    refused = refused.filter(|_| reasons.iter().any(is_refusal));
                    (phase, reasons, until)
                }
                TurnEnd::Halted { phase, reasons }
                    if self.may_yet_be_granted(&reasons, &mut refused, now) =>
                {
                    (phase, reasons, later(now, self.policy.pace.people))
                }
                end => {
                    self.release().await?;
                    return Ok(end);
                }
            };
            let (world, policy) = (&self.world, &self.policy);
            let access = self.fold.rotation().map_or(Access::ReadWrite, |opened| opened.access);
            self.say(&Notice::Waiting { phase, reasons: &reasons, until, world, policy, access });
            self.wait(&reasons, until).await?;
        }
    }

    /// Whether the last end of a rotation is one that we have written, with everything done.
    fn has_ended_it(&self) -> bool {
        let mut records = self.journal.records().iter().rev();
        let last = records.find(|record| matches!(record.kind, Event::Closed { .. }));
        last.is_some_and(|record| {
            self.journal.wrote(record) && matches!(record.kind, Event::Closed { done: true, .. })
        })
    }

    /// Whether a promotion that leaves the waiting to others would end for nothing but services that are away.
    fn only_waits_for_services(&self, reasons: &[Reason]) -> bool {
        matches!(self.reach, Reach::Promote { merge: false, .. }) && reasons.iter().all(is_away)
    }

    /// Whether nothing but a refusal calls for a person, and it is so new that the right may have been granted already.
    fn may_yet_be_granted(
        &self,
        reasons: &[Reason],
        refused: &mut Option<Timestamp>,
        now: Timestamp,
    ) -> bool {
        let only = reasons.iter().all(|one| one.why.opens() != Opens::ByPerson || is_refusal(one));
        only && now < later(*refused.get_or_insert(now), GRANTS)
    }

    /// Stamps of the configuration that the journal does not know yet. It learns of them, because others may go on with a
    /// configuration that is older than they are.
    fn joined(&self) -> Option<Vec<StampName>> {
        let opened = self.fold.rotation()?;
        let known = |name: &StampName| opened.stamps.contains(name) || self.fold.joined.contains(name);
        let stamps = self.policy.stamps.iter().map(|facts| facts.name.clone());
        let new: Vec<StampName> = stamps.filter(|name| !known(name)).collect();
        (!new.is_empty()).then_some(new)
    }

    async fn once(&mut self, looked: &mut Looked) -> Result<Option<TurnEnd>, DriveError> {
        self.land(None).await?;
        self.journal.refresh().await?;
        self.refold()?;
        self.is_of_ours()?;
        if let Some(stamps) = self.joined() {
            self.append(Event::Joined { stamps }).await?;
            return Ok(None);
        }
        let now = self.ports.clock.now();
        self.forget_what_a_clock_set_back_makes_young(now);
        self.note_silent_nodes().await?;
        let decision = self.decision(now)?;
        let Decision { leg, phase, verdict, relied } = decision;
        if self.note_failed_rollouts(leg, &verdict).await? {
            return Ok(None);
        }
        if let Verdict::Wait { reasons, .. } = &verdict
            && reasons.iter().any(Reason::opens_by_looking)
        {
            // A wave's stamps land one by one, and each calls for a look.
            if looked.in_a_row < LOOKS_IN_A_ROW + 4 * self.policy.stamps.len() {
                self.look_on(reasons, looked).await?;
                return Ok(None);
            }
        } else {
            looked.in_a_row = 0;
        }
        match self.lease_for(&verdict).await? {
            Standing::Held => {}
            Standing::New => return Ok(None),
            Standing::Of { holder, until } => {
                self.land_all().await?;
                let reason =
                    Reason::new(Gate::LeaseHeld, Subject::Rotation, Why::LeaseOfOther { holder, until });
                return Ok(Some(TurnEnd::Waiting { phase, reasons: vec![reason], until }));
            }
        }
        let reached = self.fold.reached.iter().any(|(_, l, p)| (*l, *p) == (leg, phase));
        // Who passes over the preparation has prepared nothing.
        let unprepared = leg == Leg::Out
            && matches!(self.reach, Reach::Promote { .. } | Reach::Follow)
            && !self.fold.reached.iter().any(|(_, l, p)| *l == Leg::Out && *p >= Phase::Propose);
        if !reached && !unprepared && !matches!(verdict, Verdict::Done | Verdict::Enough) {
            let warns = self.is_first_beyond_preparing(leg, phase);
            self.append(Event::Reached { leg, phase }).await?;
            self.say(&Notice::Reached { leg, phase });
            if warns {
                let concerns = forewarnings(&self.decider(), &self.fold, &self.world, now);
                concerns.iter().for_each(|concern| self.say(&Notice::Forewarned { concern }));
            }
            return Ok(None);
        }
        match verdict {
            Verdict::Act { steps, held } => self.begin_steps(steps, &held, &relied, looked).await,
            Verdict::Record(event) => {
                self.append(*event).await?;
                Ok(None)
            }
            // Nothing ends while something is under way: what lands may tell otherwise.
            Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } if !self.flight.is_empty() => {
                self.attend(&reasons).await?;
                Ok(None)
            }
            Verdict::Enough | Verdict::Done if !self.flight.is_empty() => {
                self.land_all().await?;
                Ok(None)
            }
            Verdict::Wait { reasons, until } => Ok(Some(TurnEnd::Waiting { phase, reasons, until })),
            Verdict::Halt { reasons } => Ok(Some(TurnEnd::Halted { phase, reasons })),
            Verdict::Enough => Ok(Some(TurnEnd::Enough)),
            Verdict::Done => {
                let since = now.checked_sub(LAST_LOOK).unwrap_or(now);
                if self.look_just_in_time(relied.seen_before(since), looked).await {
                    return Ok(None);
                }
                self.append(Event::Closed { done: true, reason: "done".to_owned() }).await?;
                Ok(Some(TurnEnd::Done))
            }
        }
    }

    /// Writes down which pods were seen on nodes that do not answer: whoever looks later may find them deleted.
    async fn note_silent_nodes(&mut self) -> Result<(), DriveError> {
        if self.fold.rotation().is_none() || self.fold.confirmed.is_some() {
            return Ok(());
        }
        for event in unheard_news(&self.fold, &self.world) {
            self.append(event).await?;
        }
        Ok(())
    }

    /// Writes down which rollouts of ours have failed: whoever looks later may find them taken back.
    async fn note_failed_rollouts(&mut self, leg: Leg, verdict: &Verdict) -> Result<bool, DriveError> {
        let reasons: &[Reason] = match verdict {
            Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => reasons,
            Verdict::Act { held, .. } => held,
            Verdict::Record(_) | Verdict::Done | Verdict::Enough => &[],
        };
        let news = failed_news(&self.fold, leg, &self.world, reasons);
        let any = !news.is_empty();
        for event in news {
            self.append(event).await?;
        }
        Ok(any)
    }

    /// Whether what comes now is the first that has effects, of somebody who restarts.
    fn is_first_beyond_preparing(&self, leg: Leg, phase: Phase) -> bool {
        let begun = self.fold.reached.iter().any(|(_, l, p)| *l == Leg::Out && *p >= Phase::Propose);
        let restarts = matches!(self.reach, Reach::Whole | Reach::Restart { .. });
        leg == Leg::Out && phase >= Phase::Propose && !begun && restarts
    }

    /// Looks at what is missing or stale. Before the restarts nothing can be decided until all of it is seen, so it is
    /// waited for together; else each stamp is decided on as soon as it is seen.
    async fn look_on(&mut self, reasons: &[Reason], looked: &mut Looked) -> Result<(), DriveError> {
        let begun: BTreeSet<&StampName> = self.fold.restarts.keys().map(|(_, stamp, _)| stamp).collect();
        let before = |reason: &Reason| reason.subject.stamp().is_none_or(|stamp| !begun.contains(stamp));
        let looks = |reason: &Reason| reason.opens_by_looking() && before(reason);
        let together = self.flight.is_empty() && reasons.iter().all(looks);
        if self.look_behind(reasons).await || self.flight.is_empty() {
            looked.in_a_row += 1;
        }
        match (together, self.flight.is_empty()) {
            (true, _) => self.land_all().await,
            (false, true) => Ok(()),
            (false, false) => self.attend(reasons).await,
        }
    }

    /// Acts on what need not be looked at again before. What cannot be taken back waits until nothing is under way.
    async fn begin_steps(
        &mut self,
        mut steps: Vec<Step>,
        held: &[Reason],
        relied: &Relied,
        looked: &mut Looked,
    ) -> Result<Option<TurnEnd>, DriveError> {
        let now = self.ports.clock.now();
        let restarts = steps.iter().all(|step| matches!(step, Step::Restart { .. }));
        if !restarts && !self.flight.is_empty() {
            self.land_all().await?;
            return Ok(None);
        }
        if restarts && self.look_at_the_unsettled().await? {
            return Ok(None);
        }
        if steps.iter().any(Step::is_dangerous) {
            let mut worn = relied.worn(now);
            let again = if restarts {
                self.look_at_worn_stamps(worn, looked).await
            } else {
                let glanced = |key: &&EvidenceKey| matches!(key, EvidenceKey::Cluster(stamp) if self.glanced.contains(stamp));
                worn.extend(relied.keys().filter(glanced).cloned());
                self.look_just_in_time(worn, looked).await
            };
            if again {
                return Ok(None);
            }
        }
        steps.retain(|step| !self.flight.holds(step));
        if steps.is_empty() {
            self.attend(held).await?;
            return Ok(None);
        }
        self.act(steps, relied).await?;
        looked.just_in_time.clear();
        if restarts {
            self.look_at_the_longest_unseen();
        }
        Ok(None)
    }

    /// What watches have told meanwhile of stamps that were well is seen before another one is restarted. Whether it is yet to
    /// be seen: then something else has landed at least.
    async fn look_at_the_unsettled(&mut self) -> Result<bool, DriveError> {
        if let Some(changed) = self.ports.clusters.changed().now_or_never() {
            self.attention.hear(changed);
        }
        let glances = self.attention.unsettled().map(|stamp| (stamp.clone(), Glance::Workloads)).collect();
        self.begin(Looks { glances, ..Looks::default() });
        if !self.attention.has_unsettled() || self.flight.is_empty() {
            return Ok(false);
        }
        let landed = self.flight.next().await;
        self.land(Some(landed)).await?;
        Ok(true)
    }

    /// Restarts rest on few stamps, and of most of the others watches tell when they turn. Of those that nobody watches, one
    /// is looked at with each step, the longest unseen: so all of them come round, at a price that grows with the fleet.
    fn look_at_the_longest_unseen(&mut self) {
        let (now, max) = (self.ports.clock.now(), self.policy.ages.ordinary);
        let unwatched = self.world.clusters.iter().filter(|(stamp, _)| !self.ports.clusters.follows(stamp));
        let longest = unwatched.min_by_key(|(_, seen)| seen.workloads_at());
        let worn = longest.filter(|(_, seen)| later(seen.workloads_at(), max) < now);
        let glances = worn.map(|(stamp, _)| (stamp.clone(), Glance::Workloads)).into_iter().collect();
        self.begin(Looks { glances, ..Looks::default() });
    }

    /// Evidence is dated by the wall clock. Where that was set back, old evidence looks young: then nothing that was
    /// seen counts any more.
    fn forget_what_a_clock_set_back_makes_young(&mut self, now: Timestamp) {
        let monotonic = self.ports.clock.monotonic();
        let Some((wall_before, monotonic_before)) = self.clocks.replace((now, monotonic)) else { return };
        let passed = monotonic.saturating_sub(monotonic_before);
        if later(now, SET_BACK) < later(wall_before, passed) {
            self.world = World::default();
            self.digests.renew_all();
            // A look that is under way bears the time of before.
            self.flight.void_all();
        }
    }

    /// Looks once more before a step that cannot be taken back (at what has lost half of its time, so that it is decided
    /// on what is so now, and its permit lasts long enough), and before the end. Whether there was something to see.
    async fn look_just_in_time(&mut self, worn: BTreeSet<EvidenceKey>, looked: &mut Looked) -> bool {
        let worn: BTreeSet<EvidenceKey> = worn.difference(&looked.just_in_time).cloned().collect();
        if worn.is_empty() {
            looked.just_in_time.clear();
            return false;
        }
        self.look_now(&worn).await;
        looked.just_in_time.extend(worn);
        true
    }

    /// The same before restarts: only the stamps whose evidence is worn wait for a new look.
    async fn look_at_worn_stamps(&mut self, worn: BTreeSet<EvidenceKey>, looked: &mut Looked) -> bool {
        let worn: BTreeSet<EvidenceKey> = worn.difference(&looked.just_in_time).cloned().collect();
        let shared = !worn.iter().all(is_of_stamp);
        looked.just_in_time.extend(worn.iter().cloned());
        self.look(Looks { whole: worn, ..Looks::default() }).await;
        shared
    }

    /// Who only waits needs no lease: it is taken when there is something to do, or when a gate asks for it.
    async fn lease_for(&mut self, verdict: &Verdict) -> Result<Standing, DriveError> {
        let wanted = match verdict {
            Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => {
                reasons.iter().any(|reason| reason.gate == Gate::LeaseHeld)
            }
            Verdict::Act { .. } | Verdict::Record(_) | Verdict::Done => true,
            Verdict::Enough => false,
        };
        if wanted { self.hold_lease().await } else { Ok(Standing::Held) }
    }

    pub(super) fn decision(&self, now: Timestamp) -> Result<Decision, DriveError> {
        decide(&self.decider(), &self.fold, &self.world, now).ok_or(DriveError::NoneOpen)
    }

    /// Tells the watcher that nothing more will come but why it ended.
    pub fn over(&self, end: &TurnEnd) {
        let reasons: &[Reason] = match end {
            TurnEnd::Waiting { reasons, .. } | TurnEnd::Halted { reasons, .. } => reasons,
            TurnEnd::Done | TurnEnd::Enough => &[],
        };
        self.say(&Notice::Over { reasons });
    }

    pub(super) fn say(&self, notice: &Notice<'_>) {
        notice.trace();
        self.watcher.notice(self.ports.clock.now(), notice);
    }
}
