//! Who gets the secret besides what the configuration names: what holds, by which name, and what only is noted.

use std::time::Duration;

use jiff::SignedDuration;
use keyslot::model::{
    ClassFate, ClusterState, ClusterView, CronJobView, Extent, Holding, LostClass, Manager, ObjectName,
    PodView, Slot, Strategy, SyncedSecretView, WorkloadKind, WorkloadName, WorkloadView,
};
use keyslot::render;
use keyslot::rotation::{Acceptance, Event, Gate, Step, Verdict, notes};

use crate::stage::{Stage, at, deployment, holding, key, workload};

pub fn stateful(name: &str) -> WorkloadView {
    let name = WorkloadName::of_kind(WorkloadKind::StatefulSet, "workload", name);
    WorkloadView { name, strategy: Strategy::Ordinals { partition: 0 }, ..deployment() }
}

/// The same scaled to zero.
pub fn idle(name: &str) -> WorkloadView {
    let (desired, replicas, updated, ready, available) = (0, 0, 0, 0, 0);
    WorkloadView { desired, replicas, updated, ready, available, ..stateful(name) }
}

/// The workload of both stamps is a StatefulSet.
pub fn become_stateful(stage: &mut Stage) {
    let set = stateful("orders-db");
    stage.policy.workloads = vec![set.name.clone()];
    for name in ["east", "north"] {
        let cluster = stage.cluster_mut(name);
        cluster.workloads = vec![set.clone()];
        cluster.pods.iter_mut().for_each(|pod| pod.workload = Some(set.name.clone()));
    }
}

pub fn nightly() -> CronJobView {
    CronJobView {
        namespace: "workload".to_owned(),
        name: "nightly".to_owned(),
        suspended: false,
        mounts: false,
        reads: vec!["cosmos".to_owned()],
        pinned: None,
        left: None,
    }
}

/// One pod more, like the first.
pub fn one_more<'a>(stage: &'a mut Stage, name: &str) -> &'a mut PodView {
    let pods = &mut stage.cluster_mut(name).pods;
    pods.push(pods[0].clone());
    pods.last_mut().unwrap()
}

/// A pod of a Job in the other stamp, created then.
pub fn run_job(stage: &mut Stage, created: jiff::Timestamp) {
    let pod = one_more(stage, "north");
    (pod.workload, pod.created) = (None, created);
    pod.above = Some(ObjectName::new("Job", "workload", "nightly-28"));
}

pub fn synced(slot: Slot) -> SyncedSecretView {
    SyncedSecretView {
        namespace: "workload".to_owned(),
        name: "cosmos".to_owned(),
        fingerprint: key(slot),
        changed: None,
        owners: Vec::new(),
        said_since: None,
        unread: false,
    }
}

/// Spoils one piece of a stage that would act.
type Spoil = fn(&mut Stage);

/// A kind of reason, what makes it hold, for whom, in what words, and with what to do.
type Told = (&'static str, Spoil, &'static str, &'static str, &'static str);

fn lost(fate: ClassFate) -> Holding {
    Holding::Unclear(LostClass { name: "catalogservice-keyvault".to_owned(), fate })
}

fn unfilled() -> Option<LostClass> {
    Some(LostClass { name: "cosmos".to_owned(), fate: ClassFate::Unfilled })
}

/// A pod of somebody else's workload in the other stamp, that began then.
fn of_others(stage: &mut Stage, holding: Holding, created: jiff::Timestamp) {
    let pod = one_more(stage, "north");
    (pod.workload, pod.mounted) = (Some(WorkloadName::new("shop", "billing")), None);
    (pod.holding, pod.created) = (holding, created);
}

fn reading() -> Holding {
    Holding::Specified { mounts: false, reads: vec!["cosmos".to_owned()] }
}

