//! The journal, folded: what this rotation intended, did, and was told.
//!
//! One function lists the legal moves; everything else is an error that names the record. Folding never looks
//! at the world: that an intent has no outcome is a fact here, what it means is decided from evidence.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    Acceptance, Approval, Ended, Event, Intent, Leg, Opened, Outcome, Pair, Phase, Produced, Proven, Step,
    UnheardPod,
};
use crate::model::{BranchName, StampName, StepKey, WorkloadName};

/// What is known of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRecord {
    pub intent: Intent,
    pub intended_at: Timestamp,
    /// Of the last attempt; absent after a crash in between.
    pub outcome: Option<(Timestamp, Outcome)>,
    /// When this step was first intended, in any attempt.
    pub first_intended_at: Timestamp,
    /// Whether any attempt is known to have been applied.
    pub applied: bool,
    /// How many attempts the service has put off, one after the other.
    pub put_off: u32,
    /// Since which intent no attempt has had an answer, and how many those are.
    pub unanswered: Option<(Timestamp, u32)>,
    /// Whether somebody has asked to go on since this outcome. By the journal's order: a clock may give both the
    /// same moment.
    pub resumed: bool,
}

impl StepRecord {
    /// What was said instead of an answer to the last attempt, where something was.
    pub fn said(&self) -> Option<&str> {
        match &self.outcome {
            Some((_, Outcome::Unknown { why })) => Some(why.as_str()),
            _ => None,
        }
    }
}

/// Since when, by whom and why.
pub type Pause = (Timestamp, String, String);

/// A journal's sum.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Fold {
    pub opened: Option<(Timestamp, Opened)>,
    pub steps: BTreeMap<StepKey, StepRecord>,
    pub reached: Vec<(Timestamp, Leg, Phase)>,
    pub approvals: Vec<(Timestamp, Approval)>,
    pub acceptances: Vec<Acceptance>,
    /// The probes that found the new key accepted everywhere.
    pub proven: Option<Proven>,
    pub confirmed: Option<Timestamp>,
    /// The restarts of each workload that were sent, or may have been.
    pub restarts: BTreeMap<(Leg, StampName, WorkloadName), Restarts>,
    /// The rollouts of ours that were seen to have failed, by their marks.
    pub failed: BTreeSet<(Leg, StampName, WorkloadName, String)>,
    /// Stamps that were configured later than the opening.
    pub joined: BTreeSet<StampName>,
    /// By stamp and node, the pods that were seen on nodes that did not answer, and of which nothing better was seen since.
    pub unheard: BTreeMap<(StampName, String), BTreeSet<UnheardPod>>,
    /// Since when, by whom and why it is paused; one of each person.
    pub paused: Vec<Pause>,
    /// The live release branch, where a person has named it.
    pub release: Option<BranchName>,
    pub lease: Option<(String, Timestamp)>,
    pub closed: Option<(Timestamp, bool, String)>,
}

/// The restarts of one workload: the generations that each mark has made. The same mark written twice makes no second
/// one, unless somebody took it away in between.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Restarts(BTreeMap<String, BTreeSet<i64>>);

impl Restarts {
    /// How many rollouts they have caused, or may have.
    pub fn count(&self) -> usize {
        self.0.values().map(|generations| generations.len().max(1)).sum()
    }

    /// The last generation that the mark has made, where that is known.
    pub fn generation(&self, mark: &str) -> Option<i64> {
        self.0.get(mark)?.last().copied()
    }

    /// Whether nobody knows what became of the mark.
    pub fn is_open(&self, mark: &str) -> bool {
        self.0.get(mark).is_some_and(BTreeSet::is_empty)
    }

    /// Whether the mark was sent, or may have been.
    pub fn has(&self, mark: &str) -> bool {
        self.0.contains_key(mark)
    }

    fn note(&mut self, mark: &str, attempt: u32, outcome: &Outcome) {
        match outcome {
            Outcome::Applied { produced: Produced::Generation(generation) } => {
                self.0.entry(mark.to_owned()).or_default().insert(*generation);
            }
            Outcome::Applied { .. } | Outcome::Unknown { .. } => {
                self.0.entry(mark.to_owned()).or_default();
            }
            // Known not to have happened; of a later attempt only that this one did not.
            Outcome::NotSent { .. } | Outcome::Refused { .. } => {
                if attempt == 1 && self.is_open(mark) {
                    self.0.remove(mark);
                }
            }
        }
    }
}

