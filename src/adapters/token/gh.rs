//! The token that GitHub's own command line program keeps.
//!
//! Runs `gh auth token` for one host. What the program writes to stderr is not repeated: how it ended says enough.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::process::Command;
use zeroize::Zeroizing;

use super::search::Place;

/// It reads a file or a keyring; a keyring that waits for a person is not waited for.
const LIMIT: Duration = Duration::from_secs(10);

/// `gh auth token --hostname HOST`.
pub struct GhProgram {
    program: PathBuf,
    host: String,
}

impl GhProgram {
    /// `program` is usually just `gh`.
    pub fn new(program: impl Into<PathBuf>, host: impl Into<String>) -> GhProgram {
        GhProgram { program: program.into(), host: host.into() }
    }

    async fn run(&self) -> Result<Output, String> {
        let mut command = Command::new(&self.program);
        command
            .args(["auth", "token", "--hostname", &self.host])
            .env("GH_PROMPT_DISABLED", "1")
            .env_remove("GH_DEBUG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let output = match tokio::time::timeout(LIMIT, command.output()).await {
            Err(_) => return Err(format!("it did not answer within {} s", LIMIT.as_secs())),
            Ok(output) => output,
        };
        output.map_err(|error| match error.kind() {
            ErrorKind::NotFound => "the program is not there".to_owned(),
            _ => format!("it could not be started: {error}"),
        })
    }
}

#[async_trait]
impl Place for GhProgram {
    fn name(&self) -> String {
        format!("`gh auth token --hostname {}`", self.host)
    }

    async fn look(&self) -> Result<SecretString, String> {
        let output = self.run().await?;
        let printed = Zeroizing::new(output.stdout);
        if !output.status.success() {
            return Err("it is not signed in there".to_owned());
        }
        match std::str::from_utf8(&printed).map(str::trim) {
            Ok(token) if !token.is_empty() => Ok(SecretString::from(token)),
            Ok(_) | Err(_) => Err("it printed no token".to_owned()),
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    async fn look(script: &str) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("gh");
        // Written by another process: what this one holds open for writing, a process that another test is just starting
        // holds too, and then it cannot be run.
        let writes = format!("printf '%s' \"$1\" >'{0}' && chmod 755 '{0}'", program.display());
        let text = format!("#!/bin/sh\n{script}\n");
        let written = std::process::Command::new("/bin/sh").args(["-c", &writes, "sh", &text]).status();
        assert!(written.unwrap().success());
        let gh = GhProgram::new(program, "ghe.acme.example");
        gh.look().await.map(|token| token.expose_secret().to_owned())
    }

    #[tokio::test]
    async fn its_token_is_taken_for_the_host_that_is_meant() {
        assert_eq!(
            look("printf '%s\\n' \"$1-$2-$3-$4\"").await.unwrap(),
            "auth-token---hostname-ghe.acme.example"
        );
    }

    #[tokio::test]
    async fn whoever_is_not_signed_in_or_has_no_such_program_is_told_and_nothing_it_wrote_is_repeated() {
        let said = look("echo CANARY; echo CANARY >&2; exit 1").await.unwrap_err();
        assert_eq!(said, "it is not signed in there");
        assert_eq!(look("exit 0").await.unwrap_err(), "it printed no token");
        let missing = GhProgram::new("/nowhere/gh", "github.com").look().await.unwrap_err();
        assert_eq!(missing, "the program is not there");
    }
}