const BY_CLASS: &[Told] = &[
    (
        "may-hold-secret",
        |s| of_others(s, lost(ClassFate::Absent), at(10)),
        "north/shop/billing",
        "the SecretProviderClass catalogservice-keyvault that it mounts does not exist any more",
        "bring the class back",
    ),
    (
        "may-hold-secret",
        |s| of_others(s, lost(ClassFate::Changed), at(10)),
        "north/shop/billing",
        "was changed after it began",
        "kubectl rollout restart",
    ),
    (
        "may-hold-secret",
        |s| of_others(s, lost(ClassFate::Filled), at(99_000)),
        "north/shop/billing",
        "it reads a Kubernetes Secret that",
        "take the Secret out",
    ),
    (
        "may-hold-secret",
        |s| of_others(s, unfilled().map(Holding::Unclear).unwrap(), at(99_000)),
        "north/shop/billing",
        "it reads the Kubernetes Secret cosmos, which the CSI driver made and no SecretProviderClass fills any more",
        "name the Secret in `secretObjects`",
    ),
    (
        "may-hold-secret",
        |s| s.cluster_mut("north").pods.iter_mut().for_each(|pod| pod.besides = unfilled()),
        "north/workload/catalogservice-deploy",
        "3 pods of north/workload/catalogservice-deploy may hold the old key: they read the Kubernetes Secret cosmos",
        "take it out of what reads it",
    ),
    (
        "may-hold-secret",
        |s| {
            let idle = WorkloadView { consumes: false, left: unfilled(), ..idle("reports") };
            s.cluster_mut("north").workloads.push(idle);
        },
        "north/workload/statefulset/reports",
        "the next pod of north/workload/statefulset/reports may begin with the old key: it reads the Kubernetes Secret cosmos, \
         which the CSI driver made",
        "take it out of what reads it",
    ),
    (
        "may-hold-secret",
        |s| {
            let job = CronJobView { reads: Vec::new(), left: unfilled(), ..nightly() };
            s.cluster_mut("north").cron_jobs.push(job);
        },
        "north/workload/cronjob/nightly",
        "the next pod of north/workload/cronjob/nightly may begin with the old key",
        "name the Secret in `secretObjects`",
    ),
    (
        "may-hold-secret",
        |s| {
            let Holding::Unclear(left) = lost(ClassFate::Filled) else { return };
            let job = CronJobView { reads: Vec::new(), left: Some(left), ..nightly() };
            s.cluster_mut("north").cron_jobs.push(job);
        },
        "north/workload/cronjob/nightly",
        "it reads a Kubernetes Secret that the SecretProviderClass catalogservice-keyvault filled before it was changed",
        "let the class deliver the key again",
    ),
    (
        "does-not-get-secret",
        |s| {
            let north = s.cluster_mut("north");
            north.workloads[0].consumes = false;
            north.pods.iter_mut().for_each(|pod| pod.holding = Holding::Named);
        },
        "north/workload/catalogservice-deploy",
        "is named in keyslot.toml and runs (3 pods), and nothing shows that it gets the secret",
        "was it renamed, or edited?",
    ),
    (
        "synced-secret-undated",
        |s| {
            s.cluster_mut("north").synced.push(synced(Slot::Secondary));
            one_more(s, "north").holding = reading();
        },
        "north",
        "the Kubernetes Secret workload/cosmos on north holds the new key, and does not tell since when: 1 pod",
        "managedFields",
    ),
    (
        "synced-secret-contested",
        |s| {
            let changed = Some(at(100_000 - 600));
            s.cluster_mut("north").synced.push(SyncedSecretView { changed, ..synced(Slot::Secondary) });
            s.cluster_mut("north").pods[1].mounted = Some("v1".into());
        },
        "north",
        "holds the new key, and 1 pod mounted another version",
        "",
    ),
    (
        "synced-secret-absent",
        |s| one_more(s, "north").holding = reading(),
        "north",
        "the Kubernetes Secret workload/cosmos on north does not exist, or lacks the key, and 1 pod that read it",
        "kubectl rollout restart",
    ),
    (
        "pods-not-mounted",
        |s| {
            s.cluster_mut("north").synced.push(synced(Slot::Secondary));
            s.cluster_mut("north").pods[1].mounted = None;
        },
        "north",
        "does not show which version",
        "",
    ),
    ("clock-unknown", |s| s.cluster_mut("north").ahead = None, "north", "no `Date`", "pass its `Date` on"),
    (
        "old-pods-stay",
        |s| of_others(s, Holding::Mounted, at(10)),
        "north",
        "may hold another key than their vault does",
        "restart what they belong to",
    ),
];

