//! Every recorded scenario, played again: the same deeds at the same moments, and the Deployment's statuses compared
//! one by one with those that a real control plane wrote.
//!
//! A line is as in `controller`. Several pods that become ready or end within a tenth of a second are told in as many
//! events by a real control plane as its queue happens to make of them; such a burst is one step here, on both sides:
//! its last line counts. All else is compared whole, in every scenario. What the recorded machine was like is part of a
//! scenario: how long pods take to start and to end (three that end together end some hundredths of a second apart), and
//! in two of them that the control plane was slow to write.

use std::collections::BTreeMap;

use super::super::config::Flavour;
use super::super::fault::{Fault, Target, Trouble, When};
use super::super::kubernetes::ChangeKind;
use super::super::time::Span;
use super::*;

/// Events closer to one another than this are one burst, unless generation, updated pods or reason change between.
const BURST_MS: u64 = 150;

/// A scenario: its file, what pods take to end, and what was done when.
struct Scenario {
    file: &'static str,
    starts: Span,
    ends: Span,
    /// How long the first status of a new ReplicaSet takes to be written, where that is not the usual hop.
    write: Option<Duration>,
    /// For how long the pods that are there serve when it begins, where that matters; for long, otherwise.
    serving_for: Option<u64>,
    /// New pods never become ready before this moment.
    hangs_until: Option<u64>,
    deeds: Vec<(u64, Deed)>,
}

enum Deed {
    Patch(Box<DeploymentPatch>),
    /// The Deployment is deleted.
    Delete,
    /// And applied anew.
    Apply,
}

fn restarting(mark: &str) -> DeploymentPatch {
    DeploymentPatch::annotate("kubectl.kubernetes.io/restartedAt", mark)
}

fn deadline(seconds: u64) -> DeploymentPatch {
    DeploymentPatch { progress_deadline: Some(secs(seconds)), ..DeploymentPatch::default() }
}

fn scenarios() -> Vec<Scenario> {
    let calm = |file, ends, deeds: Vec<(u64, DeploymentPatch)>| Scenario {
        file,
        starts: Span::secs(3, 3),
        ends: Span::secs(ends, ends),
        write: None,
        serving_for: None,
        hangs_until: None,
        deeds: deeds.into_iter().map(|(at, patch)| (at, Deed::Patch(Box::new(patch)))).collect(),
    };
    let mut undo = DeploymentPatch::default();
    undo.template_annotations.insert("kubectl.kubernetes.io/restartedAt".to_owned(), None);
    let flavour = |flavour| DeploymentPatch { flavour: Some(flavour), ..DeploymentPatch::default() };
    let min_ready = |by| DeploymentPatch { min_ready: Some(secs(by)), ..DeploymentPatch::default() };
    vec![
        calm("a-healthy-term20", 20, vec![(970, restarting(FIRST))]),
        Scenario {
            hangs_until: Some(24_000),
            ..calm(
                "b-stuck-progressdeadline15",
                5,
                vec![(969, deadline(15)), (3382, restarting(FIRST)), (24_117, undo), (29_315, deadline(600))],
            )
        },
        calm(
            "c-paused",
            5,
            vec![
                (948, DeploymentPatch::pause(true)),
                (2349, restarting(FIRST)),
                (10_613, DeploymentPatch::pause(false)),
            ],
        ),
        // The kubelet ends and starts the three pods one after the other: the new ReplicaSet is told while the last one is
        // still counted as ending.
        Scenario {
            starts: Span { least: Duration::from_millis(3000), most: Duration::from_millis(3120) },
            ends: Span { least: Duration::from_millis(10_000), most: Duration::from_millis(10_120) },
            ..calm(
                "d-recreate-term10",
                10,
                vec![
                    (958, flavour(Flavour::Recreate)),
                    (3113, restarting(FIRST)),
                    (16_593, flavour(Flavour::Rolling)),
                ],
            )
        },
        calm("e-two-restarts", 20, vec![(940, restarting(FIRST)), (5597, restarting(SECOND))]),
        calm("e2-two-restarts-same-second", 5, vec![(1644, restarting(FIRST)), (1760, restarting(FIRST))]),
        // When the status of the third revision can be written, the pod of the second has not been given up yet.
        Scenario {
            hangs_until: Some(21_500),
            write: Some(Duration::from_millis(26)),
            ..calm(
                "x1-restart-after-stuck",
                5,
                vec![
                    (989, deadline(15)),
                    (3455, restarting(FIRST)),
                    (21_601, restarting(SECOND)),
                    (36_483, deadline(600)),
                ],
            )
        },
        calm(
            "x2-zero-replicas",
            5,
            vec![
                (1003, DeploymentPatch::scale(0)),
                (7273, restarting(FIRST)),
                (10_533, DeploymentPatch::scale(3)),
            ],
        ),
        // The pods serve for two seconds when the recording begins: not for the new time yet. The first new pod is there
        // before the status of the new generation could be written.
        Scenario {
            serving_for: Some(2000),
            write: Some(Duration::from_millis(43)),
            ..calm(
                "x3-minreadyseconds5",
                5,
                vec![(967, min_ready(5)), (2118, restarting(FIRST)), (31_193, min_ready(0))],
            )
        },
        // The three pods of the new Deployment start one after the other.
        Scenario {
            starts: Span { least: Duration::from_millis(6000), most: Duration::from_millis(6120) },
            deeds: vec![
                (957, Deed::Patch(Box::new(restarting(FIRST)))),
                (4124, Deed::Delete),
                (10_836, Deed::Apply),
            ],
            ..calm("x4-deleted-mid-rollout", 5, Vec::new())
        },
    ]
}

