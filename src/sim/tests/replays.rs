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
    deeds: Vec<(u64, DeploymentPatch)>,
    /// Lines from here on are not replayed.
    until: u64,
}

fn restarting(mark: &str) -> DeploymentPatch {
    DeploymentPatch::annotate("kubectl.kubernetes.io/restartedAt", mark)
}

fn deadline(seconds: u64) -> DeploymentPatch {
    DeploymentPatch { progress_deadline: Some(secs(seconds)), ..DeploymentPatch::default() }
}

fn scenarios() -> Vec<Scenario> {
    let calm = |file, ends, deeds| Scenario {
        file,
        starts: Span::secs(3, 3),
        ends: Span::secs(ends, ends),
        write: None,
        serving_for: None,
        hangs_until: None,
        deeds,
        until: u64::MAX,
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
        // Nothing is deleted and made anew here.
        Scenario { until: 4000, ..calm("x4-deleted-mid-rollout", 5, vec![(957, restarting(FIRST))]) },
    ]
}

const FIRST: &str = "2026-01-12T08:00:01Z";
const SECOND: &str = "2026-01-12T08:00:05Z";

/// When a status was written, and the status.
type Told = (u64, Status);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Status {
    /// Of the generations, how far from the first one.
    generation: i64,
    observed: i64,
    /// replicas, updated, ready, available, unavailable, terminating.
    counts: [u64; 6],
    reason: String,
}

impl Status {
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

fn recorded_of(text: &str, until: u64) -> Vec<Told> {
    let events = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let mut told: Vec<Told> = Vec::new();
    for event in events.filter(|event| event["kind"] == "watch" && event["resource"] == "deployments") {
        let at = event["t_ms"].as_u64().unwrap();
        let object = &event["event"]["object"];
        let status = &object["status"];
        let count = |name: &str| status[name].as_u64().unwrap_or(0);
        let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
        let progressing = conditions.iter().find(|condition| condition["type"] == "Progressing");
        let known = Status {
            generation: object["metadata"]["generation"].as_i64().unwrap(),
            observed: status["observedGeneration"].as_i64().unwrap_or(0),
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
        if at < until && event["event"]["type"] == "MODIFIED" {
            told.push((at, known));
        }
    }
    let first = told[0].1.observed;
    for (_, status) in &mut told {
        status.generation -= first;
        status.observed -= first;
    }
    told
}

fn played(scenario: &Scenario) -> Vec<Told> {
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
        patch(&mut world, CATALOG, deed.clone());
    }
    pass(&mut world, secs(60));
    let stamp = world.stamp(&stamp()).unwrap();
    let changes = stamp.cluster.changes_since(since).unwrap();
    let mut told: Vec<Told> = Vec::new();
    for change in changes {
        let Object::Deployment(deployment) = &change.object else { continue };
        let at = u64::try_from(change.at.duration_since(start).as_millis()).unwrap();
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
            generation: deployment.generation - 1,
            observed: status.observed_generation - 1,
            counts: counts.map(u64::from),
            reason: status.condition("Progressing").map_or("", |condition| condition.reason).to_owned(),
        };
        if at < scenario.until {
            told.push((at, known));
        }
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
        assert_eq!(recorded_of(&text, scenario.until), written[scenario.file], "{}", scenario.file);
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

#[test]
fn a_scenario_without_its_last_deed_is_not_as_it_was_recorded() {
    for mut scenario in scenarios().into_iter().filter(|scenario| scenario.until == u64::MAX) {
        // The same mark twice changes nothing.
        if scenario.file.starts_with("e2") {
            continue;
        }
        let whole = steps(&played(&scenario));
        scenario.deeds.pop();
        assert_ne!(steps(&played(&scenario)), whole, "{}", scenario.file);
    }
}
