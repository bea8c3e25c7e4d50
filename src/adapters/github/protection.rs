//! What guards one branch, as GitHub tells it: the rules of rulesets, and classic protection. Read once here, for what a merge
//! needs ([`demands`](super::demands)) and for what will be refused ([`rules`](super::rules)).
//!
//! The rules of rulesets are readable to everyone who can read the repository; classic protection only to administrators,
//! except for its required checks, which the branch itself shows.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::GitHub;
use super::client::segment;
use crate::ports::Fault;

/// All of it.
pub(super) struct Guards {
    /// Absent where they may not be read.
    pub(super) rules: Option<Vec<Rule>>,
    /// What the branch shows of its protection; absent where there is no such branch, or it may not be read.
    pub(super) shown: Option<Protection>,
    pub(super) classic: Classic,
}

/// The protection itself.
pub(super) enum Classic {
    Absent,
    /// There is one, and we may not read it.
    Unread,
    Read(Box<Protection>),
}

#[derive(Deserialize)]
pub(super) struct Rule {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) ruleset_id: Option<u64>,
    #[serde(default)]
    pub(super) parameters: Parameters,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Parameters {
    pub(super) required_approving_review_count: u32,
    pub(super) require_code_owner_review: bool,
    pub(super) require_last_push_approval: bool,
    pub(super) required_review_thread_resolution: bool,
    /// Teams that must approve what is changed in files of theirs.
    pub(super) required_reviewers: Vec<IgnoredAny>,
    pub(super) allowed_merge_methods: Vec<String>,
    pub(super) strict_required_status_checks_policy: bool,
    pub(super) required_status_checks: Vec<Context>,
    pub(super) required_deployment_environments: Vec<String>,
    pub(super) operator: String,
    pub(super) pattern: String,
    pub(super) negate: bool,
}

#[derive(Deserialize)]
pub(super) struct Context {
    pub(super) context: String,
    /// Of a ruleset `integration_id`, of classic protection `app_id`; absent or negative: whoever reports it.
    #[serde(default, alias = "app_id")]
    pub(super) integration_id: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Branch {
    protected: bool,
    protection: Protection,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Protection {
    /// Of the branch's own read alone: whether there is a classic protection.
    enabled: Option<bool>,
    pub(super) enforce_admins: Switch,
    pub(super) required_status_checks: Option<Checks>,
    pub(super) required_pull_request_reviews: Option<Reviews>,
    pub(super) required_conversation_resolution: Switch,
    pub(super) required_signatures: Switch,
    pub(super) required_linear_history: Switch,
    pub(super) lock_branch: Switch,
    /// Who alone may push, and so merge.
    pub(super) restrictions: Option<IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Switch {
    pub(super) enabled: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Checks {
    pub(super) strict: bool,
    pub(super) contexts: Vec<String>,
    pub(super) checks: Vec<Context>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Reviews {
    pub(super) required_approving_review_count: u32,
    pub(super) require_code_owner_reviews: bool,
    pub(super) require_last_push_approval: bool,
    /// Some may do without.
    pub(super) bypass_pull_request_allowances: Option<IgnoredAny>,
}

impl GitHub {
    /// Two requests, and a third where the branch is protected.
    pub(super) async fn guards(&self, branch: &str, what: &str) -> Result<Guards, Fault> {
        let (subject, name) = (self.subject(), segment(branch));
        let path = self.path(&format!("rules/branches/{name}"));
        let rules = self.client.pages_if_allowed::<Rule>(what, &subject, &path).await?;
        let path = self.path(&format!("branches/{name}"));
        let branch: Option<Branch> = self.client.read_if_allowed(what, &subject, &path).await?;
        let Some(Branch { protected, protection }) = branch else {
            return Ok(Guards { rules, shown: None, classic: Classic::Absent });
        };
        let classic = match protected && protection.enabled != Some(false) {
            true => match self.client.read(what, &subject, &format!("{path}/protection"), &[]).await {
                Ok(protection) => Classic::Read(Box::new(protection)),
                // GitHub's word for “there is none”; any other 404 is “you may not know”.
                Err(fault) if fault.why.contains("Branch not protected") => Classic::Absent,
                Err(fault) if fault.kind.is_refusal() => Classic::Unread,
                Err(fault) => return Err(fault),
            },
            false => Classic::Absent,
        };
        Ok(Guards { rules, shown: Some(protection), classic })
    }
}
