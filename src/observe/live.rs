//! Which release branch is live: by the tags of the live stamps, cross-checked with the last run that wrote them.
//!
//! A pattern of names only proposes, though a single branch fits it: the newest branch may be one that is being prepared,
//! and the live one may be called otherwise. A name in the configuration counts unless tags say otherwise, a person's
//! word always.

use std::collections::{BTreeMap, BTreeSet};

use super::{ReleaseRule, Targets};
use crate::model::{Blind, BranchName, CommitId, LiveBy, RunView, StageEffect};
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
    let (branch, live_by) = match targets.release {
        ReleaseRule::BaseItself | ReleaseRule::Said(_) => (newest.clone(), LiveBy::Named),
        ReleaseRule::Branch(_) => (newest.clone(), named(tags(ports, targets).await, newest)),
        ReleaseRule::Like { .. } => match tags(ports, targets).await {
            Ok(tags) => {
                let known: BTreeSet<&BranchName> = candidates.iter().chain(&tags).collect();
                match last_writer(ports, &known).await {
                    Ok(run) => judge(&tags, run.as_ref(), &candidates, newest),
                    // Nobody knows what they would say: the tags alone are no cross-check.
                    Err(blind) => (judge(&tags, None, &candidates, newest).0, LiveBy::RunsUnseen(blind)),
                }
            }
            Err(blind) => (newest.clone(), LiveBy::TagsUnseen(blind)),
        },
    };
    let head = heads.get(&branch).cloned();
    Ok(head.map(|head| (branch, head, live_by)))
}

/// The branches that live stamps are tagged with. Where nobody is to be asked, none: the runs are left.
async fn tags(ports: &Ports, targets: &Targets) -> Result<Vec<BranchName>, Blind> {
    if !targets.inventory {
        return Ok(Vec::new());
    }
    let what = "the tags of the live stamps cannot be read";
    let seen = ports.inventory.look().await.map_err(|fault| unseen(fault, what))?;
    Ok(seen.branches.into_iter().map(BranchName::new).collect())
}

/// What the live stamps are tagged with, where that is known and is not this branch.
pub(super) async fn tagged_otherwise(
    ports: &Ports,
    targets: &Targets,
    branch: &BranchName,
) -> Vec<BranchName> {
    match named(tags(ports, targets).await, branch) {
        LiveBy::Contradiction { tags, .. } => tags,
        _ => Vec::new(),
    }
}

fn unseen(fault: Fault, what: &str) -> Blind {
    let Blind { kind, why } = fault.blind();
    Blind { kind, why: format!("{what} ({why}); `--release` does without them") }
}

/// A branch that the configuration names, as the tags see it.
fn named(tags: Result<Vec<BranchName>, Blind>, branch: &BranchName) -> LiveBy {
    match tags {
        Ok(tags) if tags.is_empty() || tags.contains(branch) => LiveBy::Named,
        Ok(tags) => LiveBy::Contradiction { tags, run: None },
        Err(blind) => LiveBy::TagsUnseen(blind),
    }
}

/// That of the known branches whose run wrote the vaults last; `None` where no run did.
async fn last_writer(ports: &Ports, known: &BTreeSet<&BranchName>) -> Result<Option<BranchName>, Blind> {
    let wrote =
        |run: &&RunView| run.effect_done(StageEffect::WritesVaults).unwrap_or_else(|| run.state.succeeded());
    let what = "which branch last wrote the vaults cannot be read from the runs";
    let runs = ports.pipeline.runs().await.map_err(|fault| unseen(fault, what))?;
    let last = runs.iter().filter(|run| known.contains(&run.branch)).find(wrote);
    Ok(last.map(|run| run.branch.clone()))
}

/// Tags and runs outrank the pattern: what they name and it does not fit is a contradiction.
fn judge(
    tags: &[BranchName],
    run: Option<&BranchName>,
    candidates: &[BranchName],
    newest: &BranchName,
) -> (BranchName, LiveBy) {
    let known = |branch: &&BranchName| candidates.contains(branch);
    let (branch, live_by) = match (tags, run) {
        ([], None) => (Some(newest), LiveBy::Name { among: candidates.len() }),
        ([], Some(run)) => (Some(run), LiveBy::Runs),
        ([one], None) => (Some(one), LiveBy::Tags),
        ([one], Some(run)) if one == run => (Some(one), LiveBy::Tags),
        // Two live units: the younger one is the release, the other one is what traffic may go back to.
        (several, Some(run)) if several.contains(run) => (Some(run), LiveBy::Tags),
        _ => (None, LiveBy::Named),
    };
    match branch.filter(known) {
        Some(branch) => (branch.clone(), live_by),
        None => {
            let live_by = LiveBy::Contradiction { tags: tags.to_vec(), run: run.cloned() };
            (tags.iter().rev().find(known).unwrap_or(newest).clone(), live_by)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(tags: &[&str], run: Option<&str>) -> (String, LiveBy) {
        let tags: Vec<BranchName> = tags.iter().map(|tag| BranchName::new(*tag)).collect();
        let run = run.map(BranchName::new);
        let candidates = ["r/7", "r/8", "r/9"].map(BranchName::new);
        let (branch, by) = judge(&tags, run.as_ref(), &candidates, &candidates[2]);
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

    #[test]
    fn a_tag_that_the_pattern_does_not_fit_is_told_though_one_branch_alone_fits() {
        let other = |tag: &str| LiveBy::Contradiction { tags: vec![BranchName::new(tag)], run: None };
        assert_eq!(judged(&["s/1"], None), ("r/9".to_owned(), other("s/1")));
        let (branch, by) = judged(&["r/7", "s/1"], Some("s/1"));
        assert!(branch == "r/7" && matches!(by, LiveBy::Contradiction { .. }), "{branch} {by:?}");
        assert_eq!(judged(&["r/7", "s/1"], Some("r/7")), ("r/7".to_owned(), LiveBy::Tags));
    }

    #[test]
    fn a_name_in_the_configuration_counts_until_a_tag_says_otherwise() {
        let (branch, tags) =
            (BranchName::new("r/7"), |tags: &[&str]| Ok(tags.iter().copied().map(BranchName::new).collect()));
        assert_eq!(named(tags(&[]), &branch), LiveBy::Named);
        assert_eq!(named(tags(&["r/6", "r/7"]), &branch), LiveBy::Named);
        assert!(matches!(named(tags(&["r/8"]), &branch), LiveBy::Contradiction { .. }));
        let blind = Blind { kind: crate::model::Blindness::Unreachable, why: String::new() };
        assert_eq!(named(Err(blind.clone()), &branch), LiveBy::TagsUnseen(blind));
    }
}
