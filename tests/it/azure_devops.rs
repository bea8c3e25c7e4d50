//! The Azure DevOps adapter against the world's Azure DevOps, over TLS.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use jiff::Timestamp;
use keyslot::adapters::azure_devops::{AzureDevOps, AzureDevOpsSettings, DevOpsCredential, PipelineRef};
use keyslot::adapters::manual::ManualPipeline;
use keyslot::adapters::token::FixedToken;
use keyslot::model::{Blindness, BranchName, CommitId, RunId, RunResult, RunState, RunView, StageEffect};
use keyslot::ports::{Clock, Effect, Pipeline, Started};
use keyslot::sim::wire::{
    HostPattern, Trouble, Which, Wire, WireBuilder, WireClock, WireFault, WireOptions, azure_devops,
};
use keyslot::sim::{self, Command, Operation, Target, When, WorldConfig};
use serde_json::{Value, json};

use crate::contract::Contract;
use crate::desk::{Desk, Exchange, devops_settings, no_code};
use crate::runs::{head, infrastructure, refused, release, started, until};
use crate::wire_core;

fn without_traffic() -> Vec<String> {
    vec!["switch-traffic".to_owned(), "destroy-previous".to_owned()]
}

async fn find(devops: &AzureDevOps, id: &RunId) -> RunView {
    devops.runs().await.unwrap().into_iter().find(|run| &run.id == id).expect("the run")
}

async fn script(desk: &Desk) {
    let devops = desk.devops();
    let before = devops.runs().await.unwrap();
    let commit = head(desk);
    let id = started(devops.start(&release(), &commit, &without_traffic()).await);
    let run = find(&devops, &id).await;
    assert_eq!((&run.branch, &run.commit), (&release(), &commit));
    assert!(run.url.ends_with(&format!("buildId={id}")), "{}", run.url);
    assert!(run.effect_ahead(StageEffect::WritesVaults));
    assert_eq!(run.by, "keyslot-bot");

    let run = until(&devops, &id, |run| run.effect_done(StageEffect::WritesVaults) == Some(true)).await;
    assert!(!run.effect_ahead(StageEffect::WritesVaults));
    assert!(!run.effect_ahead(StageEffect::SwitchesTraffic), "it is left out: {run:?}");
    let run = until(&devops, &id, |run| run.state.is_over()).await;
    assert_eq!(run.state, RunState::Completed(RunResult::Succeeded));
    assert!(run.finished.is_some_and(|at| at > run.started));
    let stages: Vec<(&str, RunState)> =
        run.stages.iter().map(|stage| (stage.name.as_str(), stage.state)).collect();
    let (done, left_out) =
        (RunState::Completed(RunResult::Succeeded), RunState::Completed(RunResult::Skipped));
    let expected = [
        ("validate-infra", done),
        ("deploy-infrastructure", done),
        ("build-images", done),
        ("deploy-workload", done),
        ("switch-traffic", left_out),
        ("destroy-previous", left_out),
    ];
    assert_eq!(stages, expected);
    assert_eq!(devops.runs().await.unwrap().len(), before.len() + 1);
}

#[tokio::test]
async fn a_run_is_followed_stage_by_stage_with_its_effects() {
    script(&Desk::new(WorldConfig::default(), 1_200.0)).await;
}