/// A record that cannot follow those before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {seq} of the journal cannot stand where it stands: {why}")]
pub struct IllegalRecord {
    pub seq: u64,
    pub why: String,
}

impl Fold {
    /// Folds a whole journal, oldest record first.
    ///
    /// # Errors
    /// The first record that is no legal move.
    pub fn of<'a>(
        records: impl IntoIterator<Item = (u64, Timestamp, &'a Event)>,
    ) -> Result<Fold, IllegalRecord> {
        let mut fold = Fold::default();
        for (seq, at, event) in records {
            fold.apply(at, event).map_err(|why| IllegalRecord { seq, why })?;
        }
        Ok(fold)
    }

    /// Adds one event.
    ///
    /// # Errors
    /// In words, why it is no legal move.
    pub fn apply(&mut self, at: Timestamp, event: &Event) -> Result<(), String> {
        match event {
            Event::Lease { holder, until } => self.lease = Some((holder.clone(), *until)),
            Event::Released { holder } => {
                if self.lease.as_ref().is_some_and(|(held_by, _)| held_by == holder) {
                    self.lease = None;
                }
            }
            Event::Opened(opened) => {
                if self.is_open() {
                    return Err("a rotation is opened while another is open".to_owned());
                }
                let lease = self.lease.take();
                // What a person said of the first of two holds for the second: nobody has let it go on, and the release
                // branch that was named is still the live one.
                let is_second = opened.pair == Pair::Second;
                let paused = if is_second { std::mem::take(&mut self.paused) } else { Vec::new() };
                let release = self.release.take().filter(|_| is_second);
                let joined = if is_second { std::mem::take(&mut self.joined) } else { BTreeSet::new() };
                // What ran on a node that does not answer may run on, unless the key that it may have is dead.
                let done = self.closed.as_ref().is_some_and(|(_, done, _)| *done);
                let unheard =
                    if is_second || !done { std::mem::take(&mut self.unheard) } else { BTreeMap::new() };
                let opened = Some((at, opened.clone()));
                *self = Fold { opened, lease, paused, release, joined, unheard, ..Fold::default() };
            }
            // The second of two is not begun, and not due any more.
            Event::Closed { done: false, .. } if self.second_is_due() => {
                if let Some((_, opened)) = &mut self.opened {
                    opened.pair = Pair::Alone;
                }
            }
            _ if !self.is_open() => return Err("no rotation is open".to_owned()),
            Event::Joined { stamps } => self.joined.extend(stamps.iter().cloned()),
            Event::Reached { leg, phase } => self.reached.push((at, *leg, *phase)),
            Event::Intended { intents } => {
                for intent in intents {
                    self.intend(at, intent)?;
                }
            }
            Event::Ended { ends } => {
                for end in ends {
                    self.end(at, end)?;
                }
            }
            Event::Approved(approval) => self.approvals.push((at, approval.clone())),
            Event::Accepted(acceptance) => self.acceptances.push(acceptance.clone()),
            Event::Withdrawn { gate, subject, .. } => {
                self.acceptances.retain(|one| one.gate != *gate || one.subject != *subject);
            }
            Event::Proven { fingerprint, accepted: true, probed } => {
                let probed = probed.unwrap_or(at);
                match &mut self.proven {
                    Some(known) if known.fingerprint == *fingerprint => known.add(probed),
                    other => *other = Some(Proven::new(fingerprint.clone(), probed)),
                }
            }
            Event::Proven { accepted: false, .. } => self.proven = None,
            Event::Resumed { failed, .. } => self.steps.values_mut().for_each(|record| {
                record.unanswered = None;
                record.resumed = match &record.outcome {
                    // What the service took goes on whoever asks: only a failure that was seen is asked about.
                    Some((_, Outcome::Applied { produced: Produced::Operation(_) })) => {
                        record.resumed || *failed
                    }
                    outcome => outcome.is_some(),
                };
            }),
            Event::Paused { by, because } => {
                self.paused.retain(|(_, person, _)| person != by);
                self.paused.push((at, by.clone(), because.clone()));
            }
            Event::Unpaused { .. } => self.paused.clear(),
            Event::ReleaseNamed { branch, .. } => self.release = Some(branch.clone()),
            Event::Unheard { stamp, node, pods } if pods.is_empty() => {
                self.unheard.remove(&(stamp.clone(), node.clone()));
            }
            Event::Unheard { stamp, node, pods } => {
                let known = self.unheard.entry((stamp.clone(), node.clone())).or_default();
                known.extend(pods.iter().cloned());
            }
            Event::RolloutFailed { leg, stamp, workload, restarted_at } => {
                self.failed.insert((*leg, stamp.clone(), workload.clone(), restarted_at.clone()));
            }
            Event::Confirmed => self.confirmed = Some(at),
            Event::Closed { done, reason } => self.closed = Some((at, *done, reason.clone())),
        }
        Ok(())
    }

