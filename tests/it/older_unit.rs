//! Whose unit has the traffic is asked of the run that moved it last, however many runs came after that one.

use std::time::Duration;

use keyslot::model::{BranchName, RunId, RunState, RunView, StageEffect};
use keyslot::ports::Pipeline;
use keyslot::sim::{Command, World, WorldConfig};

use crate::desk::Desk;
use crate::follow::{run, with_workflow};
use crate::live::Live;

fn other() -> BranchName {
    WorldConfig::default().repository.previous_release
}

fn all_but(kept: &[&str]) -> Vec<String> {
    let stages = WorldConfig::default().pipeline.stages;
    stages.into_iter().map(|stage| stage.name).filter(|name| !kept.contains(&name.as_str())).collect()
}

/// A run of the branch to its end, with these stages.
fn ran(world: &mut World, branch: &BranchName, stages: &[&str]) {
    let by = "ada".to_owned();
    let start = Command::StartRun { branch: branch.clone(), commit: None, skip: all_but(stages), by };
    world.apply(start).unwrap();
    while world.runs().last().is_some_and(|run| !run.state.is_over()) {
        let next = world.now() + Duration::from_secs(60);
        world.advance_to(next);
    }
    assert!(world.runs().last().unwrap().state.succeeded());
}

/// The other branch's run moved traffic; what came after it moved none, on either branch.
fn past(world: &mut World) {
    let release = world.config().repository.release.clone();
    ran(world, &other(), &["validate-infra", "switch-traffic"]);
    ran(world, &release, &["validate-infra"]);
    ran(world, &other(), &["validate-infra"]);
}

async fn never_runs(live: &Live) {
    let before = live.stage.simulation.world.with(|world| world.counters().runs_started);
    for command in [["propose", "--wait"], ["promote", "--wait"]] {
        let (code, out, talk) = run(live, &command).await;
        assert_eq!(code, 0, "{command:?}: {out}\n{talk}");
    }
    let (code, out, talk) = run(live, &["follow"]).await;
    assert_eq!(code, 4, "{out}\n{talk}");
    let words = format!("traffic was moved by a later run of {}", other());
    assert!(talk.contains(&words) && talk.contains("1001"), "{out}\n{talk}");
    let after = live.stage.simulation.world.with(|world| world.counters().runs_started);
    assert_eq!(after, before, "nothing was started: {talk}");
}

