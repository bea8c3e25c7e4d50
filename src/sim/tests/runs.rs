//! Pipeline runs: what they apply, and what they do to units.

use super::super::config::UnitConfig;
use super::super::fault::{Fault, Target, Trouble, When};
use super::super::{Holds, Refusal};
use super::code::flip;
use super::*;
use crate::model::{BranchName, CommitId, RunResult, RunState};

const AFTER_INFRASTRUCTURE: [&str; 4] =
    ["build-images", "deploy-workload", "switch-traffic", "destroy-previous"];

fn start(world: &mut World, branch: &str, commit: Option<CommitId>, skip: &[&str]) -> Result<Reply, Refusal> {
    world.apply(Command::StartRun {
        branch: BranchName::from(branch),
        commit,
        skip: skip.iter().map(|name| (*name).to_owned()).collect(),
        by: "keyslot-bot".to_owned(),
    })
}

fn vaults(world: &World) -> Vec<Holds> {
    world.outcome().stamps.iter().map(|stamp| stamp.vault_slot).collect()
}

fn state(world: &World, place: usize) -> RunState {
    world.runs()[place].state
}

#[test]
fn a_run_writes_what_its_commit_says_and_nothing_else() {
    let mut world = World::new(WorldConfig::default());
    let release = BranchName::from("release/2026.1.0");
    let before = world.repository().head(&release).unwrap().clone();
    flip(&mut world, &release, "release/2026.1.0");
    start(&mut world, "release/2026.1.0", Some(before), &AFTER_INFRASTRUCTURE).unwrap();
    pass(&mut world, secs(3600));
    assert_eq!(state(&world, 0), RunState::Completed(RunResult::Succeeded));
    assert_eq!(vaults(&world), [Holds::Primary; 3], "pinned to the commit before the flip");
    assert_eq!(world.counters().vault_writes, 0, "an equal value makes no version");
    let versions = world.resource_version();
    start(&mut world, "release/2026.1.0", None, &AFTER_INFRASTRUCTURE).unwrap();
    pass(&mut world, secs(400));
    assert_eq!(vaults(&world), [Holds::Primary; 3]);
    pass(&mut world, secs(3600));
    assert_eq!(vaults(&world), [Holds::Secondary; 3]);
    assert_eq!(world.counters().vault_writes, 3);
    assert!(world.outcome().stamps.iter().all(|stamp| !stamp.restarted && stamp.pods_slot == Holds::Primary));
    assert!(world.counters().generations.is_empty());
    // Only mounts follow.
    let changes = world.stamp(&stamp()).unwrap().cluster.changes_since(versions).unwrap();
    let kinds: std::collections::BTreeSet<&str> = changes.map(|change| change.object.kind()).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["SecretProviderClassPodStatus"]);
}

#[test]
fn a_whole_run_rolls_pods_moves_traffic_and_destroys_the_other_unit() {
    let mut config = WorldConfig::default().with_stamps(2);
    config.units.push(UnitConfig::idle("afmcprd0", "release/2025.12.0", 2));
    let mut world = World::new(config);
    assert_eq!(world.stamps().count(), 4);
    start(&mut world, "release/2025.12.0", None, &[]).unwrap();
    pass(&mut world, secs(3 * 3600));
    assert_eq!(state(&world, 0), RunState::Completed(RunResult::Succeeded));
    let alive: Vec<&str> =
        world.stamps().filter(|stamp| stamp.destroyed.is_none()).map(|stamp| stamp.name.as_str()).collect();
    assert_eq!(alive, ["afmcprd0-northeurope", "afmcprd0-eastus2"]);
    assert!(world.units()[1].traffic && !world.units()[0].traffic);
    assert!(world.outcome().stamps.iter().all(|stamp| stamp.restarted));
    assert!(world.stamp(&stamp()).is_none());
    let served = world.stamp_tally(0).served;
    assert!(served > 0);
    pass(&mut world, secs(3600));
    assert_eq!(world.stamp_tally(0).served, served, "pods of a destroyed stamp ask no more");
}

