//! What is written down because whoever looks later may not see it any more.

use super::{DriveError, Driver};
use crate::model::StampName;
use crate::rotation::{Leg, Phase, Reach, Reason, Verdict, failed_news, unheard_news};

impl Driver {
    /// Stamps of the configuration that the journal does not know yet. It learns of them, because others may go on with a
    /// configuration that is older than they are.
    pub(super) fn joined(&self) -> Option<Vec<StampName>> {
        let opened = self.fold.rotation()?;
        let known = |name: &StampName| opened.stamps.contains(name) || self.fold.joined.contains(name);
        let stamps = self.policy.stamps.iter().map(|facts| facts.name.clone());
        let new: Vec<StampName> = stamps.filter(|name| !known(name)).collect();
        (!new.is_empty()).then_some(new)
    }

    /// Writes down which pods were seen on nodes that do not answer: whoever looks later may find them deleted.
    pub(super) async fn note_silent_nodes(&mut self) -> Result<(), DriveError> {
        if self.fold.rotation().is_none() || self.fold.confirmed.is_some() {
            return Ok(());
        }
        for event in unheard_news(&self.fold, &self.world) {
            self.append(event).await?;
        }
        Ok(())
    }

    /// Writes down which rollouts of ours have failed: whoever looks later may find them taken back.
    pub(super) async fn note_failed_rollouts(
        &mut self,
        leg: Leg,
        verdict: &Verdict,
    ) -> Result<bool, DriveError> {
        let reasons: &[Reason] = match verdict {
            Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => reasons,
            Verdict::Act { held, .. } => held,
            Verdict::Record(_) | Verdict::Done | Verdict::Enough => &[],
        };
        let news = failed_news(&self.fold, leg, &self.world, reasons);
        let any = !news.is_empty();
        for event in news {
            self.append(event).await?;
        }
        Ok(any)
    }

    /// Whether what comes now is the first that has effects, of somebody who restarts.
    pub(super) fn is_first_beyond_preparing(&self, leg: Leg, phase: Phase) -> bool {
        let begun = self.fold.reached.iter().any(|(_, l, p)| *l == Leg::Out && *p >= Phase::Propose);
        let restarts = matches!(self.reach, Reach::Whole | Reach::Restart { .. });
        leg == Leg::Out && phase >= Phase::Propose && !begun && restarts
    }
}
