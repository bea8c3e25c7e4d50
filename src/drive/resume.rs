//! Going on with the open rotation by somebody's word.

use std::collections::BTreeSet;

use super::words::TRIES;
use super::{DriveError, Driver};
use crate::model::{Blindness, BranchName, EvidenceKey, OperationState};
use crate::rotation::{Event, Outcome, Phase, Produced, Reach, Step, StepRecord, operation};

impl Driver {
    /// Goes on with the open rotation by a person's word: what was refused may be tried again, and so may a regeneration
    /// whose operation has failed.
    ///
    /// # Errors
    /// No rotation is open, or it is of another account; the journal.
    pub async fn resume(&mut self, by: &str) -> Result<(), DriveError> {
        self.resume_as(by, true).await
    }

    /// The same by a job's word, which has looked at nothing: a regeneration that has failed stays for a person.
    ///
    /// # Errors
    /// As [`Driver::resume`].
    pub async fn resume_as_job(&mut self, by: &str) -> Result<(), DriveError> {
        self.resume_as(by, false).await
    }

    /// Behind whatever a process at work writes meanwhile.
    async fn resume_as(&mut self, by: &str, person: bool) -> Result<(), DriveError> {
        let mut tries = TRIES;
        loop {
            match self.resume_once(by, person).await {
                Err(error) if error.is_conflict() && tries > 1 => tries -= 1,
                end => return end,
            }
        }
    }

    async fn resume_once(&mut self, by: &str, person: bool) -> Result<(), DriveError> {
        self.journal.refresh().await?;
        self.refold()?;
        if self.fold.rotation().is_none() {
            self.tell_the_end().await;
            return Err(DriveError::NoneOpen);
        }
        self.is_of_ours()?;
        if person && operation(&self.fold).is_some() && self.fold.confirmed.is_none() {
            self.look_now(&BTreeSet::from([EvidenceKey::Operation])).await;
        }
        // Only a failure that is there to be seen may be asked about: one that comes later, nobody has looked at.
        let state = self.world.operation.as_ref().and_then(|seen| seen.get());
        let asked = person && matches!(self.reach, Reach::Whole | Reach::Regenerate);
        let failed = asked && matches!(state, Some(OperationState::Failed(_)));
        // While the vaults are waited for, a run that was taken may have come to nothing: a person may want another.
        let deploys = self.fold.reached.last().is_some_and(|(_, _, phase)| *phase == Phase::Deploy);
        let asks = |record: &StepRecord| match &record.outcome {
            Some((_, Outcome::Applied { .. })) if matches!(record.intent.step, Step::Deploy { .. }) => {
                person && deploys && !record.resumed
            }
            Some((_, Outcome::Refused { .. })) => !record.resumed,
            Some((_, Outcome::Applied { produced: Produced::Operation(_) })) => {
                failed && !record.resumed && self.fold.confirmed.is_none()
            }
            None | Some((_, Outcome::Applied { .. } | Outcome::NotSent { .. } | Outcome::Unknown { .. })) => {
                false
            }
        };
        if !self.fold.steps.values().any(asks) {
            return Ok(());
        }
        self.append(Event::Resumed { by: by.to_owned(), failed }).await
    }

    /// Records which release branch is live, by a person's word; with the branches that the live stamps are tagged with, where
    /// this one is not among them.
    ///
    /// # Errors
    /// No rotation is open; the remote has no such branch, or cannot be asked; the journal. Nothing is recorded then.
    pub async fn name_release(
        &mut self,
        branch: &BranchName,
        by: &str,
    ) -> Result<Vec<BranchName>, DriveError> {
        if self.fold.rotation().is_none() {
            return Err(DriveError::NoneOpen);
        }
        let tagged = self.observer.named(branch).await.map_err(|fault| match fault.kind {
            Blindness::Gone => DriveError::NoSuchRelease { branch: branch.to_string(), why: fault.why },
            _ => DriveError::ReleaseUnseen(fault.to_string()),
        })?;
        if self.fold.release.as_ref() != Some(branch) {
            self.append(Event::ReleaseNamed { branch: branch.clone(), by: by.to_owned() }).await?;
        }
        Ok(tagged)
    }
}