#[test]
fn who_is_held_is_told_by_name_and_with_what_to_do() {
    let cases: &[Told] = &[
        (
            "unlisted-workload",
            |s| s.cluster_mut("north").workloads.push(idle("orders-db")),
            "north/workload/statefulset/orders-db",
            "keyslot.toml does not name it",
            "add \"workload/statefulset/orders-db\" to `order`",
        ),
        (
            "unlisted-pods",
            |s| {
                let pod = one_more(s, "north");
                (pod.workload, pod.created) = (None, at(10));
            },
            "north/workload/pod/catalogservice-deploy-0",
            "nothing that keyslot can restart",
            "restart it by other means",
        ),
        (
            "pinned-version",
            |s| s.cluster_mut("north").workloads[0].pinned = Some("v1".into()),
            "north/workload/catalogservice-deploy",
            "version v1",
            "remove `objectVersion`",
        ),
        (
            "job-runs",
            |s| run_job(s, at(10)),
            "north/workload/job/nightly-28",
            "for more than six hours",
            "a sidecar alone keeps its pod",
        ),
        (
            "cron-job-reads-stale",
            |s| {
                s.cluster_mut("north").synced.push(synced(Slot::Primary));
                s.cluster_mut("north").cron_jobs.push(nightly());
            },
            "north/workload/cronjob/nightly",
            "workload/cosmos still holds",
            "delete the Secret",
        ),
    ];
    for (kind, spoil, subject, why, remedy) in cases.iter().chain(BY_CLASS) {
        let mut stage = Stage::ready();
        spoil(&mut stage);
        let decision = stage.decide();
        let (Verdict::Wait { reasons, .. } | Verdict::Halt { reasons }) = &decision.verdict else {
            panic!("{kind}: {decision:?}")
        };
        let found = reasons.iter().find(|reason| reason.why.kind() == *kind);
        let found = found.unwrap_or_else(|| panic!("{kind}: {reasons:?}"));
        assert_eq!(found.subject.to_string(), *subject, "{kind}");
        let (said, todo) = (render::reason::why(found), render::reason::remedy(found));
        assert!(said.contains(why) && said.contains(subject), "{kind}: {said}");
        assert!(todo.contains(remedy), "{kind}: {todo}");
    }
}

/// A look that wants to know who is left does not ask what such a pod mounts.
#[test]
fn of_an_old_pod_nobody_says_that_it_does_not_show_what_it_mounts() {
    let mut stage = Stage::ready();
    run_job(&mut stage, at(10));
    stage.cluster_mut("north").pods[3].mounted = None;
    let decision = stage.decide();
    let (Verdict::Wait { reasons, .. } | Verdict::Halt { reasons }) = &decision.verdict else {
        panic!("{decision:?}")
    };
    let told: Vec<&str> = reasons.iter().map(|reason| reason.why.kind()).collect();
    assert_eq!(told, ["job-runs"]);
}

/// The first new pod comes in the second of the restart, and so of the look before it: of what it read, that look tells nothing.
#[test]
fn a_pod_of_the_second_in_which_a_secret_was_not_there_is_not_told_to_have_read_it() {
    let told = |seconds: i64| {
        let mut stage = Stage::ready();
        let second = stage.now;
        let pod = one_more(&mut stage, "north");
        (pod.created, pod.holding) = (second - SignedDuration::from_secs(seconds), reading());
        stage.now = second + SignedDuration::from_millis(900);
        for seen in stage.world.clusters.values_mut() {
            seen.at = stage.now;
        }
        let decision = stage.decide();
        let (Verdict::Wait { reasons, .. } | Verdict::Halt { reasons }) = decision.verdict else {
            return false;
        };
        reasons.iter().any(|reason| reason.why.kind() == "synced-secret-absent")
    };
    assert!(told(1));
    assert!(!told(0));
}

