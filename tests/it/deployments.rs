//! Deployments to the environment that no run of the release pipeline shows: told, and a hazard while they last.

use std::time::Duration;

use keyslot::drive::TurnEnd;
use keyslot::model::{
    Blind, Blindness, BranchName, CommitId, DeploymentState, DeploymentView, EvidenceKey, RunId, RunState,
    RunView, Seen, StageEffect, StageView,
};
use keyslot::ports::Pipeline;
use keyslot::render::stages::{deployment_line, deployments};
use keyslot::rotation::{Gate, Note, Reason, Step, Verdict, Why, notes};
use keyslot::sim::wire::{self, Which, WireFault, github};
use keyslot::sim::{Command, Fault, Operation, Target, Trouble, When, WorldConfig};

use crate::backstage::Deed;
use crate::contract::Contract;
use crate::desk::Desk;
use crate::harm_scenarios::small;
use crate::in_memory::{Life, Theatre};
use crate::runs::{head, infrastructure, release, skipped, started, until};
use crate::stage::{Stage, steps};

const MINUTE: Duration = Duration::from_secs(60);

/// Everything is ready for the regeneration, and somebody deploys this.
fn deploying(commit: CommitId, state: DeploymentState) -> Stage {
    let mut stage = Stage::ready();
    stage.policy.deployments = true;
    let view = DeploymentView {
        environment: "prod".to_owned(),
        of: BranchName::new("release/0"),
        commit,
        by: "ada".to_owned(),
        state,
        since: stage.now - MINUTE,
        url: "https://forge.example/deployments/7".to_owned(),
    };
    stage.world.deployments = Some(Seen::known(stage.now, vec![view]));
    stage
}

fn old() -> CommitId {
    CommitId::new("9".repeat(40))
}

fn regenerates(stage: &Stage) -> bool {
    steps(&stage.decide()).iter().any(|step| matches!(step, Step::Regenerate { .. }))
}