const FIRST: &str = "2026-01-12T08:00:01Z";
const SECOND: &str = "2026-01-12T08:00:05Z";

/// When a status was written, and the status.
type Told = (u64, Status);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Status {
    /// Of the generations, how far from the first one; of a Deployment that is made anew, all of them count.
    generation: i64,
    observed: i64,
    /// replicas, updated, ready, available, unavailable, terminating.
    counts: [u64; 6],
    reason: String,
}

impl Status {
    /// The Deployment is deleted.
    fn gone() -> Status {
        Status { generation: 0, observed: 0, counts: [0; 6], reason: "gone".to_owned() }
    }

    /// What never changes within a burst.
    fn firm(&self) -> (i64, i64, u64, &str) {
        (self.generation, self.observed, self.counts[1], self.reason.as_str())
    }
}

/// The last of each burst, without the time.
fn steps(told: &[Told]) -> Vec<Status> {
    let mut steps: Vec<Told> = Vec::new();
    for (at, status) in told {
        match steps.last_mut() {
            Some((before, last)) if last.firm() == status.firm() && at - *before < BURST_MS => {
                (*before, *last) = (*at, status.clone());
            }
            _ => steps.push((*at, status.clone())),
        }
    }
    steps.into_iter().map(|(_, status)| status).collect()
}

fn recorded_of(text: &str) -> Vec<Told> {
    let events = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let mut told: Vec<Told> = Vec::new();
    // By how much the generations of the Deployment that is there now are told less.
    let mut first = None;
    for event in events.filter(|event| event["kind"] == "watch" && event["resource"] == "deployments") {
        let at = event["t_ms"].as_u64().unwrap();
        let object = &event["event"]["object"];
        let status = &object["status"];
        let count = |name: &str| status[name].as_u64().unwrap_or(0);
        let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
        let progressing = conditions.iter().find(|condition| condition["type"] == "Progressing");
        match event["event"]["type"].as_str().unwrap() {
            "DELETED" => {
                told.push((at, Status::gone()));
                first = Some(0);
                continue;
            }
            "ADDED" => continue,
            _ => {}
        }
        let observed = status["observedGeneration"].as_i64().unwrap_or(0);
        let first = *first.get_or_insert(observed);
        let known = Status {
            generation: object["metadata"]["generation"].as_i64().unwrap() - first,
            observed: observed - first,
            counts: [
                count("replicas"),
                count("updatedReplicas"),
                count("readyReplicas"),
                count("availableReplicas"),
                count("unavailableReplicas"),
                count("terminatingReplicas"),
            ],
            reason: progressing.map(|one| one["reason"].as_str().unwrap().to_owned()).unwrap_or_default(),
        };
        told.push((at, known));
    }
    told
}

