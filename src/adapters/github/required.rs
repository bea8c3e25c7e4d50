//! What the base branch demands: reviews and checks, from rulesets and classic protection.
//!
//! Rules and protection add up, the strictest wins. The rules of rulesets are readable to everyone who can read the
//! repository; classic protection only to administrators, except for its required checks. What cannot be read is
//! left out: the forge's own verdict (`mergeable_state`) still holds the pull request then.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::GitHub;
use super::client::segment;
use crate::ports::Fault;

/// What a merge into the base branch needs, as far as it can be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Required {
    pub(super) reviews: u32,
    pub(super) checks: BTreeSet<String>,
}

/// A required check on a commit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) name: String,
    /// `None` while it runs or has not been started.
    pub(super) passed: Option<bool>,
    pub(super) started: bool,
}

#[derive(Deserialize)]
struct Rule {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Parameters {
    required_approving_review_count: u32,
    required_status_checks: Vec<Context>,
}

#[derive(Deserialize)]
struct Context {
    context: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Branch {
    protected: bool,
    protection: Protection,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Protection {
    required_status_checks: Option<Checks>,
    required_pull_request_reviews: Option<Reviews>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Checks {
    contexts: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Reviews {
    required_approving_review_count: u32,
}

#[derive(Deserialize)]
struct CheckRun {
    name: String,
    status: String,
    conclusion: Option<String>,
}

#[derive(Deserialize)]
struct Combined {
    #[serde(default)]
    statuses: Vec<Status>,
}

#[derive(Deserialize)]
struct Status {
    context: String,
    state: String,
}

impl GitHub {
    pub(super) async fn required(&self, base: &str, what: &str) -> Result<Required, Fault> {
        let (subject, base) = (self.subject(), segment(base));
        let mut required = Required::default();
        required.checks.extend(self.settings.validation.iter().cloned());
        let rules = self.path(&format!("rules/branches/{base}"));
        let rules: Option<Vec<Rule>> = self.client.read_if_allowed(what, &subject, &rules).await?;
        for rule in rules.unwrap_or_default() {
            required.add_rule(rule);
        }
        let path = self.path(&format!("branches/{base}"));
        let branch: Option<Branch> = self.client.read_if_allowed(what, &subject, &path).await?;
        let branch = branch.unwrap_or_default();
        required.add_protection(branch.protection);
        if branch.protected {
            let path = format!("{path}/protection");
            let protection: Option<Protection> = self.client.read_if_allowed(what, &subject, &path).await?;
            required.add_protection(protection.unwrap_or_default());
        }
        Ok(required)
    }

    /// The required checks on a commit. A name may be that of a check run, of a status, or of both; then both count.
    pub(super) async fn checks(
        &self,
        sha: &str,
        required: &BTreeSet<String>,
        what: &str,
    ) -> Result<Vec<Check>, Fault> {
        if required.is_empty() {
            return Ok(Vec::new());
        }
        let subject = self.subject();
        let path = self.path(&format!("commits/{sha}/check-runs"));
        let runs: Vec<CheckRun> = self.client.pages(what, &subject, &path, "check_runs").await?;
        let path = self.path(&format!("commits/{sha}/status"));
        let combined: Combined = self.client.read(what, &subject, &path, &[("per_page", "100")]).await?;
        let verdicts = |name: &str| {
            let runs = runs.iter().filter(|run| run.name == name).map(CheckRun::passed);
            let statuses =
                combined.statuses.iter().filter(|status| status.context == name).map(Status::passed);
            runs.chain(statuses).collect::<Vec<_>>()
        };
        Ok(required.iter().map(|name| check(name, &verdicts(name))).collect())
    }
}

impl Required {
    fn add_rule(&mut self, rule: Rule) {
        match rule.kind.as_str() {
            "pull_request" => {
                self.reviews = self.reviews.max(rule.parameters.required_approving_review_count);
            }
            "required_status_checks" => {
                let contexts = rule.parameters.required_status_checks;
                self.checks.extend(contexts.into_iter().map(|context| context.context));
            }
            // Other rules say nothing about reviews and checks; where one holds, the forge says “blocked”.
            _ => {}
        }
    }

    fn add_protection(&mut self, protection: Protection) {
        self.checks.extend(protection.required_status_checks.unwrap_or_default().contexts);
        let reviews = protection.required_pull_request_reviews.unwrap_or_default();
        self.reviews = self.reviews.max(reviews.required_approving_review_count);
    }
}

impl CheckRun {
    fn passed(&self) -> Option<bool> {
        match (self.status.as_str(), self.conclusion.as_deref()) {
            ("completed", conclusion) => Some(matches!(conclusion, Some("success" | "neutral" | "skipped"))),
            (_, _) => None,
        }
    }
}

impl Status {
    fn passed(&self) -> Option<bool> {
        match self.state.as_str() {
            "success" => Some(true),
            "pending" => None,
            _ => Some(false),
        }
    }
}

fn check(name: &str, verdicts: &[Option<bool>]) -> Check {
    let passed = if verdicts.contains(&Some(false)) {
        Some(false)
    } else if verdicts.is_empty() || verdicts.contains(&None) {
        None
    } else {
        Some(true)
    };
    Check { name: name.to_owned(), passed, started: !verdicts.is_empty() }
}
