//! Files of a person's own repository as they were at a revision, read from its objects: nothing is checked out,
//! fetched or written.
//!
//! The `git` program does it, for it alone reads every repository there is: partial clones, reftable, sha256, worktrees.
//! Two runs whatever the number of files: one lists the tree, one prints the blobs that are wanted.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Child;

use super::program::{NotRun, Program};
use super::{faults, led};
use crate::model::{Blindness, CommitId};
use crate::ports::Fault;

/// What reading one revision may take. It is all local; a sleeping network disk is what takes longest.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A folder of a repository, at a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    pub commit: CommitId,
    /// The folder, from the top of the working tree: empty, or with a slash at its end.
    pub prefix: String,
    /// Path from the folder, and bytes; in git's order.
    pub files: Vec<(String, Vec<u8>)>,
    /// Symbolic links, and where they lead, both as paths from the folder; what is wanted by its name is no link to a
    /// folder, and is left out.
    pub links: Vec<(String, String)>,
}

/// Why there is nothing to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoRevision {
    /// What was asked for does not exist: no repository, no such revision, objects that were never fetched.
    Missing(Fault),
    /// git could not be run, or failed.
    Failed(Fault),
}

/// The mode of a symbolic link.
const LINK: &str = "120000";

/// One blob that is wanted.
struct Blob {
    object: String,
    path: String,
    is_link: bool,
}

/// Reads the files below `folder` whose path (from there) is wanted, as they are at `revision`.
///
/// # Errors
/// See [`NoRevision`]; each says what to do.
pub async fn files_at(
    program: &Path,
    folder: &Path,
    revision: &str,
    wanted: impl Fn(&str) -> bool,
) -> Result<Revision, NoRevision> {
    let git = Program::new(program.to_owned(), Default::default(), TIMEOUT);
    let reader = Reader { git: &git, folder, revision };
    tokio::time::timeout(TIMEOUT, reader.read(wanted))
        .await
        .unwrap_or_else(|_| Err(reader.not_run(&NotRun::Timeout(TIMEOUT))))
}

struct Reader<'a> {
    git: &'a Program,
    folder: &'a Path,
    revision: &'a str,
}

