//! Starting and following runs on Azure DevOps: what is refused, who may approve, what failed, what a retry does, and how
//! the client behaves when it is asked to slow down.

use std::sync::Arc;
use std::time::Duration;

use keyslot::adapters::azure_devops::{AzureDevOps, Manners};
use keyslot::adapters::http::Http;
use keyslot::model::{Blindness, HoldKind, RunResult, RunState, StageEffect};
use keyslot::ports::{Clock, Effect, Pipeline};
use keyslot::sim::config::{Accepting, StageConfig};
use keyslot::sim::wire::azure_devops::{self, DevOpsAccess};
use keyslot::sim::wire::{SharedWorld, Trouble, Which, Wire, WireBuilder, WireClock, WireFault, WireOptions};
use keyslot::sim::{self, Command, Operation, Target, When, World, WorldConfig};

use crate::contract::Contract;
use crate::desk::{Desk, PAT, devops_settings, no_code};
use crate::runs::{applied, head, infrastructure, refused, release, skipped, started, until};
use crate::wire_core;

async fn script(desk: &Desk) {
    let devops = desk.devops();
    let id = started(devops.start(&release(), &head(desk), &skipped()).await);
    let run = until(&devops, &id, |run| run.state == RunState::WaitsForApproval).await;
    let held: Vec<_> = run.held().flat_map(|stage| stage.holds.clone()).collect();
    assert_eq!(held.len(), 1);
    assert_eq!(
        (held[0].kind, held[0].who.as_slice()),
        (HoldKind::Approval, &["Ada".to_owned(), "Ben".to_owned()][..])
    );
    assert_eq!(held[0].url, run.url);

    desk.with(|world| world.apply(Command::ApproveRun { run: id.clone() })).unwrap();
    let run = until(&devops, &id, |run| run.state.is_over()).await;
    assert_eq!(run.state, RunState::Completed(RunResult::Failed));
    let failed = run.failed_stage().unwrap();
    let failure = failed.failure.as_ref().expect("what it printed");
    assert_eq!((failed.name.as_str(), failure.step.as_str()), ("deploy-infrastructure", "Terraform apply"));
    assert!(failure.lines.iter().any(|line| line.contains("409 Conflict")), "{failure:?}");
    assert!(failure.lines.iter().any(|line| line == "debug: AccountKey=***;"), "{failure:?}");
    assert!(failure.lines.len() <= 8);

    // A person retries the stage: the run is open again, under the same number, and what the approval said is past.
    desk.with(|world| world.apply(Command::RetryRun { run: id.clone() })).unwrap();
    let run = until(&devops, &id, |run| run.state == RunState::WaitsForApproval).await;
    assert!(run.effect_ahead(StageEffect::WritesVaults) && run.finished.is_none());
    desk.with(|world| world.apply(Command::ApproveRun { run: id.clone() })).unwrap();
    let run = until(&devops, &id, |run| run.state.is_over()).await;
    assert_eq!(run.state, RunState::Completed(RunResult::Succeeded));
    let stage = run.stages.iter().find(|stage| stage.name == "deploy-infrastructure").unwrap();
    assert_eq!((stage.attempt, stage.failure.as_ref()), (2, None));
    assert!(stage.finished > stage.started && stage.started.is_some());
    assert_eq!(run.effect_done(StageEffect::WritesVaults), Some(true));
}

fn troubled() -> WorldConfig {
    let mut config = WorldConfig::default();
    let infra = infrastructure(&mut config);
    (infra.approved_after, infra.fails) = (Some(Duration::from_secs(100 * 60 * 60)), 1);
    infra.approvers = vec!["Ada".to_owned(), "Ben".to_owned()];
    config
}

#[tokio::test]
async fn approval_failure_and_retry_are_followed_with_who_and_what() {
    script(&Desk::new(troubled(), 7200.0)).await;
}

