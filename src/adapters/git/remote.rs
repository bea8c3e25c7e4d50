//! Fetch and push: what goes over the wire, through the `git` program.
//!
//! A push names exactly one commit and one branch, with a lease on what the branch must be before. It is never a
//! forced one: the caller has made sure that no commit is lost from the expected tip, and git makes sure that the
//! tip is the expected one. The remote's address and tokens travel in the environment.

use std::path::PathBuf;
use std::time::Duration;

use super::faults::{self, Cause};
use super::program::{NotRun, Program, Ran};
use super::reach::{Reach, Way};
use super::rules;
use super::store::TRACKED;
use crate::adapters::taken::Taken;
use crate::model::{Blindness, BranchName, CommitId};
use crate::ports::{Effect, Expect, Fault};

/// The name under which git knows the remote during one run.
pub(super) const NAME: &str = "keyslot";

/// How long the first fetch may take, which brings the whole history; a later one brings what is new.
const FIRST: Duration = Duration::from_secs(4 * 3600);

pub(super) struct Remote {
    way: Way,
    repository: PathBuf,
    taken: Taken,
}

impl Remote {
    pub(super) fn new(way: Way, repository: PathBuf) -> Remote {
        Remote { way, repository, taken: Taken::default() }
    }

    fn subject(&self) -> String {
        format!("remote {}", faults::without_user(self.way.address()))
    }

    /// One run of git with what it needs to reach the remote; what it says comes back without the token.
    async fn run(&self, program: &Program, reach: &Reach, arguments: &[String]) -> Result<Ran, NotRun> {
        self.run_within(program.timeout(), program, reach, arguments).await
    }

    async fn run_within(
        &self,
        limit: Duration,
        program: &Program,
        reach: &Reach,
        arguments: &[String],
    ) -> Result<Ran, NotRun> {
        let (settings, environment) = (&reach.settings, &reach.environment);
        let ran = program.run_within(limit, &self.repository, settings, environment, arguments).await?;
        Ok(Ran { stderr: reach.censored(&ran.stderr), stdout: reach.censored(&ran.stdout), ..ran })
    }

    /// Brings all branches of the remote into the store, and removes those that the remote no longer has.
    pub(super) async fn fetch(&self, program: &Program, first: bool) -> Result<(), Fault> {
        let what = "fetch the branches";
        let mut reach = self.way.reach(what).await?;
        let usual = program.timeout();
        let limit = if first { FIRST.max(usual) } else { usual };
        // Over https, one that brings nothing for as long as another may take hangs.
        reach.settings.push(("http.lowSpeedLimit".to_owned(), "1".to_owned()));
        reach.settings.push(("http.lowSpeedTime".to_owned(), usual.as_secs().max(1).to_string()));
        let refspec = format!("+refs/heads/*:{TRACKED}*");
        let arguments = ["fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head", NAME, &refspec];
        match self.run_within(limit, program, &reach, &arguments.map(str::to_owned)).await {
            Ok(Ran { success: true, .. }) => {
                self.taken.note();
                Ok(())
            }
            Ok(ran) => {
                let fault = faults::failed(what, &self.subject(), &ran.stderr, reach.place());
                // A wrong address looks as a repository that nobody may see.
                let never = matches!(faults::cause(&ran.stderr), Cause::NoCredentials | Cause::NoRepository);
                Err(if never { self.taken.judge(fault) } else { fault })
            }
            Err(reason) => Err(faults::not_run(what, &self.subject(), program.path(), &reason)),
        }
    }

    /// Moves one branch of the remote from what is expected to `commit`.
    pub(super) async fn push(
        &self,
        program: &Program,
        commit: &CommitId,
        branch: &BranchName,
        expect: &Expect,
    ) -> Effect<()> {
        let what = format!("push {} to branch {branch}", commit.short());
        let reach = match self.way.reach(&what).await {
            Ok(reach) => reach,
            Err(fault) => return Effect::NotSent(fault),
        };
        let arguments = push_arguments(commit, branch, expect);
        match self.run(program, &reach, &arguments).await {
            Ok(ran) => judge(&ran, &what, &self.subject(), reach.place()),
            Err(reason) => {
                let fault = faults::not_run(&what, &self.subject(), program.path(), &reason);
                match reason {
                    NotRun::Missing | NotRun::Old(_) | NotRun::Start(_) => Effect::NotSent(fault),
                    NotRun::Timeout(_) | NotRun::Lost(_) => Effect::Unknown(fault),
                }
            }
        }
    }
}

