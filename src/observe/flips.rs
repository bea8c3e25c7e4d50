//! Whether a commit on a branch of keyslot's name is the change of slot and nothing else, by its content: whoever made
//! it, it is what keyslot would have made.

use super::Observer;
use crate::model::{Blindness, BranchName, BranchView, CommitId, Slot};
use crate::ports::Fault;

impl Observer {
    /// Whether the commit moves its parent's consumers to the slot, and changes nothing else.
    pub(super) async fn is_flip(&self, commit: &CommitId, to: Slot) -> Result<bool, Fault> {
        if let Some(known) = self.claims.known_flip(commit) {
            return Ok(known);
        }
        let flips = self.flips(commit, to).await?;
        self.claims.keep_flip(commit, flips);
        Ok(flips)
    }

    /// Of these branches, those that the flip's parent lies on.
    pub(super) async fn flips_onto(
        &self,
        commit: &CommitId,
        branches: [Option<&BranchView>; 2],
    ) -> Result<Vec<BranchName>, Fault> {
        let code = self.ports.code.as_ref();
        let line = code.line(commit, 2).await?;
        let [_, parent] = line.as_slice() else { return Ok(Vec::new()) };
        let mut onto = Vec::new();
        for view in branches.into_iter().flatten() {
            if code.contains(&view.head, parent).await? {
                onto.push(view.branch.clone());
            }
        }
        Ok(onto)
    }

    async fn flips(&self, commit: &CommitId, to: Slot) -> Result<bool, Fault> {
        let (code, sources) = (self.ports.code.as_ref(), &self.targets.sources);
        let line = code.line(commit, 2).await?;
        let [_, parent] = line.as_slice() else { return Ok(false) };
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
