//! A cherry-pick without a checkout, beside what a person would do: `git worktree add` and `git cherry-pick`.
//!
//! The repository has 100,000 files and 10,000 commits; `KEYSLOT_BENCH_FILES` and `KEYSLOT_BENCH_COMMITS` change that.
//! Seconds are those of the machine it ran on; ratios compare what was measured in one run.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use keyslot::adapters::git::{Git, GitSettings, Identity};
use keyslot::model::{BranchName, CommitId};
use keyslot::ports::{Code, CommitText, FileEdit, Picked};
use tempfile::TempDir;

/// Each way is measured so often, each time on a release branch of its own, so that nothing it writes is there from
/// the time before; the fastest counts.
const ROUNDS: usize = 3;

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")])
        .envs([("GIT_AUTHOR_NAME", "Ada"), ("GIT_AUTHOR_EMAIL", "ada@example.com")])
        .envs([("GIT_COMMITTER_NAME", "Ada"), ("GIT_COMMITTER_EMAIL", "ada@example.com")])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The release branch of one round.
fn release(round: usize) -> String {
    format!("release/{round}")
}

/// A bare repository with many files, a long history, release branches, and one flip on top of main.
fn repository(folder: &Path, files: usize, commits: usize) -> PathBuf {
    let path = folder.join("origin.git");
    git(folder, &["init", "-q", "--bare", "-b", "main", "origin.git"]);
    let mut import = Command::new("git")
        .current_dir(&path)
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stream = std::io::BufWriter::new(import.stdin.take().unwrap());
    let mut commit = |branch: &str, at: usize, from: Option<&str>, body: &str| {
        let from = from.map(|from| format!("from {from}\n")).unwrap_or_default();
        let head = format!(
            "commit refs/heads/{branch}\ncommitter Ada <ada@example.com> {at} +0000\ndata 5\nWork\n\n{from}"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
    };
    let file = |path: &str, text: &str| format!("M 100644 inline {path}\ndata {}\n{text}\n", text.len());
    let mut first = file("infra/keyvault-secrets.tf", "key = account.primary_key\n");
    for one in 0..files {
        first.push_str(&file(&format!("src/d{}/f{one}.txt", one / 100), &format!("file {one}\n")));
    }
    commit("main", 1_700_000_000, None, &first);
    for one in 1..commits {
        let text = file(&format!("src/d{}/f{}.txt", one % 100, one % 100 * 100), &format!("change {one}\n"));
        commit("main", 1_700_000_000 + one, None, &text);
    }
    for round in 0..ROUNDS {
        let version = file("version", &format!("{round}\n"));
        commit(&release(round), 1_700_100_000, Some("refs/heads/main"), &version);
    }
    let flip = file("infra/keyvault-secrets.tf", "key = account.secondary_key\n");
    commit("main", 1_700_200_000, None, &flip);
    drop(stream);
    assert!(import.wait().unwrap().success());
    path
}

fn fastest(mut run: impl FnMut(usize) -> Duration) -> Duration {
    (0..ROUNDS).map(&mut run).min().unwrap()
}

fn main() {
    let (files, commits) = (number("KEYSLOT_BENCH_FILES", 100_000), number("KEYSLOT_BENCH_COMMITS", 10_000));
    let folder = TempDir::new().unwrap();
    let origin = repository(folder.path(), files, commits);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let identity = Identity { name: "keyslot".to_owned(), email: "keyslot@example.com".to_owned() };
    let code =
        Git::new(GitSettings::new(folder.path().join("own.git"), origin.display().to_string(), identity));
    let started = Instant::now();
    let heads = runtime.block_on(code.fetch()).unwrap();
    println!("{files} files, {commits} commits; first fetch {:.2} s", started.elapsed().as_secs_f64());
    let main = &heads[&BranchName::new("main")];
    let release = |round: usize| &heads[&BranchName::new(release(round))];
    let at: Timestamp = "2026-11-27T10:00:00Z".parse().unwrap();

    let pick = fastest(|round| {
        let started = Instant::now();
        let picked = runtime.block_on(code.cherry_pick(main, release(round), at)).unwrap();
        assert!(matches!(picked, Picked::Commit(_)), "{picked:?}");
        started.elapsed()
    });
    let flip = fastest(|round| {
        let started = Instant::now();
        let path = "infra/keyvault-secrets.tf".to_owned();
        let edits =
            [FileEdit { path, bytes: format!("key = account.secondary_key # {round}\n").into_bytes() }];
        let text = CommitText { message: "Flip\n".to_owned(), at };
        let _: CommitId = runtime.block_on(code.commit(release(round), &edits, &text)).unwrap();
        started.elapsed()
    });
    let by_hand = fastest(|round| {
        let tree = folder.path().join(format!("tree-{round}")).display().to_string();
        let started = Instant::now();
        git(&origin, &["worktree", "add", "-q", "--detach", &tree, release(round).as_str()]);
        git(Path::new(&tree), &["cherry-pick", "-x", main.as_str()]);
        started.elapsed()
    });
    let seconds = Duration::as_secs_f64;
    println!(
        "cherry-pick    {:.3} s, {:.1} × faster than by hand",
        seconds(&pick),
        seconds(&by_hand) / seconds(&pick)
    );
    println!(
        "commit         {:.3} s, {:.1} × faster than by hand",
        seconds(&flip),
        seconds(&by_hand) / seconds(&flip)
    );
    println!("by hand        {:.3} s (git worktree add, git cherry-pick -x)", seconds(&by_hand));
    println!("limit          1 s: {}", if pick + flip < Duration::from_secs(1) { "kept" } else { "missed" });
}