impl Reader<'_> {
    async fn read(&self, wanted: impl Fn(&str) -> bool) -> Result<Revision, NoRevision> {
        let prefix = self.prefix().await?;
        let commit = self.commit().await?;
        let (links, blobs): (Vec<Blob>, Vec<Blob>) =
            self.list(&commit, wanted).await?.into_iter().partition(|blob| blob.is_link);
        let files = self.blobs(blobs).await?;
        let links = if links.is_empty() { Vec::new() } else { self.blobs(links).await? };
        let link = |(path, target): (String, Vec<u8>)| {
            let target = led(&path, &target)?;
            Some((path, target))
        };
        let links = links.into_iter().filter_map(link).collect();
        Ok(Revision { commit: CommitId::new(commit), prefix, files, links })
    }

    async fn ask(&self, arguments: &[&str]) -> Result<(bool, String, String), NoRevision> {
        let ran = self.git.ask(self.folder, arguments).await.map_err(|reason| self.not_run(&reason))?;
        Ok((ran.success, ran.stdout.trim_end_matches(['\n', '\r']).to_owned(), ran.stderr))
    }

    async fn prefix(&self) -> Result<String, NoRevision> {
        let (found, prefix, stderr) = self.ask(&["rev-parse", "--show-prefix"]).await?;
        match found {
            true => Ok(prefix),
            false if stderr.contains("not a git repository") => Err(self.missing(
                "the folder is in no git repository",
                "name a PATH inside of the repository that has this revision",
            )),
            false => Err(self.failed(&stderr)),
        }
    }

    async fn commit(&self) -> Result<String, NoRevision> {
        if let Some(commit) = self.resolved(self.revision).await? {
            return Ok(commit);
        }
        let revision = self.revision;
        let (_, shallow, _) = self.ask(&["rev-parse", "--is-shallow-repository"]).await?;
        let tracked = format!("origin/{revision}");
        let remedy = match self.resolved(&format!("refs/remotes/{tracked}")).await? {
            Some(_) => format!("there is a branch of that name at the remote: --against {tracked}"),
            None => remedy(revision, shallow == "true"),
        };
        Err(self.missing("the repository has no such revision", remedy))
    }

    /// The commit that is meant, if there is one.
    async fn resolved(&self, revision: &str) -> Result<Option<String>, NoRevision> {
        // What starts with a dash is an option to git, never a revision.
        if revision.starts_with('-') {
            return Ok(None);
        }
        let commit = format!("{revision}^{{commit}}");
        let (found, commit, _) = self.ask(&["rev-parse", "--verify", "--quiet", &commit]).await?;
        Ok(found.then_some(commit))
    }

    async fn list(&self, commit: &str, wanted: impl Fn(&str) -> bool) -> Result<Vec<Blob>, NoRevision> {
        let listed = self.start(&["ls-tree", "-r", "-z", commit])?.wait_with_output().await;
        let listed = listed.map_err(|error| self.not_run(&NotRun::Lost(error)))?;
        if !listed.status.success() {
            return Err(self.incomplete(&String::from_utf8_lossy(&listed.stderr)));
        }
        Ok(listed
            .stdout
            .split(|byte| *byte == 0)
            .filter_map(entry)
            .filter(|blob| wanted(&blob.path) != blob.is_link)
            .collect())
    }

    async fn blobs(&self, blobs: Vec<Blob>) -> Result<Vec<(String, Vec<u8>)>, NoRevision> {
        let mut child = self.start(&["cat-file", "--batch", "--buffer"])?;
        let names: String = blobs.iter().map(|blob| format!("{}\n", blob.object)).collect();
        let asking = child.stdin.take();
        // Both at once: git stops reading names when nobody takes its answers.
        let ask = async move {
            if let Some(mut asking) = asking {
                // Where git has gone away, its answer says so.
                let _ = asking.write_all(names.as_bytes()).await;
            }
        };
        let (files, ()) = tokio::join!(self.answers(&mut child, blobs.into()), ask);
        // It has nothing left to say; waiting for it only keeps the process table clean.
        let _ = child.wait().await;
        files
    }

    async fn answers(
        &self,
        child: &mut Child,
        mut blobs: VecDeque<Blob>,
    ) -> Result<Vec<(String, Vec<u8>)>, NoRevision> {
        let lost = |error| self.not_run(&NotRun::Lost(error));
        let mut files = Vec::with_capacity(blobs.len());
        let Some(answers) = child.stdout.take() else { return Ok(files) };
        let mut answers = BufReader::with_capacity(64 * 1024, answers);
        while let Some(blob) = blobs.pop_front() {
            let mut head = String::new();
            answers.read_line(&mut head).await.map_err(lost)?;
            let size = head.trim_end().rsplit_once(' ').and_then(|(_, size)| size.parse::<usize>().ok());
            let Some(size) = size else { return Err(self.incomplete(&last_words(child, head).await)) };
            let mut bytes = vec![0; size + 1];
            answers.read_exact(&mut bytes).await.map_err(lost)?;
            bytes.truncate(size);
            files.push((blob.path, bytes));
        }
        Ok(files)
    }

    fn start(&self, arguments: &[&str]) -> Result<Child, NoRevision> {
        self.git.start(self.folder, arguments).map_err(|reason| self.not_run(&reason))
    }

    fn what(&self) -> String {
        format!("read the revision “{}”", self.revision)
    }

    fn subject(&self) -> String {
        self.folder.display().to_string()
    }

    fn missing(&self, why: &str, remedy: impl Into<String>) -> NoRevision {
        NoRevision::Missing(Fault::new(Blindness::Missing, self.what(), self.subject(), why).remedy(remedy))
    }

    /// Objects that are not here: the clone is a partial one, or damaged.
    fn incomplete(&self, said: &str) -> NoRevision {
        let why = format!("an object of it is missing here: {}", faults::in_short(said));
        self.missing(
            &why,
            "bring the objects, as by checking that revision out once in a worktree of its own",
        )
    }

    fn failed(&self, stderr: &str) -> NoRevision {
        NoRevision::Failed(faults::failed(&self.what(), &self.subject(), stderr, None))
    }

    fn not_run(&self, reason: &NotRun) -> NoRevision {
        NoRevision::Failed(faults::not_run(&self.what(), &self.subject(), self.git.path(), reason))
    }
}