#[tokio::test]
async fn what_is_said_on_the_way_is_as_it_is_described() {
    let desk = Desk::new(troubled(), 7200.0);
    script(&desk).await;
    let exchanges = desk.exchanges(azure_devops::HOST);
    let ours = Contract::of_ours("azure-devops.json");
    let verdict = ours.hold(&exchanges);
    assert!(verdict.wrong.is_empty(), "{:#?}", verdict.wrong);
    assert!(verdict.kinds.len() >= 5, "{:?}", verdict.kinds);
    for (method, part) in [("GET", "/approvals"), ("GET", "/logs"), ("POST", "/runs"), ("GET", "/timeline")] {
        let mut said = exchanges.iter().filter(|one| one.method == method && one.path.contains(part));
        assert!(said.next().is_some(), "{method} {part} was never said");
    }
    if let Some((builds, pipelines, approvals)) = crate::azure_devops::described() {
        let (asked, others): (Vec<_>, Vec<_>) =
            exchanges.iter().cloned().partition(|exchange| exchange.path.contains("/approvals"));
        let (runs, mut others): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|exchange| exchange.path.contains("/pipelines/"));
        // Its description has lists without their envelope, and a log, which is text, as JSON.
        others.retain(|exchange| !exchange.path.contains("/logs"));
        for (contract, exchanges) in [(builds, others), (pipelines, runs), (approvals, asked)] {
            let verdict = contract.hold(&exchanges);
            assert!(verdict.wrong.is_empty(), "{:#?}", verdict.wrong);
            assert!(verdict.held > 0);
        }
    }
    let mut doctored = exchanges.iter().find(|exchange| exchange.method == "POST").unwrap().clone();
    doctored.asked = Some(serde_json::json!({ "stagesToSkip": ["x"] }));
    assert!(!ours.hold(&[doctored]).wrong.is_empty(), "the judge can say no");
}

#[tokio::test]
async fn a_run_is_not_started_with_stages_that_nobody_has_answered_for() {
    let mut config = WorldConfig::default();
    let surprise = StageConfig { name: "surprise".to_owned(), ..config.pipeline.stages[0].clone() };
    config.pipeline.stages.push(surprise);
    let desk = Desk::new(config, 1.0);
    let (commit, devops) =
        (head(&desk), |change: fn(&mut keyslot::adapters::azure_devops::AzureDevOpsSettings)| {
            desk.devops_with(change)
        });
    let fault = refused(
        devops(|settings| drop(settings.stages.remove("surprise")))
            .start(&release(), &commit, &skipped())
            .await,
    );
    assert!(
        fault.why.contains("not declared: surprise") && fault.remedy.contains("pipeline.stage"),
        "{fault}"
    );
    let fault = refused(devops(|_| {}).start(&release(), &commit, &["switch-traffic".to_owned()]).await);
    assert!(fault.why.contains("destroy-previous would move traffic or destroy"), "{fault}");
    assert_eq!(desk.with(|world| world.runs().len()), 0, "a preview starts nothing");
    let accepting = devops(|settings| settings.accepted = vec!["destroy-previous".to_owned()]);
    applied(accepting.start(&release(), &commit, &["switch-traffic".to_owned()]).await);
}

#[tokio::test]
async fn a_pipeline_that_takes_no_runs_says_so_and_what_to_do() {
    for (accepting, word) in [(Accepting::Disabled, "disabled"), (Accepting::Paused, "paused")] {
        let mut config = WorldConfig::default();
        config.pipeline.accepting = accepting;
        let desk = Desk::new(config, 1.0);
        let fault = refused(desk.devops().start(&release(), &head(&desk), &skipped()).await);
        assert!(fault.why.contains(word) && fault.remedy.contains("Settings"), "{fault}");
        assert_eq!(desk.with(|world| world.runs().len()), 0);
    }
    let desk = Desk::new(WorldConfig::default(), 1.0);
    let lost =
        desk.devops_with(|settings| settings.pipeline = keyslot::adapters::azure_devops::PipelineRef::Id(7));
    let fault = lost.runs().await.unwrap_err();
    assert!(
        fault.kind == Blindness::Misconfigured && fault.why.contains("not found"),
        "a wrong number is no empty list: {fault}"
    );
}

#[tokio::test]
async fn a_missing_right_is_named() {
    let forbidden =
        sim::Fault::new(When::Always, Target::operation(Operation::StartRun), sim::Trouble::Forbidden);
    let desk = Desk::new(WorldConfig::default().with_fault(forbidden), 1.0);
    let fault = refused(desk.devops().start(&release(), &head(&desk), &skipped()).await);
    assert!(fault.kind == Blindness::Forbidden && fault.remedy.contains("“Queue builds”"), "{fault}");
}