fn push_arguments(commit: &CommitId, branch: &BranchName, expect: &Expect) -> Vec<String> {
    let old = match expect {
        Expect::Absent => "",
        Expect::At(old) => old.as_str(),
    };
    vec![
        "push".to_owned(),
        "--porcelain".to_owned(),
        "--no-verify".to_owned(),
        format!("--force-with-lease=refs/heads/{branch}:{old}"),
        NAME.to_owned(),
        format!("{commit}:refs/heads/{branch}"),
    ]
}

/// What became of a push, by the line that `--porcelain` prints for the branch: a flag, the refs, a summary.
fn judge(ran: &Ran, what: &str, subject: &str, token: Option<&str>) -> Effect<()> {
    let line = ran.stdout.lines().find(|line| line.contains(":refs/heads/"));
    match line.map(|line| (line.chars().next().unwrap_or(' '), line)) {
        // Fast-forward, new branch, up to date.
        Some((' ' | '*' | '=', _)) if ran.success => Effect::Applied(()),
        Some(('!', line)) => {
            let why = line.rsplit('\t').next().unwrap_or(line);
            refused(why, &ran.stderr, what, subject)
        }
        Some(_) => Effect::Unknown(faults::failed(what, subject, &ran.stderr, token)),
        None => before_any_answer(ran, what, subject, token),
    }
}

fn refused(why: &str, stderr: &str, what: &str, subject: &str) -> Effect<()> {
    // “[remote failure]”: the pack went out, and the remote did not say what it did with the branch.
    if why.starts_with("[remote failure]") {
        return Effect::Unknown(Fault::new(Blindness::Unreachable, what, subject, why));
    }
    let from_remote = rules::words(stderr);
    let moved = found_it_moved(why, &from_remote);
    let why = match from_remote.is_empty() {
        true => why.to_owned(),
        false => format!("{why}: {from_remote}"),
    };
    if moved {
        let fault = Fault::new(Blindness::Changed, what, subject, why);
        return Effect::Refused(fault.remedy("somebody else moved the branch: fetch and look again"));
    }
    let remedy = if why.contains("fetch first") || why.contains("non-fast-forward") {
        "the branch has commits that this push would lose"
    } else {
        rules::remedy(&from_remote)
    };
    Effect::Refused(Fault::new(Blindness::Forbidden, what, subject, why).remedy(remedy))
}

/// Whether a push was refused because the branch is not where it was expected: in the words of git on this side, and of
/// git on the other. What a hook says is neither.
fn found_it_moved(why: &str, from_remote: &str) -> bool {
    // A branch stands where this one needs a folder, or the other way round: no look mends that.
    if [why, from_remote]
        .iter()
        .any(|said| said.contains("exists; cannot create") || said.contains("refname conflict"))
    {
        return false;
    }
    let locked = |said: &str| said.contains("cannot lock ref") || said.contains("failed to update ref");
    why.contains("stale info") || why.contains("already exists") || locked(why) || locked(from_remote)
}

/// git ended before it had a word on the branch. Where the words show that it never got so far as to send, nothing
/// has changed; in all other cases nobody knows.
fn before_any_answer(ran: &Ran, what: &str, subject: &str, token: Option<&str>) -> Effect<()> {
    let fault = faults::failed(what, subject, &ran.stderr, token);
    match faults::cause(&ran.stderr) {
        Cause::NoCredentials | Cause::NoPermission | Cause::NoRepository | Cause::Ownership => {
            Effect::Refused(fault)
        }
        Cause::Certificate | Cause::HostKey | Cause::ObjectFormat => Effect::NotSent(fault),
        Cause::NoConnection if never_connected(&ran.stderr) => Effect::NotSent(fault),
        Cause::NoConnection | Cause::Locked | Cause::DiskFull | Cause::Other => Effect::Unknown(fault),
    }
}

fn never_connected(stderr: &str) -> bool {
    let words =
        ["Could not resolve host", "Failed to connect", "Couldn't connect to server", "Connection refused"];
    words.iter().any(|words| stderr.contains(words))
}

/// The fault of a push that would lose commits.
pub(super) fn not_forward(commit: &CommitId, branch: &BranchName) -> Fault {
    Fault::new(
        Blindness::Forbidden,
        format!("push {} to branch {branch}", commit.short()),
        "the branch",
        "the new commit does not contain the branch's present tip, and keyslot never forces a branch",
    )
    .remedy("fetch, and build on the tip")
}
