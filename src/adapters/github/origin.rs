//! The pull request by which a commit came to a branch.
//!
//! A merged pull request names the commit that its merge made: the merge commit, the squashed one, or the last of those
//! that were rebased. Those that something happened to last are listed first, and some pages of them are enough: what is
//! looked for has arrived lately.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::GitHub;
use super::pull::Pull;
use crate::model::{BranchName, CommitId, PullState};
use crate::ports::{Bringing, Fault};

/// How many pages of pull requests are looked through, of a hundred each.
const PAGES: usize = 10;

impl GitHub {
    pub(super) async fn bringing(&self, commits: &[CommitId], base: &BranchName) -> Result<Bringing, Fault> {
        let what = format!("find the pull request that brought a commit to {base}");
        let query =
            [("base", base.as_str()), ("state", "closed"), ("sort", "updated"), ("direction", "desc")];
        let made = |pull: &Pull| match pull.state() {
            PullState::Merged { commit } if pull.base.branch == base.as_str() => {
                commits.iter().position(|one| *one == commit)
            }
            PullState::Merged { .. } | PullState::Open | PullState::Closed => None,
        };
        let pages = AtomicUsize::new(0);
        // A later commit's pull request is listed before the one that is looked for.
        let enough = |page: &[Pull]| {
            pages.fetch_add(1, Ordering::Relaxed) + 1 >= PAGES
                || page.iter().any(|pull| made(pull) == Some(0))
        };
        let path = self.path("pulls");
        let ended: Vec<Pull> =
            self.client.pages_until(&what, &self.subject(), &path, (&query, ""), enough).await?;
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