/// Builds, pipelines and approvals as Azure DevOps describes them.
pub fn described() -> Option<(Contract, Contract, Contract)> {
    let builds = Contract::load("azuredevops-build-7.1.json")?;
    let pipelines = Contract::load("azuredevops-pipelines-7.1.json")?;
    let approvals = Contract::load("azuredevops-approvals-7.1.json")?;
    // On the wire lists are wrapped, links are objects of their own and absent things are null: the official
    // examples say so, against the official schemas.
    let links = json!({ "type": "object", "additionalProperties": { "required": ["href"] } });
    let links_of_approvals = links.clone();
    let list = |item: &str| {
        json!({
            "type": "object", "required": ["count", "value"],
            "properties": { "count": { "type": "integer" }, "value": { "type": "array", "items": { "$ref": format!("#/definitions/{item}") } } },
        })
    };
    let answer = |path: &str| {
        format!("/paths/~1{{organization}}~1{{project}}~1_apis~1{path}/get/responses/200/schema")
    };
    let or_null = |kind: &str| json!({ "type": [kind, "null"] });
    let builds = builds
        .allow("/definitions/ReferenceLinks", links.clone())
        .allow(&answer("build~1builds"), list("Build"))
        .allow(&answer("build~1definitions"), list("BuildDefinitionReference"))
        .allow("/definitions/AgentPoolQueue/properties/pool", json!({}))
        .allow("/definitions/BuildRepository/properties/clean", or_null("string"));
    let builds = [
        "currentOperation",
        "identifier",
        "url",
        "resultCode",
        "parentId",
        "startTime",
        "finishTime",
        "workerName",
    ]
    .into_iter()
    .fold(builds, |builds, member| {
        builds.allow(&format!("/definitions/TimelineRecord/properties/{member}"), or_null("string"))
    });
    let builds = ["details", "log", "task", "result", "percentComplete", "lastModified"]
        .into_iter()
        .fold(builds, |builds, member| {
            builds.allow(&format!("/definitions/TimelineRecord/properties/{member}"), json!({}))
        });
    let pipelines = pipelines
        .allow("/definitions/ReferenceLinks", links)
        .allow(&answer("pipelines~1{pipelineId}~1runs"), list("Run"));
    let approvals = approvals
        .allow(&answer("pipelines~1approvals"), list("Approval"))
        .allow("/definitions/ReferenceLinks", links_of_approvals);
    Some((builds, pipelines, approvals))
}

#[tokio::test]
async fn what_is_said_on_the_way_is_as_azure_devops_describes_it() {
    let Some((builds, pipelines, _)) = described() else { return };
    let desk = Desk::new(crate::validating_wire::unstarted(), 1_200.0);
    script(&desk).await;
    crate::validating_wire::on_azure_devops(&desk).await;
    let run = desk.with(|world| world.runs().last().map(sim::Run::id)).unwrap();
    for path in [
        format!("build/builds/{run}"),
        "build/definitions/25".to_owned(),
        "build/definitions/26".to_owned(),
        "pipelines/25/runs".to_owned(),
        format!("pipelines/25/runs/{run}"),
    ] {
        raw(&desk, "GET", &format!("afmc/platform/_apis/{path}?api-version=7.1")).await;
    }
    let exchanges = desk.exchanges(azure_devops::HOST);
    let (runs, others): (Vec<_>, Vec<_>) =
        exchanges.into_iter().partition(|exchange| exchange.path.contains("/pipelines/"));
    let (first, second) = (builds.hold(&others), pipelines.hold(&runs));
    assert!(first.wrong.is_empty() && second.wrong.is_empty(), "{:#?} {:#?}", first.wrong, second.wrong);
    assert!(first.kinds.len() >= 5 && second.kinds.len() >= 3, "{:?} {:?}", first.kinds, second.kinds);
    let mut doctored = runs.into_iter().find(|exchange| exchange.method == "POST").unwrap();
    doctored.asked = Some(json!({ "stagesToSkip": "switch-traffic" }));
    assert!(!pipelines.hold(&[doctored]).wrong.is_empty(), "the judge can say no");
    let listed = others.into_iter().find(|exchange| exchange.path.ends_with("/build/builds")).unwrap();
    for (name, word) in [("queryOrders", "queueTimeDescending"), ("queryOrder", "newest")] {
        let query = vec![(name.to_owned(), word.to_owned())];
        assert!(!builds.hold(&[Exchange { query, ..listed.clone() }]).wrong.is_empty(), "{name}={word}");
    }
    assert!(
        !builds.hold(&[Exchange { status: 204, ..listed }]).wrong.is_empty(),
        "nor is this one described"
    );
}

