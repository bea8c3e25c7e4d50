//! The rules of one branch, as they stand: rulesets, classic protection and what the repository allows. Who may pass a
//! ruleset, only the ruleset itself says, and of classic protection nobody but an administrator is told.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::GitHub;
use super::protection::{Checks, Classic, Guards, Parameters, Protection, Rule};
use crate::model::{
    BranchName, BranchRule, BranchRules, Bypass, Demand, Like, MergeMethod, NamePattern, Reviewing,
    UnreadRules,
};
use crate::ports::Fault;

#[derive(Deserialize)]
struct Ruleset {
    current_user_can_bypass: Option<String>,
}

/// Shown to who may write, and to nobody else.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Repository {
    allow_merge_commit: Option<bool>,
    allow_squash_merge: Option<bool>,
    allow_rebase_merge: Option<bool>,
}

impl GitHub {
    pub(super) async fn rules_of(&self, branch: &BranchName) -> Result<BranchRules, Fault> {
        let (what, subject) = (format!("read the rules of branch {branch}"), self.subject());
        let Guards { rules, shown, classic } = self.guards(branch.as_str(), &what).await?;
        let mut found = BranchRules::default();
        match rules {
            Some(rules) => self.of_rulesets(rules, &what, &mut found).await?,
            None => found.unread.push(UnreadRules::Rulesets),
        }
        // Of a branch that is yet to be made nothing else tells.
        if shown.is_none() {
            return Ok(found);
        }
        match classic {
            Classic::Read(protection) => found.rules.extend(protection.rules()),
            Classic::Unread => found.unread.push(UnreadRules::Protection),
            Classic::Absent => {}
        }
        let path = self.path("");
        let allowed: Option<Repository> =
            self.client.read_if_allowed(&what, &subject, path.trim_end_matches('/')).await?;
        found.rules.extend(allowed.and_then(|allowed| allowed.rule()));
        Ok(found)
    }

    async fn of_rulesets(&self, rules: Vec<Rule>, what: &str, found: &mut BranchRules) -> Result<(), Fault> {
        let mut bypasses: BTreeMap<u64, Bypass> = BTreeMap::new();
        let ids: BTreeSet<u64> = rules.iter().filter_map(|rule| rule.ruleset_id).collect();
        for id in ids {
            let path = self.path(&format!("rulesets/{id}"));
            let ruleset: Option<Ruleset> = self.client.read_if_allowed(what, &self.subject(), &path).await?;
            let said = ruleset.and_then(|ruleset| ruleset.current_user_can_bypass);
            let bypass = match said.as_deref() {
                Some("always" | "exempt") => Bypass::Always,
                Some("pull_requests_only") => Bypass::PullRequests,
                Some("never") => Bypass::Never,
                Some(_) | None => Bypass::Untold,
            };
            bypasses.insert(id, bypass);
        }
        for rule in rules {
            let bypass = rule.ruleset_id.and_then(|id| bypasses.get(&id).copied()).unwrap_or(Bypass::Untold);
            found.rules.extend(rule.demands().into_iter().map(|demand| BranchRule { demand, bypass }));
        }
        Ok(())
    }
}

impl Rule {
    fn demands(self) -> Vec<Demand> {
        let Parameters {
            required_approving_review_count: approvals,
            require_code_owner_review: code_owners,
            require_last_push_approval: last_push,
            required_review_thread_resolution: conversations,
            allowed_merge_methods,
            strict_required_status_checks_policy: strict,
            required_status_checks,
            required_deployment_environments,
            operator,
            pattern,
            negate,
            // Told when the pull request waits for them.
            required_reviewers: _,
        } = self.parameters;
        let one = match self.kind.as_str() {
            "creation" => Demand::NoNewBranch,
            "branch_name_pattern" => {
                let like = match operator.as_str() {
                    "starts_with" => Like::StartsWith,
                    "ends_with" => Like::EndsWith,
                    "contains" => Like::Contains,
                    _ => Like::Expression,
                };
                Demand::Name(NamePattern { like, pattern, negated: negate })
            }
            "update" => Demand::NoUpdate,
            "pull_request" => {
                let methods: Vec<MergeMethod> =
                    allowed_merge_methods.iter().filter_map(|word| method(word)).collect();
                let reviewing = Reviewing { approvals, code_owners, last_push, conversations };
                let methods = (!methods.is_empty()).then_some(Demand::Methods(methods));
                return [Demand::PullRequest(reviewing)].into_iter().chain(methods).collect();
            }
            "required_status_checks" => {
                let names = required_status_checks.into_iter().map(|check| check.context).collect();
                return checks(names, strict);
            }
            "merge_queue" => Demand::Queue,
            "required_signatures" => Demand::Signatures,
            "required_linear_history" => Demand::LinearHistory,
            "required_deployments" => Demand::Deployments(required_deployment_environments),
            "commit_message_pattern" | "commit_author_email_pattern" | "committer_email_pattern" => {
                Demand::CommitText
            }
            // Nothing of keyslot's deletes a branch, or moves one back.
            "deletion" | "non_fast_forward" => return Vec::new(),
            other => Demand::Other(other.to_owned()),
        };
        vec![one]
    }
}

