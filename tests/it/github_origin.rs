//! By which pull request a commit came to the base branch, and which pull requests are of which branches, against the
//! world's GitHub over TLS.

use keyslot::adapters::github::GitHub;
use keyslot::model::{BranchName, CommitId, PullNumber};
use keyslot::ports::{Bringing, Forge, NewPull};
use keyslot::sim::config::{ClassicConfig, MergeMethod, RulesConfig};
use keyslot::sim::{Command, Reply, WorldConfig};

use crate::desk::Desk;
use crate::github::{ends, move_main, new_pull, quiet};
use crate::runs::applied;

async fn proposed(config: WorldConfig) -> (Desk, GitHub, PullNumber) {
    let desk = Desk::new(config, 1.0);
    let github = desk.github();
    desk.propose("fix/flip").await;
    let number = applied(github.open_pull(&new_pull()).await);
    (desk, github, number)
}

fn main_of(desk: &Desk) -> CommitId {
    desk.with(|world| world.repository().head(&BranchName::from("main")).cloned()).unwrap()
}

async fn brought_by(github: &GitHub, commits: &[CommitId]) -> Bringing {
    github.brought_by(commits, &BranchName::from("main")).await.unwrap()
}

#[tokio::test]
async fn the_pull_request_that_brought_a_commit_is_found_however_it_was_merged() {
    for method in [MergeMethod::MergeCommit, MergeMethod::Squash, MergeMethod::Rebase] {
        let (desk, github, number) = proposed(quiet()).await;
        let before = main_of(&desk);
        let by = || "ada".to_owned();
        let deeds = [
            Command::ReviewPull { number, approve: true, by: by() },
            Command::StartCheck { number },
            Command::MergePull { number, method: Some(method), by: by() },
        ];
        for deed in deeds {
            desk.with(|world| world.apply(deed)).unwrap();
        }
        let Bringing { pull, reviews_wanted, unread } = brought_by(&github, &[main_of(&desk)]).await;
        let pull = pull.expect("it was brought by one");
        assert_eq!((pull.number, pull.approved(), reviews_wanted, unread.len()), (number, 1, 1, 0));
        assert_eq!(brought_by(&github, &[before]).await.pull, None, "{method:?}");
    }
}

#[tokio::test]
async fn what_was_pushed_was_brought_by_none_and_what_is_demanded_is_told_all_the_same() {
    let classic = ClassicConfig { reviews: 2, checks: Vec::new(), readable: false };
    let mut config = quiet();
    config.people.rules = RulesConfig { classic: Some(classic), ..RulesConfig::default() };
    let (desk, github, _) = proposed(config).await;
    desk.propose("other").await;
    move_main(&desk, "other");
    let Bringing { pull, reviews_wanted, unread } = brought_by(&github, &[main_of(&desk)]).await;
    assert_eq!((pull, reviews_wanted), (None, 1));
    assert_eq!(unread, ["the protection of main"]);
}

#[tokio::test]
async fn a_pull_request_to_another_branch_is_another_one() {
    let (desk, github, number) = proposed(quiet()).await;
    let release = desk.with(|world| world.config().repository.release.clone());
    let elsewhere = NewPull { base: release.clone(), ..new_pull() };
    let other = applied(github.open_pull(&elsewhere).await);
    assert_ne!(other, number);
    let seen = |found: Option<keyslot::model::PullView>| found.map(|pull| (pull.number, pull.base));
    let to_main = github.pull_between(&ends()).await.unwrap();
    assert_eq!(seen(to_main), Some((number, BranchName::from("main"))));
    let elsewhere = github.pull_between(&elsewhere.ends()).await.unwrap();
    assert_eq!(seen(elsewhere), Some((other, release)));
}

/// More than a page of others have ended since.
#[tokio::test]
async fn the_pull_request_is_found_behind_a_hundred_that_ended_later() {
    let (desk, github, number) = proposed(quiet()).await;
    let by = || "ada".to_owned();
    let merge = |number| {
        let deeds = [
            Command::ReviewPull { number, approve: true, by: by() },
            Command::StartCheck { number },
            Command::MergePull { number, method: Some(MergeMethod::Squash), by: by() },
        ];
        for deed in deeds {
            desk.with(|world| world.apply(deed)).unwrap();
        }
    };
    merge(number);
    let commit = main_of(&desk);
    desk.propose("other").await;
    desk.with(|world| {
        let (head, base) = (BranchName::from("other"), BranchName::from("main"));
        for _ in 0..101 {
            let (head, base, title, body) = (head.clone(), base.clone(), "X".to_owned(), String::new());
            let opened = world.apply(Command::OpenPull { head, base, title, body, by: by() });
            let Ok(Reply::Pull(number)) = opened else { panic!("{opened:?}") };
            world.apply(Command::ClosePull { number, by: by() }).unwrap();
        }
    });
    // One that was merged later, too.
    desk.propose("third").await;
    let (head, base) = (BranchName::from("third"), BranchName::from("main"));
    let (title, body) = ("Y".to_owned(), String::new());
    let opened = desk.with(|world| world.apply(Command::OpenPull { head, base, title, body, by: by() }));
    let Ok(Reply::Pull(later)) = opened else { panic!("{opened:?}") };
    merge(later);
    assert_ne!(later, number);
    let found = brought_by(&github, &[commit, main_of(&desk)]).await.pull.expect("it was brought by one");
    assert_eq!(found.number, number);
    let pages = desk.wire.transcript().entries();
    let pages = pages.iter().filter(|one| one.path.contains("/pulls?") && one.path.contains("state=closed"));
    assert_eq!(pages.count(), 2);
}
