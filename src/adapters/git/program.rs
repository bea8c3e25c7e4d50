//! One run of the user's `git` program.
//!
//! Inherits what makes git work for this person (credential helpers, SSH, proxies, certificates) and shuts out what
//! would make it work on another repository or ask questions: variables that name a repository, hooks, prompts,
//! tracing (it may print tokens), background maintenance. Settings go in through `GIT_CONFIG_*` variables, never as
//! arguments: arguments can be read by every user of the machine.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

/// The first git that reads `GIT_CONFIG_COUNT`.
pub(super) const OLDEST: (u32, u32) = (2, 31);

/// Variables of git's own that are passed on; all others named `GIT_…` are not.
const KEPT: [&str; 9] = [
    "GIT_ALLOW_PROTOCOL",
    "GIT_ASKPASS",
    "GIT_CONFIG_",
    "GIT_EXEC_PATH",
    "GIT_HTTP_",
    "GIT_PROXY_",
    "GIT_PROTOCOL_FROM_USER",
    "GIT_SSH",
    "GIT_SSL_",
];

/// How a run ended that could be started.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) success: bool,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Why there is no end of a run to speak of.
#[derive(Debug)]
pub(super) enum NotRun {
    /// There is no such program.
    Missing,
    /// It is too old; with what it says of its version.
    Old(String),
    Start(io::Error),
    /// Started, and did not end in time. What it did by then is not known.
    Timeout(Duration),
    /// Started, and its answer could not be read.
    Lost(io::Error),
}

pub(super) struct Program {
    path: PathBuf,
    environment: BTreeMap<String, String>,
    timeout: Duration,
    /// Held while the program runs: two fetches at once fight for locks. Says whether the version is known to do.
    turn: Mutex<bool>,
}