fn world() -> World {
    let mut world = World::new(WorldConfig::default().with_stamps(1).with_workflow());
    past(&mut world);
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_units_pipeline_on_azure_devops_is_not_run_though_later_runs_moved_no_traffic() {
    never_runs(&Live::of(world(), 600.0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_units_workflow_is_not_run_though_later_runs_moved_no_traffic() {
    let live = Live::of(world(), 600.0);
    with_workflow(&live);
    never_runs(&live).await;
}

async fn looked_back(pipeline: &impl Pipeline) {
    let runs = pipeline.runs().await.unwrap();
    let read: Vec<bool> = runs.iter().map(|run| !run.stages.is_empty()).collect();
    assert_eq!(
        read,
        [true, true, true, false],
        "back to the run that moved traffic, and no further: {runs:#?}"
    );
    assert_eq!(runs[2].moved_traffic(), Some(true));
    assert!(runs.iter().all(|run| matches!(run.state, RunState::Completed(_))));
}

#[tokio::test]
async fn stages_are_read_back_to_the_run_that_moved_traffic_last_and_not_again() {
    let mut config = WorldConfig::default().with_stamps(1);
    config.pipeline.list_lag = Duration::ZERO;
    let desk = Desk::new(config, 1.0);
    desk.with(|world| {
        ran(world, &other(), &["validate-infra", "switch-traffic"]);
        past(world);
        // Later than any list lags.
        let later = world.now() + Duration::from_secs(60);
        world.advance_to(later);
    });
    let (devops, actions) = (desk.devops(), desk.actions());
    for _ in 0..2 {
        looked_back(&devops).await;
        looked_back(&actions).await;
    }
    assert_eq!(desk.wire.transcript().count("GET", "/timeline"), 3, "what is over is read once");
    assert_eq!(desk.wire.transcript().count("GET", "/jobs"), 3, "what is over is read once");
}

#[tokio::test]
async fn a_stage_that_was_tried_again_in_an_older_run_on_azure_devops_is_seen_though_its_branch_has_a_newer_one()
 {
    let mut config = WorldConfig::default().with_stamps(1);
    config.pipeline.list_lag = Duration::ZERO;
    let desk = Desk::new(config, 1.0);
    let release = WorldConfig::default().repository.release;
    desk.with(|world| {
        let rolled_back = cancelled(world, &other(), 1).remove(0);
        ran(world, &release, &["validate-infra", "switch-traffic"]);
        cancelled(world, &other(), 1);
        world.apply(Command::RetryRun { run: rolled_back.clone() }).unwrap();
        while world.run(&rolled_back).is_some_and(|run| !run.state.is_over()) {
            if world.run(&rolled_back).unwrap().state == RunState::WaitsForApproval {
                world.apply(Command::ApproveRun { run: rolled_back.clone() }).unwrap();
            }
            let next = world.now() + Duration::from_secs(60);
            world.advance_to(next);
        }
    });
    let runs = desk.devops().runs().await.unwrap();
    let [_, ours, theirs] = &runs[..] else { panic!("{runs:#?}") };
    assert_eq!((ours.moved_traffic(), theirs.moved_traffic()), (Some(true), Some(true)), "{runs:#?}");
    let moved = |run: &RunView| run.effect_ended(StageEffect::SwitchesTraffic);
    assert!(moved(theirs) > moved(ours), "{runs:#?}");
}

/// Runs of the branch that somebody has cancelled before anything of them began.
fn cancelled(world: &mut World, branch: &BranchName, count: usize) -> Vec<RunId> {
    let cancel = |_| {
        let by = "ada".to_owned();
        let start = Command::StartRun { branch: branch.clone(), commit: None, skip: Vec::new(), by };
        world.apply(start).unwrap();
        let run = world.runs().last().unwrap().id();
        world.apply(Command::CancelRun { run: run.clone() }).unwrap();
        let next = world.now() + Duration::from_secs(60);
        world.advance_to(next);
        run
    };
    (0..count).map(cancel).collect()
}

#[tokio::test]
async fn a_move_of_traffic_is_followed_beyond_the_list_of_runs_and_no_further_than_said() {
    let mut config = WorldConfig::default().with_stamps(1);
    config.pipeline.list_lag = Duration::ZERO;
    let desk = Desk::new(config, 1.0);
    let release = WorldConfig::default().repository.release;
    desk.with(|world| {
        ran(world, &other(), &["validate-infra", "switch-traffic"]);
        cancelled(world, &release, 104);
    });
    let devops = |recent: usize, look_back: usize| {
        desk.devops_with(|settings| (settings.recent, settings.look_back) = (recent, look_back))
    };
    let actions = |look_back: usize| desk.actions_with(|settings| settings.look_back = look_back);
    for runs in [devops(50, 400).runs().await.unwrap(), actions(400).runs().await.unwrap()] {
        let oldest = runs.last().unwrap();
        assert_eq!((runs.len(), oldest.moved_traffic()), (105, Some(true)), "{oldest:?}");
        assert!(runs.iter().all(|run| !run.more_before));
        assert!(runs.windows(2).all(|pair| pair[0].started >= pair[1].started), "newest first");
    }
    for runs in [devops(10, 20).runs().await.unwrap(), actions(100).runs().await.unwrap()] {
        let unread: Vec<bool> = runs.iter().map(|run| run.more_before).collect();
        let (oldest, others) = unread.split_last().unwrap();
        assert!(*oldest && !others.contains(&true), "what lies beyond is not known: {unread:?}");
    }
    let runs = desk
        .devops_with(|settings| {
            (settings.recent, settings.look_back) = (10, 20);
            settings.stages.get_mut("switch-traffic").unwrap().clear();
        })
        .runs()
        .await
        .unwrap();
    assert!(runs.len() == 10 && runs.iter().all(|run| !run.more_before), "no stage moves traffic");
}
