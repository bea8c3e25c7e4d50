//! The rules of branches in words: what they refuse, what they ask for, and what to do.

use super::count::counted;
use crate::model::{BranchName, Demand, MergeMethod, Reviewing, UnreadRules};
use crate::rotation::{Ruled, predicate::Deed};

/// What one rule does not allow.
pub fn refused(branch: &BranchName, deed: Deed, demand: &Demand) -> String {
    let doing = match deed {
        Deed::Create => format!("make the branch {branch}"),
        Deed::Merge => format!("have a pull request merged into {branch}"),
        Deed::Push => format!("push to {branch}"),
    };
    format!("{doing}: {}", rule(demand))
}

/// The rule itself.
fn rule(demand: &Demand) -> String {
    match demand {
        Demand::NoNewBranch => "a rule lets nobody make a branch of this name".to_owned(),
        Demand::Name(pattern) => {
            let not = if pattern.negated { "must not" } else { "must" };
            format!("names of branches {not} be like “{}”", pattern.pattern)
        }
        Demand::NoUpdate => "a rule lets nobody move the branch".to_owned(),
        Demand::Locked => "the branch is locked".to_owned(),
        Demand::NamedPushers => "only those whom the rule names may push there".to_owned(),
        Demand::PullRequest(_) => "changes come by pull requests alone".to_owned(),
        Demand::Methods(methods) => format!("it may be merged by {} alone", methods_in_words(methods)),
        Demand::Checks(checks) => format!("{} have to pass first", checks_in_words(checks)),
        Demand::UpToDate => "the branch has to be up to date with its base".to_owned(),
        Demand::Queue => "changes come through the merge queue alone".to_owned(),
        Demand::Signatures => "every commit has to bear a verified signature".to_owned(),
        Demand::LinearHistory => "there may be no merge commits".to_owned(),
        Demand::Deployments(to) => format!("deployments to {} have to succeed first", to.join(", ")),
        Demand::CommitText => "messages, authors or committers of commits have to be of some kind".to_owned(),
        Demand::Other(kind) => format!("there is a rule of the kind “{kind}”"),
    }
}

/// What to do about it.
pub fn remedy(deed: Deed, demand: &Demand) -> &'static str {
    match (demand, deed) {
        (Demand::Signatures, _) => {
            "let git sign them (`sign`), or GitHub make them (`commit = \"api\"`), under [environment.NAME.terraform]"
        }
        (Demand::Methods(_) | Demand::LinearHistory, Deed::Merge) => {
            "name a method that is allowed: `merge_method` under [environment.NAME.release.forge]"
        }
        (_, Deed::Create) => {
            "leave keyslot's branches (fix/keyslot-*) out of the rule, or let keyslot's account pass it"
        }
        (Demand::PullRequest(_) | Demand::Queue | Demand::Checks(_) | Demand::Deployments(_), Deed::Push) => {
            "`promote = \"pull-request\"` under [environment.NAME.release], or let keyslot's account pass the rule"
        }
        (_, Deed::Push) => {
            "let keyslot's account pass the rule; or `promote = \"pull-request\"` under [environment.NAME.release], and \
             somebody merges who may"
        }
        (_, Deed::Merge) => {
            "let whoever merges pass the rule; where that is people, `merge = \"people\"` under \
             [environment.NAME.release.forge]"
        }
    }
}

/// What was not told, and which right would tell it.
pub fn unread(what: UnreadRules) -> &'static str {
    match what {
        UnreadRules::Rulesets => {
            "its rulesets may not be read (Metadata, read, is the right that is missing): whether they refuse anything is not known"
        }
        UnreadRules::Protection => {
            "it has a branch protection, which only Administration (read) shows: whether that refuses anything is not known"
        }
    }
}

/// What people have to do before a pull request is merged; nothing where nothing is asked of them.
pub fn asked(ruled: &Ruled) -> Option<String> {
    let asks = asked_for(ruled);
    (!asks.is_empty()).then(|| format!("{} asks for {}", ruled.branch, asks.join(", ")))
}

/// The same, one by one.
pub fn asked_for(ruled: &Ruled) -> Vec<String> {
    ruled.asks().flat_map(asks).collect()
}

fn asks(demand: &Demand) -> Vec<String> {
    match demand {
        Demand::PullRequest(reviewing) => reviews(reviewing),
        Demand::Checks(checks) => vec![checks_in_words(checks)],
        Demand::UpToDate => vec!["a branch that is up to date with it".to_owned()],
        Demand::Queue => vec!["its merge queue".to_owned()],
        Demand::Deployments(to) => vec![format!("deployments to {}", to.join(", "))],
        Demand::NoUpdate | Demand::NamedPushers => vec!["somebody who may merge there".to_owned()],
        other => vec![rule(other)],
    }
}

fn reviews(reviewing: &Reviewing) -> Vec<String> {
    let Reviewing { approvals, code_owners, last_push, conversations } = reviewing;
    let all = [
        (*approvals > 0, counted(*approvals as usize, "approval")),
        (*code_owners, "an approval of who owns the code".to_owned()),
        (*last_push, "an approval by somebody else than who pushed last".to_owned()),
        (*conversations, "every conversation resolved".to_owned()),
    ];
    all.into_iter().filter(|(is_asked, _)| *is_asked).map(|(_, words)| words).collect()
}

fn checks_in_words(checks: &[String]) -> String {
    let plural = if checks.len() == 1 { "" } else { "s" };
    format!("the check{plural} {}", checks.join(", "))
}

fn methods_in_words(methods: &[MergeMethod]) -> String {
    methods.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(" or ")
}