impl Program {
    pub(super) fn new(path: PathBuf, environment: BTreeMap<String, String>, timeout: Duration) -> Program {
        Program { path, environment, timeout, turn: Mutex::new(false) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs git on a repository with some settings and variables of git's own, such as who a commit is by, to its end or that
    /// of the time that it may take.
    pub(super) async fn run_within(
        &self,
        limit: Duration,
        repository: &Path,
        settings: &[(String, String)],
        environment: &BTreeMap<String, String>,
        arguments: &[String],
    ) -> Result<Ran, NotRun> {
        let mut version_known = self.turn.lock().await;
        if !*version_known {
            self.check_version().await?;
            *version_known = true;
        }
        let mut command = self.command(settings);
        command.env("GIT_DIR", repository).envs(environment).args(arguments);
        finish(command, limit).await
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Runs git where a person works, to ask about their repository. Changes nothing.
    pub(super) async fn ask(&self, folder: &Path, arguments: &[&str]) -> Result<Ran, NotRun> {
        let mut command = self.command(&[]);
        command.arg("-C").arg(folder).args(arguments);
        finish(command, self.timeout).await
    }

    /// Starts git there, with pipes to and from it. What is not in the repository is not fetched into it.
    pub(super) fn start(&self, folder: &Path, arguments: &[&str]) -> Result<Child, NotRun> {
        let mut command = self.command(&[]);
        command.arg("-C").arg(folder).args(arguments);
        // The first variable says it plainly and is known since git 2.45; older ones find no protocol to fetch by.
        command.env("GIT_NO_LAZY_FETCH", "1").env("GIT_ALLOW_PROTOCOL", "none").stdin(Stdio::piped());
        spawned(&mut command)
    }

    /// Asks for the credentials of an address, where a person works. Nobody is asked: an empty askpass program is none,
    /// and whatever git's configuration names is passed over.
    pub(super) async fn fill(&self, folder: &Path, asked: &str) -> Result<Ran, NotRun> {
        let mut command = self.command(&[]);
        command
            .arg("-C")
            .arg(folder)
            .args(["credential", "fill"])
            .env("GIT_ASKPASS", "")
            .stdin(Stdio::piped());
        let mut child = spawned(&mut command)?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(asked.as_bytes()).await.map_err(NotRun::Lost)?;
        }
        ended(child, self.timeout).await
    }

    async fn check_version(&self) -> Result<(), NotRun> {
        let mut command = self.command(&[]);
        command.arg("version");
        let said = finish(command, self.timeout).await?.stdout;
        match parse_version(&said) {
            Some(version) if version < OLDEST => Err(NotRun::Old(said.trim().to_owned())),
            // A version that we cannot read is given the benefit of the doubt.
            Some(_) | None => Ok(()),
        }
    }

    fn command(&self, settings: &[(String, String)]) -> Command {
        let mut command = Command::new(&self.path);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        // A group of its own: Ctrl-C is keyslot's to handle, and must not cut a push in two.
        #[cfg(unix)]
        command.process_group(0);
        for (name, _) in std::env::vars_os() {
            if is_shut_out(&name) {
                command.env_remove(name);
            }
        }
        command.envs(&self.environment).envs(QUIET);
        let first = self.settings_before();
        let fixed = FIXED.iter().map(|(key, value)| (*key, *value));
        let given = settings.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let mut count = first;
        for (key, value) in fixed.chain(given) {
            command.env(format!("GIT_CONFIG_KEY_{count}"), key);
            command.env(format!("GIT_CONFIG_VALUE_{count}"), value);
            count += 1;
        }
        command.env("GIT_CONFIG_COUNT", count.to_string());
        command
    }

    /// How many settings the environment brings already; ours follow them.
    fn settings_before(&self) -> usize {
        let inherited = || std::env::var("GIT_CONFIG_COUNT").ok();
        let count = self.environment.get("GIT_CONFIG_COUNT").cloned().or_else(inherited);
        count.and_then(|count| count.parse().ok()).unwrap_or(0)
    }
}

async fn finish(mut command: Command, limit: Duration) -> Result<Ran, NotRun> {
    let child = spawned(&mut command)?;
    ended(child, limit).await
}

async fn ended(child: Child, limit: Duration) -> Result<Ran, NotRun> {
    let output = tokio::time::timeout(limit, child.wait_with_output())
        .await
        .map_err(|_| NotRun::Timeout(limit))?
        .map_err(NotRun::Lost)?;
    Ok(Ran {
        success: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

fn spawned(command: &mut Command) -> Result<Child, NotRun> {
    command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => NotRun::Missing,
        _ => NotRun::Start(error),
    })
}

/// Settings that hold for every run.
const FIXED: [(&str, &str); 9] = [
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("push.gpgSign", "false"),
    ("push.followTags", "false"),
    ("push.recurseSubmodules", "no"),
    ("fetch.recurseSubmodules", "false"),
    ("credential.interactive", "false"),
];

/// Variables that hold for every run: English answers, and nobody to answer questions. Where a passphrase would be
/// asked for, SSH asks a program that fails.
const QUIET: [(&str, &str); 6] = [
    ("LC_ALL", "C"),
    ("LANGUAGE", ""),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GCM_INTERACTIVE", "never"),
    ("SSH_ASKPASS", "false"),
    ("SSH_ASKPASS_REQUIRE", "force"),
];

fn is_shut_out(name: &OsStr) -> bool {
    let name = OsString::from(name).into_string().unwrap_or_default();
    name == "GIT_CURL_VERBOSE"
        || (name.starts_with("GIT_") && !KEPT.iter().any(|kept| name.starts_with(kept)))
}

fn parse_version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.trim().strip_prefix("git version ")?.split(['.', ' ', '-']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_name_a_repository_or_trace_are_shut_out_and_access_is_kept() {
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_TRACE_CURL", "GIT_CURL_VERBOSE"] {
            assert!(is_shut_out(OsStr::new(name)), "{name}");
        }
        for name in ["GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_CONFIG_COUNT", "GIT_SSL_CAINFO", "HOME", "PATH"] {
            assert!(!is_shut_out(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn versions_are_read_as_every_vendor_writes_them() {
        let cases = [
            ("git version 2.47.3\n", Some((2, 47))),
            ("git version 2.39.5 (Apple Git-154)", Some((2, 39))),
            ("git version 2.30.1.windows.1", Some((2, 30))),
            ("something else", None),
        ];
        for (said, expected) in cases {
            assert_eq!(parse_version(said), expected, "{said}");
        }
    }
}
