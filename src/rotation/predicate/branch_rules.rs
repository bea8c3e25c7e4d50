//! What a forge's rules will refuse of what the rotation does with branches: told before anything is begun.
//!
//! A rule that merely makes people work (an approval, a check) holds nothing here: that is told where it is waited for.
//! Nor does one that keyslot may pass, or of which nobody knows whether it may: the remote says it when it is tried, and
//! the plan says so before.

use super::super::{Context, Gate, Leg, Reason, Subject, Why};
use crate::model::{
    BranchName, BranchRule, BranchRules, Bypass, Demand, MergeMethod, Merging, Policy, Promotion,
    ReleaseView, Route,
};

/// What is done with a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// Made anew, with a commit of keyslot's on it.
    Create,
    /// A pull request is merged into it.
    Merge,
    /// A commit of keyslot's is pushed to it.
    Push,
}

/// What becomes of a deed by one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ruling {
    Passes,
    /// People, or what they run, have something to do first.
    Asks,
    /// It may be refused; nobody here can tell.
    MayRefuse,
    Refuses,
}

/// Nothing that the rotation does with branches is known to be refused. What does not tell holds nothing.
pub fn rules_allow(ctx: &Context<'_>) -> Vec<Reason> {
    let gate = Gate::Preflight;
    let code = match ctx.code(gate, ctx.policy.ages.ordinary) {
        Ok(code) => code,
        Err(reason) if reason.opens_by_looking() => return vec![*reason],
        Err(_) => return Vec::new(),
    };
    let mut reasons = Vec::new();
    for (branch, deed) in deeds(ctx, code) {
        match ctx.rules(&branch, gate, ctx.policy.ages.ordinary) {
            Ok(rules) => {
                let refusing = refusing(rules, deed, &branch, ctx.policy);
                reasons.extend(refusing.map(|rule| {
                    let why = Why::RuleRefuses { deed, demand: rule.demand.clone() };
                    Reason::new(gate, Subject::Branch(branch.clone()), why)
                }));
            }
            Err(reason) if reason.opens_by_looking() => reasons.push(*reason),
            Err(_) => {}
        }
    }
    reasons
}

fn refusing<'a>(
    rules: &'a BranchRules,
    deed: Deed,
    branch: &'a BranchName,
    policy: &'a Policy,
) -> impl Iterator<Item = &'a BranchRule> {
    rules.rules.iter().filter(move |rule| ruling(rule, deed, branch, policy) == Ruling::Refuses)
}

/// What is yet to be done with which branches on the way out, by what was seen of them: those that carry the change
/// already are not changed any more.
pub fn deeds(ctx: &Context<'_>, code: &ReleaseView) -> Vec<(BranchName, Deed)> {
    let (target, mut deeds) = (Leg::Out.target(ctx.opened.from), Vec::new());
    if !code.base.claim.reads.is(target) {
        let proposal = ctx.opened.proposal_branch(Leg::Out);
        if !code.proposals.contains_key(&proposal) {
            deeds.push((proposal, Deed::Create));
        }
        deeds.push((code.base.branch.clone(), Deed::Merge));
    }
    let promoted = ctx.opened.route == Route::Hotfix;
    let release = code.release.as_ref().filter(|release| promoted && !release.claim.reads.is(target));
    deeds.extend(release.map(|release| {
        let deed = match ctx.policy.promotion {
            Promotion::Push => Deed::Push,
            Promotion::PullRequest => Deed::Merge,
        };
        (release.branch.clone(), deed)
    }));
    deeds
}

/// What a rule makes of a deed.
pub fn ruling(rule: &BranchRule, deed: Deed, branch: &BranchName, policy: &Policy) -> Ruling {
    let strict = match deed {
        Deed::Create => of_creation(&rule.demand, branch, policy),
        Deed::Merge => of_merge(&rule.demand, policy),
        Deed::Push => of_push(&rule.demand, policy),
    };
    if strict < Ruling::MayRefuse {
        return strict;
    }
    match (rule.bypass, deed) {
        (Bypass::Always, _) | (Bypass::PullRequests, Deed::Merge) => Ruling::Passes,
        (Bypass::Untold, _) => Ruling::MayRefuse,
        (Bypass::Never, _) | (Bypass::PullRequests, Deed::Create | Deed::Push) => strict,
    }
}

fn of_creation(demand: &Demand, branch: &BranchName, policy: &Policy) -> Ruling {
    match demand {
        Demand::NoNewBranch => Ruling::Refuses,
        Demand::Name(pattern) => match pattern.admits(branch) {
            Some(true) => Ruling::Passes,
            Some(false) => Ruling::Refuses,
            None => Ruling::MayRefuse,
        },
        Demand::Signatures => of_signing(policy),
        // One commit, on one that the remote has.
        Demand::LinearHistory | Demand::UpToDate | Demand::NoUpdate | Demand::Methods(_) => Ruling::Passes,
        // Whether they count for a branch that is new is told by settings that not every forge shows.
        Demand::Locked
        | Demand::NamedPushers
        | Demand::PullRequest(_)
        | Demand::Checks(_)
        | Demand::Queue
        | Demand::Deployments(_)
        | Demand::CommitText
        | Demand::Other(_) => Ruling::MayRefuse,
    }
}

/// Where people merge, how they do it is theirs to choose, and so is who does.
fn of_merge(demand: &Demand, policy: &Policy) -> Ruling {
    let (people, method) = (policy.pulls.merging == Merging::People, policy.pulls.method);
    match demand {
        Demand::NoNewBranch | Demand::Name(_) => Ruling::Passes,
        Demand::PullRequest(reviewing) if reviewing.is_nothing() => Ruling::Passes,
        Demand::PullRequest(_) => Ruling::Asks,
        Demand::Methods(methods) if people || methods.contains(&method) => Ruling::Passes,
        Demand::Methods(_) => Ruling::Refuses,
        Demand::LinearHistory if method == MergeMethod::Merge && !people => Ruling::Refuses,
        Demand::LinearHistory => Ruling::Passes,
        // A squash is the forge's own commit, which signs it.
        Demand::Signatures if method == MergeMethod::Squash && !people => Ruling::Passes,
        Demand::Signatures if people => of_signing(policy).min(Ruling::MayRefuse),
        Demand::Signatures => of_signing(policy),
        Demand::Checks(_) | Demand::UpToDate | Demand::Queue | Demand::Deployments(_) => Ruling::Asks,
        Demand::NoUpdate | Demand::NamedPushers if people => Ruling::Asks,
        Demand::NoUpdate | Demand::Locked => Ruling::Refuses,
        Demand::NamedPushers | Demand::CommitText | Demand::Other(_) => Ruling::MayRefuse,
    }
}

fn of_push(demand: &Demand, policy: &Policy) -> Ruling {
    match demand {
        Demand::NoNewBranch
        | Demand::Name(_)
        | Demand::LinearHistory
        | Demand::UpToDate
        | Demand::Methods(_) => Ruling::Passes,
        // No check has run on a commit that was made a moment ago.
        Demand::NoUpdate
        | Demand::Locked
        | Demand::PullRequest(_)
        | Demand::Queue
        | Demand::Checks(_)
        | Demand::Deployments(_) => Ruling::Refuses,
        Demand::Signatures => of_signing(policy),
        Demand::NamedPushers | Demand::CommitText | Demand::Other(_) => Ruling::MayRefuse,
    }
}

fn of_signing(policy: &Policy) -> Ruling {
    match policy.signs {
        Some(true) => Ruling::Passes,
        Some(false) => Ruling::Refuses,
        None => Ruling::MayRefuse,
    }
}
