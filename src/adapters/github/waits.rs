//! What holds an open pull request, in typed reasons.
//!
//! No single answer of GitHub says it (`mergeable_state` “blocked” gives no reason), so the reasons that can be seen
//! come first, and the forge's verdict stands in only where none was found. A look beforehand is advice; the merge
//! itself is the authority.

use super::checks::Check;
use super::demands::Demands;
use super::graphql::Asked;
use super::pull::{Pull, Review};
use crate::model::{PullApproval, PullWait};

/// Everything that was seen of it.
pub(super) struct Sight<'a> {
    pub(super) pull: &'a Pull,
    pub(super) owner: &'a str,
    pub(super) reviews: &'a [Review],
    pub(super) approvals: &'a [PullApproval],
    pub(super) demands: &'a Demands,
    pub(super) checks: &'a [Check],
    /// `None` where nothing had to be asked, or the token may not.
    pub(super) asked: Option<&'a Asked>,
}

pub(super) fn of(sight: &Sight<'_>) -> Vec<PullWait> {
    let Sight { pull, demands, checks, asked, .. } = sight;
    let state = pull.mergeable_state.as_deref().unwrap_or("unknown");
    let mut waits = Vec::new();
    if pull.draft || state == "draft" {
        waits.push(PullWait::Draft);
    }
    if pull.mergeable == Some(false) || state == "dirty" {
        waits.push(PullWait::Conflict);
    }
    if state == "behind" {
        waits.push(PullWait::Behind);
    }
    waits.extend(sight.reviews());
    waits.extend(checks.iter().filter_map(check));
    if let (true, Some(open @ 1..)) = (demands.conversations, asked.map(|asked| asked.open_conversations)) {
        waits.push(PullWait::Conversations { open });
    }
    let queued = asked.filter(|_| demands.queue).map(|asked| asked.queued);
    // What holds it besides does not keep the queue from merging it.
    if queued == Some(true) {
        waits.push(PullWait::Queue { queued: true });
    }
    let stale = sight.stale();
    if waits.is_empty() {
        // Where the last push wants an approval, that is what blocks it.
        let explained = demands.last_push && stale.is_some() && state == "blocked";
        waits.extend((!explained).then(|| verdict(pull.mergeable, state, queued.is_some(), demands)));
    }
    stale.into_iter().chain(waits).collect()
}

impl Sight<'_> {
    fn reviews(&self) -> Vec<PullWait> {
        let Sight { pull, owner, demands, asked, .. } = self;
        let against = self.reviews.iter().filter(|review| review.state == "CHANGES_REQUESTED");
        let mut waits: Vec<PullWait> =
            against.map(|review| PullWait::ChangesRequested { by: review.by.clone() }).collect();
        let teams = pull.requested_teams().into_iter().map(|team| format!("{owner}/{team}"));
        let from: Vec<String> = pull.requested().into_iter().chain(teams).collect();
        let (have, want) = (u32::try_from(self.approvals.len()).unwrap_or(u32::MAX), demands.reviews);
        let owners = demands.code_owners && asked.is_some_and(|asked| !asked.approved);
        if have < want {
            waits.push(PullWait::Reviews { have, want, from });
        } else if owners && waits.is_empty() {
            waits.push(PullWait::CodeOwners { from });
        }
        waits
    }

    /// Those who approved another change, taken back by GitHub or not, where too few have approved this one.
    fn stale(&self) -> Option<PullWait> {
        let fresh = self.approvals.iter().filter(|approval| approval.same_change).count();
        let kept = self.approvals.iter().filter(|approval| !approval.same_change).map(|one| &one.by);
        let head = &self.pull.head.sha;
        let taken = self.reviews.iter().filter(|one| one.state == "DISMISSED" && one.head != *head);
        let mut by: Vec<String> = kept.chain(taken.map(|review| &review.by)).cloned().collect();
        by.sort();
        let enough = fresh >= self.demands.reviews.max(1) as usize;
        (!enough && !by.is_empty()).then_some(PullWait::StaleApprovals { by })
    }
}

fn check(check: &Check) -> Option<PullWait> {
    let (name, url) = (check.name.clone(), check.url.clone());
    match (check.passed, check.started) {
        (Some(true), _) => None,
        (Some(false), _) => Some(PullWait::CheckFailed { name, url }),
        (None, true) => Some(PullWait::CheckRunning { name, url }),
        (None, false) => Some(PullWait::CheckNotStarted { name }),
    }
}

/// The forge's own word, where nothing that can be seen holds the pull request. The values are those of GraphQL's
/// MergeStateStatus in lower case.
fn verdict(mergeable: Option<bool>, state: &str, queue: bool, demands: &Demands) -> PullWait {
    match (mergeable, state, queue) {
        // This very read has started the computation.
        (None, _, _) | (_, "unknown", _) => PullWait::NotComputed,
        // What waits for the queue alone counts as blocked.
        (Some(_), "clean" | "unstable" | "has_hooks" | "blocked", true) => PullWait::Queue { queued: false },
        (Some(_), "clean" | "unstable" | "has_hooks", false) => PullWait::Mergeable,
        // “blocked”, and whatever GitHub may come up with.
        (Some(_), _, _) => PullWait::Blocked {
            rules: demands.others.iter().cloned().collect(),
            unread: demands.unread.clone(),
        },
    }
}

#[cfg(test)]
mod tests;
