//! Words about changes that people have not reviewed, or that are not what keyslot proposes.

use super::slot_use;
use crate::model::{BranchName, CommitId, Slot, SlotUse};
use crate::render::count::counted;
use crate::rotation::Subject;

/// That it was merged with a change that too few have approved.
pub(super) fn merged_unreviewed(
    subject: &Subject,
    head: &CommitId,
    (have, wanted): (usize, u32),
    stale: &[String],
    unread: &[String],
) -> String {
    let merged = format!("pull request {subject} was merged at {}", head.short());
    let asked = wants(wanted, unread);
    match (stale, have) {
        ([], 0) => format!("{merged} without {asked}"),
        ([], have) => format!("{merged} with {have} of {asked}"),
        (stale, 0) => {
            format!("{merged}, which nobody has approved: {} approved another change", stale.join(", "))
        }
        (stale, have) => {
            format!("{merged} with {have} of {asked}: {} approved another change", stale.join(", "))
        }
    }
}

/// What the base branch demands, as far as anybody can say.
fn wants(wanted: u32, unread: &[String]) -> String {
    match (wanted, unread) {
        (0, []) => "an approval".to_owned(),
        (0, unread) => {
            format!("an approval, which the base branch may want: keyslot may not read {}", unread.join(", "))
        }
        (wanted, _) => format!("the {} that the base branch wants", counted(wanted as usize, "approval")),
    }
}

pub(super) fn changed_by_other_hands(
    subject: &Subject,
    branch: &BranchName,
    wanted: u32,
    unread: &[String],
) -> String {
    match subject {
        Subject::Commit(commit) => format!(
            "{branch} reads the slot since {}, which no pull request brought: it was changed by other hands, without {}",
            commit.short(),
            wants(wanted, unread)
        ),
        _ => format!(
            "{branch} reads the slot, and keyslot finds no commit that brought it, and no pull request"
        ),
    }
}

pub(super) fn branch_of_others(subject: &Subject, head: &CommitId, reads: SlotUse, wanted: Slot) -> String {
    let head = head.short();
    match reads.is(wanted) {
        true => {
            format!("{subject} is there at {head}, and changes more than the slot: keyslot did not make it")
        }
        false => format!(
            "{subject} is there at {head} and reads {}, not the {wanted} key alone: keyslot did not make it",
            slot_use(reads)
        ),
    }
}
