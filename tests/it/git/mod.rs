//! The git adapter against real bare repositories on disk.

mod hygiene;
mod picks;
mod push;
mod read;
mod signs;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jiff::Timestamp;
use keyslot::adapters::git::{Git, GitSettings, Identity, remote_address};
use keyslot::adapters::token::FixedToken;
use keyslot::model::{Blindness, BranchName, CommitId};
use keyslot::ports::{Code, CommitText, Effect, Expect, FileEdit, Picked, Wanted};
use tempfile::TempDir;

use crate::tool::program;

fn below(folder: &str) -> Wanted {
    Wanted { below: folder.to_owned(), ..Wanted::default() }
}

/// A bare repository, a person's clone of it, and keyslot's state folder.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Bench {
        let bench = Bench { folder: TempDir::new().unwrap() };
        let folder = bench.folder.path();
        bench.git(folder, &["init", "-q", "--bare", "-b", "main", "origin.git"]);
        bench.git(folder, &["clone", "-q", "origin.git", "work"]);
        bench.write("main.tf", "slot = primary\r\nend\r\n");
        bench.write("modules/stamp/secrets.tf", "a = 1\nb = 2\nc = 3\n");
        bench.write("tool.sh", "#!/bin/sh\n");
        bench.git(&bench.work(), &["add", "."]);
        bench.git(&bench.work(), &["update-index", "--chmod=+x", "tool.sh"]);
        bench.git(&bench.work(), &["commit", "-q", "-m", "Start"]);
        bench.git(&bench.work(), &["push", "-q", "origin", "main"]);
        bench
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn origin(&self) -> PathBuf {
        self.folder.path().join("origin.git")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.work().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs git as a person would, whose configuration is empty.
    fn git(&self, folder: &Path, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
            command.env_remove(name);
        }
        let output = command
            .current_dir(folder)
            .envs(hermetic())
            .env("GIT_AUTHOR_NAME", "Ada")
            .env("GIT_AUTHOR_EMAIL", "ada@example.com")
            .env("GIT_COMMITTER_NAME", "Ada")
            .env("GIT_COMMITTER_EMAIL", "ada@example.com")
            .env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
            .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A commit by a person on a branch of theirs, pushed.
    fn change(&self, branch: &str, path: &str, text: &str, message: &str) -> CommitId {
        self.git(&self.work(), &["checkout", "-q", "-B", branch]);
        self.write(path, text);
        self.git(&self.work(), &["add", "."]);
        self.git(&self.work(), &["commit", "-q", "-m", message]);
        self.git(&self.work(), &["push", "-q", "origin", branch]);
        self.tip(branch)
    }

    fn tip(&self, branch: &str) -> CommitId {
        CommitId::new(self.git(&self.origin(), &["rev-parse", &format!("refs/heads/{branch}")]))
    }

    fn settings(&self) -> GitSettings {
        let remote = self.origin().display().to_string();
        let mut settings = GitSettings::new(self.folder.path().join("state/code.git"), remote, keyslot());
        settings.environment = hermetic().into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
        settings
    }

    fn adapter(&self) -> Git {
        Git::new(self.settings())
    }
}

fn hermetic() -> [(&'static str, &'static str); 3] {
    [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_COUNT", "0")]
}

fn keyslot() -> Identity {
    Identity { name: "keyslot".to_owned(), email: "keyslot@example.com".to_owned() }
}

fn at() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn text(message: &str) -> CommitText {
    CommitText { message: message.to_owned(), at: at() }
}

fn edit(path: &str, content: &str) -> FileEdit {
    FileEdit { path: path.to_owned(), bytes: content.as_bytes().to_vec() }
}

fn main_branch() -> BranchName {
    BranchName::from("main")
}

/// The same change everywhere: what it says does not matter.
fn small_change() -> ([FileEdit; 1], CommitText) {
    ([edit("main.tf", "slot = secondary\r\nend\r\n")], text("Flip\n\nBecause.\n"))
}
