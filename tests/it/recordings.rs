//! The rollout predicate against recorded watch events: at which event does the verdict change?
//!
//! Small recordings of our own stand in `fixtures/recordings`; those of a real control plane are used where
//! they are at hand.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use keyslot::adapters::kubernetes::{parse_pod, parse_workload};
use keyslot::model::{PodView, WorkloadView};
use keyslot::rotation::rollout::{Rollout, rollout, superseded};
use serde_json::Value;

/// One event of a recording, as the adapter reads it.
enum Told {
    Workload(Box<WorkloadView>),
    WorkloadGone,
    Pod(Box<PodView>),
    PodGone(String),
}

fn replay(path: &Path) -> Vec<(u64, Told)> {
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["kind"] == "watch").filter_map(|line| told(&line)).collect()
}

fn told(line: &Value) -> Option<(u64, Told)> {
    let object = line["event"]["object"].to_string();
    let gone = line["event"]["type"] == "DELETED";
    let told = match (line["resource"].as_str()?, gone) {
        ("deployments" | "statefulsets" | "daemonsets", false) => {
            Told::Workload(Box::new(parse_workload(object.as_bytes(), true).unwrap()))
        }
        ("deployments" | "statefulsets" | "daemonsets", true) => Told::WorkloadGone,
        ("pods", false) => Told::Pod(Box::new(parse_pod(object.as_bytes()).unwrap())),
        ("pods", true) => Told::PodGone(parse_pod(object.as_bytes()).unwrap().uid),
        _ => return None,
    };
    Some((line["t_ms"].as_u64()?, told))
}

/// One word for it.
pub fn word(verdict: &Rollout) -> &'static str {
    match verdict {
        Rollout::NotYetObserved { .. } => "unseen",
        Rollout::Progressing(_) => "progressing",
        Rollout::Complete => "complete",
        Rollout::DeadlineExceeded { .. } => "deadline",
        Rollout::Paused(_) => "paused",
        Rollout::Scaling(_) => "scaling",
    }
}

/// The verdicts from our generation on, each with the time of the event that brought it.
fn verdicts(path: &Path, ours: i64) -> Vec<(u64, &'static str)> {
    let mut changes: Vec<(u64, &'static str)> = Vec::new();
    for (at, told) in replay(path) {
        let verdict = match told {
            Told::Workload(workload) if workload.generation >= ours => word(&rollout(&workload, ours)),
            Told::WorkloadGone => "gone",
            Told::Workload(_) | Told::Pod(_) | Told::PodGone(_) => continue,
        };
        if changes.last().is_none_or(|(_, last)| *last != verdict) {
            changes.push((at, verdict));
        }
    }
    changes
}

fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/recordings").join(name).with_extension("jsonl")
}

/// A recording of a real control plane, where there is one.
fn shared(name: &str) -> Option<PathBuf> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/recordings").join(name).with_extension("jsonl");
    if !path.exists() {
        println!("skipped: {} is not at hand", path.display());
        return None;
    }
    Some(path)
}

/// When a recording says complete, the pods that are there and have been told to end.
fn terminating_when_complete(path: &Path, ours: i64) -> usize {
    let mut pods = BTreeMap::new();
    for (_, told) in replay(path) {
        match told {
            Told::Pod(pod) => {
                pods.insert(pod.uid.clone(), *pod);
            }
            Told::PodGone(uid) => {
                pods.remove(&uid);
            }
            Told::Workload(workload)
                if workload.generation >= ours && rollout(&workload, ours).is_complete() =>
            {
                return pods.values().filter(|pod| pod.deleting.is_some()).count();
            }
            Told::Workload(_) | Told::WorkloadGone => {}
        }
    }
    panic!("{} never becomes complete", path.display())
}

/// From which event on a restart counts as overtaken.
fn superseded_at(path: &Path, ours: i64, mark: &str) -> Option<u64> {
    replay(path).into_iter().find_map(|(at, told)| match told {
        Told::Workload(workload) if superseded(&workload, ours, mark) => Some(at),
        _ => None,
    })
}

#[test]
fn a_stale_status_is_not_taken_for_success() {
    assert_eq!(verdicts(&own("stale-status"), 7), [(10, "unseen"), (70, "progressing"), (16040, "complete")]);
}

#[test]
fn conditions_of_the_rollout_before_neither_fail_nor_finish_this_one() {
    assert_eq!(
        verdicts(&own("leftover-conditions"), 12),
        [(10, "unseen"), (90, "progressing"), (13000, "scaling"), (13100, "complete")]
    );
}

#[test]
fn a_complete_rollout_can_have_old_pods_left() {
    let path = own("terminating-pods");
    assert_eq!(verdicts(&path, 3), [(10, "unseen"), (50, "progressing"), (10020, "complete")]);
    assert_eq!(terminating_when_complete(&path, 3), 2);
}

