//! The required checks on a commit: check runs and statuses.
//!
//! A name may be that of a check run, of a status, or of both; then both count. The combined state is not asked:
//! without any status it is “pending”, and holds nothing. Where a rule names the app that must report a check, the runs of
//! others of that name do not count; a status does not tell of which app it is.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::GitHub;
use crate::ports::Fault;

/// A required check on a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) name: String,
    /// `None` while it runs or has not been started.
    pub(super) passed: Option<bool>,
    pub(super) started: bool,
    /// Where to look at it.
    pub(super) url: Option<String>,
}

#[derive(Deserialize)]
struct CheckRun {
    name: String,
    status: String,
    conclusion: Option<String>,
    #[serde(default)]
    html_url: Option<String>,
    #[serde(default)]
    details_url: Option<String>,
    #[serde(default)]
    app: Option<App>,
}

#[derive(Deserialize)]
struct App {
    id: i64,
}

#[derive(Deserialize)]
struct Status {
    context: String,
    state: String,
    #[serde(default)]
    target_url: Option<String>,
}

/// What one run or status says.
struct Verdict {
    passed: Option<bool>,
    url: Option<String>,
}

impl GitHub {
    pub(super) async fn checks(
        &self,
        sha: &str,
        required: &BTreeSet<String>,
        apps: &BTreeMap<String, i64>,
        what: &str,
    ) -> Result<Vec<Check>, Fault> {
        if required.is_empty() {
            return Ok(Vec::new());
        }
        let subject = self.subject();
        let path = self.path(&format!("commits/{sha}/check-runs"));
        let runs: Vec<CheckRun> = self.client.pages(what, &subject, &path, "check_runs").await?;
        let path = self.path(&format!("commits/{sha}/status"));
        let statuses: Vec<Status> = self.client.pages(what, &subject, &path, "statuses").await?;
        let verdicts = |name: &str| {
            let runs = runs.iter().filter(|run| run.counts_for(name, apps)).map(CheckRun::verdict);
            let statuses = statuses.iter().filter(|status| status.context == name).map(Status::verdict);
            runs.chain(statuses).collect::<Vec<_>>()
        };
        Ok(required.iter().map(|name| check(name, verdicts(name))).collect())
    }
}

impl CheckRun {
    fn counts_for(&self, name: &str, apps: &BTreeMap<String, i64>) -> bool {
        let app = self.app.as_ref().map(|app| app.id);
        self.name == name && apps.get(name).is_none_or(|wanted| app == Some(*wanted))
    }

    fn verdict(&self) -> Verdict {
        let passed = match (self.status.as_str(), self.conclusion.as_deref()) {
            ("completed", conclusion) => Some(matches!(conclusion, Some("success" | "neutral" | "skipped"))),
            (_, _) => None,
        };
        Verdict { passed, url: self.html_url.clone().or_else(|| self.details_url.clone()) }
    }
}

impl Status {
    fn verdict(&self) -> Verdict {
        let passed = match self.state.as_str() {
            "success" => Some(true),
            "pending" => None,
            _ => Some(false),
        };
        Verdict { passed, url: self.target_url.clone() }
    }
}

/// The worst of them counts, and its address is the one to look at.
fn check(name: &str, verdicts: Vec<Verdict>) -> Check {
    let started = !verdicts.is_empty();
    let worst = verdicts.into_iter().min_by_key(|verdict| match verdict.passed {
        Some(false) => 0,
        None => 1,
        Some(true) => 2,
    });
    let (passed, url) = worst.map_or((None, None), |verdict| (verdict.passed, verdict.url));
    Check { name: name.to_owned(), passed, started, url }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_one_app_must_report_is_not_passed_by_another() {
        let run = |body: serde_json::Value| serde_json::from_value::<CheckRun>(body).unwrap();
        let of = |app: serde_json::Value| {
            run(
                serde_json::json!({ "name": "e2e", "status": "completed", "conclusion": "success", "app": app }),
            )
        };
        let apps = BTreeMap::from([("e2e".to_owned(), 7)]);
        assert!(of(serde_json::json!({ "id": 7, "slug": "ci" })).counts_for("e2e", &apps));
        assert!(!of(serde_json::json!({ "id": 8 })).counts_for("e2e", &apps));
        assert!(!of(serde_json::Value::Null).counts_for("e2e", &apps));
        assert!(of(serde_json::json!({ "id": 8 })).counts_for("e2e", &BTreeMap::new()));
        assert!(!of(serde_json::json!({ "id": 7 })).counts_for("lint", &apps));
    }

    #[test]
    fn where_a_run_and_a_status_share_a_name_the_worse_one_counts() {
        let verdict = |passed, url: &str| Verdict { passed, url: Some(url.to_owned()) };
        let of = |verdicts| {
            let check = check("e2e", verdicts);
            (check.passed, check.started, check.url.unwrap_or_default())
        };
        assert_eq!(of(vec![]), (None, false, String::new()));
        assert_eq!(of(vec![verdict(Some(true), "a"), verdict(None, "b")]), (None, true, "b".to_owned()));
        assert_eq!(
            of(vec![verdict(None, "a"), verdict(Some(false), "b")]),
            (Some(false), true, "b".to_owned())
        );
        assert_eq!(of(vec![verdict(Some(true), "a")]), (Some(true), true, "a".to_owned()));
    }
}
