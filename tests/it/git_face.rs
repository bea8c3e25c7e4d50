//! The world's repository on disk: the same objects, and level with the world in both directions.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use keyslot::adapters::git::{Git, GitSettings, Identity};
use keyslot::model::{BranchName, CommitId};
use keyslot::ports::{Code, CommitText, Effect, Expect, FileEdit};
use keyslot::sim::repository::{Commit, Signature};
use keyslot::sim::wire::{Mirror, SharedWorld, WireClock, git};
use keyslot::sim::{self, Expected, World, WorldConfig};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A world, its repository on disk, and room for clones.
pub struct Place {
    pub folder: TempDir,
    pub shared: SharedWorld,
}

impl Place {
    pub fn new(config: WorldConfig, speed: f64) -> Place {
        let clock = WireClock::start(config.start, speed);
        let shared = SharedWorld::new(World::new(config), clock);
        let place = Place { folder: TempDir::new().unwrap(), shared };
        git::mirror(&place.shared, &place.origin()).unwrap();
        place
    }

    pub fn origin(&self) -> PathBuf {
        self.folder.path().join("origin.git")
    }

    /// keyslot's adapter on this repository.
    pub fn code(&self) -> Git {
        Git::new(self.git_settings())
    }

    pub fn git_settings(&self) -> GitSettings {
        let identity = Identity { name: "keyslot".to_owned(), email: "keyslot@example.com".to_owned() };
        let remote = self.origin().display().to_string();
        let mut settings = GitSettings::new(self.folder.path().join("state/code.git"), remote, identity);
        settings.environment = hermetic().map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        settings
    }

    pub fn head(&self, branch: &str) -> Option<CommitId> {
        self.shared.with(|world| world.repository().head(&BranchName::from(branch)).cloned())
    }

    fn run(&self, folder: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
            command.env_remove(name);
        }
        let person = [("GIT_AUTHOR_NAME", "Ada"), ("GIT_COMMITTER_NAME", "Ada")];
        let mail = [("GIT_AUTHOR_EMAIL", "ada@example.com"), ("GIT_COMMITTER_EMAIL", "ada@example.com")];
        command.current_dir(folder).envs(hermetic()).envs(person).envs(mail).args(arguments).output().unwrap()
    }

    pub fn git(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.run(folder, arguments);
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn clone_here(&self) -> PathBuf {
        self.git(self.folder.path(), &["clone", "-q", "origin.git", "work"]);
        self.folder.path().join("work")
    }
}

