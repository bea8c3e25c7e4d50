//! What repositories are called by now: they may be renamed, or given to somebody else, and GitHub leads on from the former name.

use async_trait::async_trait;
use serde::Deserialize;

use super::{GitHub, pull};
use crate::adapters::azure_devops::PresentNames;
use crate::model::Blindness;
use crate::ports::Fault;

/// A repository as it is called now.
#[derive(Deserialize)]
struct Named {
    owner: pull::User,
    #[serde(default)]
    full_name: String,
}

impl GitHub {
    /// Of a repository that was transferred.
    pub(super) async fn present_owner(&self) -> Result<String, Fault> {
        let path = format!("/repos/{}/{}", self.settings.owner, self.settings.repository);
        let found: Named = self.client.read("read the repository", &self.subject(), &path, &[]).await?;
        Ok(found.owner.login)
    }
}

#[async_trait]
impl PresentNames for GitHub {
    async fn present_name(&self, full_name: &str) -> Result<Option<String>, Fault> {
        let subject = format!("GitHub repository {full_name}");
        let (what, path) = ("read what the repository is called by now", format!("/repos/{full_name}"));
        match self.client.read::<Named>(what, &subject, &path, &[]).await {
            Ok(found) => Ok(Some(found.full_name)),
            Err(fault) if fault.kind == Blindness::Missing => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}
