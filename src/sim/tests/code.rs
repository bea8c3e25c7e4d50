//! Commits, pull requests and the people around them, held against git itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use git2::{ObjectType, Repository};

use super::super::config::MergeMethod;
use super::super::fault::{Fault, Target, Trouble, When};
use super::super::repository::{Commit, File, Signature, Tree};
use super::super::{CheckState, Expected, Refusal};
use super::*;
use crate::model::{BranchName, CommitId, PullNumber, PullState, PullWait};

const SECRETS: &str = "src/infra/releaseunit/modules/stamp/keyvault-secrets.tf";

/// A branch `fix/flip` on top of `main` that reads the secondary key.
pub(super) fn flip(world: &mut World, base: &BranchName, branch: &str) -> CommitId {
    let head = world.repository().head(base).unwrap().clone();
    let before = world.repository().get(&head).unwrap();
    let text = String::from_utf8(before.tree().get(SECRETS).unwrap().bytes().to_vec()).unwrap();
    let text = text.replace("global.primary_key", "global.secondary_key");
    let tree = before.tree().with(SECRETS, text.into_bytes());
    let commit = Arc::new(Commit::new(tree, vec![head], &Signature::of("keyslot", world.now()), "Flip\n"));
    let id = commit.id().clone();
    let command = Command::Push {
        branch: BranchName::from(branch),
        expected: Expected::FastForward,
        commit: id.clone(),
        objects: vec![commit],
        by: "keyslot".to_owned(),
    };
    world.apply(command).unwrap();
    id
}

fn open(world: &mut World) -> Result<PullNumber, Refusal> {
    let command = Command::OpenPull {
        head: BranchName::from("fix/flip"),
        base: BranchName::from("main"),
        title: "Flip".to_owned(),
        body: String::new(),
        by: "keyslot-bot".to_owned(),
    };
    match world.apply(command)? {
        Reply::Pull(number) => Ok(number),
        other => panic!("{other:?}"),
    }
}

fn merged(config: WorldConfig) -> World {
    let mut world = World::new(config);
    flip(&mut world, &BranchName::from("main"), "fix/flip");
    open(&mut world).unwrap();
    pass(&mut world, secs(3600));
    world
}

/// Builds the commit with git's own functions, checking out nothing.
fn git_makes(repository: &Repository, commit: &Commit) -> git2::Oid {
    let mut index = git2::Index::new().unwrap();
    let bare = repository;
    for (path, file) in commit.tree().iter() {
        let id = bare.blob(file.bytes()).unwrap();
        let entry = git2::IndexEntry {
            ctime: git2::IndexTime::new(0, 0),
            mtime: git2::IndexTime::new(0, 0),
            dev: 0,
            ino: 0,
            mode: file.mode(),
            uid: 0,
            gid: 0,
            file_size: 0,
            id,
            flags: 0,
            flags_extended: 0,
            path: path.as_bytes().to_vec(),
        };
        index.add(&entry).unwrap();
    }
    let tree = bare.find_tree(index.write_tree_to(bare).unwrap()).unwrap();
    assert_eq!(tree.id().to_string(), commit.tree_id().to_string());
    let who = |signature: &Signature| {
        let time = git2::Time::new(signature.at.as_second(), 0);
        git2::Signature::new(&signature.name, &signature.email, &time).unwrap()
    };
    let parents: Vec<git2::Commit<'_>> = commit
        .parents()
        .iter()
        .map(|parent| bare.find_commit(git2::Oid::from_str(parent.as_str()).unwrap()).unwrap())
        .collect();
    let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
    bare.commit(None, &who(commit.author()), &who(commit.committer()), commit.message(), &tree, &parents)
        .unwrap()
}

/// All commits, parents first.
fn in_order(world: &World) -> Vec<Arc<Commit>> {
    let mut left: BTreeMap<CommitId, Arc<Commit>> =
        world.repository().commits().map(|commit| (commit.id().clone(), Arc::clone(commit))).collect();
    let mut done: Vec<Arc<Commit>> = Vec::new();
    while !left.is_empty() {
        let ready: Vec<CommitId> = left
            .values()
            .filter(|commit| commit.parents().iter().all(|parent| !left.contains_key(parent)))
            .map(|commit| commit.id().clone())
            .collect();
        assert!(!ready.is_empty());
        done.extend(ready.iter().filter_map(|id| left.remove(id)));
    }
    done
}

