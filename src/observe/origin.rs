//! What brought the base branch to the slot that it reads: the newest commit of its own line whose tree reads that slot
//! while the one before reads another, and the pull request that brought it.

use super::Observer;
use crate::model::{CommitId, OriginView, SlotUse, World};
use crate::ports::{Bringing, Fault};

/// So far back is looked. A change that is about to be carried on has arrived lately.
const FAR_BACK: usize = 200;

/// So many later commits may belong to one rebase.
const REBASED: usize = 20;

impl Observer {
    pub(super) async fn origin(&self, world: &World) -> Result<OriginView, Fault> {
        let base = &self.targets.base_branch;
        let head = match world.code.as_ref().and_then(|seen| seen.get()) {
            Some(code) => code.base.head.clone(),
            None => {
                let heads = self.ports.code.fetch().await?;
                heads.get(base).cloned().ok_or_else(|| self.targets.no_branch(base, &heads))?
            }
        };
        let line = self.ports.code.line(&head, FAR_BACK).await?;
        let place = self.arrival(&line).await?;
        let commit = place.and_then(|place| line.get(place)).cloned();
        // From the one that brought it upwards: the last commit of a rebase is the one that its pull request names.
        let since: Vec<CommitId> =
            line.iter().take(place.map_or(0, |place| place + 1)).rev().take(REBASED).cloned().collect();
        let Bringing { pull, reviews_wanted, unread } = self.ports.forge.brought_by(&since, base).await?;
        let pull = match (pull, &commit) {
            (Some(pull), Some(commit)) if self.brought(&pull, commit).await? => Some(pull),
            _ => None,
        };
        Ok(OriginView { head, commit, pull, reviews_wanted, unread })
    }

    /// Where in the line the slot arrived that its first commit reads.
    async fn arrival(&self, line: &[CommitId]) -> Result<Option<usize>, Fault> {
        let Some(head) = line.first() else { return Ok(None) };
        let reads = self.claim(head).await?.reads;
        if !matches!(reads, SlotUse::Only(_)) {
            return Ok(None);
        }
        for (place, earlier) in line.iter().skip(1).enumerate() {
            if self.claim(earlier).await?.reads != reads {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Whether the merge of that pull request brought the commit: as the one it names, or with others before that.
    async fn brought(&self, pull: &crate::model::PullView, commit: &CommitId) -> Result<bool, Fault> {
        let crate::model::PullState::Merged { commit: merged } = &pull.state else { return Ok(false) };
        Ok(merged == commit || self.ports.code.brought(merged, &pull.head).await?.contains(commit))
    }
}
