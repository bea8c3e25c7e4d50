//! Which release is live, and which release unit has the traffic.

use crate::model::{BranchName, LiveBy};
use crate::render::span;
use crate::rotation::{Reason, Subject, Why};

/// Why it does not happen yet.
pub(super) fn why(reason: &Reason) -> String {
    let subject = &reason.subject;
    match &reason.why {
        Why::RunOfOlderUnit { live, url } => format!(
            "traffic was moved by a later run of {live} ({url}): a run of {subject} would take its unit's place"
        ),
        Why::TrafficUnknown { branch, url, .. } => format!(
            "whether a later run of {branch} has moved traffic is not to be seen ({url}): a run of {subject} might take its \
             unit's place"
        ),
        Why::TrafficBeyond { since, url } => format!(
            "no run since {} has moved traffic, and older ones are not read ({url}): a run of {subject} might take the live \
             unit's place",
            span::rfc3339(*since)
        ),
        Why::UnitOfOlderCode { slot, wanted } => format!(
            "{subject} was built from code that names the {slot} key; it waits for a unit on the {wanted} key to take \
             its place"
        ),
        Why::ReleaseUnclear { live_by } => release_unclear(subject, live_by),
        in_other_rooms!(release) => String::new(),
    }
}

/// What opens it.
pub(super) fn remedy(reason: &Reason) -> String {
    let text = match &reason.why {
        Why::UnitOfOlderCode { .. } => "deploy the next release, and let the older unit go",
        Why::ReleaseUnclear { .. } => {
            "name the branch that is live: `keyslot promote --release BRANCH`, or `branch` under \
             [environment.NAME.release]; where the tag means something else, name another as `branch_tag`"
        }
        Why::RunOfOlderUnit { .. } => {
            "name the live release branch under [environment.NAME.release], and give the other unit the key by its own \
             route or let it go"
        }
        Why::TrafficUnknown { .. } => {
            "look which unit has the traffic; see that the run comes to its end and that its stages are declared, or accept \
             it by name"
        }
        Why::TrafficBeyond { .. } => {
            "look which unit has the traffic; where it is this branch's, accept that by name"
        }
        in_other_rooms!(release) => "",
    };
    text.to_owned()
}

fn release_unclear(subject: &Subject, live_by: &LiveBy) -> String {
    match live_by {
        LiveBy::Name { among } => format!(
            "that {subject} is the live release is known by its name alone ({} such a name), and the newest may be one \
             that is being prepared",
            if *among == 1 { "it alone has".to_owned() } else { format!("{among} branches have") }
        ),
        LiveBy::Contradiction { tags, run } => {
            let named = tags.iter().any(|tag| *subject == Subject::Branch(tag.clone()));
            let told: Vec<&str> = tags.iter().map(BranchName::as_str).collect();
            let told = told.join(", ");
            match run {
                Some(run) if tags.contains(run) => format!(
                    "the live stamps are tagged {told}, the last run that wrote them was of {run}, and `branch` in \
                     keyslot.toml does not fit {run}"
                ),
                Some(run) => {
                    format!(
                        "the live stamps are tagged {told}, and the last run that wrote them was of {run}"
                    )
                }
                None if named => {
                    format!(
                        "the live stamps are tagged {told}, and no run tells which of them is the release"
                    )
                }
                None => format!("the live stamps are tagged {told}, and not {subject}"),
            }
        }
        LiveBy::Named | LiveBy::Tags | LiveBy::Runs | LiveBy::TagsUnseen(_) | LiveBy::RunsUnseen(_) => {
            format!("{subject} is the live release")
        }
    }
}