/// From a control plane of Kubernetes 1.20, whose StatefulSets count no available pods.
#[test]
fn recorded_sets_are_complete_when_their_last_pod_is_replaced_and_ready() {
    let of = |name: &str, ours: i64| verdicts(&own(&format!("sets/{name}")), ours);
    let rolled = |unseen, progressing, complete| {
        vec![(unseen, "unseen"), (progressing, "progressing"), (complete, "complete")]
    };
    assert_eq!(of("statefulset-healthy", 2), rolled(1107, 1123, 27_872));
    assert_eq!(of("statefulset-stuck", 3), rolled(1162, 1191, 44_143));
    assert_eq!(of("daemonset-healthy", 2), rolled(1219, 1272, 27_770));
    assert_eq!(of("daemonset-stuck", 3), rolled(1143, 1156, 44_083));
    assert_eq!(of("daemonset-two-at-once", 7), rolled(3192, 3209, 21_364));
    let partition = [rolled(3230, 3245, 0), rolled(17_452, 17_479, 35_185)].concat();
    let partition: Vec<_> = partition.into_iter().filter(|(at, _)| *at > 0).collect();
    assert_eq!(of("statefulset-partition", 7), partition);
    // Where somebody has to delete them, only whether they are there is told.
    let deleted = |times: [u64; 6]| -> Vec<(u64, &str)> {
        let words = ["unseen", "complete", "progressing", "complete", "progressing", "complete"];
        times.into_iter().zip(words).collect()
    };
    let there = deleted([3153, 3162, 13_683, 17_045, 25_591, 32_332]);
    assert_eq!(of("statefulset-on-delete", 5), there);
    assert_eq!(of("daemonset-on-delete", 5), deleted([3269, 3288, 13_974, 17_410, 26_047, 29_450]));
}

#[test]
fn an_overtaken_restart_is_judged_by_the_one_that_overtook_it() {
    let path = own("superseded-restart");
    let expected = [
        (10, "unseen"),
        (60, "progressing"),
        (9000, "unseen"),
        (9050, "progressing"),
        (20000, "complete"),
        (30000, "unseen"),
        (30050, "scaling"),
        (33000, "complete"),
    ];
    assert_eq!(verdicts(&path, 20), expected);
    assert_eq!(superseded_at(&path, 20, "2026-11-20T09:15:00Z"), Some(9000));
    assert_eq!(superseded_at(&path, 21, "2026-11-20T09:15:09Z"), None, "scaling overtakes nothing");
}

#[test]
fn a_stuck_rollout_is_told_from_a_slow_one_and_may_recover() {
    assert_eq!(
        verdicts(&own("stuck"), 9),
        [
            (10, "unseen"),
            (50, "progressing"),
            (60050, "deadline"),
            (90000, "progressing"),
            (99000, "complete")
        ]
    );
}

#[test]
fn a_patched_and_paused_rollout_waits_to_be_resumed() {
    assert_eq!(
        verdicts(&own("paused"), 5),
        [(10, "unseen"), (40, "paused"), (60000, "unseen"), (60050, "progressing"), (75000, "complete")]
    );
}

#[test]
fn a_real_control_planes_rollouts_are_judged_at_the_right_event() {
    let seen = |t| (t, "unseen");
    let rolls = |t| (t, "progressing");
    let done = |t| (t, "complete");
    let expected = [
        ("a-healthy-term20", 2, u64::MAX, vec![seen(970), rolls(1035), done(10_497)]),
        ("b-stuck-progressdeadline15", 4, 24_000, vec![seen(3382), rolls(3436), (18_586, "deadline")]),
        (
            "c-paused",
            8,
            u64::MAX,
            vec![seen(2349), (2387, "paused"), seen(10_613), rolls(10_705), done(20_096)],
        ),
        ("d-recreate-term10", 11, 16_500, vec![seen(3113), rolls(3150), done(16_470)]),
        ("e-two-restarts", 13, u64::MAX, vec![seen(940), rolls(977), seen(5597), rolls(5669), done(15_070)]),
        ("e2-two-restarts-same-second", 15, u64::MAX, vec![seen(1644), rolls(1688), done(11_140)]),
        ("x1-restart-after-stuck", 19, 36_300, vec![seen(21_601), rolls(21_725), done(31_259)]),
        ("x2-zero-replicas", 22, 10_500, vec![seen(7273), done(7352)]),
        ("x3-minreadyseconds5", 25, 31_100, vec![seen(2118), rolls(2178), done(26_054)]),
        ("x4-deleted-mid-rollout", 27, u64::MAX, vec![seen(957), rolls(1042), (4124, "gone")]),
    ];
    for (name, ours, until, expected) in expected {
        let Some(path) = shared(name) else { return };
        let mut verdicts = verdicts(&path, ours);
        verdicts.retain(|(at, _)| *at < until);
        assert_eq!(verdicts, expected, "{name}");
    }
}

#[test]
fn a_real_control_plane_calls_a_rollout_complete_while_all_old_pods_run() {
    let Some(path) = shared("a-healthy-term20") else { return };
    assert_eq!(terminating_when_complete(&path, 2), 3);
    let Some(path) = shared("e-two-restarts") else { return };
    assert_eq!(terminating_when_complete(&path, 13), 5);
    assert_eq!(superseded_at(&path, 13, "2026-11-22T19:31:30Z"), Some(5597));
}
