//! How the base branch came to read the slot that it reads, where no proposal of keyslot's brought it there.

use super::{CommitId, PullView};

/// Which commit brought the change to the base branch, and by whose pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginView {
    /// The base branch's head, when this was looked at.
    pub head: CommitId,
    /// The commit of the base branch's own line with which it came to read the slot. Absent where that is further back than
    /// anybody looks, or it has never read another.
    pub commit: Option<CommitId>,
    /// The merged pull request that brought that commit.
    pub pull: Option<PullView>,
    /// How many approvals the base branch demands, as far as that can be read.
    pub reviews_wanted: u32,
    /// What of its demands could not be read.
    pub unread: Vec<String>,
}