fn checks(names: Vec<String>, strict: bool) -> Vec<Demand> {
    let named = (!names.is_empty()).then_some(Demand::Checks(names));
    named.into_iter().chain(strict.then_some(Demand::UpToDate)).collect()
}

fn method(word: &str) -> Option<MergeMethod> {
    [MergeMethod::Merge, MergeMethod::Squash, MergeMethod::Rebase]
        .into_iter()
        .find(|method| method.as_str() == word)
}

impl Protection {
    fn rules(self) -> Vec<BranchRule> {
        let conversations = self.required_conversation_resolution.enabled;
        let restricted = self.restrictions.is_some();
        let mut demands = Vec::new();
        // Whoever administers the repository may pass it, where it is not said that they may not, and so may who is named.
        let mut passed = !self.enforce_admins.enabled;
        if let Some(reviews) = self.required_pull_request_reviews {
            passed |= reviews.bypass_pull_request_allowances.is_some();
            demands.push(Demand::PullRequest(Reviewing {
                approvals: reviews.required_approving_review_count,
                code_owners: reviews.require_code_owner_reviews,
                last_push: reviews.require_last_push_approval,
                conversations,
            }));
        }
        let Checks { strict, contexts, checks: named } = self.required_status_checks.unwrap_or_default();
        let required: BTreeSet<String> =
            contexts.into_iter().chain(named.into_iter().map(|one| one.context)).collect();
        demands.extend(checks(required.into_iter().collect(), strict));
        let switches = [
            (restricted, Demand::NamedPushers),
            (self.required_signatures.enabled, Demand::Signatures),
            (self.required_linear_history.enabled, Demand::LinearHistory),
            (self.lock_branch.enabled, Demand::Locked),
        ];
        demands.extend(switches.into_iter().filter(|(on, _)| *on).map(|(_, demand)| demand));
        let bypass = if passed { Bypass::Untold } else { Bypass::Never };
        demands.into_iter().map(|demand| BranchRule { demand, bypass }).collect()
    }
}

impl Repository {
    /// What it allows holds for everybody. Nothing where it is not told.
    fn rule(self) -> Option<BranchRule> {
        let ways = [
            (self.allow_merge_commit, MergeMethod::Merge),
            (self.allow_squash_merge, MergeMethod::Squash),
            (self.allow_rebase_merge, MergeMethod::Rebase),
        ];
        if ways.iter().all(|(allowed, _)| allowed != &Some(false)) {
            return None;
        }
        let allowed = ways.into_iter().filter(|(allowed, _)| *allowed == Some(true));
        let demand = Demand::Methods(allowed.map(|(_, method)| method).collect());
        Some(BranchRule { demand, bypass: Bypass::Never })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn demands(rule: Value) -> Vec<Demand> {
        serde_json::from_value::<Rule>(rule).unwrap().demands()
    }

    #[test]
    fn each_kind_of_rule_is_what_it_demands() {
        let pull = json!({ "type": "pull_request", "ruleset_id": 7, "parameters": {
            "required_approving_review_count": 2, "allowed_merge_methods": ["squash", "rebase"] } });
        let reviewing = Reviewing { approvals: 2, ..Reviewing::default() };
        assert_eq!(
            demands(pull),
            [Demand::PullRequest(reviewing), Demand::Methods(vec![MergeMethod::Squash, MergeMethod::Rebase])]
        );
        let name = json!({ "type": "branch_name_pattern",
            "parameters": { "operator": "starts_with", "pattern": "feature/", "negate": false } });
        let pattern = NamePattern { like: Like::StartsWith, pattern: "feature/".to_owned(), negated: false };
        assert_eq!(demands(name), [Demand::Name(pattern)]);
        let checks = json!({ "type": "required_status_checks", "parameters": {
            "strict_required_status_checks_policy": true, "required_status_checks": [{ "context": "e2e" }] } });
        assert_eq!(demands(checks), [Demand::Checks(vec!["e2e".to_owned()]), Demand::UpToDate]);
        assert_eq!(demands(json!({ "type": "deletion" })), []);
        assert_eq!(demands(json!({ "type": "file_size" })), [Demand::Other("file_size".to_owned())]);
    }

    #[test]
    fn classic_protection_is_passed_by_administrators_where_nothing_says_otherwise() {
        let protection = |strict: bool| {
            let said = json!({ "enforce_admins": { "enabled": strict }, "lock_branch": { "enabled": true } });
            serde_json::from_value::<Protection>(said).unwrap().rules()
        };
        let locked = |bypass| vec![BranchRule { demand: Demand::Locked, bypass }];
        assert_eq!(protection(true), locked(Bypass::Never));
        assert_eq!(protection(false), locked(Bypass::Untold));
    }

    #[test]
    fn what_the_repository_does_not_tell_is_no_rule() {
        let rule = |said: Value| serde_json::from_value::<Repository>(said).unwrap().rule();
        assert_eq!(rule(json!({})), None);
        let all =
            json!({ "allow_merge_commit": true, "allow_squash_merge": true, "allow_rebase_merge": true });
        assert_eq!(rule(all), None);
        let squash =
            json!({ "allow_merge_commit": false, "allow_squash_merge": true, "allow_rebase_merge": false });
        let demand = Demand::Methods(vec![MergeMethod::Squash]);
        assert_eq!(rule(squash), Some(BranchRule { demand, bypass: Bypass::Never }));
    }
}
