//! Looking without acting: for `status` and `explain`.

use jiff::Timestamp;

use super::foresee::ROUNDS;
use super::{DriveError, Driver};
use crate::rotation::{Event, Reason, Report, Verdict};

impl Driver {
    /// Looks at everything and judges, without acting and without writing.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn report(&mut self) -> Result<Report, DriveError> {
        self.journal.refresh().await?;
        self.refold()?;
        self.look_at_everything().await?;
        for _ in 0..ROUNDS {
            let Ok(decision) = self.decision(self.ports.clock.now()) else { break };
            let Verdict::Wait { reasons, .. } = &decision.verdict else { break };
            if !reasons.iter().any(Reason::opens_by_looking) {
                break;
            }
            self.look_behind(reasons).await;
            self.land_all().await?;
        }
        Ok(self.report_as_seen())
    }

    /// The same from what has been seen already.
    pub fn report_as_seen(&self) -> Report {
        let now = self.ports.clock.now();
        Report::of(&self.decider(), &self.fold, &self.world, now)
    }

    /// Everything that was ever recorded, for the audit.
    pub fn events(&self) -> impl Iterator<Item = (u64, Timestamp, &Event)> {
        self.journal.records().iter().map(|record| (record.seq.0, record.at, &record.kind))
    }
}
