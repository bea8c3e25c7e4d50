//! What the base branch demands of a merge, from rulesets and classic protection.
//!
//! Rules and protection add up, the strictest wins. What cannot be read is named: the forge's own verdict
//! (`mergeable_state`) still holds the pull request then.

use std::collections::{BTreeMap, BTreeSet};

use super::GitHub;
use super::protection::{Classic, Context, Guards, Protection, Rule};
use crate::ports::Fault;

/// What a merge into the base branch needs, as far as it can be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Demands {
    pub(super) reviews: u32,
    pub(super) code_owners: bool,
    /// Somebody else than who pushed last must approve what was pushed last.
    pub(super) last_push: bool,
    pub(super) conversations: bool,
    /// Those that a rule requires.
    pub(super) checks: BTreeSet<String>,
    /// The apps from which alone some of them count.
    pub(super) apps: BTreeMap<String, i64>,
    pub(super) queue: bool,
    /// Kinds of rules that may hold a merge, and that nothing here can judge.
    pub(super) others: BTreeSet<String>,
    /// What could not be read.
    pub(super) unread: Vec<String>,
}

/// Rules about what may be pushed; they hold no merge.
const OF_PUSHES: [&str; 3] = ["creation", "deletion", "non_fast_forward"];

/// That the branch must be up to date is a rule of its own, though GitHub has it among the checks.
const UP_TO_DATE: &str = "up to date with its base (strict checks)";

impl GitHub {
    /// The checks that a rule requires, and those that the team asks for besides.
    pub(super) fn awaited(&self, demands: &Demands) -> BTreeSet<String> {
        demands.checks.iter().chain(&self.settings.validation).cloned().collect()
    }

    pub(super) async fn demands(&self, base: &str, what: &str) -> Result<Demands, Fault> {
        let Guards { rules, shown, classic } = self.guards(base, what).await?;
        let mut demands = Demands::default();
        match rules {
            Some(rules) => rules.into_iter().for_each(|rule| demands.add_rule(rule)),
            None => demands.unread.push(format!("the rules of {base}")),
        }
        shown.into_iter().for_each(|shown| demands.add_protection(shown));
        match classic {
            Classic::Read(protection) => demands.add_protection(*protection),
            Classic::Unread => demands.unread.push(format!("the protection of {base}")),
            Classic::Absent => {}
        }
        Ok(demands)
    }
}

impl Demands {
    /// Whether only GraphQL tells whether they are met.
    pub(super) fn want_graphql(&self) -> bool {
        self.code_owners || self.conversations || self.queue
    }

    fn add_rule(&mut self, rule: Rule) {
        let Rule { kind, parameters, .. } = rule;
        match kind.as_str() {
            "pull_request" => {
                self.reviews = self.reviews.max(parameters.required_approving_review_count);
                self.code_owners |= parameters.require_code_owner_review;
                self.last_push |= parameters.require_last_push_approval;
                self.conversations |= parameters.required_review_thread_resolution;
                if !parameters.required_reviewers.is_empty() {
                    self.others.insert("required_reviewers".to_owned());
                }
            }
            "required_status_checks" => {
                parameters.required_status_checks.into_iter().for_each(|context| self.require(context));
                self.strict(parameters.strict_required_status_checks_policy);
            }
            "merge_queue" => self.queue = true,
            kind if OF_PUSHES.contains(&kind) => {}
            // “Restrict updates” (a merge is one, for whoever may not bypass it), signatures, deployments, words of the commit
            // message, and whatever GitHub may come up with.
            kind => drop(self.others.insert(kind.to_owned())),
        }
    }

    fn add_protection(&mut self, protection: Protection) {
        let checks = protection.required_status_checks.unwrap_or_default();
        self.checks.extend(checks.contexts);
        checks.checks.into_iter().for_each(|context| self.require(context));
        self.strict(checks.strict);
        if protection.restrictions.is_some() {
            self.others.insert("restrictions".to_owned());
        }
        let reviews = protection.required_pull_request_reviews.unwrap_or_default();
        self.reviews = self.reviews.max(reviews.required_approving_review_count);
        self.code_owners |= reviews.require_code_owner_reviews;
        self.last_push |= reviews.require_last_push_approval;
        self.conversations |= protection.required_conversation_resolution.enabled;
        let others = [
            (protection.required_signatures.enabled, "required_signatures"),
            (protection.required_linear_history.enabled, "required_linear_history"),
            (protection.lock_branch.enabled, "lock_branch"),
        ];
        self.others.extend(others.into_iter().filter(|(on, _)| *on).map(|(_, name)| name.to_owned()));
    }

    fn require(&mut self, Context { context, integration_id }: Context) {
        if let Some(app) = integration_id.filter(|app| *app >= 0)
            && self.apps.insert(context.clone(), app).is_some_and(|other| other != app)
        {
            self.others.insert(format!("the check {context}, of several apps"));
        }
        self.checks.insert(context);
    }

    fn strict(&mut self, strict: bool) {
        if strict {
            self.others.insert(UP_TO_DATE.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rules_and_protection_add_up_and_the_strictest_wins() {
        let mut demands = Demands::default();
        let rules = json!([
            { "type": "pull_request", "parameters": {
                "required_approving_review_count": 1, "required_review_thread_resolution": true,
                "required_reviewers": [{ "minimum_approvals": 1, "file_patterns": ["*.tf"] }] } },
            { "type": "pull_request", "parameters": { "required_approving_review_count": 3 } },
            { "type": "required_status_checks", "parameters": { "required_status_checks": [
                { "context": "a", "integration_id": 15368 }, { "context": "c", "integration_id": null }] } },
            { "type": "merge_queue", "parameters": { "merge_method": "SQUASH" } },
            { "type": "deletion" },
            { "type": "update" },
            { "type": "commit_message_pattern", "parameters": { "pattern": "^JIRA-" } },
        ]);
        let rules: Vec<Rule> = serde_json::from_value(rules).unwrap();
        rules.into_iter().for_each(|rule| demands.add_rule(rule));
        let protection = json!({
            "required_status_checks": { "strict": true, "contexts": ["b"], "checks": [{ "context": "b", "app_id": -1 }] },
            "required_pull_request_reviews": {
                "required_approving_review_count": 2, "require_code_owner_reviews": true,
                "require_last_push_approval": true, "dismiss_stale_reviews": true },
            "required_signatures": { "url": "x", "enabled": true },
            "required_linear_history": { "enabled": true },
            "enforce_admins": { "enabled": true },
            "restrictions": { "users": [], "teams": [{ "slug": "release" }], "apps": [] },
        });
        demands.add_protection(serde_json::from_value(protection).unwrap());
        let text = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        let expected = Demands {
            reviews: 3,
            code_owners: true,
            last_push: true,
            conversations: true,
            checks: text(&["a", "b", "c"]),
            apps: BTreeMap::from([("a".to_owned(), 15368)]),
            queue: true,
            others: text(&[
                "commit_message_pattern",
                "required_linear_history",
                "required_reviewers",
                "required_signatures",
                "restrictions",
                UP_TO_DATE,
                "update",
            ]),
            unread: Vec::new(),
        };
        assert_eq!(demands, expected);
    }
}
