//! Writing down what is about to be done and what came of it, whatever the store does and whoever wants to stop.
//!
//! What was sent has an answer that no second look tells. So outcomes are owed until they are written: a process that is
//! asked to stop sends nothing more, and then waits for what it has sent ([`Driver::settle`]).

use super::{DriveError, Driver, Notice};
use crate::rotation::{Ended, Event, Intent, Opened, Outcome, Step};

/// Intents that are being written: whether they have arrived is not known yet, and nothing of them was sent.
#[derive(Clone)]
pub(super) struct Intending {
    /// By the name of the opening ([`Opened::approval_name`]) that they are of.
    of: String,
    /// How many records had been read before.
    before: usize,
    intents: Vec<Intent>,
}

/// Outcomes that are not in the journal yet.
#[derive(Clone)]
pub(super) struct Owed {
    of: String,
    before: usize,
    ends: Vec<Ended>,
}

impl Driver {
    /// Records what is about to be done. Where nobody answers and it arrived all the same, nothing of it was sent: that is
    /// known, and is recorded too.
    pub(super) async fn intend(&mut self, of: String, intents: Vec<Intent>) -> Result<(), DriveError> {
        let event = Event::Intended { intents: intents.clone() };
        let before = self.journal.records().len();
        self.intending = Some(Intending { of, before, intents });
        let Err(error) = self.append(event.clone()).await else {
            self.intending = None;
            return Ok(());
        };
        // Whether it arrived, only a store that answers tells.
        while !error.is_conflict() && !self.arrived(before, &event) && self.outlast(&error).await {
            if self.journal.refresh().await.is_ok() {
                self.refold()?;
                break;
            }
        }
        self.disown("whether the intent was recorded was not known in time").await?;
        Err(error)
    }

    /// What was intended and never begun is recorded as such, where the intent has arrived.
    async fn disown(&mut self, why: &str) -> Result<(), DriveError> {
        let Some(Intending { of, before, intents }) = self.intending.take() else { return Ok(()) };
        if !self.arrived(before, &Event::Intended { intents: intents.clone() }) {
            return Ok(());
        }
        let ended = |intent: Intent| Ended {
            key: intent.key,
            attempt: intent.attempt,
            outcome: Outcome::NotSent { why: why.to_owned() },
        };
        self.record_ends(of, intents.into_iter().map(ended).collect()).await
    }

    /// Effects have happened: their outcomes are written behind whatever others wrote meanwhile. Where others have
    /// ended the whole rotation since, or begun it anew, nobody asks any more.
    ///
    /// A store that is away is waited for: what a service has answered, no second look tells.
    pub(super) async fn record_ends(&mut self, of: String, ends: Vec<Ended>) -> Result<(), DriveError> {
        self.owed.push_back(Owed { of, before: self.journal.records().len(), ends });
        self.write_owed().await
    }

    async fn write_owed(&mut self) -> Result<(), DriveError> {
        let mut first = Ok(());
        // Whoever is stopped in the middle still owes it; one that cannot be written keeps no other back.
        while let Some(owed) = self.owed.front().cloned() {
            let written = self.write_ends(&owed).await;
            self.owed.pop_front();
            first = first.and(written);
        }
        first
    }

    async fn write_ends(&mut self, owed: &Owed) -> Result<(), DriveError> {
        let event = Event::Ended { ends: owed.ends.clone() };
        loop {
            let open = self.fold.rotation().map(Opened::approval_name);
            if open.as_ref() != Some(&owed.of) || self.arrived(owed.before, &event) {
                return Ok(());
            }
            match self.append(event.clone()).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_conflict() => self.attention.overtaken(),
                Err(error) if self.arrived(owed.before, &event) || self.outlast(&error).await => {
                    // It may be there by now.
                    if self.journal.refresh().await.is_ok() {
                        self.refold()?;
                    }
                }
                Err(error) => {
                    self.tell_unwritten(&owed.ends);
                    return Err(error);
                }
            }
        }
    }

    /// Whether a record of ours since then is this one: its answer was lost, and it arrived.
    fn arrived(&self, before: usize, event: &Event) -> bool {
        let since = self.journal.records().get(before..).unwrap_or_default();
        since.iter().any(|record| self.journal.wrote(record) && record.kind == *event)
    }

    fn tell_unwritten(&self, ends: &[Ended]) {
        for end in ends {
            if let Some(record) = self.fold.step(&end.key) {
                self.say(&Notice::Unwritten { step: &record.intent.step, outcome: &end.outcome });
            }
        }
    }

    /// The steps that were sent and of which no outcome is in the journal yet.
    pub fn unanswered(&self) -> Vec<&Step> {
        let step = |key| self.fold.step(key).map(|record| &record.intent.step);
        // What else is under way is not waited for.
        let sent = self.flight.sent().filter_map(step).filter(|step| step.is_dangerous());
        let owed = self.owed.iter().flat_map(|owed| &owed.ends).map(|end| &end.key);
        sent.chain(owed.filter_map(step)).collect()
    }

    /// After a turn that was dropped, for whoever stops: nothing more is sent, what was sent of dangerous steps is waited for as
    /// long as its call takes, and what came of it is written down. What was intended and not begun is recorded as not sent.
    ///
    /// # Errors
    /// The journal could not be written.
    pub async fn settle(&mut self) -> Result<(), DriveError> {
        self.recall.call();
        let mut first = self.write_owed().await;
        while self.flight.sent().next().is_some() {
            let landed = self.flight.next().await;
            first = first.and(self.land(Some(landed)).await);
        }
        // A record that was just being written: an intent, or a lease that is to be given back.
        if self.intending.is_some() || self.journal.is_unsettled() {
            self.journal.refresh().await?;
            self.refold()?;
            first = first.and(self.disown("keyslot was stopped before it was sent").await);
        }
        first
    }
}