/// A glance brings pods along that are younger than what it knows of the Secrets.
#[test]
fn a_secret_that_was_not_there_is_looked_at_once_more_where_a_pod_that_began_since_reads_it() {
    let look = |created: i64, mounts: bool| -> Option<Duration> {
        let mut stage = Stage::ready();
        let seen = stage.now;
        let pod = one_more(&mut stage, "north");
        pod.created = seen + SignedDuration::from_secs(created);
        pod.holding = if mounts { pod.holding.clone() } else { reading() };
        let decision = stage.decide();
        let Verdict::Wait { reasons, until } = decision.verdict else { return None };
        assert!(reasons.iter().all(|reason| reason.why.kind() == "synced-secret-unlooked"), "{reasons:?}");
        assert_eq!(reasons.iter().map(|reason| reason.gate).collect::<Vec<_>>(), [Gate::OldPodsGone]);
        let text = render::reason::why(&reasons[0]);
        assert!(text.contains("workload/cosmos on north was not there"), "{text}");
        Some(until.duration_since(seen).unsigned_abs())
    };
    let pace = Stage::ready().policy.pace.pods;
    // However far ahead the server's clock is: a new look each time, and never at once.
    for created in [0, 3, 25] {
        assert_eq!(look(created, false), Some(pace), "{created}");
    }
    assert_eq!(look(3, true), None, "what it mounts shows itself");
}

#[test]
fn consumers_that_follow_the_vault_hold_nothing() {
    let cases: &[(&str, Spoil)] = &[
        ("a workload of another kind that is listed", |s| {
            s.cluster_mut("north").workloads.push(idle("orders-db"));
            s.cluster_mut("east").workloads.push(idle("orders-db"));
            s.policy.workloads.push(stateful("orders-db").name);
        }),
        ("an unlisted workload that does not get the secret", |s| {
            let other = WorkloadView { consumes: false, ..idle("other-db") };
            s.cluster_mut("north").workloads.push(other);
        }),
        ("a Job that began with the new key", |s| run_job(s, at(70))),
        ("a Job that has ended", |s| {
            run_job(s, at(10));
            s.cluster_mut("north").pods[3].phase = "Succeeded".to_owned();
        }),
        ("a CronJob whose Secret holds the new key", |s| {
            s.cluster_mut("north").synced.push(synced(Slot::Secondary));
            s.cluster_mut("north").cron_jobs.push(nightly());
        }),
        ("a CronJob that mounts files", |s| {
            let mounts = CronJobView { mounts: true, reads: Vec::new(), ..nightly() };
            s.cluster_mut("north").cron_jobs.push(mounts);
        }),
        ("a suspended CronJob, pinned though it is", |s| {
            let pinned = CronJobView { suspended: true, pinned: Some("v1".into()), ..nightly() };
            s.cluster_mut("north").cron_jobs.push(pinned);
        }),
        ("a pod that began with the new key, whatever became of its class", |s| {
            of_others(s, lost(ClassFate::Changed), at(99_000));
        }),
        ("a pod of nobody's that nothing speaks for", |s| of_others(s, Holding::Named, at(10))),
        ("a pod whose class has gone, and that has ended", |s| {
            of_others(s, lost(ClassFate::Absent), at(10));
            s.cluster_mut("north").pods[3].phase = "Failed".to_owned();
        }),
        ("a pod that reads only from a Secret that is dated", |s| {
            let secret = SyncedSecretView { changed: Some(at(50)), ..synced(Slot::Secondary) };
            s.cluster_mut("north").synced.push(secret);
            (one_more(s, "north").holding, s.cluster_mut("north").pods[3].mounted) = (reading(), None);
        }),
        ("a pod of a workflow that began with the new key", |s| {
            let pod = one_more(s, "north");
            pod.workload = None;
            pod.above = Some(ObjectName::new("Workflow", "workload", "nightly-x1"));
        }),
        ("a bare pod that began with it", |s| one_more(s, "north").workload = None),
        ("a Secret without a date that no pod reads", |s| {
            s.cluster_mut("north").synced.push(synced(Slot::Secondary));
        }),
        ("a configured workload without pods that does not get the secret", |s| {
            for name in ["east", "north"] {
                let other = WorkloadView { consumes: false, ..idle("orders-db") };
                s.cluster_mut(name).workloads.push(other);
            }
            s.policy.workloads.push(stateful("orders-db").name);
        }),
        ("a class that was pinned to the new version", |s| {
            s.cluster_mut("north").workloads[0].pinned = Some("v2".into());
        }),
    ];
    for (name, spoil) in cases {
        let mut stage = Stage::ready();
        spoil(&mut stage);
        let decision = stage.decide();
        assert!(matches!(decision.verdict, Verdict::Act { .. }), "{name}: {decision:?}");
    }
}