#[test]
fn every_commit_has_the_id_that_git_gives_it() {
    for method in [MergeMethod::MergeCommit, MergeMethod::Squash, MergeMethod::Rebase] {
        let mut config = WorldConfig::default();
        config.people.merge_method = method;
        let world = merged(config);
        let commits = in_order(&world);
        assert_eq!(commits.len(), 5);
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(folder.path()).unwrap();
        for commit in &commits {
            assert_eq!(git_makes(&repository, commit).to_string(), commit.id().as_str());
        }
        // The same by its parts, as a face would write them into a repository.
        let odb = repository.odb().unwrap();
        for commit in &commits {
            for (id, bytes) in commit.tree().objects() {
                assert_eq!(odb.write(ObjectType::Tree, &bytes).unwrap().to_string(), id.to_string());
            }
            let written = odb.write(ObjectType::Commit, commit.encoded()).unwrap();
            assert_eq!(written.to_string(), commit.id().as_str());
            assert_eq!(Commit::read(commit.encoded(), commit.tree().clone()).as_ref(), Some(&**commit));
        }
        let head = world.repository().head(&BranchName::from("main")).unwrap();
        let head = world.repository().get(head).unwrap();
        let parents = match method {
            MergeMethod::MergeCommit => 2,
            MergeMethod::Squash | MergeMethod::Rebase => 1,
        };
        assert_eq!(head.parents().len(), parents);
    }
}

#[test]
fn a_commit_with_another_tree_is_not_read() {
    let world = World::new(WorldConfig::default());
    let commit = world.repository().commits().next().unwrap();
    assert!(Commit::read(commit.encoded(), commit.tree().with("x", b"y".as_slice())).is_none());
}

#[test]
fn folders_sort_as_if_they_ended_in_a_slash() {
    let file = || File::new(b"x".as_slice());
    let tree = Tree::from_files([("a/b", file()), ("a.b", file()), ("a-b", file()), ("ab", file())]);
    let by = Signature::of("ada", jiff::Timestamp::UNIX_EPOCH);
    let commit = Commit::new(tree, Vec::new(), &by, "sort\n");
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::init_bare(folder.path()).unwrap();
    assert_eq!(git_makes(&repository, &commit).to_string(), commit.id().as_str());
}

#[test]
fn a_pull_request_is_approved_checked_and_merged_by_people() {
    let mut world = World::new(WorldConfig::default());
    flip(&mut world, &BranchName::from("main"), "fix/flip");
    let number = open(&mut world).unwrap();
    assert!(matches!(open(&mut world), Err(Refusal::AlreadyExists(_))));
    let at = |world: &mut World, minute: u64| {
        world.advance_to(super::super::time::after(world.config().start, secs(minute * 60)));
        let pull = world.pull(number).unwrap();
        (pull.check, pull.approved_by(), world.pull_waits(pull))
    };
    let reviews = PullWait::Reviews { have: 0, want: 1, from: Vec::new() };
    let name = || "e2e-validation".to_owned();
    let (check, _, waits) = at(&mut world, 1);
    assert_eq!(check, CheckState::NotStarted);
    assert_eq!(waits, [reviews.clone(), PullWait::CheckNotStarted { name: name() }]);
    let (_, _, waits) = at(&mut world, 3);
    assert_eq!(waits, [reviews.clone(), PullWait::CheckRunning { name: name(), url: None }]);
    let (check, _, waits) = at(&mut world, 18);
    assert_eq!((check, waits), (CheckState::Passed, vec![reviews]));
    let (_, approved, waits) = at(&mut world, 21);
    assert_eq!((approved.len(), waits), (1, vec![PullWait::Mergeable]));
    at(&mut world, 26);
    assert!(matches!(world.pull(number).unwrap().state, PullState::Merged { .. }));
    assert_eq!(world.counters().pushes_to(&BranchName::from("main")), 1);
    assert_eq!(world.counters().pulls_opened, 1);
}