fn hermetic() -> [(&'static str, &'static str); 3] {
    [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_COUNT", "0")]
}

fn place() -> Place {
    Place::new(WorldConfig::default(), 1.0)
}

#[test]
fn every_object_of_the_world_is_gits_own_byte_for_byte() {
    let place = place();
    assert_eq!(place.git(&place.origin(), &["fsck", "--strict", "--full"]), "");
    let (commits, branches) = place.shared.with(|world| {
        let commits: Vec<_> = world.repository().commits().cloned().collect();
        (commits, world.repository().branches().clone())
    });
    assert!(commits.len() > 1 && branches.len() > 2, "the world has a history");
    for commit in &commits {
        let shown = place.run(&place.origin(), &["cat-file", "commit", commit.id().as_str()]);
        assert_eq!(shown.stdout, commit.encoded());
        let tree = place.git(&place.origin(), &["rev-parse", &format!("{}^{{tree}}", commit.id())]);
        assert_eq!(tree, commit.tree_id().to_string());
        for (path, file) in commit.tree().iter() {
            let blob = place.git(&place.origin(), &["rev-parse", &format!("{}:{path}", commit.id())]);
            assert_eq!(blob, file.id().to_string(), "{path}");
        }
    }
    for (branch, head) in &branches {
        let on_disk = place.git(&place.origin(), &["rev-parse", &format!("refs/heads/{branch}")]);
        assert_eq!(on_disk, head.as_str());
    }
}

#[test]
fn what_a_person_pushes_is_in_the_world_at_the_next_look() {
    let place = place();
    let work = place.clone_here();
    place.git(&work, &["checkout", "-q", "-b", "fix/by-hand"]);
    std::fs::write(work.join("by-hand.sh"), "#!/bin/sh\n").unwrap();
    std::fs::create_dir_all(work.join("a/b")).unwrap();
    std::fs::write(work.join("a/b/deep.tf"), "x = 1\r\n").unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(work.join("by-hand.sh"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    place.git(&work, &["add", "."]);
    place.git(&work, &["commit", "-q", "-m", "By hand\n\nWith a body."]);
    std::fs::write(work.join("a/b/deep.tf"), "x = 2\r\n").unwrap();
    place.git(&work, &["commit", "-q", "-a", "-m", "More"]);
    place.git(&work, &["push", "-q", "origin", "fix/by-hand"]);
    let head = CommitId::new(place.git(&work, &["rev-parse", "HEAD"]));
    assert_eq!(place.head("fix/by-hand"), Some(head.clone()));
    place.shared.with(|world| {
        let commit = world.repository().get(&head).unwrap();
        assert_eq!(commit.tree().get("by-hand.sh").unwrap().mode(), 0o100_755);
        assert_eq!(&commit.tree().get("a/b/deep.tf").unwrap().bytes()[..], b"x = 2\r\n");
        assert_eq!(commit.author().name, "Ada");
        let before = world.repository().get(&commit.parents()[0]).unwrap();
        assert_eq!(&before.tree().get("a/b/deep.tf").unwrap().bytes()[..], b"x = 1\r\n");
    });
}

/// Hears of every look at the world, and remembers whether one saw the branch `fix/x`.
struct Told(Arc<AtomicBool>);

impl Mirror for Told {
    fn bring_in(&mut self, _: &mut World) {}

    fn carry_out(&mut self, world: &mut World) {
        if world.repository().head(&BranchName::from("fix/x")).is_some() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

#[tokio::test]
async fn a_push_is_noticed_although_nobody_asks() {
    let place = place();
    let seen = Arc::new(AtomicBool::new(false));
    place.shared.add_mirror(Told(Arc::clone(&seen)));
    let stop = CancellationToken::new();
    let running = tokio::spawn(place.shared.clone().run(stop.clone()));
    let code = place.code();
    let base = code.fetch().await.unwrap()[&BranchName::from("main")].clone();
    let edits = [FileEdit { path: "note.txt".to_owned(), bytes: b"x".to_vec() }];
    let text = CommitText { message: "Note\n".to_owned(), at: "2026-11-22T10:00:00Z".parse().unwrap() };
    let commit = code.commit(&base, &edits, &text).await.unwrap();
    assert_eq!(code.push(&commit, &BranchName::from("fix/x"), &Expect::Absent).await, Effect::Applied(()));
    // Asking the world would bring it in; so ask somebody who was told.
    while !seen.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.cancel();
    running.await.unwrap();
    assert_eq!(place.head("fix/x"), Some(commit));
}

#[test]
fn what_the_world_does_is_on_disk_before_anybody_can_know_of_it() {
    let place = place();
    let main = BranchName::from("main");
    let made = place.shared.with(|world| {
        let head = world.repository().head(&main).cloned().unwrap();
        let tree = world.repository().get(&head).unwrap().tree().with("new.tf", *b"y");
        let commit = Commit::new(tree, vec![head], &Signature::of("ada", world.now()), "By the world\n");
        let id = commit.id().clone();
        push(world, "main", commit);
        id
    });
    assert_eq!(place.git(&place.origin(), &["rev-parse", "main"]), made.as_str());
    assert_eq!(place.git(&place.origin(), &["show", "main:new.tf"]), "y");
}

fn push(world: &mut World, branch: &str, commit: Commit) {
    let command = sim::Command::Push {
        branch: BranchName::from(branch),
        expected: Expected::FastForward,
        commit: commit.id().clone(),
        objects: vec![commit.into()],
        by: "ada".to_owned(),
    };
    world.apply(command).unwrap();
}

#[test]
fn history_cannot_be_rewritten_or_deleted_by_a_push() {
    let place = place();
    let work = place.clone_here();
    let before = place.head("main").unwrap();
    place.git(&work, &["commit", "-q", "--amend", "-m", "Another past"]);
    let forced = place.run(&work, &["push", "-q", "--force", "origin", "HEAD:main"]);
    assert!(!forced.status.success());
    let release = place.shared.with(|world| world.config().repository.release.clone());
    let deleted = place.run(&work, &["push", "-q", "origin", "--delete", release.as_str()]);
    assert!(!deleted.status.success());
    assert_eq!(place.head("main"), Some(before));
    assert!(place.head(release.as_str()).is_some());
}

#[test]
fn a_branch_that_a_fix_was_proposed_from_may_be_deleted_and_its_pull_request_is_closed_by_that() {
    let place = place();
    let work = place.clone_here();
    place.git(&work, &["commit", "-q", "--allow-empty", "-m", "Fix"]);
    place.git(&work, &["push", "-q", "origin", "HEAD:fix/x"]);
    assert!(place.head("fix/x").is_some());
    place.shared.with(|world| {
        let open = sim::Command::OpenPull {
            head: BranchName::from("fix/x"),
            base: BranchName::from("main"),
            title: "Fix".to_owned(),
            body: String::new(),
            by: "ada".to_owned(),
        };
        world.apply(open).unwrap();
    });
    place.git(&work, &["push", "-q", "origin", "--delete", "fix/x"]);
    assert_eq!(place.head("fix/x"), None);
    assert!(!place.shared.with(|world| world.pulls()[0].is_open()));
    assert!(place.head("main").is_some());
}

#[test]
fn where_no_rule_forbids_it_people_move_a_branch_by_force() {
    let mut config = WorldConfig::default();
    config.people.rules.forced_pushes = true;
    let place = Place::new(config, 1.0);
    let work = place.clone_here();
    place.git(&work, &["commit", "-q", "--amend", "-m", "Another past"]);
    let theirs = place.git(&work, &["rev-parse", "HEAD"]);
    place.git(&work, &["push", "-q", "--force", "origin", "HEAD:main"]);
    assert_eq!(place.head("main").map(|head| head.to_string()), Some(theirs));
}

#[test]
fn when_both_move_a_branch_in_the_same_instant_the_worlds_word_stands() {
    let place = place();
    let work = place.clone_here();
    place.git(&work, &["commit", "-q", "--allow-empty", "-m", "Pushed in between"]);
    let theirs = place.git(&work, &["rev-parse", "HEAD"]);
    let worlds = place.shared.with(|world| {
        let head = world.repository().head(&BranchName::from("main")).cloned().unwrap();
        let tree = world.repository().get(&head).unwrap().tree().clone();
        let commit = Commit::new(tree, vec![head], &Signature::of("ada", world.now()), "Merged in between\n");
        let id = commit.id().clone();
        push(world, "main", commit);
        // The lock is held, so the world hears of this push only at the next look.
        place.git(&work, &["push", "-q", "origin", "HEAD:main"]);
        id
    });
    assert_eq!(place.git(&place.origin(), &["rev-parse", "main"]), theirs, "not overwritten blindly");
    assert_eq!(place.head("main"), Some(worlds.clone()));
    assert_eq!(place.git(&place.origin(), &["rev-parse", "main"]), worlds.as_str());
    // And so it stays.
    assert_eq!(place.head("main"), Some(worlds));
}