fn reasons(stage: &Stage) -> Vec<Reason> {
    match stage.decide().verdict {
        Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => reasons,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_regenerated_while_other_code_is_deployed_or_about_to_be() {
    for state in [DeploymentState::Waiting, DeploymentState::Running] {
        let stage = deploying(old(), state);
        let [Reason { gate: Gate::NoHazard, subject, why }] = &reasons(&stage)[..] else {
            panic!("{:?}", stage.decide())
        };
        assert_eq!(subject.to_string(), old().short());
        let told = |it: &DeploymentView| it.by == "ada" && it.state == state;
        assert!(matches!(why, Why::DeploymentUnderWay { deployment } if told(deployment)), "{why:?}");
        let hazards = stage.report().hazards;
        assert!(hazards.iter().any(|one| matches!(one.why, Why::DeploymentUnderWay { .. })), "{hazards:?}");
    }
    for state in [DeploymentState::Succeeded, DeploymentState::Failed, DeploymentState::Inactive] {
        assert!(regenerates(&deploying(old(), state)), "{state:?}");
        // What it has just written a vault may not show yet.
        let mut just = deploying(old(), state);
        let ended = just.now - Duration::from_secs(4);
        just.world.deployments.as_mut().unwrap().what.as_mut().unwrap()[0].since = ended;
        assert_eq!(regenerates(&just), state == DeploymentState::Inactive, "{state:?}: {:?}", just.decide());
    }
}

#[test]
fn the_code_that_is_promoted_is_no_hazard_and_is_shown() {
    let mut ours = Stage::ready();
    let commit = ours.code_mut().deployed().head.clone();
    let stage = deploying(commit, DeploymentState::Running);
    assert!(regenerates(&stage));
    let shown: Vec<String> = deployments(&stage.world).map(deployment_line).collect();
    assert!(shown[0].contains("to prod is under way, since"), "{shown:?}");
    assert_eq!(deployments(&deploying(old(), DeploymentState::Running).world).count(), 0);
}

#[test]
fn deployments_are_looked_at_where_somebody_says_to_which_environment_and_hold_nothing_unseen() {
    let mut stage = deploying(old(), DeploymentState::Running);
    stage.world.deployments = None;
    assert_eq!(reasons(&stage)[0].why, Why::NotSeen(EvidenceKey::Deployments));
    let blind = Blind { kind: Blindness::Forbidden, why: "the token may not read deployments".to_owned() };
    stage.world.deployments = Some(Seen { at: stage.now, what: Err(blind) });
    assert!(regenerates(&stage), "as before anybody looked: {:?}", stage.decide());
    let noted = notes(&stage.policy, &stage.world);
    let named = |note: &Note| matches!(note, Note::DeploymentsUnseen(why) if why.contains("may not read"));
    assert!(noted.keys().any(named), "{noted:?}");
    let silent = Blind { kind: Blindness::Unreachable, why: "no answer".to_owned() };
    stage.world.deployments = Some(Seen { at: stage.now, what: Err(silent) });
    assert!(!regenerates(&stage), "they may be there: {:?}", stage.decide());
    stage.policy.deployments = false;
    stage.world.deployments = None;
    assert!(regenerates(&stage), "nobody says which environment it is");
}

#[test]
fn only_a_run_that_has_yet_to_write_the_vaults_stands_for_a_deployment_of_the_same_code() {
    let mut stage = deploying(old(), DeploymentState::Waiting);
    let part = |effects: &[StageEffect], state| StageView::new("x", state, Some(effects.to_vec()));
    let mut run = RunView {
        id: RunId::new("77"),
        url: "https://run/77".to_owned(),
        branch: BranchName::new("release/0"),
        commit: old(),
        by: "ada".to_owned(),
        state: RunState::Running,
        started: stage.now - MINUTE,
        finished: None,
        stages: vec![part(&[StageEffect::WritesVaults], RunState::Queued)],
        more_before: false,
    };
    let held = |stage: &Stage| {
        let of = |one: &Reason| matches!(one.why, Why::DeploymentUnderWay { .. });
        reasons(stage).iter().any(of)
    };
    stage.world.runs = Some(Seen::known(stage.now, vec![run.clone()]));
    assert!(!held(&stage) && !reasons(&stage).is_empty(), "the run itself holds: {:?}", reasons(&stage));
    run.stages = vec![part(&[], RunState::Running)];
    stage.world.runs = Some(Seen::known(stage.now, vec![run]));
    assert!(held(&stage), "a run that writes nothing shows nothing of who does: {:?}", reasons(&stage));
}

#[tokio::test]
async fn one_that_waits_is_seen_behind_ten_newer_ones_and_its_last_status_behind_a_hundred() {
    let mut config = WorldConfig::default();
    config.pipeline.environment = Some("prod".to_owned());
    let desk = Desk::new(config, 1.0);
    let actions = desk.actions_with(|settings| settings.environments = vec!["prod".to_owned()]);
    let report = |commit: &str, state: &str| {
        let (environment, branch) = ("prod".to_owned(), BranchName::new("main"));
        let (commit, state, by) = (CommitId::new(commit), state.to_owned(), "ada".to_owned());
        let command = Command::ReportDeployment { environment, branch, commit, state, by };
        desk.with(|world| world.apply(command)).unwrap();
    };
    report(&"9".repeat(40), "queued");
    for number in 0..120 {
        report(&format!("{number:040}"), "success");
    }
    let seen = actions.deployments().await.unwrap();
    let waits: Vec<_> = seen.iter().filter(|one| !one.state.is_over()).map(|one| &one.commit).collect();
    assert_eq!(waits, [&old()], "{}", seen.len());
    for _ in 0..120 {
        report(&"9".repeat(40), "in_progress");
    }
    report(&"9".repeat(40), "failure");
    let seen = actions.deployments().await.unwrap();
    assert!(seen.iter().all(|one| one.state.is_over()), "the newest of many statuses");
}

#[tokio::test]
async fn a_process_that_has_just_begun_asks_not_once_for_every_deployment_of_a_month() {
    let mut config = WorldConfig::default();
    config.pipeline.environment = Some("prod".to_owned());
    let desk = Desk::new(config, 1.0);
    let report = |commit: &str, state: &str| {
        let (environment, branch) = ("prod".to_owned(), BranchName::new("main"));
        let (commit, state, by) = (CommitId::new(commit), state.to_owned(), "ada".to_owned());
        let command = Command::ReportDeployment { environment, branch, commit, state, by };
        desk.with(|world| world.apply(command)).unwrap();
    };
    report(&"9".repeat(40), "queued");
    for number in 0..300 {
        report(&format!("{number:040}"), if number == 7 { "failure" } else { "success" });
    }
    let fresh = || desk.actions_with(|settings| settings.environments = vec!["prod".to_owned()]);
    let seen = fresh().deployments().await.unwrap();
    assert!(desk.wire.transcript().count("GET", "/statuses") <= 11, "the newest, and what has not ended");
    assert_eq!(desk.wire.transcript().count("POST", "/graphql"), 4);
    assert_eq!(crate::graphql::hold(&desk.exchanges(github::HOST)), 4);
    let of = |state| seen.iter().filter(|one| one.state == state).count();
    let counted = [DeploymentState::Waiting, DeploymentState::Failed, DeploymentState::Succeeded].map(of);
    assert_eq!(counted, [1, 1, 299]);
    // Where GraphQL may not be asked, REST is.
    let may_not = WireFault {
        which: Which { path: "/graphql".to_owned(), ..Which::default() },
        what: wire::Trouble::Answer { status: 403, retry_after_seconds: None },
        times: 1,
    };
    desk.wire.faults().add(may_not);
    assert_eq!(fresh().deployments().await.unwrap(), seen);
    assert!(desk.wire.transcript().count("GET", "/statuses") >= 300);
}

#[tokio::test]
async fn an_environment_that_is_not_there_is_named_and_not_taken_for_one_at_rest() {
    let mut config = WorldConfig::default();
    config.pipeline.environment = Some("prod".to_owned());
    let desk = Desk::new(config, 1.0);
    let looking = |name: &str| desk.actions_with(|settings| settings.environments = vec![name.to_owned()]);
    let fault = looking("prood").deployments().await.unwrap_err();
    assert!(fault.kind == Blindness::Missing && fault.why.contains("no environment “prood”"), "{fault}");
    let right = looking("prod");
    for _ in 0..3 {
        assert_eq!(right.deployments().await.unwrap(), []);
    }
    assert_eq!(desk.wire.transcript().count("GET", "/environments/prod"), 1, "asked once");
}

fn deploy(state: &str) -> Deed {
    let (environment, branch) = ("prod".to_owned(), BranchName::new("release/2025.12.0"));
    let (commit, by) = (old(), "mallory".to_owned());
    Deed::Do(Command::ReportDeployment { environment, branch, commit, state: state.to_owned(), by })
}

#[test]
fn a_rotation_waits_for_a_deployment_of_older_code_and_goes_on_when_that_has_ended() {
    let mut theatre = Theatre::new(small());
    theatre.policy.deployments = true;
    let begin = theatre.world.lock().now();
    theatre.backstage.at(begin + MINUTE, deploy("queued"));
    let end = begin + MINUTE * 60 * 20;
    theatre.backstage.at(end, deploy("failure"));
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    let regenerated = theatre.world.lock().outcome().regenerated[0].at;
    assert!(regenerated >= end, "{regenerated}");
}

#[test]
fn whoever_may_not_read_deployments_rotates_as_before() {
    let target = Target::operation(Operation::ReadDeployments);
    let mut theatre = Theatre::new(small().with_fault(Fault::new(When::Always, target, Trouble::Forbidden)));
    theatre.policy.deployments = true;
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
}

#[tokio::test]
async fn deployments_are_read_with_their_newest_status_whatever_makes_them() {
    let mut config = WorldConfig::default();
    config.pipeline.environment = Some("prod".to_owned());
    infrastructure(&mut config).takes = keyslot::sim::Span::exactly(MINUTE * 10);
    let desk = Desk::new(config, 3600.0);
    let actions = desk.actions_with(|settings| settings.environments = vec!["prod".to_owned()]);
    assert_eq!(actions.deployments().await.unwrap(), []);
    let id = started(actions.start(&release(), &head(&desk), &skipped()).await);
    until(&actions, &id, |run| run.state.is_over()).await;
    let report = |state: &str, environment: &str| {
        let (environment, branch) = (environment.to_owned(), BranchName::new("main"));
        let (commit, state, by) = (old(), state.to_owned(), "ada".to_owned());
        let command = Command::ReportDeployment { environment, branch, commit, state, by };
        desk.with(|world| world.apply(command)).unwrap();
    };
    report("queued", "elsewhere");
    report("queued", "prod");
    let seen = actions.deployments().await.unwrap();
    let states: Vec<(&str, DeploymentState)> = seen.iter().map(|one| (one.of.as_str(), one.state)).collect();
    let branch = release();
    assert_eq!(
        states,
        [("main", DeploymentState::Waiting), (branch.as_str(), DeploymentState::Succeeded)],
        "newest first, of this environment alone"
    );
    assert_eq!((seen[0].by.as_str(), &seen[0].commit), ("ada", &old()));
    assert!(seen[1].url.contains("/deployments/"), "{seen:?}");
    report("in_progress", "prod");
    assert_eq!(actions.deployments().await.unwrap()[0].state, DeploymentState::Running);

    // What has ended is not asked for again, and what has not changed costs nothing.
    let count = || desk.wire.transcript().count("GET", "/statuses");
    let before = count();
    actions.deployments().await.unwrap();
    assert_eq!(count() - before, 1, "the one that goes on");
    let exchanges = desk.exchanges(github::HOST);
    assert_eq!(exchanges.iter().rev().take(2).filter(|one| one.status == 304).count(), 2);

    let mut contracts = vec![Contract::of_ours("github-actions.json")];
    contracts.extend(Contract::load("github-rest-23.0.2.json"));
    let read: Vec<_> =
        exchanges.into_iter().filter(|one| one.path.contains("deployments") && one.status == 200).collect();
    for contract in contracts {
        let verdict = contract.hold(&read);
        assert!(verdict.wrong.is_empty(), "{:#?}", verdict.wrong);
        assert!(verdict.kinds.len() >= 2, "{:?}", verdict.kinds);
    }
}