#[test]
fn somebody_who_runs_an_old_branch_puts_the_old_slot_back() {
    let old = Trouble::RunPipeline {
        branch: BranchName::from("release/2025.12.0"),
        skip: AFTER_INFRASTRUCTURE.map(str::to_owned).to_vec(),
    };
    let fault = Fault::new(When::from(secs(2 * 3600)), Target::any(), old);
    let mut world = World::new(WorldConfig::default().with_fault(fault));
    flip(&mut world, &BranchName::from("release/2026.1.0"), "release/2026.1.0");
    start(&mut world, "release/2026.1.0", None, &AFTER_INFRASTRUCTURE).unwrap();
    pass(&mut world, secs(3600));
    assert_eq!(vaults(&world), [Holds::Secondary; 3]);
    pass(&mut world, secs(2 * 3600));
    assert_eq!(vaults(&world), [Holds::Primary; 3]);
    assert_eq!(world.counters().runs_started, 2);
}

#[test]
fn somebody_who_reverts_puts_the_old_code_back() {
    let revert = Trouble::Revert { branch: BranchName::from("release/2026.1.0") };
    let fault = Fault::new(When::from(secs(60)), Target::any(), revert);
    let mut world = World::new(WorldConfig::default().with_fault(fault));
    flip(&mut world, &BranchName::from("release/2026.1.0"), "release/2026.1.0");
    let flipped = world.repository().head(&BranchName::from("release/2026.1.0")).unwrap().clone();
    pass(&mut world, secs(61));
    let head = world.repository().head(&BranchName::from("release/2026.1.0")).unwrap().clone();
    assert_ne!(head, flipped);
    start(&mut world, "release/2026.1.0", None, &AFTER_INFRASTRUCTURE).unwrap();
    pass(&mut world, secs(3600));
    assert_eq!(vaults(&world), [Holds::Primary; 3]);
}

#[test]
fn two_asks_make_two_runs_and_nonsense_makes_none() {
    let mut world = World::new(WorldConfig::default());
    for _ in 0..2 {
        start(&mut world, "release/2026.1.0", None, &AFTER_INFRASTRUCTURE).unwrap();
    }
    assert_eq!(world.runs().len(), 2);
    assert!(matches!(start(&mut world, "nowhere", None, &[]), Err(Refusal::NotFound(_))));
    assert!(matches!(start(&mut world, "main", None, &["no-such-stage"]), Err(Refusal::Invalid(_))));
    let other = world.repository().head(&BranchName::from("main")).unwrap().clone();
    let wrong = start(&mut world, "release/2026.1.0", Some(other), &[]);
    assert!(matches!(wrong, Err(Refusal::Invalid(_))), "the commit is not on that branch");
}

#[test]
fn a_run_that_cannot_evaluate_its_terraform_fails_and_writes_nothing() {
    let mut world = World::new(WorldConfig::default());
    let release = BranchName::from("release/2026.1.0");
    let head = world.repository().head(&release).unwrap().clone();
    let path = "src/infra/releaseunit/modules/stamp/keyvault-secrets.tf";
    let tree = world.repository().get(&head).unwrap().tree().with(path, b"locals {\n".as_slice());
    let by = super::super::repository::Signature::of("ada", world.now());
    let commit = std::sync::Arc::new(super::super::repository::Commit::new(tree, vec![head], &by, "Break\n"));
    let command = Command::Push {
        branch: release,
        expected: crate::sim::Expected::FastForward,
        commit: commit.id().clone(),
        objects: vec![commit],
        by: "ada".to_owned(),
    };
    world.apply(command).unwrap();
    start(&mut world, "release/2026.1.0", None, &AFTER_INFRASTRUCTURE).unwrap();
    pass(&mut world, secs(3600));
    assert_eq!(state(&world, 0), RunState::Completed(RunResult::Failed));
    assert!(world.runs()[0].problem.is_some());
    assert_eq!(world.counters().vault_writes, 0);
}

#[test]
fn a_cancelled_run_stops() {
    let mut world = World::new(WorldConfig::default());
    flip(&mut world, &BranchName::from("release/2026.1.0"), "release/2026.1.0");
    start(&mut world, "release/2026.1.0", None, &AFTER_INFRASTRUCTURE).unwrap();
    pass(&mut world, secs(120));
    let run = world.runs()[0].id();
    world.apply(Command::CancelRun { run }).unwrap();
    pass(&mut world, secs(3600));
    assert_eq!(state(&world, 0), RunState::Completed(RunResult::Canceled));
    assert_eq!(vaults(&world), [Holds::Primary; 3]);
}
