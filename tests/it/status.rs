//! What `status` and `explain` tell, people and machines: how far each phase is, why it does not go on and what that
//! was judged from, and how a regeneration that is under way is followed.

use std::time::Duration;

use jiff::SignedDuration;
use keyslot::model::{
    Blindness, CommitId, KeyKind, Operation, OperationState, Respite, RunId, RunState, RunView, Seen, Slot,
};
use keyslot::render::explain_json::explain_json;
use keyslot::render::matrix::Matrix;
use keyslot::render::reason::why;
use keyslot::render::status_json::status_json;
use keyslot::render::{explain, span};
use keyslot::rotation::{Event, Intent, Leg, Outcome, Phase, PhaseState, Produced, Purpose, Report, Step};
use keyslot::sim::WorldConfig;
use keyslot::sim::config::WorkloadConfig;
use serde_json::{Value, json};

use crate::alone::{opened, ran, record, regeneration_sent};
use crate::live::Live;
use crate::schema::schema_errors;
use crate::stage::{Stage, address, at, requests, stamp};

const URL: &str = "https://northeurope.management.azure.com/operations/7?t=1&s=c1gnature";

fn status(report: &Report) -> Value {
    let matrix = Matrix::of(&report.world, &[], keyslot::model::Access::ReadWrite, Duration::ZERO, report.at);
    let document = status_json(report, &matrix, &[], &Default::default());
    serde_json::to_value(document).unwrap()
}

fn explained(report: &Report) -> Value {
    serde_json::to_value(explain_json(report, &Default::default())).unwrap()
}

fn state(report: &Report, phase: Phase) -> PhaseState {
    report.phases.iter().find(|one| (one.leg, one.phase) == (Leg::Out, phase)).unwrap().state
}

/// Twelve minutes ago the regeneration was sent, and this came of it.
fn sent(outcome: Option<Outcome>) -> Stage {
    let mut stage = Stage::ready();
    let began = stage.now - SignedDuration::from_mins(12);
    let step = Step::Regenerate { kind: KeyKind::read_write(Slot::Primary), purpose: Purpose::Retire };
    let key = step.key();
    let generation_before = Some(at(-1_000_000));
    let (evidence, commit) = (String::new(), None);
    let secrets = Vec::new();
    let intent = Intent { key, attempt: 1, step, generation_before, evidence, commit, secrets };
    stage.events.push((began, Event::Reached { leg: Leg::Out, phase: Phase::Regenerate }));
    let ended = began + SignedDuration::from_secs(1);
    stage.recorded(began, intent, outcome.map(|outcome| (ended, outcome)));
    stage.account_mut().provisioning = "Updating".to_owned();
    stage
}

fn taken(state: OperationState) -> Stage {
    let produced = Produced::Operation(Operation { url: URL.to_owned() });
    let mut stage = sent(Some(Outcome::Applied { produced }));
    stage.world.operation = Some(Seen::known(stage.now - SignedDuration::from_secs(30), state));
    stage
}