async fn raw(desk: &Desk, method: &str, path: &str) -> Value {
    let url = format!("https://dev.azure.com/{path}").parse().unwrap();
    let mut request = reqwest::Request::new(method.parse().unwrap(), url);
    request.headers_mut().insert("authorization", "Bearer entra".parse().unwrap());
    let answer = desk.http.send(request, None).await.unwrap();
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test]
async fn the_service_itself_starts_two_when_asked_twice() {
    let desk = Desk::new(WorldConfig::default(), 1.0);
    let devops = desk.devops();
    let before = desk.with(|world| world.counters().runs_started);
    let commit = head(&desk);
    let first = started(devops.start(&release(), &commit, &without_traffic()).await);
    let second = started(devops.start(&release(), &commit, &without_traffic()).await);
    assert_ne!(first, second);
    assert_eq!(desk.with(|world| world.counters().runs_started), before + 2);
}

#[tokio::test]
async fn after_a_lost_answer_nobody_knows_and_a_look_tells() {
    let desk = Desk::new(WorldConfig::default(), 1.0);
    let devops = desk.devops();
    let commit = head(&desk);
    let before = devops.runs().await.unwrap().len();
    // The first one is the preview.
    let which = Which { method: "POST".to_owned(), path: "/runs".to_owned(), skip: 1, ..Which::default() };
    desk.wire.faults().add(WireFault::once(which, Trouble::DropAnswer));
    let end = devops.start(&release(), &commit, &without_traffic()).await;
    assert!(matches!(end, Effect::Unknown(_)), "{end:?}");
    let runs = devops.runs().await.unwrap();
    assert_eq!(runs.len(), before + 1);
    assert_eq!((&runs[0].branch, &runs[0].commit), (&release(), &commit), "newest first");
    let sent = desk.exchanges(azure_devops::HOST);
    let real = sent.iter().filter(|said| said.asked.as_ref().is_some_and(|body| body["previewRun"] != true));
    assert_eq!(real.count(), 1, "nothing was sent twice");
}

#[tokio::test]
async fn a_preview_without_an_answer_may_have_started_a_run_on_an_older_server() {
    let desk = Desk::new(WorldConfig::default(), 1.0);
    let which = Which { method: "POST".to_owned(), path: "/runs".to_owned(), ..Which::default() };
    desk.wire.faults().add(WireFault::once(which, Trouble::DropAnswer));
    let end = desk.devops().start(&release(), &head(&desk), &without_traffic()).await;
    assert!(matches!(&end, Effect::Unknown(fault) if fault.remedy.contains("look at")), "{end:?}");
    assert_eq!(desk.wire.transcript().count("POST", "/runs"), 1);
}

#[tokio::test]
async fn a_sign_in_page_is_no_answer() {
    let desk = Desk::new(WorldConfig::default(), 1.0);
    let wrong = |token: &str| {
        let source = Arc::new(FixedToken::new(token.to_owned()));
        desk.devops_with(|settings| settings.credential = DevOpsCredential::Pat(source))
    };
    let devops = wrong("CANARY-wrong");
    let fault = devops.runs().await.unwrap_err();
    assert!(fault.kind == Blindness::Misconfigured && fault.why.contains("sign-in page"), "{fault}");
    assert!(!format!("{fault:?}").contains("CANARY"));
    let by_number = desk.devops_with(|settings| {
        settings.credential = DevOpsCredential::Pat(Arc::new(FixedToken::new("CANARY-wrong".to_owned())));
        settings.pipeline = PipelineRef::Id(azure_devops::PIPELINE);
    });
    let before = desk.with(|world| world.runs().len());
    let end = by_number.start(&release(), &head(&desk), &without_traffic()).await;
    assert!(matches!(&end, Effect::NotSent(fault) if fault.kind == Blindness::Misconfigured), "{end:?}");
    assert_eq!(desk.with(|world| world.runs().len()), before);
    let entra = Arc::new(FixedToken::new("entra".to_owned()));
    let bearer = desk.devops_with(|settings| settings.credential = DevOpsCredential::Bearer(entra));
    assert_eq!(bearer.runs().await.unwrap().len(), before);
}

