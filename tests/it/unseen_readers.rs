//! Who gets the secret by a way that no listed workload shows: pinned classes, Secrets that are read from the API server, Jobs
//! that do not end, and workloads that somebody has accepted.

use jiff::{SignedDuration, Timestamp};
use keyslot::model::{Holding, ObjectName, PinnedClass, Slot, SyncedSecretView};
use keyslot::render;
use keyslot::rotation::{
    Concern, Event, Foresight, Gate, Intent, Outcome, Phase, Reason, Step, Verdict, Why,
};

use crate::consumers::{idle, nightly, one_more, run_job, synced};
use crate::gates::{accepted, unproposed};
use crate::stage::{Stage, at, opened, steps};

fn reasons(stage: &Stage) -> Vec<Reason> {
    match stage.decide().verdict {
        Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => reasons,
        _ => Vec::new(),
    }
}

fn kinds(stage: &Stage) -> Vec<(String, String)> {
    let told = reasons(stage);
    told.iter().map(|one| (one.why.kind().to_owned(), one.subject.to_string())).collect()
}

fn pinned(version: &str) -> PinnedClass {
    PinnedClass { namespace: "workload".to_owned(), name: "spark".to_owned(), version: version.into() }
}

#[test]
fn a_pinned_class_holds_whoever_mounts_it_unless_one_is_held_for_it_already() {
    let mut stage = Stage::ready();
    stage.cluster_mut("north").pinned.push(pinned("v1"));
    let subject = "north/workload/secretproviderclass/spark";
    assert_eq!(kinds(&stage), [("pinned-version".to_owned(), subject.to_owned())]);
    assert!(matches!(stage.decide().verdict, Verdict::Halt { .. }), "{:?}", stage.decide());
    let told = &reasons(&stage)[0];
    let (why, remedy) = (render::reason::why(told), render::reason::remedy(told));
    assert!(why.contains("whoever mounts it never follows the vault"), "{why}");
    assert!(remedy.contains("accept it by name"), "{remedy}");
    // A suspended one is held by nothing else.
    let mut job = nightly();
    (job.suspended, job.pinned) = (true, Some("v1".into()));
    stage.cluster_mut("north").cron_jobs.push(job);
    assert_eq!(kinds(&stage).len(), 1, "{:?}", kinds(&stage));
    stage.cluster_mut("north").workloads[0].pinned = Some("v1".into());
    let workload = "north/workload/catalogservice-deploy";
    assert_eq!(kinds(&stage), [("pinned-version".to_owned(), workload.to_owned())]);
    // What follows today does not follow tomorrow, but it has the key that stays.
    let mut stage = Stage::ready();
    stage.cluster_mut("north").pinned.push(pinned("v2"));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
    let mut stage = Stage::ready();
    stage.cluster_mut("north").pinned.push(pinned("v1"));
    stage.events.push(accepted(Gate::Consumers, subject));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
}

#[test]
fn of_several_mounts_the_one_that_is_not_the_vaults_counts() {
    let mut stage = Stage::ready();
    stage.cluster_mut("north").pods[1].mounted_besides = vec!["v1".into()];
    assert_eq!(stage.decide().phase, Phase::Restart, "{:?}", stage.decide());
}

/// A pod mounts the class, and what is beside the application in it asks the API server for the Secret.
#[test]
fn a_pod_whose_class_fills_a_secret_that_nobody_is_seen_to_read_is_dated_by_it() {
    let mut stage = Stage::ready();
    let changed = Some(at(70));
    let north = stage.cluster_mut("north");
    north.synced.push(SyncedSecretView { changed, unread: true, ..synced(Slot::Secondary) });
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "none fills it: {:?}", stage.decide());
    let north = stage.cluster_mut("north");
    north.pods.iter_mut().for_each(|pod| pod.fills = vec!["cosmos".to_owned()]);
    assert_eq!(stage.decide().phase, Phase::Restart, "{:?}", stage.decide());
    // Where somebody is seen to read it, that one is dated by it.
    stage.cluster_mut("north").synced[0].unread = false;
    assert_ne!(stage.decide().phase, Phase::Restart, "{:?}", stage.decide());
}

#[test]
fn a_configured_workload_that_is_accepted_as_getting_it_otherwise_is_restarted_and_its_old_pods_count() {
    let mut stage = Stage::ready();
    let north = stage.cluster_mut("north");
    north.workloads[0].consumes = false;
    for pod in &mut north.pods {
        (pod.holding, pod.mounted, pod.created) = (Holding::Named, None, at(10));
    }
    let name = "north/workload/catalogservice-deploy";
    assert_eq!(kinds(&stage), [("does-not-get-secret".to_owned(), name.to_owned())]);
    stage.events.push(accepted(Gate::Consumers, name));
    assert_eq!(stage.decide().phase, Phase::Restart, "{:?}", stage.decide());
    // One of them is left, and is on its way.
    let pods = &mut stage.cluster_mut("north").pods;
    pods.iter_mut().skip(1).for_each(|pod| pod.created = at(70));
    let mut ending = pods[1].clone();
    (ending.created, ending.deleting, ending.name) = (at(10), Some(at(99_990)), "ending".to_owned());
    pods[0].created = at(70);
    pods.push(ending);
    let told = kinds(&stage);
    assert!(told.iter().any(|(kind, _)| kind == "old-pods"), "{told:?}");
    stage.cluster_mut("north").pods.pop();
    let done = steps(&stage.decide());
    assert!(matches!(done[..], [Step::Regenerate { .. }]), "{:?}", stage.decide());
}

