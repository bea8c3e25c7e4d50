//! Turn after turn, with the waits between them, until it is done, a person must act, or nobody is to be waited for.

use std::time::Duration;

use jiff::Timestamp;

use super::{DriveError, Driver, Notice, TurnEnd};
use crate::model::{Access, Blindness, EvidenceKey};
use crate::rotation::{Event, Opens, Reach, Reason, Why, later};

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

impl Driver {
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
                Err(DriveError::NoneOpen) if self.has_ended_it() => TurnEnd::Done,
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
                    let given_back = self.release().await;
                    // What is done is done; the lease runs out by itself.
                    if !matches!(end, TurnEnd::Done) {
                        given_back?;
                    }
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
}
