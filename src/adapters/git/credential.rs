//! What the user's git knows of a host: its credential helpers, through `git credential fill`.
//!
//! The password of what they hand out is the token. Nobody is asked anything: neither terminal nor askpass program.
//! What git or a helper writes to stderr is not repeated, for a helper may write anything.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::program::{NotRun, Program};
use crate::adapters::token::search::Place;

/// A helper may have to renew what it keeps over the network.
const LIMIT: Duration = Duration::from_secs(30);

/// `git credential fill` for one address.
pub struct CredentialHelpers {
    program: Program,
    folder: PathBuf,
    host: String,
    path: String,
}

impl CredentialHelpers {
    /// `host` with its port, if it has one; `path` as `OWNER/REPOSITORY`. The configuration of the repository at
    /// `folder` counts, as it does for `git fetch` there.
    pub fn new(
        program: impl Into<PathBuf>,
        folder: impl Into<PathBuf>,
        host: impl Into<String>,
        path: impl Into<String>,
    ) -> CredentialHelpers {
        let program = Program::new(program.into(), BTreeMap::new(), LIMIT);
        CredentialHelpers { program, folder: folder.into(), host: host.into(), path: path.into() }
    }
}

#[async_trait]
impl Place for CredentialHelpers {
    fn name(&self) -> String {
        format!("git's credential helpers for https://{}", self.host)
    }

    async fn look(&self) -> Result<SecretString, String> {
        let asked = format!("protocol=https\nhost={}\npath={}.git\n\n", self.host, self.path);
        let ran = self.program.fill(&self.folder, &asked).await.map_err(|error| why(&error))?;
        let printed = Zeroizing::new(ran.stdout);
        let password = printed.lines().find_map(|line| line.strip_prefix("password="));
        match password.filter(|_| ran.success) {
            Some(password) if !password.is_empty() => Ok(SecretString::from(password)),
            Some(_) | None => Err("none has an answer".to_owned()),
        }
    }
}

fn why(error: &NotRun) -> String {
    match error {
        NotRun::Missing => "the program git is not there".to_owned(),
        NotRun::Old(version) => format!("git is too old: {version}"),
        NotRun::Start(error) => format!("git could not be started: {error}"),
        NotRun::Timeout(limit) => format!("no answer within {} s", limit.as_secs()),
        NotRun::Lost(error) => format!("git's answer could not be read: {error}"),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    /// A repository whose helper runs this shell function.
    async fn look(helper: &str, host: &str) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let repository = git2::Repository::init(folder.path()).unwrap();
        let mut config = repository.config().unwrap().open_level(git2::ConfigLevel::Local).unwrap();
        // An empty helper first forgets those of whoever runs the test.
        config.set_str("credential.helper", "").unwrap();
        let scoped = "credential.https://ghe.acme.example.helper";
        config.set_str(scoped, &format!("!f() {{ {helper}; }}; f")).unwrap();
        let helpers = CredentialHelpers::new("git", folder.path(), host, "acme/platform");
        helpers.look().await.map(|token| token.expose_secret().to_owned())
    }

    #[tokio::test]
    async fn the_password_that_a_helper_hands_out_for_the_host_is_the_token() {
        let helper = "test \"$1\" = get && echo username=x-access-token && echo password=from-helper";
        assert_eq!(look(helper, "ghe.acme.example").await.unwrap(), "from-helper");
        assert_eq!(look(helper, "elsewhere.example").await.unwrap_err(), "none has an answer");
    }

    #[tokio::test]
    async fn a_helper_that_has_nothing_is_told_and_nothing_it_wrote_is_repeated() {
        let said = look("echo CANARY >&2; echo username=CANARY", "ghe.acme.example").await.unwrap_err();
        assert_eq!(said, "none has an answer");
    }
}