#[test]
fn an_old_pod_of_what_was_accepted_calls_a_person_with_what_to_do() {
    let mut stage = Stage::ready();
    stage.cluster_mut("north").workloads.push(idle("orders-db"));
    stage.events.push(accepted(Gate::Consumers, "north/workload/statefulset/orders-db"));
    let pod = one_more(&mut stage, "north");
    (pod.created, pod.workload) = (at(10), Some(idle("orders-db").name));
    let Verdict::Halt { reasons } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    assert!(matches!(reasons[..], [Reason { why: Why::OldPodsStay { .. }, .. }]), "{reasons:?}");
    assert!(render::reason::remedy(&reasons[0]).contains("restart what they belong to"));
    // Somebody has restarted it: that is waited for.
    stage.cluster_mut("north").pods[3].deleting = Some(at(99_990));
    assert!(matches!(stage.decide().verdict, Verdict::Wait { .. }), "{:?}", stage.decide());
}

#[test]
fn jobs_and_bare_pods_that_hold_the_key_now_are_told_before_anything_is_begun() {
    let mut stage = unproposed();
    let recent = stage.now - SignedDuration::from_hours(1);
    run_job(&mut stage, at(10));
    let pod = one_more(&mut stage, "north");
    (pod.name, pod.workload, pod.above, pod.created) = ("shell".to_owned(), None, None, recent);
    let synced = SyncedSecretView { unread: true, ..synced(Slot::Primary) };
    stage.cluster_mut("north").synced.push(synced);
    let decision = stage.decide();
    let plan = Foresight::of(&opened(), false, &decision, &stage.world, &stage.policy, Vec::new());
    let objects = |one: &Concern| match one {
        Concern::HeldBeside { objects, .. } => Some(objects.clone()),
        _ => None,
    };
    let told: Vec<ObjectName> = plan.concerns.iter().filter_map(objects).flatten().collect();
    let named: Vec<String> = told.iter().map(ToString::to_string).collect();
    assert_eq!(named, ["workload/job/nightly-28", "workload/pod/shell"]);
    let unread = |one: &&Concern| matches!(one, Concern::SecretsUnread { .. });
    let unread = plan.concerns.iter().find(unread).expect("nobody is seen to read it");
    assert!(
        render::concern::what(unread)
            .contains("no specification reads the Kubernetes Secret workload/cosmos")
    );
}

/// The first of these many attempts without an answer was sent then, the others follow after so many seconds each.
fn unanswered(stage: &mut Stage, first: Timestamp, many: u32, apart: i64) {
    let restart = steps(&stage.decide()).into_iter().next().expect("the canary is next");
    for number in 1..=many {
        let (generation_before, evidence, commit, secrets) = (None, String::new(), None, Vec::new());
        let (key, attempt, step) = (restart.key(), number, restart.clone());
        let intent = Intent { key, attempt, step, generation_before, evidence, commit, secrets };
        let sent = first + SignedDuration::from_secs(apart * i64::from(number - 1));
        let why = "500: failed calling webhook \"validate.kyverno.svc-fail\"".to_owned();
        stage.recorded(sent, intent, Some((sent, Outcome::Unknown { why })));
    }
}

#[test]
fn a_restart_that_never_arrives_calls_a_person_with_the_last_words() {
    let mut stage = Stage::before_restart();
    unanswered(&mut stage, at(99_000), 6, 150);
    let Verdict::Halt { reasons } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    let never = |one: &&Reason| matches!(one.why, Why::NeverArrives { .. });
    let one = reasons.iter().find(never).unwrap_or_else(|| panic!("{reasons:?}"));
    let why = render::reason::why(one);
    assert!(why.contains("was sent 6 times") && why.contains("validate.kyverno"), "{why}");
    assert!(render::reason::remedy(one).contains("webhook"));
    // Whoever runs it again has it tried again.
    stage.events.push((stage.now, Event::Resumed { by: "ada".to_owned(), failed: false }));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
    // A few, or many in a short time, are tried again.
    for (first, many, apart) in [(99_000, 4, 200), (99_700, 6, 40)] {
        let mut stage = Stage::before_restart();
        unanswered(&mut stage, at(first), many, apart);
        assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{many}: {:?}", stage.decide());
    }
}

#[test]
fn what_was_said_instead_of_an_answer_is_told_while_it_is_waited() {
    let mut stage = Stage::before_restart();
    let now = stage.now;
    unanswered(&mut stage, now - SignedDuration::from_secs(20), 2, 19);
    let Verdict::Wait { reasons, .. } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    let open = |one: &&Reason| matches!(one.why, Why::OutcomeOpen { .. });
    let why = reasons.iter().find(open).map(render::reason::why).unwrap_or_default();
    assert!(why.contains("is not known") && why.contains("validate.kyverno"), "{why}");
}
