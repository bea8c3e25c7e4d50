//! Whether a commit on a branch of keyslot's name is the change of slot and nothing else, by its content: whoever made
//! it, it is what keyslot would have made. And what the branch would bring to others as they are now: where one of them was
//! moved back meanwhile, that is more than the commit.

use std::collections::BTreeMap;

use super::Observer;
use crate::model::{Blindness, BranchName, BranchView, Brings, CommitId, Slot, SlotUse};
use crate::ports::{Fault, Picked};

impl Observer {
    /// Whether the commit moves its parent's consumers to the slot, and changes nothing else.
    pub(super) async fn is_flip(&self, commit: &CommitId, to: Slot) -> Result<bool, Fault> {
        let line = self.ports.code.line(commit, 2).await?;
        let [_, parent] = line.as_slice() else { return Ok(false) };
        self.is_flip_since(parent, commit, to).await
    }

    /// What the head would bring to each of these branches.
    pub(super) async fn brings(
        &self,
        head: &CommitId,
        to: Slot,
        branches: [Option<&BranchView>; 2],
    ) -> Result<BTreeMap<BranchName, Brings>, Fault> {
        let mut brings = BTreeMap::new();
        for view in branches.into_iter().flatten() {
            let since = self.ports.code.parted(&view.head, head).await?;
            let flip_alone = match &since {
                Some(since) => self.is_flip_since(since, head, to).await?,
                None => false,
            };
            let both_went_on = since.as_ref().is_some_and(|since| *since != view.head && since != head);
            let merged_reads = match both_went_on && !view.claim.reads.is(to) {
                true => self.merged_reads(&view.head, head).await?,
                false => None,
            };
            brings.insert(view.branch.clone(), Brings { since, flip_alone, merged_reads });
        }
        Ok(brings)
    }

    /// What a branch would read with the other one merged into it.
    async fn merged_reads(&self, into: &CommitId, head: &CommitId) -> Result<Option<SlotUse>, Fault> {
        if let Some(known) = self.claims.known_merge(into, head) {
            return Ok(known);
        }
        let made = match self.ports.code.joined(into, head).await? {
            Picked::Commit(made) => Some(made),
            Picked::AlreadyThere => Some(into.clone()),
            Picked::Conflict(_) => None,
        };
        let reads = match &made {
            Some(made) => match self.claim(made).await {
                // The Terraform root is gone from it.
                Err(fault) if fault.kind == Blindness::Missing => Some(SlotUse::Unknown),
                claim => Some(claim?.reads),
            },
            None => None,
        };
        self.claims.keep_merge(into, head, reads);
        Ok(reads)
    }

    async fn is_flip_since(&self, before: &CommitId, commit: &CommitId, to: Slot) -> Result<bool, Fault> {
        if let Some(known) = self.claims.known_flip(before, commit) {
            return Ok(known);
        }
        let flips = self.flips(before, commit, to).await?;
        self.claims.keep_flip(before, commit, flips);
        Ok(flips)
    }

    async fn flips(&self, parent: &CommitId, commit: &CommitId, to: Slot) -> Result<bool, Fault> {
        let (code, sources) = (self.ports.code.as_ref(), &self.targets.sources);
        if parent == commit {
            return Ok(false);
        }
        let before = match sources.at(code, parent).await {
            // Without the Terraform root there, it is more than a change of slot.
            Err(fault) if fault.kind == Blindness::Missing => return Ok(false),
            before => before?,
        };
        let after = sources.at(code, commit).await?;
        let Ok(edits) = before.flip(self.targets.access, to) else { return Ok(false) };
        let changed = code.changed(parent, commit).await?;
        let as_flipped = |(path, bytes): &(String, Vec<u8>)| {
            changed.contains(path) && after.content(path) == Some(bytes.as_slice())
        };
        Ok(edits.len() == changed.len() && edits.iter().all(as_flipped))
    }
}
