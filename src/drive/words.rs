//! The words of people: approval, acceptance and what takes one back, pause and what ends it.
//!
//! Each is written behind whatever a process at work writes meanwhile, as long as the rotation that it is said of is the
//! one that is open. Nothing is done by it: whoever is at work reads it before its next step.

use super::{DriveError, Driver};
use crate::model::Slot;
use crate::rotation::{Acceptance, Approval, Event, Gate, Opened, Pause};

/// How often a word is written anew behind what others wrote first. Each time they have come on by a record, so it is few.
pub(super) const TRIES: usize = 50;

impl Driver {
    /// Records a person's approval of the regeneration of the key that the rotation retires.
    ///
    /// # Errors
    /// No rotation is open, or it is of another account; the journal.
    pub async fn approve(&mut self, by: &str, digest: Option<String>) -> Result<(), DriveError> {
        self.approve_key(by, digest, None).await
    }

    /// The same of one slot's key.
    ///
    /// # Errors
    /// As [`Driver::approve`].
    pub async fn approve_key(
        &mut self,
        by: &str,
        digest: Option<String>,
        key: Option<Slot>,
    ) -> Result<(), DriveError> {
        let Some(opened) = self.fold.rotation() else { return Err(DriveError::NoneOpen) };
        let key = key.filter(|slot| *slot != opened.from);
        let approval = Approval { by: by.to_owned(), rotation: opened.rotation.clone(), digest, key };
        self.insist(Event::Approved(approval)).await
    }

    /// Records a person's acceptance of one gate for one subject.
    ///
    /// # Errors
    /// The gate is one that nobody may open; no rotation is open, or it is of another account; the journal.
    pub async fn accept(&mut self, acceptance: Acceptance) -> Result<(), DriveError> {
        if acceptance.gate.never_accepted() {
            return Err(DriveError::NeverAccepted(acceptance.gate.to_string()));
        }
        self.insist(Event::Accepted(acceptance)).await
    }

    /// Takes back whatever was accepted of one gate for one subject, and returns that. Where nothing was, nothing is written.
    ///
    /// # Errors
    /// No rotation is open, or it is of another account; the journal.
    pub async fn withdraw(
        &mut self,
        by: &str,
        gate: Gate,
        subject: &str,
    ) -> Result<Vec<Acceptance>, DriveError> {
        self.read_on().await?;
        let of_it = |one: &&Acceptance| one.gate == gate && one.subject == subject;
        let taken: Vec<Acceptance> = self.fold.acceptances.iter().filter(of_it).cloned().collect();
        let word = Event::Withdrawn { by: by.to_owned(), gate, subject: subject.to_owned() };
        self.write(word).await?;
        Ok(taken)
    }

    /// Records that a person wants it to stop before its next step.
    ///
    /// # Errors
    /// No rotation is open, or it is of another account; the journal.
    pub async fn pause(&mut self, by: &str, because: &str) -> Result<(), DriveError> {
        self.insist(Event::Paused { by: by.to_owned(), because: because.to_owned() }).await
    }

    /// Who has paused the open rotation.
    pub fn paused(&self) -> &[Pause] {
        &self.fold.paused
    }

    /// Records that a paused rotation may go on. The pauses that are ended by that.
    ///
    /// # Errors
    /// As [`Driver::pause`].
    pub async fn unpause(&mut self, by: &str) -> Result<Vec<Pause>, DriveError> {
        self.read_on().await?;
        let ended = self.fold.paused.clone();
        self.write(Event::Unpaused { by: by.to_owned() }).await?;
        Ok(ended)
    }

    async fn insist(&mut self, word: Event) -> Result<(), DriveError> {
        self.read_on().await?;
        self.write(word).await
    }

    async fn write(&mut self, word: Event) -> Result<(), DriveError> {
        let mut tries = TRIES;
        // Written already, perhaps just now without an answer.
        while !self.is_said(&word) {
            let of = self.fold.rotation().map(Opened::approval_name);
            let Err(error) = self.append(word.clone()).await else { return Ok(()) };
            self.is_still(of)?;
            tries -= 1;
            if tries == 0 || !(error.is_conflict() || self.is_said(&word)) {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Reads what others have written since.
    async fn read_on(&mut self) -> Result<(), DriveError> {
        let of = self.fold.rotation().map(Opened::approval_name);
        self.journal.refresh().await?;
        self.refold()?;
        self.is_of_ours()?;
        self.is_still(of)
    }

    /// What was begun anew meanwhile is another rotation: of that, nobody has said anything.
    fn is_still(&self, of: Option<String>) -> Result<(), DriveError> {
        let Some(open) = self.fold.rotation() else { return Err(DriveError::NoneOpen) };
        let (name, retiring) = (open.approval_name(), open.retires().to_string());
        match of {
            Some(of) if of == name => Ok(()),
            Some(_) => Err(DriveError::AnotherIsOpen { open: name, retiring, asked: Vec::new() }),
            None => Err(DriveError::NoneOpen),
        }
    }

    /// Whether it would change nothing.
    fn is_said(&self, word: &Event) -> bool {
        match word {
            Event::Approved(approval) => self.fold.approvals.iter().any(|(_, given)| given == approval),
            Event::Accepted(acceptance) => self.fold.acceptances.contains(acceptance),
            Event::Withdrawn { gate, subject, .. } => {
                !self.fold.acceptances.iter().any(|one| one.gate == *gate && one.subject == *subject)
            }
            Event::Paused { by, because } => {
                self.fold.paused.iter().any(|(_, person, why)| (person, why) == (by, because))
            }
            Event::Unpaused { .. } => self.fold.paused.is_empty(),
            _ => false,
        }
    }
}
