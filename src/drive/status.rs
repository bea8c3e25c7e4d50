//! Looking without acting: for `status` and `explain`.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{DriveError, Driver};
use crate::model::EvidenceKey;
use crate::rotation::{Event, Opens, Report, Verdict};

impl Driver {
    /// Looks at everything and judges, without acting and without writing.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn report(&mut self) -> Result<Report, DriveError> {
        self.journal.refresh().await?;
        self.refold()?;
        let everything: BTreeSet<EvidenceKey> = self.observer.everything();
        self.observer.look(&everything, &mut self.world).await;
        for _ in 0..8 {
            let Ok(decision) = self.decision(self.ports.clock.now()) else { break };
            let Verdict::Wait { reasons, .. } = &decision.verdict else { break };
            if !reasons.iter().any(|reason| reason.why.opens() == Opens::ByLooking) {
                break;
            }
            self.look_behind(reasons).await;
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
