//! Code, branches and pull requests.

use super::reviews;
use crate::model::{PullWait, SlotUse};
use crate::render::count::counted;
use crate::render::{branch_rules, span};
use crate::rotation::{Gate, Reason, Subject, Why};

/// Why it does not happen yet.
pub(super) fn why(reason: &Reason) -> String {
    let subject = &reason.subject;
    match &reason.why {
        Why::TreeProblems { problems } => format!("{subject} cannot be changed: {}", problems.join("; ")),
        Why::NoReference => format!("{subject} reads no key of this account"),
        Why::PullOpen { url, waits } => {
            let waits: Vec<String> = waits.iter().map(pull_wait).collect();
            // The address last: where there is one line only, the reasons stand in it.
            format!("pull request {subject} waits: {} ({url})", waits.join(", "))
        }
        Why::HeadNotJudged { head } => format!(
            "pull request {subject} stands on {}, which is not what keyslot has read of its branch",
            head.short()
        ),
        Why::PushedSince { head } => format!(
            "{} on pull request {subject} is not keyslot's own commit, and nobody has approved it: keyslot does not merge it",
            head.short()
        ),
        Why::MergeRefused { step, why } => {
            format!("“{step}” was refused, so somebody has to merge it: {why}")
        }
        Why::WishTakenBack { head, queue: true } => format!(
            "pull request {subject} was put into the merge queue at {}, and is not in it any more: its checks there did not pass, or \
             somebody has taken it out",
            head.short()
        ),
        Why::WishTakenBack { head, queue: false } => format!(
            "the forge was asked to merge pull request {subject} at {} when its rules allow, and somebody has taken that back",
            head.short()
        ),
        Why::MergedUnreviewed { head, have, wanted, stale, unread } => {
            reviews::merged_unreviewed(subject, head, (*have, *wanted), stale, unread)
        }
        Why::BranchOfOthers { head, reads, wanted } => {
            reviews::branch_of_others(subject, head, *reads, *wanted)
        }
        Why::BringsAlong { head, base } => format!(
            "{} on {subject} stands on commits that {base} does not have, or has no more: merged, it brings them there besides \
             the change of slot",
            head.short()
        ),
        Why::MergeWouldRead { base, reads, wanted } => format!(
            "merged as it is now, {subject} would leave {base} reading {}, not the {wanted} key alone: {base} has got another reader \
             since the change was made",
            slot_use(*reads)
        ),
        Why::ChangedByOtherHands { branch, wanted, unread } => {
            reviews::changed_by_other_hands(subject, branch, *wanted, unread)
        }
        Why::PullClosed { url } => format!("pull request {subject} was closed without merge ({url})"),
        Why::PullNotListed { since } => {
            format!("no pull request from {subject} is listed since {}", span::time(*since))
        }
        Why::MergedButReads { reads } => {
            format!("pull request {subject} is merged, yet the base branch reads {}", slot_use(*reads))
        }
        Why::TakenBack { reads } => {
            format!(
                "keyslot has pushed the change to {subject}, and somebody took it back: it reads {}",
                slot_use(*reads)
            )
        }
        Why::BranchReads { reads, wanted } => {
            format!("{subject} reads {}, not the {wanted} key alone", slot_use(*reads))
        }
        Why::RuleRefuses { deed, demand } => match subject {
            Subject::Branch(branch) => {
                format!("the forge will refuse to {}", branch_rules::refused(branch, *deed, demand))
            }
            _ => format!("the forge will refuse what is to be done with {subject}"),
        },
        in_other_rooms!(pulls) => String::new(),
    }
}

