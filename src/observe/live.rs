//! Which release branch is live: by the tags of the live stamps, cross-checked with the last run that wrote them.
//!
//! A pattern of names only proposes, since the newest branch may be one that is being prepared. What says more is asked
//! for only where several branches have such a name.

use std::collections::{BTreeMap, BTreeSet};

use super::{ReleaseRule, Targets};
use crate::model::{BranchName, CommitId, LiveBy, RunView, StageEffect};
use crate::ports::{Fault, Ports};

/// The live release branch and from what that is known; `None` where base itself is deployed.
///
/// # Errors
/// There is no branch of that name.
pub(super) async fn live(
    ports: &Ports,
    targets: &Targets,
    heads: &BTreeMap<BranchName, CommitId>,
) -> Result<Option<(BranchName, CommitId, LiveBy)>, Fault> {
    let candidates = targets.release.candidates(heads);
    if targets.release == ReleaseRule::BaseItself {
        return Ok(None);
    }
    let Some(newest) = candidates.last() else { return Err(targets.no_release(heads)) };
    let (branch, live_by) = match candidates.as_slice() {
        [only] => (only.clone(), LiveBy::Named),
        several => {
            let tags = tags(ports, targets, several).await;
            let run = last_writer(ports, several).await;
            judge(&tags, run.as_ref(), newest, several.len())
        }
    };
    let head = heads.get(&branch).cloned();
    Ok(head.map(|head| (branch, head, live_by)))
}

/// The candidates that live stamps are tagged with. Where nobody can say, none: the runs are left.
async fn tags(ports: &Ports, targets: &Targets, candidates: &[BranchName]) -> Vec<BranchName> {
    if !targets.inventory {
        return Vec::new();
    }
    let seen = ports.inventory.look().await.map(|view| view.branches).unwrap_or_default();
    candidates.iter().filter(|branch| seen.contains(branch.as_str())).cloned().collect()
}

/// The candidate whose run wrote the vaults last.
async fn last_writer(ports: &Ports, candidates: &[BranchName]) -> Option<BranchName> {
    let known: BTreeSet<&BranchName> = candidates.iter().collect();
    let wrote =
        |run: &&RunView| run.effect_done(StageEffect::WritesVaults).unwrap_or_else(|| run.state.succeeded());
    let runs = ports.pipeline.runs().await.unwrap_or_default();
    runs.iter().filter(|run| known.contains(&run.branch)).find(wrote).map(|run| run.branch.clone())
}

fn judge(
    tags: &[BranchName],
    run: Option<&BranchName>,
    newest: &BranchName,
    among: usize,
) -> (BranchName, LiveBy) {
    match (tags, run) {
        ([], None) => (newest.clone(), LiveBy::Name { among }),
        ([], Some(run)) => (run.clone(), LiveBy::Runs),
        ([one], None) => (one.clone(), LiveBy::Tags),
        ([one], Some(run)) if one == run => (one.clone(), LiveBy::Tags),
        // Two live units: the younger one is the release, the other one is what traffic may go back to.
        (several, Some(run)) if several.contains(run) => (run.clone(), LiveBy::Tags),
        (several, run) => {
            let live_by = LiveBy::Contradiction { tags: several.to_vec(), run: run.cloned() };
            (several.last().unwrap_or(newest).clone(), live_by)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(tags: &[&str], run: Option<&str>) -> (String, LiveBy) {
        let tags: Vec<BranchName> = tags.iter().map(|tag| BranchName::new(*tag)).collect();
        let run = run.map(BranchName::new);
        let (branch, by) = judge(&tags, run.as_ref(), &BranchName::new("r/9"), 3);
        (branch.to_string(), by)
    }

    #[test]
    fn the_newest_name_alone_is_no_evidence() {
        assert_eq!(judged(&[], None), ("r/9".to_owned(), LiveBy::Name { among: 3 }));
    }

    #[test]
    fn the_tags_of_live_stamps_outrank_the_newest_name() {
        assert_eq!(judged(&["r/7"], None), ("r/7".to_owned(), LiveBy::Tags));
        assert_eq!(judged(&["r/7"], Some("r/7")), ("r/7".to_owned(), LiveBy::Tags));
        assert_eq!(judged(&[], Some("r/8")), ("r/8".to_owned(), LiveBy::Runs));
    }

    #[test]
    fn of_two_live_units_the_one_that_was_deployed_last_is_the_release() {
        assert_eq!(judged(&["r/7", "r/8"], Some("r/8")), ("r/8".to_owned(), LiveBy::Tags));
        assert_eq!(judged(&["r/7", "r/8"], Some("r/7")), ("r/7".to_owned(), LiveBy::Tags));
    }

    #[test]
    fn tags_and_runs_that_differ_are_told() {
        let (branch, by) = judged(&["r/7"], Some("r/8"));
        assert_eq!(branch, "r/7");
        let (tags, run) = (vec![BranchName::new("r/7")], Some(BranchName::new("r/8")));
        assert_eq!(by, LiveBy::Contradiction { tags, run });
        assert!(matches!(judged(&["r/7", "r/8"], None).1, LiveBy::Contradiction { run: None, .. }));
    }
}
