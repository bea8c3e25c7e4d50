//! The GitHub Actions adapter against the world's, over TLS.

use std::sync::Arc;
use std::time::Duration;

use keyslot::adapters::github::actions::Actions;
use keyslot::adapters::token::FixedToken;
use keyslot::model::{
    Blindness, BranchName, CommitId, HoldKind, RunId, RunResult, RunState, RunView, StageEffect,
};
use keyslot::ports::{Effect, Pipeline};
use keyslot::sim::config::{Accepting, PipelineTrigger};
use keyslot::sim::repository::{Commit, Signature};
use keyslot::sim::wire::github::GitHubAccess;
use keyslot::sim::wire::{Trouble, Which, WireFault, github};
use keyslot::sim::{self, Command, Operation, Target, When, WorldConfig};
use serde_json::{Value, json};

use crate::contract::Contract;
use crate::desk::{Desk, GITHUB_TOKEN};
use crate::runs::{applied, head, infrastructure, refused, release, skipped, started, until};

/// The stage that writes the vaults fails once and waits for an approval before, which comes when it is told to.
fn troubled() -> WorldConfig {
    let mut config = WorldConfig::default();
    let stage = infrastructure(&mut config);
    (stage.approved_after, stage.fails) = (Some(Duration::from_secs(1_000 * 60 * 60)), 1);
    config
}

async fn script(desk: &Desk) -> RunId {
    let actions = desk.actions();
    let commit = head(desk);
    let id = started(actions.start(&release(), &commit, &skipped()).await);

    let run = until(&actions, &id, |run| run.state == RunState::WaitsForApproval).await;
    assert_eq!((&run.branch, &run.commit, run.by.as_str()), (&release(), &commit, "keyslot-bot"));
    assert!(run.url.ends_with(&format!("/actions/runs/{id}")), "{}", run.url);
    assert!(run.effect_ahead(StageEffect::WritesVaults));
    let held: Vec<_> = run.held().flat_map(|stage| stage.holds.clone()).collect();
    assert_eq!(
        (held[0].kind, held[0].who.as_slice()),
        (HoldKind::Approval, &["team Release managers".to_owned()][..])
    );
    assert!(held[0].name.contains("deploy-infrastructure") && held[0].url == run.url, "{held:?}");
    let ahead: Vec<&str> = run
        .stages
        .iter()
        .filter(|stage| stage.state == RunState::Queued)
        .map(|stage| stage.name.as_str())
        .collect();
    assert_eq!(ahead, skipped(), "declared, and not listed before their turn");

    desk.with(|world| world.apply(Command::ApproveRun { run: id.clone() })).unwrap();
    let run = until(&actions, &id, |run| run.state.is_over()).await;
    assert_eq!(run.state, RunState::Completed(RunResult::Failed));
    let stage = run.failed_stage().unwrap_or_else(|| panic!("{run:?}"));
    let failure = stage.failure.as_ref().expect("what it printed");
    assert_eq!((stage.name.as_str(), failure.step.as_str()), ("deploy-infrastructure", "Terraform apply"));
    assert_eq!(failure.lines.last().unwrap(), "##[error]Bash exited with code '1'.");
    assert!(failure.lines.iter().any(|line| line.contains("409 Conflict")), "{failure:?}");
    assert!(failure.lines.iter().any(|line| line == "debug: AccountKey=***;"), "{failure:?}");
    assert_eq!(run.effect_done(StageEffect::WritesVaults), Some(false));

    // A person runs the failed job again: the same run, another attempt.
    desk.with(|world| world.apply(Command::RetryRun { run: id.clone() })).unwrap();
    desk.with(|world| world.apply(Command::ApproveRun { run: id.clone() }).ok());
    let run = loop {
        let waits = |run: &RunView| run.state == RunState::WaitsForApproval || run.state.is_over();
        let run = until(&actions, &id, waits).await;
        if run.state.is_over() {
            break run;
        }
        desk.with(|world| world.apply(Command::ApproveRun { run: id.clone() }).ok());
    };
    assert_eq!(run.state, RunState::Completed(RunResult::Succeeded), "{run:?}");
    let of = |name: &str| run.stages.iter().find(|stage| stage.name == name).unwrap();
    assert_eq!(of("deploy-infrastructure").attempt, 2);
    assert_eq!(of("deploy-infrastructure").state, RunState::Completed(RunResult::Succeeded));
    assert_eq!(of("switch-traffic").state, RunState::Completed(RunResult::Skipped));
    assert_eq!(run.effect_done(StageEffect::WritesVaults), Some(true));
    id
}

