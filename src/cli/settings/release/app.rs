//! A GitHub App whose tokens are used.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::TokenPlace;

/// `[environment.NAME.release.forge.app]`: a GitHub App whose tokens are used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppSettings {
    pub id: AppName,
    /// Without it, GitHub is asked for the installation that the repository is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installation: Option<u64>,
    /// Where the private key is found, as GitHub handed it out.
    pub key: TokenPlace,
    /// What its tokens may do, by GitHub's names; no more than what keyslot needs where nothing else is said.
    #[serde(default = "least_rights")]
    pub permissions: BTreeMap<String, AppRight>,
}

/// How GitHub knows an App.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "an App is its id (a number) or its client id")]
pub enum AppName {
    Id(u64),
    ClientId(String),
}

impl fmt::Display for AppName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AppName::Id(id) => write!(f, "{id}"),
            AppName::ClientId(id) => f.write_str(id),
        }
    }
}

/// How far a right of an App goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AppRight {
    Read,
    Write,
}

impl AppRight {
    /// As GitHub writes it.
    pub fn word(self) -> &'static str {
        match self {
            AppRight::Read => "read",
            AppRight::Write => "write",
        }
    }
}

/// Branches and commits, pull requests with their labels and comments, statuses, and the checks of others.
fn least_rights() -> BTreeMap<String, AppRight> {
    [
        ("checks", AppRight::Read),
        ("contents", AppRight::Write),
        ("pull_requests", AppRight::Write),
        ("statuses", AppRight::Write),
    ]
    .map(|(name, right)| (name.to_owned(), right))
    .into()
}