/// How to get a revision that is not here. Only names can be fetched, and whole object ids; `HEAD~5` is counted from
/// what is here.
fn remedy(revision: &str, shallow: bool) -> String {
    let branch = revision.strip_prefix("origin/").unwrap_or(revision);
    match (is_name(revision) || is_object_id(revision), shallow) {
        (true, true) => format!(
            "this clone is shallow: fetch what is missing (`git fetch --depth=1 origin {branch}`, then --against \
             FETCH_HEAD; or `git fetch --unshallow`)"
        ),
        (false, true) => {
            "this clone is shallow: `git fetch --unshallow` brings its whole history, `git fetch \
                          --deepen=N` the next N commits"
                .to_owned()
        }
        (true, false) if is_name(revision) => {
            format!("`git fetch origin {branch}` brings it, if it is a branch of the remote")
        }
        (_, false) => {
            "`git log --oneline` lists the commits that are here, `git branch --all` and `git tag` the names"
                .to_owned()
        }
    }
}

/// Whether it may be the name of a branch or tag.
fn is_name(revision: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '+');
    let is_id = revision.len() >= 7 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    revision.starts_with(char::is_alphanumeric)
        && revision.chars().all(plain)
        && !revision.contains("..")
        && !revision.ends_with("HEAD")
        && !is_id
}

fn is_object_id(revision: &str) -> bool {
    matches!(revision.len(), 40 | 64) && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What was answered instead of a blob, or what was said on ending without an answer.
async fn last_words(child: &mut Child, mut answer: String) -> String {
    if answer.is_empty()
        && let Some(mut stderr) = child.stderr.take()
    {
        // What cannot be read was not said.
        let _ = stderr.read_to_string(&mut answer).await;
    }
    answer
}

/// One line of the list, where it is a file or a link: `100644 blob OBJECT<tab>PATH`. Submodules have another mode.
fn entry(line: &[u8]) -> Option<Blob> {
    let line = String::from_utf8_lossy(line);
    let (head, path) = line.split_once('\t')?;
    let (mode, object) = head.split_once(" blob ")?;
    let is_link = mode == LINK;
    (is_link || mode.starts_with("100")).then(|| Blob {
        object: object.to_owned(),
        path: path.to_owned(),
        is_link,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_fetched_is_told_to_be_fetched() {
        for name in ["main", "release/2021.7", "v1.0", "fix/a-b_c"] {
            assert!(remedy(name, false).contains(&format!("git fetch origin {name}`")), "{name}");
            assert!(remedy(name, true).contains(&format!("--depth=1 origin {name}`")), "{name}");
        }
        for shallow in [false, true] {
            assert!(remedy("origin/main", shallow).contains(" origin main`"), "{shallow}");
        }
        for other in ["HEAD~5", "HEAD", "main^", "main@{1}", "main:src", "", "--output=x", "a b", "0123abc"] {
            assert!(!remedy(other, false).contains("git fetch"), "{other}");
            assert!(remedy(other, true).contains("--deepen"), "{other}");
        }
        assert!(remedy(&"0a".repeat(20), true).contains("--depth=1 origin 0a0a"));
    }

    #[test]
    fn a_link_leads_from_where_it_stands() {
        for (link, target, leads) in [
            ("m", "../shared/m", Some("../shared/m")),
            ("a/m", "../shared/./m/", Some("shared/m")),
            ("a/m", "../../x", Some("../x")),
            ("a/m", "/etc", None),
        ] {
            assert_eq!(led(link, target.as_bytes()).as_deref(), leads, "{link} {target}");
        }
    }

    #[test]
    fn files_and_links_are_taken_from_the_list() {
        let path = |line: &[u8]| entry(line).map(|blob| (blob.object, blob.path, blob.is_link));
        assert_eq!(path(b"100644 blob 12ab\ta b\nc.tf"), Some(("12ab".into(), "a b\nc.tf".into(), false)));
        assert_eq!(path(b"100755 blob 12ab\tx.tf"), Some(("12ab".into(), "x.tf".into(), false)));
        assert_eq!(path(b"120000 blob 12ab\tx"), Some(("12ab".into(), "x".into(), true)));
        for other in [&b"160000 commit 12ab\tx"[..], b""] {
            assert_eq!(path(other), None);
        }
    }
}