#[tokio::test]
async fn a_commit_that_its_branch_holds_no_more_is_looked_for_again_and_not_run() {
    let desk = Desk::new(WorldConfig::default(), 1.0);
    let base = desk.with(|world| world.repository().head(&world.config().repository.base).cloned()).unwrap();
    let end = desk.devops().start(&release(), &base, &without_traffic()).await;
    assert!(matches!(&end, Effect::Refused(fault) if fault.kind == Blindness::Changed), "{end:?}");
    assert_eq!(desk.wire.transcript().count("POST", "/runs"), 0, "not even for its stages");
    assert_eq!(desk.with(|world| world.runs().len()), 0);
}

#[tokio::test]
async fn what_does_not_exist_is_said_with_what_to_do() {
    let desk = Desk::new(WorldConfig::default(), 1.0);
    let fault = desk.devops_with(|settings| settings.pipeline = PipelineRef::Name("nightly".to_owned()));
    let fault = fault.runs().await.unwrap_err();
    assert!(fault.kind == Blindness::Misconfigured && fault.remedy.contains("number"), "{fault}");
    let fault =
        desk.devops_with(|settings| settings.project = "Other project".to_owned()).runs().await.unwrap_err();
    assert!(fault.why.contains("TF200016") && fault.why.contains("ProjectDoesNotExist"), "{fault}");
    let devops = desk.devops();
    let commit = head(&desk);
    let nowhere = devops.start(&BranchName::from("nowhere"), &commit, &without_traffic()).await;
    assert!(refused(nowhere).why.contains("nowhere"));
    let mut skip = without_traffic();
    skip.push("no-such-stage".to_owned());
    let unknown_stage = devops.start(&release(), &commit, &skip).await;
    assert!(refused(unknown_stage).why.contains("no-such-stage"));
    assert!(desk.devops_with(|settings| settings.pipeline = PipelineRef::Id(25)).runs().await.is_ok());
    assert!(
        desk.devops_with(|settings| settings.pipeline = PipelineRef::Name("\\release".to_owned()))
            .runs()
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn the_worlds_throttling_is_seen_through() {
    let throttle = sim::Trouble::Throttle { retry_after: Duration::from_secs(90) };
    let fault = sim::Fault::new(When::Nth(1), Target::operation(Operation::StartRun), throttle);
    let desk = Desk::new(WorldConfig::default().with_fault(fault), 1.0);
    let fault = refused(desk.devops().start(&release(), &head(&desk), &without_traffic()).await);
    assert!(fault.kind == Blindness::Throttled && fault.remedy.contains("90 s"), "{fault}");
}

#[tokio::test]
async fn lists_are_read_page_by_page_and_a_run_that_still_goes_is_seen_however_old() {
    let desk = Desk::new(WorldConfig::default(), 1.0);
    desk.with(|world| {
        let start = |world: &mut sim::World| {
            let by = "ada".to_owned();
            world.apply(Command::StartRun { branch: release(), commit: None, skip: Vec::new(), by }).unwrap()
        };
        for _ in 0..230 {
            start(world);
        }
        let first = world.runs()[0].id();
        let now = world.now();
        world.advance_to(now + Duration::from_secs(70));
        let all: Vec<RunId> = world.runs().iter().map(sim::Run::id).filter(|id| *id != first).collect();
        for run in all {
            world.apply(Command::CancelRun { run }).unwrap();
        }
    });
    let (all, oldest) = desk.with(|world| (world.runs().len(), world.runs()[0].id()));
    let still_going = desk.with(|world| !world.runs()[0].state.is_over());
    // None of them moves traffic: else stages would be read back to the one that did last.
    let none_moves = |settings: &mut AzureDevOpsSettings| {
        settings.recent = 210;
        settings.stages.retain(|name, _| name != "switch-traffic");
    };
    let runs = desk.devops_with(none_moves).runs().await.unwrap();
    let number = |run: &RunView| run.id.as_str().parse::<u64>().unwrap();
    assert!(runs.windows(2).all(|pair| number(&pair[0]) > number(&pair[1])), "newest first");
    assert_eq!(runs.len(), 210 + usize::from(still_going));
    assert!(still_going && runs.last().unwrap().id == oldest && all == 230, "{all} {oldest}");
    // Stages are read for the newest of each branch and for what still goes, not for 200 runs that are over.
    let timelines = desk.wire.transcript().count("GET", "/timeline");
    assert!(timelines <= 4, "{timelines}");
    let again = desk.devops_with(none_moves);
    again.runs().await.unwrap();
    let before = desk.wire.transcript().count("GET", "/timeline");
    again.runs().await.unwrap();
    let after = desk.wire.transcript().count("GET", "/timeline");
    assert!(after - before <= 1, "what is over is not read again");
}

/// It is in one of the lists, whichever state it is in when that is asked for.
#[tokio::test]
async fn an_old_run_that_begins_while_runs_are_listed_is_seen() {
    let desk = Desk::new(WorldConfig::default(), 1.0);
    let (old, now) = desk.with(|world| {
        let mut start = || {
            let by = "ada".to_owned();
            let started =
                world.apply(Command::StartRun { branch: release(), commit: None, skip: Vec::new(), by });
            let Ok(sim::Reply::Run(run)) = started else { panic!("{started:?}") };
            run
        };
        let old = start();
        let others: Vec<RunId> = (0..2).map(|_| start()).collect();
        others.into_iter().for_each(|run| drop(world.apply(Command::CancelRun { run }).unwrap()));
        (old, world.now())
    });
    assert_eq!(desk.with(|world| world.run(&old).unwrap().state), RunState::Queued);
    let devops = desk.devops_with(|settings| {
        settings.recent = 2;
        settings.stages.retain(|name, _| name != "switch-traffic");
    });
    let which = Which { path: "/build/builds".to_owned(), skip: 1, ..Which::default() };
    let held = desk.wire.faults().add(WireFault::once(which, Trouble::HoldAnswer));
    let begins = async {
        held.struck().await;
        desk.with(|world| world.advance_to(now + Duration::from_secs(70)));
        assert_eq!(desk.with(|world| world.run(&old).unwrap().state), RunState::Running);
        held.release();
    };
    let (runs, ()) = futures::join!(devops.runs(), begins);
    assert!(runs.unwrap().iter().any(|run| run.id == old), "it went on, and is in no list");
}

#[tokio::test]
async fn a_stage_that_waits_for_an_approval_is_seen_to_wait() {
    let mut config = WorldConfig::default();
    infrastructure(&mut config).approved_after = Some(Duration::from_secs(100 * 60 * 60));
    let desk = Desk::new(config, 7200.0);
    let devops = desk.devops();
    let id = started(devops.start(&release(), &head(&desk), &without_traffic()).await);
    let run = until(&devops, &id, |run| run.state == RunState::WaitsForApproval).await;
    let waiting: Vec<&str> = run
        .stages
        .iter()
        .filter(|stage| stage.state == RunState::WaitsForApproval)
        .map(|stage| stage.name.as_str())
        .collect();
    assert_eq!(waiting, ["deploy-infrastructure"]);
    assert!(run.effect_ahead(StageEffect::WritesVaults));
}

/// An Azure DevOps that says what it is told to.
struct Told {
    answers: Mutex<Vec<Response>>,
}

/// The pipeline's definition and its preview are as they should be; the rest is told.
async fn tell(State(told): State<Arc<Told>>, request: Request) -> Response {
    if request.uri().path().contains("/definitions/") {
        return said(json!({ "id": 25, "name": "release", "queueStatus": "enabled" }));
    }
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    if asked["previewRun"] == true {
        return said(json!({ "id": -1, "finalYaml": "stages: []\n" }));
    }
    told.answers.lock().unwrap().remove(0)
}

/// A clock that jumps when somebody sleeps, and remembers.
#[derive(Default)]
struct Jumping(Mutex<Duration>);

#[async_trait::async_trait]
impl Clock for Jumping {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap() + *self.0.lock().unwrap()
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    async fn sleep_until(&self, until: Timestamp) {
        let by: Duration = until.duration_since(self.now()).try_into().unwrap_or_default();
        *self.0.lock().unwrap() += by;
    }
}

async fn scripted(answers: Vec<Response>) -> (AzureDevOps, Arc<Jumping>, Wire) {
    let told = Arc::new(Told { answers: Mutex::new(answers) });
    let router = Router::new().fallback(any(tell)).with_state(told);
    let clock = WireClock::start(Timestamp::from_second(1_800_000_000).unwrap(), 1.0);
    let builder = WireBuilder::new(clock, WireOptions::default()).unwrap();
    let wire = builder.face(HostPattern::name("dev.azure.com"), router).start().unwrap();
    let clock = Arc::new(Jumping::default());
    let mut settings = devops_settings(BTreeMap::new());
    settings.pipeline = PipelineRef::Id(25);
    let devops = AzureDevOps::new(settings, no_code(), &wire_core::client(&wire), clock.clone());
    (devops, clock, wire)
}

fn empty() -> Response {
    said(json!({ "count": 0, "value": [] }))
}

fn said(body: Value) -> Response {
    axum::Json(body).into_response()
}

#[tokio::test]
async fn a_wait_that_a_successful_answer_asks_for_is_kept() {
    let mut slow = said(json!({ "count": 0, "value": [] }));
    slow.headers_mut().insert("retry-after", 17.into());
    let (devops, clock, _wire) = scripted(vec![slow, empty()]).await;
    for _ in 0..2 {
        assert_eq!(devops.runs().await.unwrap(), []);
    }
    assert_eq!(clock.monotonic(), Duration::from_secs(17));
}

#[tokio::test]
async fn of_a_run_it_is_told_which_commit_it_is_of() {
    let commit = CommitId::from("1111111111111111111111111111111111111111");
    let run = |version: Value| json!({ "id": 7, "resources": { "repositories": { "self": { "version": version } } } });
    let other = "2222222222222222222222222222222222222222";
    let build = |version: &str| said(json!({ "id": 7, "status": "notStarted", "sourceVersion": version }));
    let answers = vec![
        said(run(json!(other))),
        said(run(json!("1111111111111111111111111111111111111111"))),
        // The answer does not say: the build does.
        said(run(Value::Null)),
        build(other),
        said(run(Value::Null)),
        build(commit.as_str()),
        said(json!({ "state": "inProgress" })),
        "<html>Sign in</html>".into_response(),
    ];
    let (devops, clock, _wire) = scripted(answers).await;
    let start = async || devops.start(&BranchName::from("release/1"), &commit, &[]).await;
    let of = |commit: &str| {
        Effect::Applied(Started { run: RunId::from("7"), commit: Some(CommitId::from(commit)) })
    };
    assert_eq!(start().await, of(other));
    assert_eq!(start().await, of(commit.as_str()));
    assert_eq!(start().await, of(other));
    assert_eq!(start().await, of(commit.as_str()));
    assert!(matches!(start().await, Effect::Unknown(_)), "an answer without a run tells nothing");
    assert!(matches!(start().await, Effect::Unknown(_)), "nor does one that is no JSON");
    assert_eq!(clock.monotonic(), Duration::from_secs(5), "writes are a second apart");
}

#[tokio::test]
async fn a_pipeline_by_hand_is_never_started_and_says_how_to() {
    assert_eq!(ManualPipeline.runs().await, Ok(Vec::new()));
    let end = ManualPipeline.start(&release(), &CommitId::from("abc"), &without_traffic()).await;
    let Effect::NotSent(fault) = end else { panic!("{end:?}") };
    assert!(fault.remedy.contains("start it") && fault.remedy.contains("switch-traffic"), "{fault}");
}
