//! Tokens of the services that have their own, made at random with each wire.

use secrecy::SecretString;

use super::entra::random_text;

/// What the world's forge, pipeline and clusters take. Whoever has one acts as [`Tickets::LOGIN`].
#[derive(Clone)]
pub struct Tickets {
    /// A personal access token of GitHub.
    pub github: SecretString,
    /// One that may look and not write.
    pub github_reader: SecretString,
    /// One of somebody for whom the repository is not there.
    pub github_stranger: SecretString,
    /// A personal access token of Azure DevOps.
    pub azure_devops: SecretString,
    /// A service account's token, good in every cluster.
    pub kubernetes: SecretString,
}

impl Tickets {
    /// The name under which the holder is known to GitHub and Azure DevOps.
    pub const LOGIN: &'static str = "keyslot-bot";

    pub(super) fn new() -> Tickets {
        let token = |prefix: &str| SecretString::from(format!("{prefix}{}", random_text()));
        Tickets {
            github: token("ghp_"),
            github_reader: token("ghp_"),
            github_stranger: token("ghp_"),
            azure_devops: token(""),
            kubernetes: token(""),
        }
    }
}
