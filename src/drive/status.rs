//! Looking without acting: for `status` and `explain`.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::foresee::ROUNDS;
use super::{DriveError, Driver};
use crate::model::{EvidenceKey, PullEnds, PullView, Seen};
use crate::rotation::{Event, Reason, Report, Verdict, pulls_sent};

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

    /// Looks at the pull requests that the open rotation may have, as they are now.
    pub async fn look_at_pulls(&mut self) -> BTreeMap<PullEnds, Seen<Option<PullView>>> {
        let ends = pulls_sent(&self.fold, &self.policy.base_branch);
        let keys = ends.iter().cloned().map(EvidenceKey::Pull).collect();
        self.look_now(&keys).await;
        let seen = ends.into_iter().filter_map(|ends| {
            let seen = self.world.pulls.get(&ends)?.clone();
            Some((ends, seen))
        });
        seen.collect()
    }

    /// Everything that was ever recorded, for the audit.
    pub fn events(&self) -> impl Iterator<Item = (u64, Timestamp, &Event)> {
        self.journal.records().iter().map(|record| (record.seq.0, record.at, &record.kind))
    }
}
