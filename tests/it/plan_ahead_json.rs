//! `keyslot plan --output json`: all that the printed plan tells, in a form that stays.

use keyslot::model::{Manager, Right, RightView, Route};
use keyslot::render::foresight::{ChangedLine, Code};
use keyslot::render::preflight_json::{VerdictV1, preflight_json};
use keyslot::render::{concern, note};
use keyslot::rotation::{Concern, Decider, Foresight, Note, Opened, preflight, restarts};
use keyslot::sim::{Fault, Operation, Target, Trouble, When, WorldConfig};
use serde_json::{Value, json};

use crate::gates::unproposed;
use crate::live::Live;
use crate::schema::schema_errors;
use crate::stage::{HOLDER, Stage, at, opened, stamp, workload};

fn plan(config: WorldConfig) -> (Live, i32, Value) {
    let live = Live::set(config, 60.0);
    let mut command = live.command(env!("CARGO_BIN_EXE_keyslot"));
    let output = command.args(["plan", "--output", "json"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let document = serde_json::from_str(&said)
        .unwrap_or_else(|error| panic!("{error}: {said}{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(schema_errors("preflight", &document), [""; 0]);
    let code = output.status.code().unwrap();
    assert_eq!(document["exit_code"], json!(code));
    live.stage.simulation.world.with(|world| {
        for key in world.all_secrets_ever() {
            assert!(!said.contains(key.expose().trim_end_matches('=')), "a key is in it");
        }
    });
    (live, code, document)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_plan_is_written_for_machines_and_nothing_is_done() {
    let (live, code, plan) = plan(WorldConfig::seeded(8));
    assert_eq!((code, &plan["verdict"]), (0, &json!("ready")), "{plan:#}");
    assert_eq!((&plan["kind"], &plan["version"]), (&json!("preflight"), &json!(1)));
    let rotation = &plan["rotation"];
    assert_eq!((&rotation["open"], &rotation["opened"]), (&json!(false), &Value::Null));
    assert_eq!((&rotation["from"], &rotation["retires"]), (&json!("primary"), &json!("primary")));
    assert!(rotation["id"].as_str().is_some_and(|id| !id.is_empty()), "{rotation}");
    let file = &plan["code"]["files"][0];
    assert!(file["path"].as_str().unwrap().ends_with("keyvault-secrets.tf"), "{file}");
    let line = &file["lines"][0];
    assert!(line["before"].as_str().unwrap().contains(".primary_key"), "{line}");
    assert!(line["after"].as_str().unwrap().contains(".secondary_key"), "{line}");
    let waves = plan["waves"].as_array().unwrap();
    assert_eq!((waves.len(), &waves[0]["canary"]), (3, &json!(true)));
    assert_eq!(waves[0]["stamps"][0]["stamp"], json!("northeurope"));
    assert_eq!(waves[0]["workloads"][0], json!("workload/catalogservice-deploy"));
    assert_eq!((&waves[2]["wave"], &waves[2]["course"]), (&json!(3), &json!("to-come")));
    let (waits, all) = (&plan["waits"], &plan["in_all"]);
    assert!(waits["total_seconds"].as_u64() > Some(0));
    assert!(all["least_seconds"].as_u64() >= waits["total_seconds"].as_u64(), "{all}");
    assert_eq!((&plan["holds"], &plan["holds_later"]), (&json!([]), &json!([])));
    assert_eq!(plan["rights"]["asked"], plan["rights"]["allowed"]);
    assert_eq!(live.newest_record(), "", "the journal is as it was");
    assert_eq!(live.stage.simulation.wire.transcript().count("POST", "/pulls"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_holds_and_what_is_not_allowed_is_told_with_its_remedy() {
    let forbid = |operation| Fault::new(When::Always, Target::operation(operation), Trouble::Forbidden);
    let config = WorldConfig::seeded(10)
        .with_fault(forbid(Operation::ReadInventory))
        .with_fault(forbid(Operation::Regenerate));
    let (_live, code, plan) = plan(config);
    assert_eq!((code, &plan["verdict"]), (4, &json!("halted")), "{plan:#}");
    let holds = plan["holds"].as_array().unwrap().iter().chain(plan["holds_later"].as_array().unwrap());
    let listed: Vec<&Value> = holds.filter(|one| one["gate"] == json!("all-listed")).collect();
    let [one] = listed[..] else { panic!("{plan:#}") };
    assert_eq!((&one["kind"], &one["opened_by"]), (&json!("blind"), &json!("person")), "{one}");
    assert!(one["why"].as_str().unwrap().contains("403 Forbidden"), "{one}");
    assert_eq!(one["evidence"][0]["what"], json!("Azure's list of stamps"));
    let missing = plan["rights"]["missing"].as_array().unwrap();
    assert!(
        missing.iter().any(|right| right["subject"] == json!("account")
            && right["what"].as_str().unwrap().contains("regenerateKey")
            && right["remedy"].as_str().unwrap().contains("DocumentDB Account Contributor")),
        "{missing:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_time_opens_is_waiting() {
    let fault = Fault::new(When::Always, Target::operation(Operation::ReadCluster), Trouble::Unreachable);
    let (_live, code, plan) = plan(WorldConfig::seeded(17).with_fault(fault));
    assert_eq!((code, &plan["verdict"]), (3, &json!("waiting")), "{plan:#}");
    let unknown = plan["rights"]["unknown"].as_array().unwrap();
    assert!(unknown.iter().any(|right| right["why"] == json!("its cluster does not answer")), "{unknown:?}");
}

fn foreseen(stage: &Stage, opened: &Opened, rights: Vec<(String, RightView)>) -> Foresight {
    let decider =
        Decider { policy: &stage.policy, holder: HOLDER, without: &stage.without, reach: &stage.reach };
    let restarts = restarts(&decider, &stage.fold(), opened, &stage.world, stage.now);
    let report = stage.report();
    let plan = Foresight::of(opened, true, &stage.decide(), &stage.world, &stage.policy, rights);
    let plan = plan.begun_with(&report.phases, &restarts).approved(report.approved);
    plan.meeting(preflight(&decider, &stage.fold(), &stage.world, stage.now))
}

fn written(stage: &Stage, plan: &Foresight, code: &Code) -> Value {
    let document = preflight_json(plan, code, &stage.report(), VerdictV1::Ready, 0);
    let document = serde_json::to_value(document).unwrap();
    assert_eq!(schema_errors("preflight", &document), [""; 0]);
    document
}

#[test]
fn of_an_open_rotation_it_is_told_how_far_everything_is() {
    let mut stage = Stage::before_restart();
    stage.cluster_mut("east").pods.iter_mut().for_each(|pod| pod.created = at(60));
    stage.cluster_mut("north").workloads[0].updated = 1;
    let line = |line, path: &str| ChangedLine {
        path: path.to_owned(),
        line,
        before: "a".to_owned(),
        after: "b".to_owned(),
    };
    let code = Ok(vec![line(3, "b.tf"), line(1, "a.tf"), line(7, "b.tf")]);
    let plan = written(&stage, &foreseen(&stage, &opened(), Vec::new()), &code);
    assert_eq!(plan["rotation"]["open"], json!(true));
    assert!(plan["rotation"]["opened"].is_string(), "{plan:#}");
    let course = |phase: &str| {
        let phases = plan["phases"].as_array().unwrap().iter();
        phases.filter(|one| one["phase"] == json!(phase)).map(|one| one["course"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((course("propose"), course("quiesce")), (vec![json!("done")], vec![json!("to-come")]));
    let waves = plan["waves"].as_array().unwrap();
    assert_eq!((&waves[0]["course"], &waves[0]["rollout"]), (&json!("done"), &Value::Null));
    assert_eq!(
        (&waves[1]["course"], &waves[1]["stamps"][0]["course"]),
        (&json!("running"), &json!("running"))
    );
    assert!(waves[1]["rollout"]["least_seconds"].is_u64(), "{plan:#}");
    assert_eq!(plan["approval"], json!("done"));
    let files = plan["code"]["files"].as_array().unwrap().iter();
    let files: Vec<_> = files.map(|file| (&file["path"], file["lines"].as_array().unwrap().len())).collect();
    assert_eq!(files, [(&json!("a.tf"), 1), (&json!("b.tf"), 2)]);

    let mut stage = Stage::before_restart();
    stage.cluster_mut("east").workloads[0].paused = true;
    let refused = Err(vec!["it is read by a module elsewhere".to_owned()]);
    let plan = written(&stage, &foreseen(&stage, &opened(), Vec::new()), &refused);
    assert_eq!(plan["code"]["refused"], json!(["it is read by a module elsewhere"]));
    let holds = plan["holds"].as_array().unwrap();
    let paused = |one: &&Value| one["subject"] == json!("east/workload/catalogservice-deploy");
    let hold = holds.iter().find(paused).unwrap_or_else(|| panic!("{holds:?}"));
    assert!(hold["remedy"].as_str().unwrap().contains("kubectl rollout resume"), "{hold}");

    let over = written(&Stage::ready(), &foreseen(&Stage::ready(), &opened(), Vec::new()), &code);
    assert_eq!((&over["rollouts"], &over["in_all"]), (&Value::Null, &Value::Null), "no restart is left");
}

#[test]
fn the_next_release_brings_the_change_along_and_nothing_is_restarted() {
    let stage = unproposed();
    let next = Opened { route: Route::NextRelease, ..opened() };
    let plan = written(&stage, &foreseen(&stage, &next, Vec::new()), &Ok(Vec::new()));
    let route = &plan["route"];
    assert_eq!((&route["name"], &route["promoted_by"]), (&json!("next-release"), &Value::Null));
    assert_eq!((&plan["waves"], &plan["code"]["files"]), (&json!([]), &json!([])));
    let hotfix = written(&stage, &foreseen(&stage, &opened(), Vec::new()), &Ok(Vec::new()));
    assert_eq!(hotfix["route"]["promoted_by"], json!("push"));
}

#[test]
fn rights_are_told_by_what_is_known_of_them() {
    let right = |right| {
        let (what, remedy) = ("patch deployments".to_owned(), "bind the role".to_owned());
        ("east".to_owned(), RightView { what, right, remedy })
    };
    let all = [Right::Allowed, Right::Denied, Right::Unneeded, Right::Unknown("no answer".to_owned())];
    let stage = unproposed();
    let plan = written(&stage, &foreseen(&stage, &opened(), all.map(right).to_vec()), &Ok(Vec::new()));
    let rights = &plan["rights"];
    assert_eq!((&rights["asked"], &rights["allowed"]), (&json!(4), &json!(1)));
    for list in ["missing", "unneeded", "unknown"] {
        assert_eq!(rights[list].as_array().unwrap().len(), 1, "{list}");
    }
    assert_eq!(rights["missing"][0]["remedy"], json!("bind the role"));
    assert_eq!(rights["unknown"][0]["why"], json!("no answer"));
}

#[test]
fn concerns_are_told_by_kind_and_subject() {
    let mut stage = unproposed();
    let by = Manager::ArgoApplication("shop".to_owned());
    for name in ["east", "north"] {
        stage.cluster_mut(name).workloads[0].manager = Some(by.clone());
    }
    let plan = written(&stage, &foreseen(&stage, &opened(), Vec::new()), &Ok(Vec::new()));
    let concerns = plan["concerns"].as_array().unwrap();
    let managed: Vec<&Value> = concerns.iter().filter(|one| one["kind"] == json!("managed")).collect();
    let [one] = managed[..] else { panic!("{concerns:?}") };
    assert_eq!(
        (&one["subject"], &one["stamps"]),
        (&json!("workload/catalogservice-deploy"), &json!(["east", "north"]))
    );
    assert!(one["what"].as_str().unwrap().starts_with("Argo CD (Application shop) manages"), "{one}");
    assert!(one["remedy"].as_str().unwrap().contains("annotations of the pod template"), "{one}");
}

/// Restarts of what a Kustomization applies are sent under a name that Flux passes over.
#[test]
fn only_of_managers_that_may_take_marks_away_is_that_said() {
    let managers = [
        (Manager::FluxKustomization("apps".to_owned()), "Flux (Kustomization apps)", false),
        (Manager::FluxHelmRelease("shop".to_owned()), "Flux (HelmRelease shop)", true),
        (Manager::ArgoApplication("shop".to_owned()), "Argo CD (Application shop)", true),
    ];
    for (by, name, takes) in managers {
        let told = note::words(&Note::Managed(workload(), by.clone()));
        let one = Concern::Managed { workload: workload(), by, stamps: vec![stamp("east")] };
        for words in [concern::what(&one), told] {
            assert!(words.contains(name), "{words}");
            assert_eq!(words.contains("may take the mark of a restart away"), takes, "{words}");
            assert_eq!(words.contains("leaves the mark of a restart alone"), !takes, "{words}");
        }
        assert_eq!(concern::to_do(&one).contains("ignore the annotations"), takes);
    }
}