/// The world's Azure DevOps alone, set up otherwise.
fn alone(change: impl FnOnce(DevOpsAccess) -> DevOpsAccess) -> (AzureDevOps, Wire, SharedWorld) {
    let world = World::new(WorldConfig::default());
    let clock = WireClock::start(world.now(), 600.0);
    let shared = SharedWorld::new(world, clock.clone());
    let builder = WireBuilder::new(clock.clone(), WireOptions::default()).unwrap();
    let access = change(DevOpsAccess::new("afmc", "platform", PAT.into(), "keyslot-bot"));
    let wire =
        builder.face(azure_devops::host(), azure_devops::router(shared.clone(), access)).start().unwrap();
    let http: Http = wire_core::client(&wire);
    let stages = shared.with(|world| {
        let stages = world.config().pipeline.stages.iter();
        stages.map(|stage| (stage.name.clone(), stage.effects.clone())).collect()
    });
    (AzureDevOps::new(devops_settings(stages), no_code(), &http, Arc::new(clock)), wire, shared)
}

#[tokio::test]
async fn an_expired_token_is_said_to_be_expired() {
    let (devops, _wire, _) =
        alone(|access| DevOpsAccess { pat_ends: Some(jiff::Timestamp::UNIX_EPOCH), ..access });
    let fault = devops.runs().await.unwrap_err();
    assert!(fault.kind == Blindness::Misconfigured && fault.remedy.contains("has expired"), "{fault}");
}

#[tokio::test]
async fn answers_that_ask_to_slow_down_are_obeyed() {
    let (devops, wire, shared) = alone(|access| DevOpsAccess { slowed: Some(20), ..access });
    let clock = shared.clock().clone();
    let began = clock.now();
    devops.runs().await.unwrap();
    let requests = wire.transcript().entries().len();
    let took = clock.now().duration_since(began);
    assert!(requests >= 2 && took.as_secs() >= 20 * (requests as i64 - 1), "{requests} requests in {took:?}");
}

#[tokio::test]
async fn a_delay_of_minutes_is_obeyed_to_its_end_and_of_a_longer_one_is_told() {
    let (devops, wire, shared) = alone(|access| DevOpsAccess { slowed: Some(200), ..access });
    let clock = shared.clock().clone();
    let began = clock.now();
    devops.runs().await.unwrap();
    let requests = wire.transcript().entries().len();
    let took = clock.now().duration_since(began);
    assert!(
        requests >= 2 && took.as_secs() >= 200 * (requests as i64 - 1),
        "{requests} requests in {took:?}"
    );

    let (devops, wire, _shared) = alone(|access| DevOpsAccess { slowed: Some(3_600 * 24), ..access });
    for _ in 0..2 {
        let fault = devops.runs().await.unwrap_err();
        assert!(fault.kind == Blindness::Throttled && fault.why.contains("left alone until"), "{fault}");
    }
    assert_eq!(wire.transcript().entries().len(), 1, "nothing is asked before");
}

/// The pipeline and the validation, say: to Azure DevOps they are one caller.
#[tokio::test]
async fn two_who_ask_one_organization_heed_what_either_is_told() {
    let (devops, wire, shared) = alone(|access| DevOpsAccess { slowed: Some(200), ..access });
    let manners = Arc::new(Manners::default());
    let http: Http = wire_core::client(&wire);
    let clock = shared.clock().clone();
    let stages = shared.with(|world| {
        let stages = world.config().pipeline.stages.iter();
        stages.map(|stage| (stage.name.clone(), stage.effects.clone())).collect()
    });
    let other = AzureDevOps::new(devops_settings(stages), no_code(), &http, Arc::new(clock.clone()));
    let (devops, other) = (devops.sharing(&manners), other.sharing(&manners));
    devops.runs().await.unwrap();
    let began = clock.now();
    other.runs().await.unwrap();
    let took = clock.now().duration_since(began);
    let requests = wire.transcript().entries().len() as i64 / 2;
    // The last answer came a little before that.
    assert!(took.as_secs() >= 200 * requests - 100, "also before its first: {requests} requests in {took:?}");
}

#[tokio::test]
async fn a_write_whose_token_has_just_ended_is_sent_again_with_the_next() {
    for status in [401, 203] {
        let desk = Desk::new(WorldConfig::default(), 1.0);
        let devops = desk.devops();
        devops.runs().await.unwrap();
        let which = Which { method: "POST".to_owned(), path: "/runs".to_owned(), ..Which::default() };
        let ended = Trouble::Answer { status, retry_after_seconds: None };
        desk.wire.faults().add(WireFault::once(which, ended));
        let end = devops.start(&release(), &head(&desk), &skipped()).await;
        assert!(matches!(&end, Effect::NotSent(fault) if fault.kind == Blindness::Forbidden), "{end:?}");
        applied(devops.start(&release(), &head(&desk), &skipped()).await);
        assert_eq!(desk.with(|world| world.runs().len()), 1);
    }
}