/// The world when all is over, when it began, and its version then.
fn play(scenario: &Scenario) -> (World, jiff::Timestamp, u64) {
    let mut world = recorded_with(
        0,
        |catalog| (catalog.starts_in, catalog.ends_in) = (scenario.starts, scenario.ends),
        |config| {
            config.kubernetes.write = scenario.write.unwrap_or(config.kubernetes.write);
            if let Some(until) = scenario.hangs_until {
                let at = When::Window { from: Duration::ZERO, until: Duration::from_millis(until) };
                config.faults.push(Fault::new(at, Target::any(), Trouble::NeverReady));
            }
        },
    );
    let start = world.now();
    if let Some(served) = scenario.serving_for {
        let at = super::super::time::before(start, Duration::from_millis(served));
        world.stamps[0].cluster.serve_since(at);
    }
    let since = world.resource_version();
    for (at, deed) in &scenario.deeds {
        world.advance_to(super::super::time::after(start, Duration::from_millis(*at)));
        let (stamp, workload) = (stamp(), workload(CATALOG));
        let command = match deed {
            Deed::Patch(patch) => Command::Patch { stamp, workload, patch: (**patch).clone() },
            Deed::Delete => Command::DeleteDeployment { stamp, workload },
            Deed::Apply => Command::ApplyDeployment { stamp, workload },
        };
        world.apply(command).unwrap();
    }
    pass(&mut world, secs(60));
    (world, start, since)
}

fn played(scenario: &Scenario) -> Vec<Told> {
    let (world, start, since) = play(scenario);
    let stamp = world.stamp(&stamp()).unwrap();
    let changes = stamp.cluster.changes_since(since).unwrap();
    let (mut told, mut first) = (Vec::new(), 1);
    for change in changes {
        let Object::Deployment(deployment) = &change.object else { continue };
        let at = u64::try_from(change.at.duration_since(start).as_millis()).unwrap();
        match change.kind {
            ChangeKind::Deleted => {
                told.push((at, Status::gone()));
                first = 0;
                continue;
            }
            ChangeKind::Added => continue,
            ChangeKind::Modified => {}
        }
        let status = &deployment.status;
        let counts = [
            status.replicas,
            status.updated,
            status.ready,
            status.available,
            status.unavailable,
            status.terminating,
        ];
        let known = Status {
            generation: deployment.generation - first,
            observed: status.observed_generation - first,
            counts: counts.map(u64::from),
            reason: status.condition("Progressing").map_or("", |condition| condition.reason).to_owned(),
        };
        told.push((at, known));
    }
    told
}

/// What was told in each scenario, in our own words: a control plane's recordings are not in every checkout.
fn written_down() -> BTreeMap<String, Vec<Told>> {
    let text = include_str!("../../../fixtures/recordings/statuses.txt");
    let mut all: BTreeMap<String, Vec<Told>> = BTreeMap::new();
    let mut of = String::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            name.clone_into(&mut of);
            continue;
        }
        let words: Vec<&str> = line.split(' ').collect();
        let (generation, observed) = words[1].split_once('/').unwrap();
        let mut counts = [0; 6];
        for (count, word) in counts.iter_mut().zip(&words[2..8]) {
            *count = word[1..].parse().unwrap();
        }
        let status = Status {
            generation: generation.parse().unwrap(),
            observed: observed.parse().unwrap(),
            counts,
            reason: words[8].to_owned(),
        };
        all.entry(of.clone()).or_default().push((words[0].parse().unwrap(), status));
    }
    all
}

#[test]
fn what_is_written_down_of_the_recordings_is_what_they_tell() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/recordings");
    if !folder.exists() {
        println!("skipped: there are no recordings beside this repository");
        return;
    }
    let written = written_down();
    for scenario in scenarios() {
        let text = std::fs::read_to_string(folder.join(scenario.file).with_extension("jsonl")).unwrap();
        assert_eq!(recorded_of(&text), written[scenario.file], "{}", scenario.file);
    }
}

/// Where what was played is first another than what was recorded.
pub(super) fn difference<T: PartialEq + std::fmt::Debug>(
    file: &str,
    recorded: &[T],
    played: &[T],
) -> Option<String> {
    let place = recorded.iter().zip(played).take_while(|(one, other)| one == other).count();
    (recorded != played).then(|| {
        format!(
            "{file}: {} and {} steps; step {place}: recorded {:?}, played {:?}",
            recorded.len(),
            played.len(),
            recorded.get(place),
            played.get(place)
        )
    })
}

