//! Branches and commits, and what their trees claim.

use std::collections::{BTreeMap, BTreeSet};

use super::claims::Judged;
use super::{Observer, live};
use crate::model::{
    Blindness, BranchName, BranchView, CommitId, LiveBy, ReleaseView, Slot, SlotUse, TreeClaim,
};
use crate::ports::Fault;

/// A file that would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub path: String,
    pub before: Vec<u8>,
    pub after: Vec<u8>,
}

impl Observer {
    pub(super) async fn code(&self) -> Result<ReleaseView, Fault> {
        let heads = self.ports.code.fetch().await?;
        let base = &self.targets.base_branch;
        let Some(base_head) = heads.get(base) else {
            return Err(self.targets.no_branch(base, &heads));
        };
        let Judged { mut claim, errors } = self.judged(base_head, true).await?;
        if claim.problems.is_empty() {
            claim.problems = errors.unwrap_or_default();
        }
        let base = BranchView::of(base.clone(), base_head.clone(), claim);
        let (release, live_by) = match live::live(&self.ports, &self.targets, &heads).await? {
            Some((branch, head, live_by)) => (Some(self.branch(branch, head).await?), live_by),
            None => (None, LiveBy::Named),
        };
        let mut proposals = BTreeMap::new();
        for (branch, head) in heads {
            if branch.as_str().starts_with("fix/keyslot-") {
                let view = match self.branch(branch.clone(), head.clone()).await {
                    // It may be of before the code was moved there, or of anybody: that is told of this branch alone.
                    Err(fault) if fault.kind == Blindness::Missing => {
                        let problems = vec![fault.why];
                        let claim = TreeClaim::unknown(problems);
                        BranchView::of(branch.clone(), head, claim)
                    }
                    view => view?,
                };
                let (is_flip, brings) = match view.claim.reads {
                    SlotUse::Only(slot) => (
                        self.is_flip(&view.head, slot).await?,
                        self.brings(&view.head, slot, [Some(&base), release.as_ref()]).await?,
                    ),
                    SlotUse::Mixed | SlotUse::None | SlotUse::Unknown => (false, BTreeMap::new()),
                };
                proposals.insert(branch, BranchView { is_flip, brings, ..view });
            }
        }
        let arrived = self.arrived(release.as_ref()).await?;
        Ok(ReleaseView { base, release, live_by, arrived, proposals })
    }

    /// Which of the pushes that nobody knows the end of came to the live release, whatever was made of it since.
    async fn arrived(&self, release: Option<&BranchView>) -> Result<BTreeSet<CommitId>, Fault> {
        let mut arrived = BTreeSet::new();
        let Some(release) = release else { return Ok(arrived) };
        for commit in &self.targets.promoted {
            match self.ports.code.contains(&release.head, commit).await {
                Ok(true) => drop(arrived.insert(commit.clone())),
                // Whoever does not have it with all branches fetched asks for one that no branch has.
                Ok(false) => {}
                Err(fault) if fault.kind == Blindness::Missing => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(arrived)
    }

    async fn branch(&self, branch: BranchName, head: CommitId) -> Result<BranchView, Fault> {
        let claim = self.claim(&head).await?;
        Ok(BranchView::of(branch, head, claim))
    }

    /// The files of a commit that change when its tree moves to a slot: path, before, after.
    ///
    /// # Errors
    /// In words: the tree cannot be read, or why it cannot be changed.
    pub async fn would_change(&self, commit: &CommitId, to: Slot) -> Result<Vec<Change>, Vec<String>> {
        let sources = self.targets.sources.at(self.ports.code.as_ref(), commit).await;
        let sources = sources.map_err(|fault| vec![fault.to_string()])?;
        let changed = sources.flip(self.targets.access, to);
        let changed =
            changed.map_err(|refusals| refusals.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let before = |path: &str| sources.content(path).map(<[u8]>::to_vec);
        Ok(changed
            .into_iter()
            .map(|(path, after)| Change { before: before(&path).unwrap_or_default(), path, after })
            .collect())
    }

    /// What a commit's tree claims.
    ///
    /// # Errors
    /// The commit's tree cannot be read.
    pub async fn claim(&self, commit: &CommitId) -> Result<TreeClaim, Fault> {
        Ok(self.judged(commit, false).await?.claim)
    }

    async fn judged(&self, commit: &CommitId, with_errors: bool) -> Result<Judged, Fault> {
        if let Some(known) = self.claims.known(commit).filter(|known| !with_errors || known.errors.is_some())
        {
            return Ok(known);
        }
        let sources = self.targets.sources.at(self.ports.code.as_ref(), commit).await?;
        let judged = Judged {
            claim: sources.claim(self.targets.access),
            errors: with_errors.then(|| sources.errors()),
        };
        self.claims.keep(commit, judged.clone());
        Ok(judged)
    }
}