#[test]
fn what_holds_nothing_is_noted_once_for_all_stamps() {
    let mut stage = Stage::ready();
    assert_eq!(render::note::notes(&notes(&stage.policy, &stage.world)), "");
    for name in ["east", "north"] {
        let cluster = stage.cluster_mut(name);
        cluster.workloads[0] = WorkloadView { consumes: false, name: workload(), ..idle("") };
        cluster.pods.clear();
        cluster.workloads[0].manager = Some(Manager::ArgoApplication("shop".to_owned()));
        cluster.cron_jobs.push(CronJobView { suspended: true, ..nightly() });
    }
    let (reads, left) = (Vec::new(), unfilled());
    let weekly =
        CronJobView { name: "weekly".to_owned(), suspended: true, reads: reads.clone(), left, ..nightly() };
    let hourly = CronJobView { name: "hourly".to_owned(), ..nightly() };
    let mounting = CronJobView { name: "mounting".to_owned(), mounts: true, reads, ..nightly() };
    stage.cluster_mut("north").cron_jobs.extend([hourly, mounting, weekly]);
    let told = render::note::notes(&notes(&stage.policy, &stage.world));
    let expected = [
        "worth knowing:",
        "  workload/catalogservice-deploy is named in keyslot.toml, and its template does not get the secret: it is restarted \
         only where its pods show that they got it, or where it is accepted by name (east, north)",
        "  the CronJob workload/cronjob/mounting gets the secret, afresh with each run (north)",
        "  the CronJob workload/cronjob/hourly gets the secret, with each run what the Kubernetes Secret cosmos holds \
         (north)",
        "  the CronJob workload/cronjob/nightly gets the secret, and is suspended (east, north)",
        "  the CronJob workload/cronjob/weekly is suspended, and reads the Kubernetes Secret cosmos, which nobody fills any more: \
         whoever resumes it starts with the key that stands there (north)",
        "  workload/catalogservice-deploy is managed by Argo CD (Application shop); it may take the mark of a restart \
         away again, which rolls the pods once more (east, north)",
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
}

#[test]
fn of_a_stopped_cluster_what_nobody_sees_is_noted() {
    for state in [ClusterState::Stopped, ClusterState::Gone] {
        let mut stage = Stage::ready();
        *stage.cluster_mut("north") = ClusterView { state: state.clone(), ..ClusterView::default() };
        let told = render::note::notes(&notes(&stage.policy, &stage.world));
        let words = "its cluster is stopped, and what Kubernetes Secrets there hold cannot be seen";
        let is_told = told.contains(words) && told.ends_with("(north)\n");
        assert_eq!(is_told, state == ClusterState::Stopped, "{state:?}: {told}");
    }
}

#[test]
fn an_unlisted_consumer_is_accepted_by_its_name_and_its_old_pods_are_not() {
    let mut stage = Stage::ready();
    stage.cluster_mut("north").workloads.push(idle("orders-db"));
    stage.events.push((
        at(4),
        Event::Accepted(Acceptance {
            by: "operator".to_owned(),
            gate: Gate::Consumers,
            subject: "north/workload/statefulset/orders-db".to_owned(),
            because: "its owners restart it".to_owned(),
            until: at(200_000),
            why: Some("unlisted-workload".to_owned()),
        }),
    ));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
    let pod = one_more(&mut stage, "north");
    (pod.workload, pod.created) = (Some(stateful("orders-db").name), at(10));
    assert_eq!(holding(&stage.decide()), [Gate::OldPodsGone].into());
    stage.cluster_mut("east").workloads.push(idle("orders-db"));
    assert!(holding(&stage.decide()).contains(&Gate::Consumers), "accepted in the other stamp only");
}

/// What nothing shows is a person's to say; what a pod's own mount shows is not.
#[test]
fn a_workload_that_does_not_get_the_secret_is_accepted_by_name_and_one_that_shows_it_is_not() {
    let mut stage = Stage::ready();
    let subject = "north/workload/catalogservice-deploy";
    let north = stage.cluster_mut("north");
    north.workloads[0].consumes = false;
    for pod in &mut north.pods {
        (pod.holding, pod.created, pod.mounted) = (lost(ClassFate::Changed), at(10), None);
    }
    let decision = stage.decide();
    let Verdict::Halt { reasons } = &decision.verdict else { panic!("{decision:?}") };
    let kinds: Vec<&str> = reasons.iter().map(|reason| reason.why.kind()).collect();
    assert_eq!(kinds, ["may-hold-secret"], "said once");
    stage.events.push((at(4), accepted(subject, "may-hold-secret catalogservice-keyvault Changed")));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
    let pods = &mut stage.cluster_mut("north").pods;
    pods.iter_mut().for_each(|pod| pod.holding = Holding::Mounted);
    assert!(matches!(stage.decide().verdict, Verdict::Halt { .. }), "{:?}", stage.decide());
    // With its template accepted too, its pods are restarted, and waited for all the same.
    stage.events.push((at(4), accepted(subject, "does-not-get-secret")));
    let decision = stage.decide();
    let Verdict::Act { steps, .. } = &decision.verdict else { panic!("{decision:?}") };
    assert!(matches!(&steps[..], [Step::Restart { stamp, .. }] if stamp.as_str() == "north"), "{decision:?}");
}

/// What a pod reads besides takes nothing away from what it is known to hold.
#[test]
fn a_secret_without_a_class_is_accepted_by_name_and_the_age_of_its_readers_is_not() {
    let mut stage = Stage::ready();
    let north = stage.cluster_mut("north");
    north.pods.iter_mut().for_each(|pod| pod.besides = unfilled());
    assert!(matches!(stage.decide().verdict, Verdict::Halt { .. }), "{:?}", stage.decide());
    let subject = "north/workload/catalogservice-deploy";
    stage.events.push((at(4), accepted(subject, "may-hold-secret cosmos Unfilled")));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
    let old = one_more(&mut stage, "north");
    (old.deleting, old.created) = (Some(at(99_990)), at(10));
    assert!(holding(&stage.decide()).contains(&Gate::OldPodsGone), "{:?}", stage.decide());
}

/// Who has looked at one class has not looked at the next.
#[test]
fn two_classes_that_may_have_given_it_are_accepted_one_by_one() {
    let mut stage = Stage::ready();
    let other = || match lost(ClassFate::Changed) {
        Holding::Unclear(class) => Holding::Unclear(LostClass { name: "another".to_owned(), ..class }),
        other => panic!("{other:?}"),
    };
    let north = stage.cluster_mut("north");
    north.workloads[0].consumes = false;
    for (place, pod) in north.pods.iter_mut().enumerate() {
        pod.holding = if place == 1 { other() } else { lost(ClassFate::Changed) };
        (pod.created, pod.mounted) = (at(10), None);
    }
    let told = |stage: &Stage| match stage.decide().verdict {
        Verdict::Halt { reasons } => reasons.iter().map(|reason| reason.why.accepted_as()).collect(),
        _ => Vec::new(),
    };
    let (first, second) =
        ("may-hold-secret another Changed", "may-hold-secret catalogservice-keyvault Changed");
    assert_eq!(told(&stage), [first, second]);
    let subject = "north/workload/catalogservice-deploy";
    stage.events.push((at(4), accepted(subject, first)));
    assert_eq!(told(&stage), [second]);
    stage.events.push((at(4), accepted(subject, second)));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
}

fn accepted(subject: &str, why: &str) -> Event {
    Event::Accepted(Acceptance {
        by: "operator".to_owned(),
        gate: Gate::Consumers,
        subject: subject.to_owned(),
        because: "it signs in with its identity".to_owned(),
        until: at(200_000),
        why: Some(why.to_owned()),
    })
}

#[test]
fn a_right_that_is_taken_away_takes_no_consumer_away() {
    let mut stage = Stage::ready();
    let extent = |whole: bool, namespaces: &[&str]| Extent {
        namespaces: namespaces.iter().map(|name| (*name).to_owned()).collect(),
        refused: vec!["batch".to_owned()],
        whole,
    };
    stage.cluster_mut("north").extent = Some(extent(true, &["workload"]));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "the configuration says so");
    stage.cluster_mut("north").extent = Some(extent(false, &["shop", "workload"]));
    let decision = stage.decide();
    let Verdict::Halt { reasons } = &decision.verdict else { panic!("{decision:?}") };
    let [reason] = reasons.as_slice() else { panic!("{reasons:?}") };
    assert_eq!(
        (reason.gate, reason.why.kind(), reason.subject.to_string().as_str()),
        (Gate::Consumers, "namespaces-unseen", "north")
    );
    let said = render::reason::why(reason);
    assert!(said.contains("only the namespaces shop, workload are looked at"), "{said}");
    assert!(said.contains("batch may not be listed"), "{said}");
    stage.events.push((at(4), accepted("north", &reason.why.accepted_as())));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
    // And then the next right.
    stage.cluster_mut("north").extent = Some(extent(false, &["workload"]));
    assert_eq!(holding(&stage.decide()), [Gate::Consumers].into());
}

