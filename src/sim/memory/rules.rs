//! What the forge's rules say of a branch: those that the wire face shows, in the words of the port.

use super::super::config::ClassicConfig;
use super::super::world::World;
use crate::model::{BranchName, BranchRule, BranchRules, Bypass, Demand, Reviewing, UnreadRules};

pub(super) fn rules(world: &World, branch: &BranchName) -> BranchRules {
    let config = &world.config().people;
    let bypass = if config.rules.unpassed { Bypass::Never } else { Bypass::Always };
    let rule = |demand| BranchRule { demand, bypass };
    if branch.as_str().starts_with("fix/") {
        let rules = config.rules.proposals.iter().map(|kind| rule(of_kind(kind))).collect();
        return BranchRules { rules, unread: Vec::new() };
    }
    let mut demands = vec![Demand::PullRequest(Reviewing {
        approvals: config.reviews_wanted,
        code_owners: !config.rules.code_owners.is_empty(),
        last_push: config.rules.last_push,
        conversations: config.rules.conversations,
    })];
    if !config.rules.optional_check {
        demands.push(Demand::Checks(vec![config.check.name.clone()]));
    }
    demands.extend(config.rules.strict.then_some(Demand::UpToDate));
    demands.extend(config.rules.queue.map(|_| Demand::Queue));
    demands.extend(config.rules.others.iter().map(|kind| of_kind(kind)));
    let mut found = BranchRules { rules: demands.into_iter().map(rule).collect(), unread: Vec::new() };
    if *branch == world.config().repository.base {
        match &config.rules.classic {
            Some(classic) if classic.readable => found.rules.extend(of_classic(classic)),
            Some(_) => found.unread.push(UnreadRules::Protection),
            None => {}
        }
    }
    found
}

fn of_classic(classic: &ClassicConfig) -> Vec<BranchRule> {
    let reviewing = Reviewing { approvals: classic.reviews, ..Reviewing::default() };
    let checks = (!classic.checks.is_empty()).then(|| Demand::Checks(classic.checks.clone()));
    let demands = [Demand::PullRequest(reviewing)].into_iter().chain(checks);
    demands.map(|demand| BranchRule { demand, bypass: Bypass::Never }).collect()
}

fn of_kind(kind: &str) -> Demand {
    match kind {
        "creation" => Demand::NoNewBranch,
        "update" => Demand::NoUpdate,
        "required_signatures" => Demand::Signatures,
        "required_linear_history" => Demand::LinearHistory,
        other => Demand::Other(other.to_owned()),
    }
}