    /// Whether the first of two is done, and nothing was begun since.
    pub fn second_is_due(&self) -> bool {
        let first = self.opened.as_ref().is_some_and(|(_, opened)| opened.pair == Pair::First);
        first && self.closed.as_ref().is_some_and(|(_, done, _)| *done)
    }

    pub fn is_open(&self) -> bool {
        self.opened.is_some() && self.closed.is_none()
    }

    /// The open rotation.
    pub fn rotation(&self) -> Option<&Opened> {
        self.opened.as_ref().filter(|_| self.is_open()).map(|(_, opened)| opened)
    }

    /// Whether the rollout that this mark began was seen to have failed.
    pub fn has_failed(&self, leg: Leg, stamp: &StampName, workload: &WorkloadName, mark: &str) -> bool {
        self.failed.contains(&(leg, stamp.clone(), workload.clone(), mark.to_owned()))
    }

    pub fn step(&self, key: &StepKey) -> Option<&StepRecord> {
        self.steps.get(key)
    }

    /// The number that the next attempt of a step gets.
    pub fn next_attempt(&self, key: &StepKey) -> u32 {
        self.steps.get(key).map_or(1, |record| record.intent.attempt.saturating_add(1))
    }

    fn intend(&mut self, at: Timestamp, intent: &Intent) -> Result<(), String> {
        if intent.attempt != self.next_attempt(&intent.key) {
            return Err(format!("attempt {} of {} is out of order", intent.attempt, intent.key));
        }
        let earlier = self.steps.get(&intent.key);
        let record = StepRecord {
            intent: intent.clone(),
            intended_at: at,
            outcome: None,
            first_intended_at: earlier.map_or(at, |record| record.first_intended_at),
            applied: earlier.is_some_and(|record| record.applied),
            put_off: earlier.map_or(0, |record| record.put_off),
            unanswered: earlier.and_then(|record| record.unanswered),
            resumed: false,
        };
        self.steps.insert(intent.key.clone(), record);
        if let Step::Restart { leg, stamp, workload, restarted_at, .. } = &intent.step {
            // It may be sent, and its end never be told.
            let of = (*leg, stamp.clone(), workload.clone());
            self.restarts.entry(of).or_default().0.entry(restarted_at.clone()).or_default();
        }
        Ok(())
    }

    fn end(&mut self, at: Timestamp, end: &Ended) -> Result<(), String> {
        let record =
            self.steps.get_mut(&end.key).ok_or_else(|| format!("{} ended but never began", end.key))?;
        if record.intent.attempt < end.attempt {
            return Err(format!("attempt {} of {} ended but never began", end.attempt, end.key));
        }
        record.applied |= matches!(end.outcome, Outcome::Applied { .. });
        if let Step::Restart { leg, stamp, workload, restarted_at, .. } = &record.intent.step {
            let of = (*leg, stamp.clone(), workload.clone());
            self.restarts.entry(of).or_default().note(restarted_at, end.attempt, &end.outcome);
        }
        if record.intent.attempt > end.attempt {
            // Whoever tried before was away for so long that another process tried again; it tells its end now.
            return Ok(());
        }
        record.put_off = match &end.outcome {
            Outcome::Refused { later: true, .. } => record.put_off.saturating_add(1),
            // It never came to ask.
            Outcome::NotSent { .. } => record.put_off,
            Outcome::Refused { later: false, .. } | Outcome::Applied { .. } | Outcome::Unknown { .. } => 0,
        };
        record.unanswered = match &end.outcome {
            Outcome::Unknown { .. } => {
                let (since, attempts) = record.unanswered.unwrap_or((record.intended_at, 0));
                Some((since, attempts.saturating_add(1)))
            }
            Outcome::NotSent { .. } => record.unanswered,
            Outcome::Refused { .. } | Outcome::Applied { .. } => None,
        };
        record.outcome = Some((at, end.outcome.clone()));
        record.resumed = false;
        Ok(())
    }
}
