//! Where pull requests are opened, and what they are given.

use serde::{Deserialize, Serialize};
use url::Url;

use super::super::{SettingsError, TokenPlace, WebAddress};
use super::AppSettings;
use crate::adapters::github::web_of;
use crate::model::{MergeMethod, Merging, PullDress, PullPolicy};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForgeKind {
    #[default]
    Github,
}

/// `[environment.NAME.release.forge]`: where pull requests are opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForgeSettings {
    #[serde(default)]
    pub kind: ForgeKind,
    #[serde(default = "github_api")]
    pub api: WebAddress,
    pub owner: String,
    pub repository: String,
    /// Without it and without an App, the places where people have tokens are looked into; see `cli::tokens`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenPlace>,
    /// Tokens of a GitHub App instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppSettings>,
    /// Checks that must pass besides those that the forge requires: a validation pipeline that no branch rule
    /// names.
    #[serde(default)]
    pub validation: Vec<String>,
    /// Who merges.
    #[serde(default)]
    pub merge: Merging,
    #[serde(default)]
    pub merge_method: MergeMethod,
    /// Whether pull requests are opened as drafts.
    #[serde(default)]
    pub draft: bool,
    /// Given once, after opening.
    #[serde(default)]
    pub labels: Vec<String>,
    #[serde(default)]
    pub reviewers: Vec<String>,
    /// Teams whose review is requested, by their short names.
    #[serde(default)]
    pub teams: Vec<String>,
    #[serde(default)]
    pub assignees: Vec<String>,
    /// Whether the pull request is told how the rotation stands.
    #[serde(default = "yes")]
    pub board: bool,
}

impl ForgeSettings {
    /// A repository on GitHub, with everything else as it is where nothing is said.
    pub fn github(owner: &str, repository: &str, token: TokenPlace) -> ForgeSettings {
        ForgeSettings {
            kind: ForgeKind::Github,
            api: github_api(),
            owner: owner.to_owned(),
            repository: repository.to_owned(),
            token: Some(token),
            app: None,
            validation: Vec::new(),
            merge: Merging::default(),
            merge_method: MergeMethod::default(),
            draft: false,
            labels: Vec::new(),
            reviewers: Vec::new(),
            teams: Vec::new(),
            assignees: Vec::new(),
            board: true,
        }
    }

    /// What the decision core and the drivers need of it.
    pub fn pulls(&self) -> PullPolicy {
        let Self { labels, reviewers, teams, assignees, .. } = self.clone();
        PullPolicy {
            merging: self.merge,
            method: self.merge_method,
            draft: self.draft,
            dress: PullDress { labels, reviewers, teams, assignees },
            board: self.board,
            validation: None,
        }
    }

    /// Where its pages are: GitHub's own, or those of the server whose API it is.
    ///
    /// # Errors
    /// An address that is none; never for settings that were read.
    pub fn web(&self) -> Result<Url, SettingsError> {
        Ok(web_of(&self.api.url()?))
    }
}

fn yes() -> bool {
    true
}

/// GitHub's own API.
pub fn github_api() -> WebAddress {
    WebAddress::of_host("api.github.com")
}