#[tokio::test]
async fn a_run_is_dispatched_found_and_followed_through_approval_failure_and_another_attempt() {
    let desk = Desk::new(troubled(), 3600.0);
    script(&desk).await;
    let said = desk.exchanges(github::HOST);
    assert_eq!(
        said.iter().filter(|one| one.method == "POST").count(),
        1,
        "one dispatch, and nothing else written"
    );
}

#[tokio::test]
async fn what_is_said_on_the_way_is_as_it_is_described() {
    let desk = Desk::new(troubled(), 3600.0);
    script(&desk).await;
    let exchanges = desk.exchanges(github::HOST);
    let ours = Contract::of_ours("github-actions.json");
    let verdict = ours.hold(&exchanges);
    assert!(verdict.wrong.is_empty(), "{:#?}", verdict.wrong);
    assert!(verdict.kinds.len() >= 5, "{:?}", verdict.kinds);
    let mut doctored = exchanges.iter().find(|exchange| exchange.method == "POST").unwrap().clone();
    doctored.asked = Some(json!({ "ref": "release/1", "stagesToSkip": ["x"] }));
    assert!(!ours.hold(&[doctored]).wrong.is_empty(), "the judge can say no");
    let Some(official) = Contract::load("github-rest-23.0.2.json") else { return };
    let verdict = official.hold(&exchanges);
    assert!(verdict.wrong.is_empty(), "{:#?}", verdict.wrong);
    assert!(verdict.kinds.len() >= 5, "{:?}", verdict.kinds);
}

#[tokio::test]
async fn two_dispatches_make_two_runs_and_after_a_lost_answer_a_look_tells() {
    let desk = Desk::new(WorldConfig::default(), 60.0);
    let actions = desk.actions();
    let (commit, before) = (head(&desk), desk.with(|world| world.counters().runs_started));
    let first = started(actions.start(&release(), &commit, &skipped()).await);
    let second = started(actions.start(&release(), &commit, &skipped()).await);
    assert_ne!(first, second);
    assert_eq!(desk.with(|world| world.counters().runs_started), before + 2);

    let which = Which { method: "POST".to_owned(), path: "/dispatches".to_owned(), ..Which::default() };
    desk.wire.faults().add(WireFault::once(which, Trouble::DropAnswer));
    let end = actions.start(&release(), &commit, &skipped()).await;
    assert!(matches!(end, Effect::Unknown(_)), "{end:?}");
    assert_eq!(desk.wire.transcript().count("POST", "/dispatches"), 3, "nothing was sent twice");
    tokio::time::sleep(Duration::from_millis(100)).await;
    let runs = actions.runs().await.unwrap();
    assert_eq!(runs.len(), 3);
    assert!(runs.iter().all(|run| run.commit == commit && run.branch == release()));
}

#[tokio::test]
async fn a_run_that_is_not_listed_in_time_is_unknown_and_not_asked_for_again() {
    let desk = Desk::with_access(listed_late(), 60.0, GitHubAccess::naming_no_runs);
    let end = desk.actions().start(&release(), &head(&desk), &skipped()).await;
    assert!(matches!(&end, Effect::Unknown(fault) if fault.why.contains("no new run yet")), "{end:?}");
    assert_eq!(desk.wire.transcript().count("POST", "/dispatches"), 2, "the first one was not understood");
    assert_eq!(desk.with(|world| world.runs().len()), 1);
}

fn listed_late() -> WorldConfig {
    let mut config = WorldConfig::default();
    config.pipeline.list_lag = Duration::from_secs(3_600);
    config
}

#[tokio::test]
async fn a_dispatch_names_its_run_however_late_that_is_listed() {
    let desk = Desk::new(listed_late(), 60.0);
    let id = started(desk.actions().start(&release(), &head(&desk), &skipped()).await);
    assert_eq!(desk.with(|world| world.runs().last().unwrap().id()), id);
    assert_eq!(desk.wire.transcript().count("POST", "/dispatches"), 1);
}