#[test]
fn a_regeneration_that_was_taken_runs_and_it_is_said_since_when_and_how_it_is_followed() {
    let stage = taken(OperationState::Running(Some(Duration::from_secs(600))));
    let report = stage.report();
    assert_eq!(state(&report, Phase::Regenerate), PhaseState::Running);
    assert_eq!(state(&report, Phase::Confirm), PhaseState::Pending);
    let again = stage.now + SignedDuration::from_secs(570);
    for text in [explain::regeneration(&report), explain::reasons(&report)] {
        for words in [
            "the primary key is being regenerated: sent at ",
            "(12m); followed at https://northeurope.management.azure.com/operations/7 (asked last at ",
            &format!("again at {}", span::time(again)),
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(!text.contains("c1gnature"), "{text}");
    }
    assert!(explain::phases(&report).contains("running  regenerate"), "{}", explain::phases(&report));

    let told = status(&report);
    assert_eq!(schema_errors("status", &told), [""; 0]);
    let regeneration = &told["regeneration"];
    assert_eq!(
        (&regeneration["state"], &regeneration["followed_by"], &regeneration["running_seconds"]),
        (&json!("running"), &json!("operation"), &json!(720))
    );
    assert_eq!(regeneration["asked_again"], json!(span::rfc3339(again)));
    assert!(!told.to_string().contains("c1gnature"), "{told}");
    assert_eq!(
        told["phases"][8],
        json!({
            "leg": "out", "phase": "regenerate", "state": "running",
            "started": span::rfc3339(stage.now - SignedDuration::from_mins(12)), "ended": null,
        })
    );
}

#[test]
fn a_new_key_beside_an_account_that_is_busy_still_belongs_to_the_regeneration() {
    let mut stage = taken(OperationState::Running(None));
    let now = stage.now;
    stage.account_mut().keys.get_mut(&KeyKind::read_write(Slot::Primary)).unwrap().generated = Some(now);
    let report = stage.report();
    assert_eq!(report.decision.as_ref().unwrap().phase, Phase::Confirm);
    assert_eq!(state(&report, Phase::Regenerate), PhaseState::Running);
    assert_eq!(state(&report, Phase::Confirm), PhaseState::Pending);
    // When the account is idle again, it is over.
    stage.account_mut().provisioning = "Succeeded".to_owned();
    let report = stage.report();
    assert_eq!(report.regeneration, None);
    assert_eq!(state(&report, Phase::Regenerate), PhaseState::Done);
    assert_eq!(state(&report, Phase::Confirm), PhaseState::Current);
}

#[test]
fn a_regeneration_without_an_answer_and_one_that_failed_are_told_as_what_they_are() {
    let report = sent(None).report();
    assert_eq!(state(&report, Phase::Regenerate), PhaseState::Running);
    let text = explain::regeneration(&report);
    assert!(
        text.contains("whether the request to regenerate the primary key arrived is not known"),
        "{text}"
    );
    assert!(text.contains("the key's generation time and the activity log"), "{text}");
    assert_eq!(status(&report)["regeneration"]["state"], "unanswered");

    let report = taken(OperationState::Failed("Conflict".to_owned())).report();
    assert_eq!(state(&report, Phase::Regenerate), PhaseState::Current, "it waits for a person");
    let text = explain::regeneration(&report);
    assert!(text.contains("failed: Conflict"), "{text}");
    assert_eq!(status(&report)["regeneration"]["state"], "failed");

    // Refused, or never sent: nothing is under way.
    let refused = Outcome::Refused { why: "412".to_owned(), later: true, respite: Respite::Unsaid };
    assert_eq!(sent(Some(refused)).report().regeneration, None);
}

#[test]
fn what_the_decision_has_passed_is_not_told_as_pending() {
    let report = Stage::ready().report();
    assert_eq!(report.decision.as_ref().unwrap().phase, Phase::Regenerate);
    // The journal came no further than to the proposal; everything since was done by others.
    for phase in [Phase::Merge, Phase::Promote, Phase::Deploy, Phase::Propagate, Phase::Restart] {
        assert_eq!(state(&report, phase), PhaseState::FoundDone, "{phase}");
    }
    assert_eq!(state(&report, Phase::Confirm), PhaseState::Pending);
}

#[test]
fn who_has_approved_is_told_and_when() {
    let stage = Stage::ready();
    let report = stage.report();
    let words = format!("the regeneration is approved by approver at {}", span::rfc3339(at(3)));
    assert!(explain::reasons(&report).contains(&format!("{words}\n")), "{}", explain::reasons(&report));
    for document in [status(&report), explained(&report)] {
        let rotation = &document["rotation"];
        assert_eq!(rotation["approvals"][0]["by"], "approver");
        assert_eq!(rotation["approvals"][0]["at"], span::rfc3339(at(3)));
        assert_eq!(rotation["approved"], true);
    }
    // Bound to what the vaults held, and they hold something else.
    let mut stage = Stage::ready();
    for (_, event) in &mut stage.events {
        if let Event::Approved(approval) = event {
            approval.digest = Some("0123".to_owned());
        }
    }
    let text = explain::reasons(&stage.report());
    assert!(text.contains(&format!("{words}; it does not count as things are")), "{text}");
}

#[test]
fn every_hold_is_told_with_its_evidence_its_age_and_its_remedy() {
    let mut stage = Stage::ready();
    let seen = stage.now - SignedDuration::from_secs(40);
    stage.world.vaults.insert(stamp("north"), Seen::blind(seen, Blindness::Unreachable, "time-out"));
    stage.cluster_mut("east").workloads[0].pinned = Some("v1".into());
    stage.events.retain(|(_, event)| !matches!(event, Event::Approved(_)));
    let running = RunView {
        id: RunId::new("11"),
        url: "https://pipelines.example/11".to_owned(),
        branch: "release/0".into(),
        commit: CommitId::new("e".repeat(40)),
        by: "ada".to_owned(),
        state: RunState::Running,
        started: at(90_000),
        finished: None,
        stages: Vec::new(),
        more_before: false,
    };
    stage.world.runs = Some(Seen::known(stage.now, vec![running]));
    let told = explained(&stage.report());
    assert_eq!(schema_errors("explain", &told), [""; 0]);
    assert_eq!((&told["stand"]["phase"], &told["stand"]["state"]), (&json!("deploy"), &json!("waiting")));
    let [gate] = &told["gates"].as_array().unwrap()[..] else { panic!("{told}") };
    assert_eq!((&gate["gate"], &gate["never_accepted"]), (&json!("propagated"), &json!(true)));
    let hold = &gate["holds"][0];
    assert_eq!(
        (&hold["subject"], &hold["kind"], &hold["accept"]),
        (&json!("north"), &json!("blind"), &Value::Null)
    );
    assert_eq!(
        hold["evidence"],
        json!([{ "what": "the vault of north", "seen": span::rfc3339(seen), "age_seconds": 40, "unseen": "time-out" }])
    );
    let hazard = &told["hazards"][0];
    assert_eq!((&hazard["subject"], &hazard["kind"]), (&json!("11"), &json!("run-under-way")));
    assert!(explain::reasons(&stage.report()).contains("nothing is regenerated beside it"));

    // The vault answers: what a person has to do comes next, with the remedy.
    stage.world.vaults.insert(stamp("north"), Seen::known(stage.now, crate::stage::vault()));
    let told = status(&stage.report());
    assert_eq!(schema_errors("status", &told), [""; 0]);
    let pinned =
        told["holds"].as_array().unwrap().iter().find(|hold| hold["kind"] == "pinned-version").unwrap();
    assert_eq!((&pinned["opened_by"], &pinned["gate"]), (&json!("person"), &json!("consumers")));
    assert!(pinned["remedy"].as_str().unwrap().contains("objectVersion"), "{pinned}");
    assert_eq!(pinned["accept"], json!("consumers:east/workload/catalogservice-deploy"));
    assert_eq!(told["stand"]["state"], "halted");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_print_json_that_their_schemas_describe() {
    let mut config = WorldConfig::seeded(5).with_stamps(2);
    config.workloads = vec![WorkloadConfig::named("catalogservice-deploy")];
    let live = Live::set(config, 60.0);
    let json = |command: &str| {
        let ran = ran(&live, &[command, "--output", "json"], &[]);
        let document: Value = serde_json::from_str(&ran.data).unwrap_or_else(|_| panic!("{}", ran.talk));
        assert_eq!(schema_errors(command, &document), [""; 0]);
        (ran.code, document)
    };
    for command in ["status", "explain"] {
        let (code, document) = json(command);
        assert_eq!((code, &document["rotation"], &document["stand"]), (0, &Value::Null, &Value::Null));
    }
    let generated = live.stage.simulation.world.with(|world| {
        world.account().current(KeyKind::read_write(Slot::Primary)).and_then(|key| key.generated)
    });
    let (mut begun, mut sent) = (opened(&live), regeneration_sent());
    if let Event::Opened(opened) = &mut begun {
        opened.retired_generation = generated;
    }
    if let Event::Intended { intents } = &mut sent {
        intents[0].generation_before = generated;
    }
    record(&live, vec![begun]).await;
    let (code, document) = json("status");
    assert_eq!((code, &document["rotation"]["id"]), (0, &json!("r1")));
    assert_eq!(
        (&document["stand"]["phase"], &document["stand"]["state"]),
        (&json!("propose"), &json!("ready"))
    );
    assert_eq!(document["stamps"][0]["key_vault"]["holds"], "primary");
    record(&live, vec![sent]).await;
    let (code, document) = json("explain");
    assert_eq!((code, &document["stand"]["phase"]), (3, &json!("regenerate")));
    assert_eq!(document["regeneration"]["state"], "unanswered");
    let holds =
        document["gates"].as_array().unwrap().iter().flat_map(|gate| gate["holds"].as_array().unwrap());
    let kinds: Vec<&Value> = holds.map(|hold| &hold["kind"]).collect();
    assert!(kinds.contains(&&json!("outcome-open")), "{kinds:?}");
    // The dying key in the vaults is told meanwhile.
    assert!(kinds.contains(&&json!("vault-holds")), "{kinds:?}");
    assert!(ran(&live, &["status"], &[]).data.contains("running  regenerate"));
}

#[test]
fn a_wait_for_logs_says_whose_they_are_to_tell() {
    let behind = |mut stage: Stage| {
        stage.usage_mut().newest = Some(stage.now - SignedDuration::from_mins(31));
        let report = stage.report();
        let held = report.held().into_iter().find(|one| one.why.kind() == "logs-behind").cloned();
        why(&held.unwrap())
    };
    let words = behind(Stage::ready());
    assert!(
        words.starts_with("whether anybody uses the primary key is not known yet: the logs are whole"),
        "{words}"
    );

    // The canary has soaked, and the logs have not come so far.
    let mut soaked = Stage::before_restart();
    let created = soaked.now - SignedDuration::from_mins(30);
    soaked.cluster_mut("east").pods.iter_mut().for_each(|pod| pod.created = created);
    let words = behind(soaked);
    assert!(words.starts_with("whether Cosmos DB refuses the pods of east is not known yet"), "{words}");

    let mut used = Stage::ready();
    let mut requests = requests(KeyKind::read_write(Slot::Primary), "east", used.now);
    requests.caller.address = address(1);
    used.usage_mut().requests.push(requests);
    let report = used.report();
    let words = why(report.held()[0]);
    assert!(words.contains("20.50.0.2 (sdk), from where the pods of north come"), "{words}");
}