#[test]
fn a_secret_that_was_filled_late_makes_those_old_that_read_it_and_nobody_else() {
    let mut stage = Stage::ready();
    let late = SyncedSecretView { changed: Some(at(90_000)), ..synced(Slot::Secondary) };
    stage.cluster_mut("north").synced.push(late);
    let restarts = |stage: &Stage| {
        let Verdict::Act { steps, .. } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
        steps.iter().any(|step| matches!(step, Step::Restart { .. }))
    };
    assert!(!restarts(&stage), "{:?}", stage.decide());
    let pod = one_more(&mut stage, "north");
    (pod.name, pod.created, pod.holding, pod.mounted) = ("reads".into(), at(89_990), reading(), None);
    assert!(restarts(&stage), "{:?}", stage.decide());
    let lag = stage.policy.vault_lag;
    let pod = stage.cluster_mut("north").pods.last_mut().unwrap();
    pod.created = at(90_001) + lag;
    assert!(!restarts(&stage), "{:?}", stage.decide());
}

/// They share the stamp and the kind of reason: who has looked at one has not looked at the other.
#[test]
fn a_stale_secret_that_is_accepted_opens_nothing_for_the_next_one() {
    let mut stage = Stage::ready();
    let stale = |name: &str| SyncedSecretView {
        name: name.to_owned(),
        changed: Some(at(10)),
        ..synced(Slot::Primary)
    };
    stage.cluster_mut("north").synced.push(stale("old"));
    let decision = stage.decide();
    let Verdict::Halt { reasons } = &decision.verdict else { panic!("{decision:?}") };
    assert!(reasons.iter().all(|reason| reason.gate == Gate::Synced), "{reasons:?}");
    for reason in reasons {
        stage.events.push((
            at(4),
            Event::Accepted(Acceptance {
                by: "operator".to_owned(),
                gate: Gate::Synced,
                subject: reason.subject.to_string(),
                because: "nobody reads it".to_owned(),
                until: at(200_000),
                why: Some(reason.why.accepted_as()),
            }),
        ));
    }
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
    stage.cluster_mut("north").synced.push(stale("cosmos"));
    assert_eq!(holding(&stage.decide()), [Gate::Synced].into());
}