/// What opens it.
pub(super) fn remedy(reason: &Reason) -> String {
    let text = match &reason.why {
        Why::RuleRefuses { deed, demand } => branch_rules::remedy(*deed, demand),
        Why::TreeProblems { .. } => "run `keyslot check` on the branch and mend what it names",
        Why::NoReference => {
            "see that `root` under [environment.NAME.terraform] and the account in keyslot.toml are right"
        }
        Why::PullOpen { .. } => "review and merge it",
        Why::PushedSince { .. } => "let somebody approve it as it is now",
        Why::WishTakenBack { queue: true, .. } => {
            "see why, then put it back into the queue there: keyslot does not do so twice with the same commit"
        }
        Why::WishTakenBack { queue: false, .. } => {
            "merge it, or ask for auto-merge there: keyslot does not do so twice with the same commit"
        }
        Why::MergeRefused { .. } => {
            "merge it; or correct `merge` under [environment.NAME.release.forge] in keyslot.toml"
        }
        Why::MergedUnreviewed { .. } => {
            "look at what was merged and approve the pull request, or accept it by name"
        }
        Why::PullClosed { .. } if reason.gate == Gate::Promoted => {
            "reopen it; or `keyslot close --because …`, then `keyslot propose --retire SLOT` with the slot that this rotation \
             retires, and `keyslot promote`, which opens a fresh one on another branch"
        }
        Why::PullClosed { .. } => {
            "reopen it; or `keyslot close --because …`, after which `keyslot propose` opens a fresh one on another branch"
        }
        Why::MergedButReads { .. } => {
            "it did not bring the change, or somebody changed it back: change the base branch by hand; or \
             `keyslot close --because …`, after which `keyslot propose` opens a fresh one on another branch"
        }
        Why::TakenBack { .. } => {
            "ask who, and why; put it there again by hand, or by `keyslot promote --flip`; or `keyslot close --because …`"
        }
        Why::BranchOfOthers { .. } => {
            "look at what stands there; delete the branch, and keyslot makes it anew; or open its pull request yourself"
        }
        Why::BringsAlong { .. } => {
            "move the branch onto the one that it goes to, as that is now (git rebase), and let it be approved; or put those \
             commits there first; or close its pull request and `keyslot close --because …`, and propose anew"
        }
        Why::MergeWouldRead { .. } => {
            "bring the branch up to date, change the new reader there too, and let it be approved; or close its pull request and \
             `keyslot close --because …`, and propose anew"
        }
        Why::ChangedByOtherHands { .. } => {
            "look at the commit, and accept it by name; or take it back, and let the pull request bring the change"
        }
        Why::HeadNotJudged { .. } | Why::PullNotListed { .. } | Why::BranchReads { .. } => "",
        in_other_rooms!(pulls) => "",
    };
    text.to_owned()
}

/// A slot's use in words.
pub fn slot_use(reads: SlotUse) -> String {
    match reads {
        SlotUse::Only(slot) => slot.to_string(),
        SlotUse::Mixed => "both slots".to_owned(),
        SlotUse::None => "no key".to_owned(),
        SlotUse::Unknown => "something that cannot be resolved".to_owned(),
    }
}

/// What holds a pull request, in words.
pub fn pull_wait(wait: &PullWait) -> String {
    let linked = |url: &Option<String>| url.as_ref().map(|url| format!(" ({url})")).unwrap_or_default();
    let asked = |from: &[String]| match from {
        [] => String::new(),
        from => format!(", asked of {}", from.join(", ")),
    };
    match wait {
        PullWait::Reviews { have, want, from } => format!("{have} of {want} reviews{}", asked(from)),
        PullWait::CodeOwners { from } => format!("a review by an owner of the code{}", asked(from)),
        PullWait::StaleApprovals { by } => {
            format!("{} approved an older change, not what was pushed since", by.join(", "))
        }
        PullWait::ChangesRequested { by } => format!("{by} asks for changes"),
        PullWait::CheckRunning { name, url } => format!("check {name} is running{}", linked(url)),
        PullWait::CheckNotStarted { name } => format!("check {name} was not started on this head"),
        PullWait::CheckFailed { name, url } => format!("check {name} failed{}", linked(url)),
        PullWait::Conversations { open } => {
            format!("{} to resolve", counted(*open as usize, "conversation"))
        }
        PullWait::Draft => "it is a draft".to_owned(),
        PullWait::Conflict => "it conflicts with the base branch".to_owned(),
        PullWait::Behind => "it is behind the base branch".to_owned(),
        PullWait::Queue { queued: true } => "it is in the merge queue".to_owned(),
        PullWait::Queue { queued: false } => "ready, somebody has to put it into the merge queue".to_owned(),
        PullWait::Blocked { rules, unread } => blocked(rules, unread),
        PullWait::NotComputed => "the forge is still computing".to_owned(),
        PullWait::Mergeable => "ready, somebody has to merge it".to_owned(),
    }
}

fn blocked(rules: &[String], unread: &[String]) -> String {
    let mut text = "the forge blocks it and does not say why".to_owned();
    if !rules.is_empty() {
        text.push_str(&format!("; of its rules keyslot cannot judge {}", rules.join(", ")));
    }
    if !unread.is_empty() {
        text.push_str(&format!("; keyslot may not read {}", unread.join(", ")));
    }
    text
}
