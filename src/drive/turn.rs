//! One turn: on and on until it has to wait, a person must act, or it is done.

use jiff::{SignedDuration, Timestamp};

use super::again::Looked;
use super::lease::Standing;
use super::{DriveError, Driver, Notice};
use crate::model::EvidenceKey;
use crate::rotation::{
    Decision, Event, Gate, Leg, Phase, Reach, Reason, Relied, Step, Subject, Verdict, Why, decide,
    forewarnings,
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

/// Nothing is closed on what was seen before that: nobody looks afterwards.
const LAST_LOOK: SignedDuration = SignedDuration::from_secs(10);

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
