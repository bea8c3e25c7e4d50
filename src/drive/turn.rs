//! One turn: on and on until it has to wait, a person must act, or it is done.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::Either;
use jiff::{SignedDuration, Timestamp};

use super::attention::Looks;
use super::lease::Standing;
use super::{DriveError, Driver, Notice};
use crate::model::{Blindness, EvidenceKey, SecretVersion, StampName, World};
use crate::rotation::{
    Decision, Event, Gate, Opens, Phase, Reason, Step, Subject, Verdict, Why, decide, later,
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

/// A wait lets some time pass, whatever the moment that it waits for.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// How long the services may go on refusing somebody who was granted the right: role assignments take minutes.
const GRANTS: Duration = Duration::from_secs(600);

fn mounts_something_newer(world: &World, stamp: &StampName) -> bool {
    let vault = world.vaults.get(stamp).and_then(|seen| seen.get());
    let cluster = world.clusters.get(stamp).and_then(|seen| seen.get());
    let (Some(vault), Some(cluster)) = (vault, cluster) else { return false };
    let other = |mounted: &SecretVersion| *mounted != vault.version;
    cluster.pods.iter().any(|pod| pod.created > vault.created && pod.mounted.as_ref().is_some_and(other))
}

fn is_refusal(reason: &Reason) -> bool {
    matches!(&reason.why, Why::Blind { blind, .. } if blind.kind == Blindness::Forbidden)
}

/// What was looked at since something last came of it.
#[derive(Default)]
struct Looked {
    in_a_row: usize,
    /// Before acting: however slow the looking was, no second time.
    just_in_time: bool,
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
        loop {
            let now = self.ports.clock.now();
            let (phase, reasons, until) = match self.turn().await? {
                TurnEnd::Waiting { phase, reasons, until } if self.reach.waits_in(phase) => {
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
            self.say(&Notice::Waiting { phase, reasons: &reasons, until, world, policy });
            self.wait(&reasons, until).await;
        }
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

    /// Sleeps until then, or until something happens in a cluster that a reason waits for; afterwards the evidence
    /// behind those reasons is looked at again. Where watches follow, what they tell comes before the time.
    async fn wait(&mut self, reasons: &[Reason], until: Timestamp) {
        let clock = Arc::clone(&self.ports.clock);
        let clusters = Arc::clone(&self.ports.clusters);
        let now = clock.now();
        let pace = self.policy.pace;
        let due = self.attention.until(reasons, clusters.as_ref(), &self.world, now, &pace);
        // What opens this very moment, to the instant, may need the next one to be seen open.
        let until = due.unwrap_or(until).max(later(now, SHORTEST_WAIT));
        let mut heard = self.attention.heard(reasons);
        while heard.is_empty() && clock.now() < until {
            let sleep = clock.sleep_until(until);
            let changed = clusters.changed();
            futures::pin_mut!(sleep, changed);
            match futures::future::select(changed, sleep).await {
                Either::Left((changed, _)) => self.attention.hear(changed),
                Either::Right(_) => break,
            }
            heard = self.attention.heard(reasons);
        }
        let looks = if heard.is_empty() {
            let at = (now, clock.now());
            self.attention.due_at(reasons, clusters.as_ref(), &self.world, at, &pace)
        } else {
            Looks { glances: heard, ..Looks::default() }
        };
        self.look(&looks).await;
    }

    async fn look(&mut self, looks: &Looks) {
        let at = self.ports.clock.now();
        self.attention.looked(looks, at);
        self.observer.look(&looks.whole, &mut self.world).await;
        self.observer.glance(&looks.glances, &mut self.world).await;
        // What new pods mount that the vault was not seen to hold was written since: a glance is as old as its base, so
        // the order of the two looks does not tell.
        let glanced = looks.glances.keys().filter(|stamp| mounts_something_newer(&self.world, stamp));
        let vaults = glanced.cloned().map(EvidenceKey::Vault).collect();
        self.observer.look(&vaults, &mut self.world).await;
    }

    async fn once(&mut self, looked: &mut Looked) -> Result<Option<TurnEnd>, DriveError> {
        self.journal.refresh().await?;
        self.refold()?;
        let now = self.ports.clock.now();
        self.forget_what_a_clock_set_back_makes_young(now);
        let decision = self.decision(now)?;
        let Decision { leg, phase, verdict, relied } = decision;
        if let Verdict::Wait { reasons, .. } = &verdict
            && reasons.iter().any(|reason| reason.why.opens() == Opens::ByLooking)
        {
            looked.in_a_row += 1;
            if looked.in_a_row < LOOKS_IN_A_ROW {
                self.look_behind(reasons).await;
                return Ok(None);
            }
        } else {
            looked.in_a_row = 0;
        }
        match self.lease_for(&verdict).await? {
            Standing::Held => {}
            Standing::New => return Ok(None),
            Standing::Of { holder, until } => {
                let reason =
                    Reason::new(Gate::LeaseHeld, Subject::Rotation, Why::LeaseOfOther { holder, until });
                return Ok(Some(TurnEnd::Waiting { phase, reasons: vec![reason], until }));
            }
        }
        let reached = self.fold.reached.iter().any(|(_, l, p)| (*l, *p) == (leg, phase));
        if !reached && !matches!(verdict, Verdict::Done | Verdict::Enough) {
            self.append(Event::Reached { leg, phase }).await?;
            self.say(&Notice::Reached { leg, phase });
            return Ok(None);
        }
        match verdict {
            Verdict::Act { steps, .. } => {
                let dangerous = steps.iter().any(Step::is_dangerous);
                if dangerous && self.look_just_in_time(relied.worn(now), looked).await {
                    return Ok(None);
                }
                self.act(steps, &relied).await?;
                Ok(None)
            }
            Verdict::Record(event) => {
                self.append(event).await?;
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

    /// Evidence is dated by the wall clock. Where that was set back, old evidence looks young: then nothing that was
    /// seen counts any more.
    fn forget_what_a_clock_set_back_makes_young(&mut self, now: Timestamp) {
        let monotonic = self.ports.clock.monotonic();
        let Some((wall_before, monotonic_before)) = self.clocks.replace((now, monotonic)) else { return };
        let passed = monotonic.saturating_sub(monotonic_before);
        if later(now, SET_BACK) < later(wall_before, passed) {
            self.world = World::default();
        }
    }

    /// Looks once more before a step that cannot be taken back (at what has lost half of its time, so that it is decided
    /// on what is so now, and its permit lasts long enough), and before the end. Whether there was something to see.
    async fn look_just_in_time(&mut self, worn: BTreeSet<EvidenceKey>, looked: &mut Looked) -> bool {
        if looked.just_in_time || worn.is_empty() {
            looked.just_in_time = false;
            return false;
        }
        looked.just_in_time = true;
        self.observer.look(&worn, &mut self.world).await;
        true
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

    /// Looks at what the reasons say is missing or stale.
    pub(super) async fn look_behind(&mut self, reasons: &[Reason]) {
        let keys: BTreeSet<EvidenceKey> = reasons
            .iter()
            .filter_map(|reason| match &reason.why {
                Why::NotSeen(key) | Why::TooOld { evidence: key, .. } => Some(key.clone()),
                Why::ProofOfAnotherKey { slot } => Some(EvidenceKey::Proof(*slot)),
                _ => None,
            })
            .collect();
        let looks = self.attention.split(keys);
        self.look(&looks).await;
    }

    /// Tells the watcher that nothing more will come.
    pub fn over(&self) {
        self.say(&Notice::Over);
    }

    pub(super) fn say(&self, notice: &Notice<'_>) {
        notice.trace();
        self.watcher.notice(self.ports.clock.now(), notice);
    }
}