#[test]
fn every_recorded_scenario_is_played_as_it_was_recorded() {
    let mut wrong: Vec<String> = Vec::new();
    let written = written_down();
    assert_eq!(written.len(), scenarios().len());
    for scenario in scenarios() {
        let (recorded, played) = (steps(&written[scenario.file]), steps(&played(&scenario)));
        assert!(recorded.len() >= 4, "{}", scenario.file);
        wrong.extend(difference(scenario.file, &recorded, &played));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What follows a deletion, of ReplicaSets that have pods and of pods, told from the deletion on: that one of them is gone, or is
/// told to end, between these milliseconds. As recorded: the garbage collector takes the ReplicaSets and then tells the pods,
/// which end when their time is over, the one that never ran among them.
const AFTERMATH: [(&str, usize, std::ops::RangeInclusive<i128>); 3] =
    [("set gone", 2, 0..=70), ("pod told", 4, 0..=120), ("pod gone", 4, 5000..=5300)];

fn is_aftermath(found: &[(i128, &'static str)]) {
    for (what, count, span) in AFTERMATH {
        let of: Vec<i128> = found.iter().filter(|(_, is)| *is == what).map(|(at, _)| *at).collect();
        assert!(of.len() == count && of.iter().all(|at| span.contains(at)), "{what}: {of:?}");
    }
}

#[test]
fn what_a_deleted_deployment_owned_goes_with_it_as_recorded() {
    let of_x4 = |scenario: &Scenario| scenario.file.starts_with("x4");
    let scenario = scenarios().into_iter().find(of_x4).unwrap();
    let (world, start, since) = play(&scenario);
    let deleted = start + Duration::from_millis(4124);
    let told = std::cell::RefCell::new(std::collections::BTreeSet::new());
    let stamp = world.stamp(&stamp()).unwrap();
    let found: Vec<(i128, &'static str)> = stamp
        .cluster
        .changes_since(since)
        .unwrap()
        .filter(|change| change.at >= deleted)
        .filter_map(|change| {
            let what = match (&change.object, change.kind) {
                (Object::ReplicaSet(set), ChangeKind::Deleted) if set.replicas > 0 => "set gone",
                (Object::Pod(pod), ChangeKind::Modified) if pod.deleting.is_some() => {
                    told.borrow_mut().insert(pod.id).then_some("pod told")?
                }
                (Object::Pod(_), ChangeKind::Deleted) => "pod gone",
                _ => return None,
            };
            Some((change.at.duration_since(deleted).as_millis(), what))
        })
        .collect();
    is_aftermath(&found);
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/recordings");
    let Ok(text) = std::fs::read_to_string(path.join(scenario.file).with_extension("jsonl")) else {
        println!("skipped: there are no recordings beside this repository");
        return;
    };
    is_aftermath(&recorded_aftermath(&text));
}

fn recorded_aftermath(text: &str) -> Vec<(i128, &'static str)> {
    let mut told = std::collections::BTreeSet::new();
    let (mut deleted, mut found) = (None, Vec::new());
    for line in text.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let at = i128::from(event["t_ms"].as_u64().unwrap_or(0));
        let (kind, object) = (event["event"]["type"].as_str(), &event["event"]["object"]);
        let is_deletion = kind == Some("DELETED");
        match (event["resource"].as_str(), deleted) {
            (Some("deployments"), None) if is_deletion => deleted = Some(at),
            (Some("replicasets"), Some(since))
                if is_deletion && object["spec"]["replicas"].as_u64() > Some(0) =>
            {
                found.push((at - since, "set gone"));
            }
            (Some("pods"), Some(since)) if is_deletion => found.push((at - since, "pod gone")),
            (Some("pods"), Some(since))
                if object["metadata"]["deletionTimestamp"].is_string()
                    && told.insert(object["metadata"]["uid"].to_string()) =>
            {
                found.push((at - since, "pod told"));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn a_scenario_without_its_last_deed_is_not_as_it_was_recorded() {
    for mut scenario in scenarios() {
        // The same mark twice changes nothing.
        if scenario.file.starts_with("e2") {
            continue;
        }
        let whole = steps(&played(&scenario));
        scenario.deeds.pop();
        assert_ne!(steps(&played(&scenario)), whole, "{}", scenario.file);
    }
}
