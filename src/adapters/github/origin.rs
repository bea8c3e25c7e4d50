//! The pull request by which a commit came to a branch.
//!
//! A merged pull request names the commit that its merge made: the merge commit, the squashed one, or the last of those
//! that were rebased. Those that ended last are listed first, and one page of them is enough: what is looked for has just
//! arrived.

use super::GitHub;
use super::pull::Pull;
use crate::model::{BranchName, CommitId, PullState};
use crate::ports::{Bringing, Fault};

impl GitHub {
    pub(super) async fn bringing(&self, commits: &[CommitId], base: &BranchName) -> Result<Bringing, Fault> {
        let what = format!("find the pull request that brought a commit to {base}");
        let query = [
            ("base", base.as_str()),
            ("state", "closed"),
            ("sort", "updated"),
            ("direction", "desc"),
            ("per_page", "100"),
        ];
        let ended: Vec<Pull> = self.client.read(&what, &self.subject(), &self.path("pulls"), &query).await?;
        let made = |pull: &Pull| match pull.state() {
            PullState::Merged { commit } if pull.base.branch == base.as_str() => {
                commits.iter().position(|one| *one == commit)
            }
            PullState::Merged { .. } | PullState::Open | PullState::Closed => None,
        };
        let nearest = ended.into_iter().filter_map(|pull| Some((made(&pull)?, pull)));
        let pull = match nearest.min_by_key(|(place, _)| *place) {
            Some((_, pull)) => Some(self.view(&pull).await?),
            None => None,
        };
        if let Some(pull) = pull {
            let (reviews_wanted, unread) = (pull.reviews_wanted, pull.unread.clone());
            return Ok(Bringing { pull: Some(pull), reviews_wanted, unread });
        }
        let demands = self.demands(base.as_str(), &what).await?;
        Ok(Bringing { pull: None, reviews_wanted: demands.reviews, unread: demands.unread })
    }
}
