//! Which time it is that a rotation is proposed.
//!
//! A rotation has its name by its content, so whoever closes it and begins again begins the same one, and finds what it
//! has made. What people have turned down is not that: a pull request that was closed, or merged without the change. Then
//! the branches of the next opening have another name, by a count that stands in the journal.

use std::collections::BTreeSet;

use super::Driver;
use crate::model::{EvidenceKey, PullEnds, PullState, PullView, SlotUse};
use crate::rotation::{Event, Leg, Opened};

impl Driver {
    /// The rotation as it is opened now.
    pub(super) async fn in_its_round(&mut self, opened: Opened) -> Opened {
        let records = self.journal.records().iter();
        let earlier = records.filter_map(|record| match &record.kind {
            Event::Opened(earlier) if earlier.rotation == opened.rotation => Some(earlier),
            _ => None,
        });
        // Nothing of an earlier opening is known: what stands there by another journal is found as it is.
        let Some(round) = earlier.clone().map(|earlier| earlier.round).max() else { return opened };
        let opening = earlier.map(|earlier| earlier.opening).max().unwrap_or_default().saturating_add(1);
        let last = Opened { round, opening, ..opened };
        match self.is_turned_down(&last).await {
            true => Opened { round: round.saturating_add(1), ..last },
            false => last,
        }
    }

    /// Whether one of its pull requests has ended without bringing the change. Where that cannot be seen, it goes on from
    /// what is there.
    async fn is_turned_down(&mut self, opened: &Opened) -> bool {
        let base = self.policy.base_branch.clone();
        let proposal = PullEnds { head: opened.proposal_branch(Leg::Out), base };
        self.look_now(&BTreeSet::from([EvidenceKey::Code])).await;
        let release = self.world.code.as_ref().and_then(|seen| seen.get()?.release.clone());
        let promotion = release.map(|release| PullEnds {
            head: opened.promotion_branch(Leg::Out, &release.branch),
            base: release.branch,
        });
        let ends: Vec<PullEnds> = [Some(proposal), promotion].into_iter().flatten().collect();
        self.look_now(&ends.iter().cloned().map(EvidenceKey::Pull).collect()).await;
        // After the pull requests, so that what they say is merged is there.
        self.look_now(&BTreeSet::from([EvidenceKey::Code])).await;
        let Some(code) = self.world.code.as_ref().and_then(|seen| seen.get()) else { return false };
        let reads = |ends: &PullEnds| match &code.release {
            Some(release) if release.branch == ends.base => release.claim.reads,
            _ => code.base.claim.reads,
        };
        ends.iter().any(|ends| {
            let pull = self.world.pulls.get(ends).and_then(|seen| seen.get()?.as_ref());
            pull.is_some_and(|pull| is_spent(pull, reads(ends), opened))
        })
    }
}

fn is_spent(pull: &PullView, reads: SlotUse, opened: &Opened) -> bool {
    match pull.state {
        PullState::Open => false,
        PullState::Closed => true,
        PullState::Merged { .. } => !reads.is(opened.to()),
    }
}
