//! The release procedure end to end over real protocols, without a decision in it: propose, merge, cherry-pick, run,
//! and what the vaults hold at the end.

use std::time::Duration;

use keyslot::model::{BranchName, PullState, RunState};
use keyslot::ports::{Code, CommitText, Effect, Expect, FileEdit, Forge, NewPull, Picked, Pipeline};
use keyslot::sim::config::MergeMethod;
use keyslot::sim::{Holds, Span, WorldConfig};

use crate::desk::Desk;

const SECRETS: &str = "releaseunit/modules/stamp/keyvault-secrets.tf";

async fn wait() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}

async fn hotfix(method: MergeMethod) {
    let mut config = WorldConfig::default();
    config.people.merge_method = method;
    config.people.review = Span::exactly(Duration::from_secs(600));
    let release = config.repository.release.clone();
    let desk = Desk::new(config, 7200.0);
    let (code, github, devops) = (desk.code(), desk.github(), desk.devops());
    let (main, fix) = (BranchName::from("main"), BranchName::from("fix/flip"));
    let vaults =
        || desk.with(|world| world.outcome().stamps.iter().map(|stamp| stamp.vault_slot).collect::<Vec<_>>());
    assert_eq!(vaults(), [Holds::Primary; 3]);

    let base = code.fetch().await.unwrap()[&main].clone();
    let files = code.tree(&base, &keyslot::ports::Wanted::default()).await.unwrap().files;
    let file = files.iter().find(|file| file.path.ends_with(SECRETS)).unwrap();
    let flipped =
        String::from_utf8(file.bytes.to_vec()).unwrap().replace("global.primary_key", "global.secondary_key");
    let edit = FileEdit { path: file.path.clone(), bytes: flipped.into_bytes() };
    let at = "2026-11-22T10:00:00Z".parse().unwrap();
    let text = CommitText { message: "Flip\n".to_owned(), at };
    let commit = code.commit(&base, &[edit], &text).await.unwrap();
    assert_eq!(code.push(&commit, &fix, &Expect::Absent).await, Effect::Applied(()));
    let new = NewPull {
        head: fix.clone(),
        base: main.clone(),
        title: "Flip".to_owned(),
        body: String::new(),
        draft: false,
    };
    assert!(matches!(github.open_pull(&new).await, Effect::Applied(_)));

    let merge = loop {
        match github.pull_between(&crate::github::ends()).await.unwrap().unwrap().state {
            PullState::Merged { commit } => break commit,
            PullState::Open => wait().await,
            PullState::Closed => panic!("nobody closes it"),
        }
    };
    let branches = code.fetch().await.unwrap();
    assert!(code.contains(&branches[&main], &merge).await.unwrap());
    let tip = branches[&release].clone();
    let Picked::Commit(picked) = code.cherry_pick(&merge, &tip, at).await.unwrap() else {
        panic!("no commit")
    };
    assert_eq!(code.push(&picked, &release, &Expect::At(tip)).await, Effect::Applied(()));
    assert_eq!(code.cherry_pick(&merge, &picked, at).await, Ok(Picked::AlreadyThere));

    let skip = ["deploy-workload", "switch-traffic", "destroy-previous"].map(str::to_owned);
    let Effect::Applied(run) = devops.start(&release, &picked, &skip).await else { panic!("no run") };
    loop {
        let seen = devops.runs().await.unwrap().into_iter().find(|seen| seen.id == run.run).unwrap();
        assert_eq!(seen.commit, picked);
        match seen.state {
            RunState::Completed(_) => {
                assert!(seen.state.succeeded(), "{seen:?}");
                break;
            }
            RunState::Queued | RunState::Running | RunState::WaitsForApproval => wait().await,
        }
    }
    assert_eq!(vaults(), [Holds::Secondary; 3]);
    let counted =
        desk.with(|world| (world.counters().pulls_opened, world.counters().runs_started, world.runs().len()));
    assert_eq!(counted, (1, 1, 1));
}

#[tokio::test]
async fn a_hotfix_reaches_the_vaults_by_a_merge_commit() {
    hotfix(MergeMethod::MergeCommit).await;
}

#[tokio::test]
async fn a_hotfix_reaches_the_vaults_by_a_squash_merge() {
    hotfix(MergeMethod::Squash).await;
}