#[test]
fn a_new_head_must_be_checked_again() {
    let mut world = World::new(WorldConfig::default());
    flip(&mut world, &BranchName::from("main"), "fix/flip");
    let number = open(&mut world).unwrap();
    pass(&mut world, secs(18 * 60));
    let head = world.repository().head(&BranchName::from("fix/flip")).unwrap().clone();
    let tree = world.repository().get(&head).unwrap().tree().with("NOTE", b"x".as_slice());
    let commit = Arc::new(Commit::new(tree, vec![head], &Signature::of("ada", world.now()), "Note\n"));
    let command = Command::Push {
        branch: BranchName::from("fix/flip"),
        expected: Expected::FastForward,
        commit: commit.id().clone(),
        objects: vec![Arc::clone(&commit)],
        by: "ada".to_owned(),
    };
    world.apply(command).unwrap();
    let pull = world.pull(number).unwrap();
    assert_eq!((pull.check, &pull.head), (CheckState::NotStarted, commit.id()));
    pass(&mut world, secs(3600));
    assert!(matches!(world.pull(number).unwrap().state, PullState::Merged { .. }));
}

#[test]
fn a_push_is_refused_where_the_branch_is_elsewhere() {
    let mut world = World::new(WorldConfig::default());
    let main = BranchName::from("main");
    let first = flip(&mut world, &main, "fix/flip");
    let head = world.repository().head(&main).unwrap().clone();
    let push = |branch: &str, expected: Expected, commit: &CommitId| Command::Push {
        branch: BranchName::from(branch),
        expected,
        commit: commit.clone(),
        objects: Vec::new(),
        by: "x".to_owned(),
    };
    let refused = |world: &mut World, command| {
        assert!(matches!(world.apply(command), Err(Refusal::NotFastForward { .. })));
    };
    refused(&mut world, push("fix/flip", Expected::Absent, &head));
    refused(&mut world, push("fix/other", Expected::At(head.clone()), &head));
    refused(&mut world, push("main", Expected::At(first.clone()), &first));
    refused(&mut world, push("fix/flip", Expected::At(first.clone()), &head));
    let again = world.apply(push("fix/flip", Expected::Absent, &first));
    assert_eq!(again, Ok(Reply::Pushed { moved: false }), "where it stands already, a push is done");
    assert_eq!(world.apply(push("main", Expected::At(head), &first)), Ok(Reply::Pushed { moved: true }));
}

#[test]
fn a_list_may_lag_and_a_person_may_close() {
    let lag = Fault::new(When::Nth(1), Target::any(), Trouble::ListLag { by: secs(30) });
    let closes = Fault::new(When::Nth(1), Target::any(), Trouble::ClosePull);
    let mut world = World::new(WorldConfig::default().with_fault(lag).with_fault(closes));
    flip(&mut world, &BranchName::from("main"), "fix/flip");
    open(&mut world).unwrap();
    assert_eq!(world.listed_pulls().count(), 0);
    assert!(matches!(open(&mut world), Err(Refusal::AlreadyExists(_))));
    pass(&mut world, secs(30));
    assert_eq!(world.listed_pulls().count(), 1);
    pass(&mut world, secs(3600));
    assert_eq!(world.pulls()[0].state, PullState::Closed);
    let second = open(&mut world).unwrap();
    pass(&mut world, secs(3600));
    assert!(matches!(world.pull(second).unwrap().state, PullState::Merged { .. }));
}

#[test]
fn changes_of_one_file_on_both_sides_are_a_conflict() {
    let mut world = World::new(WorldConfig::default());
    flip(&mut world, &BranchName::from("main"), "fix/flip");
    let number = open(&mut world).unwrap();
    let main = BranchName::from("main");
    let head = world.repository().head(&main).unwrap().clone();
    let tree = world.repository().get(&head).unwrap().tree().with(SECRETS, b"# gone\n".as_slice());
    let commit = Arc::new(Commit::new(tree, vec![head], &Signature::of("ada", world.now()), "Gone\n"));
    let command = Command::Push {
        branch: main,
        expected: Expected::FastForward,
        commit: commit.id().clone(),
        objects: vec![commit],
        by: "ada".to_owned(),
    };
    world.apply(command).unwrap();
    assert!(world.pull_waits(world.pull(number).unwrap()).contains(&PullWait::Conflict));
    pass(&mut world, secs(3600));
    assert_eq!(world.pull(number).unwrap().state, PullState::Open);
}
