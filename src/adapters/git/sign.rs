//! Signatures: commits are signed where the person's own git is set up to sign, with their key and their programs.
//!
//! What is signed is a commit that was built from objects; git writes it once more, with the same tree, parents, people,
//! times and words. keyslot never sees a private key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use git2::{Signature, Time};

use super::faults;
use super::program::{NotRun, Program, Ran};
use super::store::Store;
use crate::model::{Blindness, CommitId};
use crate::ports::Fault;

const WHAT: &str = "sign a commit";

/// Time enough for who sits there to type a passphrase, and little enough that what was seen before is still good.
const PATIENCE: Duration = Duration::from_secs(120);

/// The part of git's configuration that says whether and how commits are signed.
const ASKED: [&str; 4] =
    ["config", "--null", "--get-regexp", r"^(commit\.gpgsign|user\.signingkey|gpg\..*)$"];

/// Whose configuration counts.
pub(super) struct Signing {
    folder: PathBuf,
}

/// A commit, as the arguments and variables with which git writes it.
pub(super) struct Rewrite {
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
}

impl Signing {
    pub(super) fn new(folder: PathBuf) -> Signing {
        Signing { folder }
    }

    /// The settings for a run that signs; none where commits are not signed.
    pub(super) async fn settings(&self, program: &Program) -> Result<Option<Vec<(String, String)>>, Fault> {
        let subject = self.folder.display().to_string();
        let ran = program.ask(&self.folder, &ASKED).await;
        let ran = ran.map_err(|reason| faults::not_run(WHAT, &subject, program.path(), &reason))?;
        let mut settings = parsed(&ran.stdout);
        let on = settings.iter().rev().find(|(key, _)| key == "commit.gpgsign");
        let on = on.is_some_and(|(_, value)| is_true(value));
        if !on {
            return Ok(None);
        }
        let value = |wanted: &str| {
            settings.iter().rev().find(|(key, _)| key == wanted).map(|(_, value)| value.as_str())
        };
        let by_address =
            value("user.signingkey").is_none_or(str::is_empty) && value("gpg.format") != Some("ssh");
        if by_address {
            // git takes the key by the committer's address: that is the person's, and the commit's is keyslot's.
            let who = program.ask(&self.folder, &["var", "GIT_COMMITTER_IDENT"]).await;
            let who = who.map_err(|reason| faults::not_run(WHAT, &subject, program.path(), &reason))?;
            if let Some((person, _)) = who.stdout.rsplit_once("> ").filter(|_| who.success) {
                settings.push(("user.signingkey".to_owned(), format!("{person}>")));
            }
        }
        Ok(Some(settings))
    }
}

/// The commit, signed.
///
/// # Errors
/// In git's words: no key, or nobody who could type its passphrase.
pub(super) async fn signed(
    program: &Program,
    repository: &Path,
    settings: &[(String, String)],
    rewrite: &Rewrite,
    commit: &CommitId,
) -> Result<CommitId, Fault> {
    let subject = format!("commit {}", commit.short());
    let (environment, arguments) = (&rewrite.environment, &rewrite.arguments);
    let limit = program.timeout().min(PATIENCE);
    let ran = program.run_within(limit, repository, settings, environment, arguments).await;
    match ran {
        Ok(Ran { success: true, stdout, .. }) => Ok(CommitId::new(stdout.trim())),
        Ok(ran) => Err(refused(subject, faults::in_short(&ran.stderr))),
        // As a refusal it halts, and is not tried again and again for as long.
        Err(NotRun::Timeout(after)) => {
            let why = format!(
                "the signing program ({}) did not end within {} s: it may have asked for a passphrase, a PIN or a touch",
                program_of(settings),
                after.as_secs_f64()
            );
            Err(refused(subject, why))
        }
        Err(reason) => Err(faults::not_run(WHAT, &subject, program.path(), &reason)),
    }
}

/// The program that git has sign, without its folder.
fn program_of(settings: &[(String, String)]) -> &str {
    let value = |wanted: &str| {
        let value = settings.iter().rev().find(|(key, _)| key.eq_ignore_ascii_case(wanted));
        value.map(|(_, value)| value.as_str())
    };
    let (own, usual) = match value("gpg.format") {
        Some("ssh") => (value("gpg.ssh.program"), "ssh-keygen"),
        Some("x509") => (value("gpg.x509.program"), "gpgsm"),
        Some(_) | None => (value("gpg.openpgp.program").or(value("gpg.program")), "gpg"),
    };
    own.unwrap_or(usual).rsplit(['/', '\\']).next().unwrap_or(usual)
}

fn refused(subject: String, why: String) -> Fault {
    Fault::new(Blindness::Forbidden, WHAT, subject, why).remedy(
        "your git signs commits (commit.gpgsign): unlock the key for this session (gpg-agent, ssh-agent), or say \
         sign = \"never\" under [environment.NAME.terraform]",
    )
}

/// `key NEWLINE value NUL`, again and again. A key without a value stands for true.
fn parsed(text: &str) -> Vec<(String, String)> {
    let entries = text.split('\0').filter(|entry| !entry.is_empty());
    let pair = |entry: &str| match entry.split_once('\n') {
        Some((key, value)) => (key.to_owned(), value.to_owned()),
        None => (entry.to_owned(), "true".to_owned()),
    };
    entries.map(pair).collect()
}

/// As git reads truth.
fn is_true(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    matches!(value.as_str(), "true" | "yes" | "on") || value.parse::<i64>().is_ok_and(|number| number != 0)
}

impl Store {
    /// What git is to write once more.
    pub(super) fn rewrite(&self, commit: &CommitId) -> Result<Rewrite, Fault> {
        let repository = self.open()?;
        let commit = self.commit_of(&repository, commit)?;
        let mut arguments = vec!["commit-tree".to_owned(), "-S".to_owned()];
        for parent in commit.parent_ids() {
            arguments.extend(["-p".to_owned(), parent.to_string()]);
        }
        let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        arguments.extend(["-m".to_owned(), message.trim_end().to_owned(), commit.tree_id().to_string()]);
        let mut environment = BTreeMap::new();
        let mut person = |role: &str, who: &Signature<'_>| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            environment.insert(format!("GIT_{role}_NAME"), text(who.name_bytes()));
            environment.insert(format!("GIT_{role}_EMAIL"), text(who.email_bytes()));
            environment.insert(format!("GIT_{role}_DATE"), date(who.when()));
        };
        person("AUTHOR", &commit.author());
        person("COMMITTER", &commit.committer());
        Ok(Rewrite { arguments, environment })
    }
}

/// Seconds and offset, as git takes them everywhere.
fn date(when: Time) -> String {
    let minutes = when.offset_minutes();
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("@{} {sign}{:02}{:02}", when.seconds(), minutes.abs() / 60, minutes.abs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_of_signing_is_read_with_values_of_several_lines() {
        let settings = parsed("commit.gpgsign\0user.signingkey\nkey::ssh-ed25519 AAAA\0gpg.format\nssh\0");
        let expected =
            [("commit.gpgsign", "true"), ("user.signingkey", "key::ssh-ed25519 AAAA"), ("gpg.format", "ssh")];
        assert_eq!(settings, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn truth_is_what_git_takes_for_it() {
        assert!(["true", "Yes", "on", "1"].iter().all(|value| is_true(value)));
        assert!(["false", "no", "off", "0", ""].iter().all(|value| !is_true(value)));
    }

    #[test]
    fn times_keep_their_zone() {
        assert_eq!(date(Time::new(1_700_000_000, -150)), "@1700000000 -0230");
        assert_eq!(date(Time::new(0, 330)), "@0 +0530");
    }
}
