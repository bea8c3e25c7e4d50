//! Looking without acting: for `status` and `explain`.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::foresee::ROUNDS;
use super::{DriveError, Driver};
use crate::model::{EvidenceKey, PullEnds, PullView, Seen};
use crate::rotation::{Event, Reason, Report, Verdict, beside, pulls_sent};

/// What waits for nothing but a look.
fn missing(verdict: Verdict) -> Vec<Reason> {
    let Verdict::Wait { mut reasons, .. } = verdict else { return Vec::new() };
    reasons.retain(Reason::opens_by_looking);
    reasons
}

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
            let now = self.ports.clock.now();
            let Ok(decision) = self.decision(now) else { break };
            // A restart that was begun ahead is told of too.
            let ahead = beside(&self.decider(), &self.fold, &self.world, now, &decision);
            let verdicts = [Some(decision.verdict), ahead.map(|ahead| ahead.verdict)];
            let missing: Vec<Reason> = verdicts.into_iter().flatten().flat_map(missing).collect();
            if missing.is_empty() {
                break;
            }
            self.look_behind(&missing).await;
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