#[tokio::test]
async fn an_older_server_that_names_no_run_has_it_found_on_the_list() {
    let desk = Desk::with_access(WorldConfig::default(), 60.0, GitHubAccess::naming_no_runs);
    let id = started(desk.actions().start(&release(), &head(&desk), &skipped()).await);
    let runs = desk.with(|world| world.runs().iter().map(|run| run.id()).collect::<Vec<_>>());
    assert_eq!(runs, [id]);
}

#[tokio::test]
async fn what_a_failed_job_printed_is_asked_for_again_until_it_is_known() {
    let desk = Desk::new(troubled(), 3600.0);
    let actions = desk.actions();
    let id = started(actions.start(&release(), &head(&desk), &skipped()).await);
    until(&actions, &id, |run| run.state == RunState::WaitsForApproval).await;
    desk.with(|world| world.apply(Command::ApproveRun { run: id.clone() })).unwrap();
    while !desk.with(|world| world.run(&id).unwrap().state.is_over()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let which = Which { path: "/logs".to_owned(), ..Which::default() };
    desk.wire
        .faults()
        .add(WireFault::once(which, Trouble::Answer { status: 503, retry_after_seconds: None }));
    let look = async || {
        let run = until(&actions, &id, |run| run.state.is_over()).await;
        run.failed_stage().unwrap().failure.clone().unwrap().lines
    };
    assert!(look().await.is_empty());
    assert!(!look().await.is_empty());
    let jobs = || desk.wire.transcript().count("GET", "/jobs");
    let before = jobs();
    assert!(!look().await.is_empty());
    assert_eq!(jobs(), before, "and then no more");
}

#[tokio::test]
async fn nothing_is_dispatched_that_nobody_has_answered_for() {
    let desk = Desk::new(WorldConfig::default(), 1.0);
    let commit = head(&desk);
    let fault = refused(desk.actions().start(&release(), &commit, &["switch-traffic".to_owned()]).await);
    assert!(fault.why.contains("destroy-previous would move traffic or destroy"), "{fault}");
    let bare = desk.actions_with(|settings| settings.skip_input = None);
    let fault = refused(bare.start(&release(), &commit, &skipped()).await);
    assert!(
        fault.why.contains("no input that leaves jobs out") && fault.remedy.contains("skip_input"),
        "{fault}"
    );
    let by_push = desk.actions_with(|settings| settings.dispatches = false);
    assert!(refused(by_push.start(&release(), &commit, &[]).await).why.contains("the push"));
    let other = desk.actions_with(|settings| settings.skip_input = Some("leave_out".to_owned()));
    let fault = refused(other.start(&release(), &commit, &skipped()).await);
    assert!(fault.why.contains("no input leave_out"), "{fault}");
    assert_eq!(desk.with(|world| world.runs().len()), 0);
    // What a person has accepted by name may run.
    let accepting = desk.actions_with(|settings| {
        settings.accepted = vec!["switch-traffic".to_owned(), "destroy-previous".to_owned()];
    });
    applied(accepting.start(&release(), &commit, &[]).await);
}

#[tokio::test]
async fn a_branch_that_stands_elsewhere_is_not_run() {
    let desk = Desk::new(WorldConfig::default(), 1.0);
    let wrong = CommitId::from("1111111111111111111111111111111111111111");
    let end = desk.actions().start(&release(), &wrong, &skipped()).await;
    assert!(matches!(&end, Effect::NotSent(fault) if fault.why.contains("stands on")), "{end:?}");
    let end = desk.actions().start(&BranchName::from("nowhere"), &wrong, &skipped()).await;
    assert!(matches!(&end, Effect::NotSent(fault) if fault.kind == Blindness::Missing), "{end:?}");
    assert_eq!(desk.wire.transcript().count("POST", "/dispatches"), 0);
}

#[tokio::test]
async fn what_does_not_exist_is_switched_off_or_not_allowed_is_said_with_what_to_do() {
    let mut config = WorldConfig::default();
    config.pipeline.accepting = Accepting::Disabled;
    let forbidden =
        sim::Fault::new(When::Always, Target::operation(Operation::StartRun), sim::Trouble::Forbidden);
    let desk = Desk::new(config, 1.0);
    let commit = head(&desk);
    let fault = refused(desk.actions().start(&release(), &commit, &skipped()).await);
    assert!(fault.why.contains("disabled_manually") && fault.remedy.contains("enable it"), "{fault}");
    let lost = desk.actions_with(|settings| settings.workflow = "nightly.yml".to_owned());
    assert_eq!(lost.runs().await.unwrap_err().kind, Blindness::Misconfigured, "it was never there");
    let stranger = desk.actions_with(|settings| {
        settings.token = Arc::new(FixedToken::new("ghp_CANARY-wrong".to_owned()));
    });
    let fault = stranger.runs().await.unwrap_err();
    assert!(fault.kind == Blindness::Misconfigured && !format!("{fault:?}").contains("CANARY"), "{fault}");
    let desk = Desk::new(WorldConfig::default().with_fault(forbidden), 1.0);
    let fault = refused(desk.actions().start(&release(), &head(&desk), &skipped()).await);
    assert!(fault.kind == Blindness::Forbidden && fault.remedy.contains("permission"), "{fault}");
}

#[tokio::test]
async fn a_push_starts_the_run_where_the_workflow_is_set_up_so() {
    let mut config = WorldConfig::default();
    config.pipeline.trigger = PipelineTrigger::Push;
    let desk = Desk::new(config, 60.0);
    desk.with(|world| {
        let before = world.repository().head(&release()).cloned().unwrap();
        let tree = world.repository().get(&before).unwrap().tree().with("note.txt", b"x".as_slice());
        let by = Signature::of("ada", world.now());
        let commit = Arc::new(Commit::new(tree, vec![before], &by, "A note\n"));
        world.apply(Command::Push {
            branch: release(),
            expected: sim::Expected::FastForward,
            commit: commit.id().clone(),
            objects: vec![commit],
            by: "ada".to_owned(),
        })
    })
    .unwrap();
    let head = head(&desk);
    let actions = desk.actions_with(|settings| settings.dispatches = false);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let runs = actions.runs().await.unwrap();
    let started = desk.with(|world| world.runs().iter().filter(|run| run.pushed).count());
    assert_eq!((started, runs.len()), (1, 1));
    assert_eq!((&runs[0].commit, runs[0].by.as_str()), (&head, "ada"));
}

#[tokio::test]
async fn the_log_is_fetched_without_the_token() {
    let desk = Desk::new(troubled(), 3600.0);
    script(&desk).await;
    let redirected = desk.exchanges(github::HOST).into_iter().filter(|said| said.path.ends_with("/logs"));
    assert!(redirected.clone().count() >= 1);
    assert!(redirected.clone().all(|said| said.status == 302));
    // Who sends it all the same is turned away there: the script has seen lines, so keyslot did not.
    let job = redirected.clone().next_back().unwrap().path.rsplit('/').nth(1).unwrap().to_owned();
    let url = format!("https://{}/logs/{job}?se=9999999999&sig=s0", github::actions::LOGS).parse().unwrap();
    let mut request = reqwest::Request::new("GET".parse().unwrap(), url);
    request.headers_mut().insert("authorization", format!("Bearer {GITHUB_TOKEN}").parse().unwrap());
    assert_eq!(desk.http.send(request, None).await.unwrap().status, 403);
}

#[tokio::test]
async fn an_owner_in_other_letters_is_the_same_repository() {
    let mut config = WorldConfig::default();
    config.pipeline.list_lag = Duration::ZERO;
    let desk = Desk::new(config, 60.0);
    let actions = desk.actions();
    applied(actions.start(&release(), &head(&desk), &skipped()).await);
    let run: Value = raw(&desk, "/repos/afmc/platform/actions/runs").await["workflow_runs"][0].clone();
    assert_eq!(run["head_repository"]["full_name"], "afmc/platform");
    let in_capitals = desk.actions_with(|settings| settings.owner = "AFMC".to_owned());
    assert_eq!(
        in_capitals.runs().await.unwrap()[0].branch,
        release(),
        "names are compared without regard to case"
    );
}

async fn raw(desk: &Desk, path: &str) -> Value {
    let mut request = reqwest::Request::new(
        "GET".parse().unwrap(),
        format!("https://api.github.com{path}").parse().unwrap(),
    );
    request.headers_mut().insert("authorization", format!("Bearer {GITHUB_TOKEN}").parse().unwrap());
    serde_json::from_slice(&desk.http.send(request, None).await.unwrap().body).unwrap()
}

/// The adapter where no run moves traffic: else runs are read back to the one that did last.
fn unmoving(desk: &Desk) -> Actions {
    desk.actions_with(|settings| settings.stages.retain(|(name, _)| name != "switch-traffic"))
}

fn begin(desk: &Desk, many: usize) -> Vec<RunId> {
    desk.with(|world| {
        let start = |world: &mut sim::World| {
            let (branch, by) = (release(), "ada".to_owned());
            world.apply(Command::StartRun { branch, commit: None, skip: skipped(), by }).unwrap();
        };
        let before = world.runs().len();
        (0..many).for_each(|_| start(world));
        let now = world.now();
        world.advance_to(now + Duration::from_secs(600));
        world.runs()[before..].iter().map(sim::Run::id).collect()
    })
}

#[tokio::test]
async fn of_more_runs_that_wait_than_a_page_holds_each_is_listed() {
    let desk = Desk::new(troubled(), 1.0);
    begin(&desk, 101);
    let runs = unmoving(&desk).runs().await.unwrap();
    let waiting = runs.iter().filter(|run| run.state == RunState::WaitsForApproval);
    assert_eq!(waiting.count(), 101);
}

/// It is in one of the lists, whichever state it is in when that is asked for.
#[tokio::test]
async fn an_old_run_that_goes_on_while_runs_are_listed_is_seen() {
    let desk = Desk::new(troubled(), 1.0);
    let old = begin(&desk, 1).remove(0);
    let others = begin(&desk, 100);
    desk.with(|world| {
        others.into_iter().for_each(|run| drop(world.apply(Command::CancelRun { run }).unwrap()));
    });
    let which = Which { path: "/workflows/release.yml/runs".to_owned(), skip: 1, ..Which::default() };
    let held = desk.wire.faults().add(WireFault::once(which, Trouble::HoldAnswer));
    let actions = unmoving(&desk);
    let approved = async {
        held.struck().await;
        desk.with(|world| world.apply(Command::ApproveRun { run: old.clone() })).unwrap();
        assert_eq!(desk.with(|world| world.run(&old).unwrap().state), RunState::Running);
        held.release();
    };
    let (runs, ()) = futures::join!(actions.runs(), approved);
    assert!(runs.unwrap().iter().any(|run| run.id == old), "it went on, and is in no list");
}

/// The run's own words say what the repository is called by now.
#[tokio::test]
async fn runs_of_a_repository_that_was_renamed_are_its_own() {
    let desk =
        Desk::with_access(WorldConfig::default(), 1_000.0, |access| access.formerly("acme", "old-name"));
    let actions = desk.actions_with(|settings| {
        (settings.owner, settings.repository) = ("acme".to_owned(), "old-name".to_owned());
    });
    let id = started(actions.start(&release(), &head(&desk), &skipped()).await);
    let run = until(&actions, &id, |_| true).await;
    assert_eq!(run.branch, release());
}

/// It may come late; then it is gone for good, as they are after some days.
#[tokio::test]
async fn a_log_that_is_gone_is_not_asked_for_for_ever() {
    let mut config = WorldConfig::default();
    infrastructure(&mut config).fails = 1;
    let desk = Desk::new(config, 1_000.0);
    let gone = Which { path: "/logs".to_owned(), ..Which::default() };
    let no = Trouble::Answer { status: 410, retry_after_seconds: None };
    desk.wire.faults().add(WireFault { times: u32::MAX, ..WireFault::once(gone, no) });
    let actions = desk.actions();
    let id = started(actions.start(&release(), &head(&desk), &skipped()).await);
    until(&actions, &id, |run| run.state.is_over()).await;
    for _ in 0..4 {
        actions.runs().await.unwrap();
    }
    let asked = || desk.wire.transcript().count("GET", "/logs");
    let before = asked();
    assert!(before >= 1);
    for _ in 0..3 {
        actions.runs().await.unwrap();
    }
    assert_eq!(asked(), before);
}
