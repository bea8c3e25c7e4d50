//! Whether a pipeline's code lies in the repository that keyslot works in.
//!
//! Either may be called by a name that the repository had once, in the pipeline or in the configuration: GitHub leads on from it
//! to the present one. So two names are two repositories only where GitHub says so.

use async_trait::async_trait;

use super::AzureDevOps;
use crate::model::Blindness;
use crate::ports::{Effect, Fault};

/// What a repository on GitHub is called by now.
#[async_trait]
pub trait PresentNames: Send + Sync {
    /// The present `owner/name` of what is or was called so; `None` where none is that may be seen.
    async fn present_name(&self, full_name: &str) -> Result<Option<String>, Fault>;
}

/// Where a definition's code lies.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Origin {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    id: Option<String>,
    name: Option<String>,
}

impl Origin {
    fn is_on_github(&self) -> bool {
        self.kind.as_deref().is_some_and(|kind| kind.to_lowercase().starts_with("github"))
    }

    fn is_called(&self, full_name: &str) -> bool {
        let full_name = full_name.to_lowercase();
        [&self.id, &self.name].into_iter().flatten().any(|text| text.to_lowercase().ends_with(&full_name))
    }

    /// `owner/name`, where it is told.
    fn full_name(&self) -> Option<String> {
        [&self.id, &self.name].into_iter().flatten().find_map(|text| {
            let mut parts = text.trim_end_matches(".git").rsplit('/').filter(|part| !part.is_empty());
            let (name, owner) = (parts.next()?, parts.next()?);
            Some(format!("{owner}/{name}"))
        })
    }
}

impl AzureDevOps {
    /// With whoever knows what repositories are called by now.
    pub fn beside(mut self, forge: std::sync::Arc<dyn PresentNames>) -> AzureDevOps {
        self.names = Some(forge);
        self
    }

    /// Whether it is the configured repository; `None` where it is not on GitHub, and may be a mirror.
    pub(super) async fn is_ours(&self, what: &str, origin: &Origin) -> Result<Option<bool>, Effect<()>> {
        let configured = &self.settings.repository;
        if !origin.is_on_github() {
            return Ok(None);
        }
        if origin.is_called(configured) {
            return Ok(Some(true));
        }
        let (Some(names), Some(told)) = (&self.names, origin.full_name()) else {
            let why = format!("the pipeline's repository on GitHub may be {configured} by another name");
            let fault = Fault::new(Blindness::Unintelligible, what, self.subject(), why)
                .remedy("write the repository's present name into keyslot.toml and into the pipeline");
            return Err(Effect::Refused(fault));
        };
        let present = async |name: &str| names.present_name(name).await.map_err(Effect::NotSent);
        match present(configured).await? {
            Some(ours) if origin.is_called(&ours) => Ok(Some(true)),
            Some(ours) => {
                Ok(Some(present(&told).await?.is_some_and(|theirs| theirs.eq_ignore_ascii_case(&ours))))
            }
            None => {
                let why = format!("{configured} is not to be seen on GitHub, so it may be {told}");
                let fault = Fault::new(Blindness::Missing, what, self.subject(), why)
                    .remedy("check owner and name under [environment.NAME.release.forge]");
                Err(Effect::NotSent(fault))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[test]
    fn a_repository_is_called_by_its_last_two_words() {
        let of = |id: &str| Origin { kind: Some("GitHub".to_owned()), id: Some(id.to_owned()), name: None };
        assert_eq!(of("acme/app").full_name().as_deref(), Some("acme/app"));
        assert_eq!(of("https://ghe.acme.example/acme/app.git").full_name().as_deref(), Some("acme/app"));
        assert_eq!(of("7").full_name(), None);
    }
}
