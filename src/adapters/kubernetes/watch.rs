//! Watches that wake whoever waits for a cluster to change. They decide nothing; what they bring is kept beside the last
//! list.
//!
//! A watch begins where a list ended, asks for bookmarks, and goes on from the last version it saw when the
//! connection ends. A version that the server no longer keeps (410, as an event in a 200 answer or as the
//! answer itself) means that something may have been missed: that wakes too, and the watch begins anew.
//!
//! What wakes is what a wait can end on: a workload that has come to the end of its rollout, is stuck or paused, a pod
//! of it that cannot start, and the last terminating pod that is gone; and a workload that was through and does not serve any more, for whoever would
//! restart another one next. The dozens of events in between would only cost lists; how a rollout begins tells nobody
//! who waits for its end.
//! Reconnecting waits in wall time: how a network recovers does not depend on the speed of a rehearsal.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use tokio::sync::Notify;

use k8s_openapi::api::core::v1::Pod;

use super::api::{Api, Kind, PODS};
use super::kept::{Kept, PodNews};
use super::lines::{Lines, TooLong};
use super::look::Place;
use super::newest::Newest;
use crate::model::StampName;
use crate::ports::{Changed, Happening};

/// The server ends a watch after this time, in seconds; a dead connection cannot last longer.
pub(super) const SERVER_TIMEOUT: u32 = 290;

const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What has happened in stamps since they were looked at, and who waits for that.
#[derive(Default)]
pub(super) struct Signal {
    changed: Mutex<BTreeSet<Changed>>,
    waiting: Notify,
}

impl Signal {
    pub fn raise(&self, stamp: &StampName, what: Happening) {
        self.all().insert(Changed { stamp: stamp.clone(), what });
        self.waiting.notify_one();
    }

    /// To be called before a look, which will see whatever was signalled so far.
    pub fn clear(&self, stamp: &StampName) {
        self.all().retain(|changed| changed.stamp != *stamp);
    }

    /// Resolves once for all that was raised before.
    pub async fn changed(&self) -> BTreeSet<Changed> {
        loop {
            let all = std::mem::take(&mut *self.all());
            if !all.is_empty() {
                return all;
            }
            self.waiting.notified().await;
        }
    }

    fn all(&self) -> std::sync::MutexGuard<'_, BTreeSet<Changed>> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whom a watch tells.
#[derive(Clone)]
pub(super) struct Ears {
    pub stamp: StampName,
    pub signal: Arc<Signal>,
    pub kept: Arc<Kept>,
}

impl Ears {
    fn hear(&self, what: Happening, at: Timestamp) {
        tracing::info!(stamp = %self.stamp, %at, ?what, "told");
        self.signal.raise(&self.stamp, what);
    }
}

/// One watch that is open.
struct Open<'a>(&'a Kept);

impl<'a> Open<'a> {
    fn now(kept: &'a Kept) -> Open<'a> {
        kept.opened();
        Open(kept)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.closed();
    }
}

/// Follows one collection for ever; ends only by being dropped.
pub(super) async fn follow(api: Api, mut place: Place, ears: Ears) {
    let mut watch = Watch {
        kind: place.kind,
        version: place.version,
        known: HashMap::new(),
        kept: Arc::clone(&ears.kept),
        newest: Arc::clone(&api.connection.newest),
    };
    let namespace = place.namespace.as_deref();
    let mut pause = SHORTEST_PAUSE;
    loop {
        let before = watch.version.clone();
        let wake = |what| ears.hear(what, api.clock.now());
        let end = match place.lines.take() {
            Some(lines) => watch.read(lines, wake).await,
            None => watch.run(&api, namespace, wake).await,
        };
        match end {
            End::Expired => {
                ears.kept.missed();
                ears.hear(Happening::Rollout, api.clock.now());
                ears.hear(Happening::PodsGone, api.clock.now());
                ears.hear(Happening::Unsettled, api.clock.now());
                if let Ok(version) = api.version(place.kind, namespace).await {
                    watch.version = version;
                }
            }
            End::Closed if watch.version != before => {
                pause = SHORTEST_PAUSE;
                continue;
            }
            End::Closed | End::Failed => {}
        }
        tracing::debug!(stamp = %ears.stamp, kind = place.kind.plural, "the watch ended and will begin again");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// How one connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// By the server or the network; it can go on from the last version.
    Closed,
    /// The version is too old.
    Expired,
    /// It could not begin, or the server reported an error.
    Failed,
}

struct Watch {
    kind: Kind,
    version: String,
    /// What was last seen of each object, by uid.
    known: HashMap<String, Telling>,
    kept: Arc<Kept>,
    newest: Arc<Newest>,
}

impl Watch {
    async fn run(&mut self, api: &Api, namespace: Option<&str>, wake: impl Fn(Happening)) -> End {
        let path = format!(
            "{}?watch=true&allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={SERVER_TIMEOUT}",
            self.kind.path(namespace),
            self.version,
        );
        let Ok(request) = api.request(Method::GET, &path, None).await else { return End::Failed };
        match api.connection.http.open(request, None).await {
            Ok(response) if response.status() == http::StatusCode::GONE => End::Expired,
            Ok(response) if response.status().is_success() => self.read(Lines::of(response), wake).await,
            Ok(_) | Err(_) => End::Failed,
        }
    }

    /// Reads on where the list, or the answer's head, ended.
    async fn read(&mut self, mut lines: Lines, wake: impl Fn(Happening)) -> End {
        let kept = Arc::clone(&self.kept);
        let _open = Open::now(&kept);
        loop {
            match lines.next().await {
                Ok(Some(line)) => match self.take(line) {
                    Took::Nothing => {}
                    Took::Change(what) => wake(what),
                    Took::End(end) => return end,
                },
                Ok(None) => return End::Closed,
                Err(TooLong) => return End::Failed,
            }
        }
    }

    fn take(&mut self, line: &[u8]) -> Took {
        let Ok(event) = serde_json::from_slice::<Event>(line) else { return Took::End(End::Failed) };
        if event.kind == "ERROR" {
            return Took::End(if event.object.code == 410 { End::Expired } else { End::Failed });
        }
        if !event.object.metadata.resource_version.is_empty() {
            self.version.clone_from(&event.object.metadata.resource_version);
            self.newest.note(self.kind, &self.version);
        }
        let uid = &event.object.metadata.uid;
        match event.kind.as_str() {
            "BOOKMARK" => Took::Nothing,
            _ if self.kind == PODS => match serde_json::from_slice::<PodEvent>(line) {
                Ok(event) => match self.kept.take(event.kind == "DELETED", &event.object) {
                    PodNews::LastGone => Took::Change(Happening::PodsGone),
                    PodNews::CannotStart => Took::Change(Happening::Rollout),
                    PodNews::Nothing => Took::Nothing,
                },
                Err(_) => {
                    self.kept.missed();
                    Took::Nothing
                }
            },
            "DELETED" => {
                self.known.remove(uid);
                self.kept.workload_gone();
                Took::Change(Happening::Unsettled)
            }
            _ => {
                let telling = Telling::of(&event.object);
                let before = self.known.insert(uid.clone(), telling);
                if let Some(kind) = self.kind.workload() {
                    self.kept.take_workload(kind, line);
                }
                if before == Some(telling) {
                    return Took::Nothing;
                }
                if telling.is_unsettled_since(before) {
                    Took::Change(Happening::Unsettled)
                } else if telling.ends_a_wait() {
                    Took::Change(Happening::Rollout)
                } else {
                    Took::Nothing
                }
            }
        }
    }
}

#[derive(Deserialize)]
struct PodEvent {
    #[serde(rename = "type")]
    kind: String,
    object: Pod,
}

#[derive(Debug, PartialEq, Eq)]
enum Took {
    Nothing,
    Change(Happening),
    End(End),
}

/// What of a workload is worth waking for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Telling {
    generation: i64,
    observed: bool,
    paused: bool,
    settled: bool,
    /// All are of the newest revision, and some do not serve.
    short: bool,
    stuck: bool,
}

impl Telling {
    /// Whether it was over before, as far as anybody has seen, and is not any more though nobody has changed it.
    fn is_unsettled_since(self, before: Option<Telling>) -> bool {
        let was = |before: Telling| before.observed && before.settled && before.generation == self.generation;
        self.observed && !self.settled && before.map_or(self.short, was)
    }

    fn ends_a_wait(self) -> bool {
        self.paused || self.observed && (self.settled || self.stuck)
    }

    fn of(object: &Object) -> Telling {
        let Object { metadata, spec, status, .. } = object;
        // A DaemonSet wants as many pods as its status counts nodes; the others say so in their specification.
        let nodes = &status.desired_number_scheduled;
        // As `sets` reads them: a StatefulSet, which alone names revisions, counted no available pods before 1.22.
        let serving = match (status.update_revision.is_empty(), spec.min_ready_seconds) {
            (false, 0) => status.ready_replicas,
            _ => status.available_replicas,
        };
        let desired = nodes.or(spec.replicas).unwrap_or(1);
        let counts = match nodes {
            Some(_) => {
                [status.current_number_scheduled, status.updated_number_scheduled, status.number_available]
            }
            None => [status.replicas, status.updated_replicas, serving],
        };
        Telling {
            generation: metadata.generation,
            observed: status.observed_generation >= metadata.generation,
            paused: spec.paused,
            short: counts[..2].iter().all(|count| *count == desired) && counts[2] < desired,
            settled: counts.iter().all(|count| *count == desired)
                && status.current_revision == status.update_revision,
            stuck: status.conditions.iter().any(|condition| {
                condition.kind == "Progressing" && condition.reason == "ProgressDeadlineExceeded"
            }),
        }
    }
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    object: Object,
}

/// As much of a workload, a pod or a `Status` as is needed here.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Object {
    metadata: Metadata,
    spec: Spec,
    #[serde(deserialize_with = "object_or_nothing")]
    status: Status,
    code: u16,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    uid: String,
    resource_version: String,
    generation: i64,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    paused: bool,
    replicas: Option<i64>,
    min_ready_seconds: i64,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    observed_generation: i64,
    replicas: i64,
    updated_replicas: i64,
    available_replicas: i64,
    ready_replicas: i64,
    current_revision: String,
    update_revision: String,
    desired_number_scheduled: Option<i64>,
    current_number_scheduled: i64,
    updated_number_scheduled: i64,
    number_available: i64,
    conditions: Vec<Condition>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    reason: String,
}

/// The `status` of a `Status` object is a word.
fn object_or_nothing<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Status, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Object(Status),
        Other(serde::de::IgnoredAny),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Object(status) => status,
        Either::Other(_) => Status::default(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::api::DEPLOYMENTS;
    use super::super::look::Subject;
    use super::super::workloads::view_in_event;
    use super::*;
    use crate::model::WorkloadKind;

    fn watch(kind: Kind) -> Watch {
        let (kept, newest) = (Arc::default(), Arc::default());
        Watch { kind, version: "1".into(), known: HashMap::new(), kept, newest }
    }

    fn deployment(version: &str, generation: i64, status: Value) -> Vec<u8> {
        let metadata = json!({"uid": "u", "resourceVersion": version, "generation": generation});
        json!({"type": "MODIFIED", "object": {"metadata": metadata, "spec": {"replicas": 3}, "status": status}})
            .to_string()
            .into_bytes()
    }

    fn counts(observed: i64, updated: i64) -> Value {
        json!({"observedGeneration": observed, "replicas": 3, "updatedReplicas": updated, "availableReplicas": 3,
            "conditions": [{"type": "Available", "status": "True"}]})
    }

    #[test]
    fn only_what_a_wait_can_end_on_wakes() {
        let mut watch = watch(DEPLOYMENTS);
        assert_eq!(watch.take(&deployment("2", 2, counts(1, 3))), Took::Nothing, "patched");
        assert_eq!(watch.take(&deployment("3", 2, counts(2, 0))), Took::Nothing, "observed");
        assert_eq!(watch.take(&deployment("4", 2, counts(2, 1))), Took::Nothing, "one of three");
        assert_eq!(
            watch.take(&deployment("5", 2, counts(2, 3))),
            Took::Change(Happening::Rollout),
            "complete"
        );
        assert_eq!(watch.version, "5");
    }

    #[test]
    fn numbers_that_wake_nobody_are_kept_for_whoever_looks() {
        let mut watch = watch(DEPLOYMENTS);
        watch.kept.know(Vec::new(), BTreeSet::new(), Subject::default());
        watch.kept.expect(1);
        watch.kept.opened();
        let event = |updated: i64| {
            let metadata = json!({"uid": "u", "name": "d", "namespace": "n", "generation": 2});
            let spec = json!({"replicas": 3, "selector": {}, "template": {}});
            let status = counts(2, updated);
            json!({"type": "MODIFIED", "object": {"metadata": metadata, "spec": spec, "status": status}})
                .to_string()
                .into_bytes()
        };
        let known = view_in_event(WorkloadKind::Deployment, &event(0), &Subject::default(), &[]).unwrap();
        for updated in 0..3 {
            assert_eq!(watch.take(&event(updated)), Took::Nothing);
            let told = watch.kept.told_of(std::slice::from_ref(&known)).unwrap();
            assert_eq!(i64::from(told[0].updated), updated);
        }
    }

    #[test]
    fn sets_wake_when_they_are_complete() {
        let mut watch = watch(super::super::api::STATEFUL_SETS);
        let event = |version: &str, status: Value| {
            let metadata = json!({"uid": "s", "resourceVersion": version, "generation": 2});
            json!({"type": "MODIFIED", "object": {"metadata": metadata, "spec": {"replicas": 3}, "status": status}})
                .to_string()
                .into_bytes()
        };
        let stateful = |current: &str, updated: i64| {
            json!({"observedGeneration": 2, "replicas": 3, "updatedReplicas": updated, "readyReplicas": 3,
                "availableReplicas": 3, "currentRevision": current, "updateRevision": "b"})
        };
        assert_eq!(watch.take(&event("2", stateful("a", 0))), Took::Nothing, "begun");
        assert_eq!(watch.take(&event("3", stateful("a", 3))), Took::Nothing, "the status has not caught up");
        assert_eq!(watch.take(&event("4", stateful("b", 3))), Took::Change(Happening::Rollout), "complete");
        // Another one.
        watch.known.clear();
        let daemon = |updated: i64| {
            json!({"observedGeneration": 2, "desiredNumberScheduled": 5, "currentNumberScheduled": 5,
                "updatedNumberScheduled": updated, "numberAvailable": 5})
        };
        assert_eq!(watch.take(&event("5", daemon(4))), Took::Nothing);
        assert_eq!(watch.take(&event("6", daemon(3))), Took::Nothing);
        assert_eq!(watch.take(&event("7", daemon(5))), Took::Change(Happening::Rollout), "complete");
    }

    /// From Kubernetes 1.20, which counts no available pods of a StatefulSet.
    #[test]
    fn recorded_sets_wake_once_when_the_last_pod_is_ready() {
        let recorded: [(&str, Kind, &str); 2] = [
            (
                "statefulsets",
                super::super::api::STATEFUL_SETS,
                include_str!("../../../fixtures/recordings/sets/statefulset-healthy.jsonl"),
            ),
            (
                "daemonsets",
                super::super::api::DAEMON_SETS,
                include_str!("../../../fixtures/recordings/sets/daemonset-healthy.jsonl"),
            ),
        ];
        for (resource, kind, text) in recorded {
            let mut watch = watch(kind);
            let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let events: Vec<Value> = lines.filter(|line| line["resource"] == resource).collect();
            let woken: Vec<usize> = (0..events.len())
                .filter(|place| {
                    let event = events[*place]["event"].to_string();
                    watch.take(event.as_bytes()) != Took::Nothing
                })
                .collect();
            assert_eq!(woken, [events.len() - 1], "{resource}");
        }
    }

    #[test]
    fn what_is_gone_or_paused_and_lacks_pods_is_looked_at_whatever_is_waited_for() {
        let unsettled = Took::Change(Happening::Unsettled);
        let mut watch = watch(DEPLOYMENTS);
        watch.take(&deployment("2", 2, counts(2, 3)));
        let paused = |version: &str, available: i64| {
            let mut event: Value = serde_json::from_slice(&deployment(version, 2, counts(2, 3))).unwrap();
            event["object"]["spec"]["paused"] = json!(true);
            event["object"]["status"]["availableReplicas"] = json!(available);
            event.to_string().into_bytes()
        };
        assert_eq!(watch.take(&paused("3", 3)), Took::Change(Happening::Rollout));
        assert_eq!(watch.take(&paused("4", 2)), unsettled);
        let gone = deployment("5", 2, counts(2, 3));
        let gone = String::from_utf8(gone).unwrap().replace("MODIFIED", "DELETED");
        assert_eq!(watch.take(gone.as_bytes()), unsettled);
    }

    #[test]
    fn what_was_through_and_lacks_pods_wakes_and_what_rolls_out_does_not() {
        let lacks = |available: i64| {
            let mut status = counts(2, 3);
            status["availableReplicas"] = json!(available);
            status
        };
        let unsettled = Took::Change(Happening::Unsettled);
        let mut late = watch(DEPLOYMENTS);
        assert_eq!(late.take(&deployment("2", 2, lacks(2))), unsettled, "all that is known of it");
        assert_eq!(late.take(&deployment("3", 2, lacks(1))), Took::Nothing, "said already");
        let mut watch = watch(DEPLOYMENTS);
        watch.take(&deployment("4", 2, counts(2, 3)));
        assert_eq!(watch.take(&deployment("5", 2, lacks(2))), unsettled);
        assert_eq!(watch.take(&deployment("6", 2, counts(2, 3))), Took::Change(Happening::Rollout));
        let evicted = counts(2, 2);
        assert_eq!(watch.take(&deployment("7", 2, evicted)), unsettled, "a pod went");
        watch.take(&deployment("8", 2, counts(2, 3)));
        assert_eq!(watch.take(&deployment("9", 3, counts(2, 3))), Took::Nothing, "restarted");
        assert_eq!(watch.take(&deployment("10", 3, counts(3, 0))), Took::Nothing);
        assert_eq!(watch.take(&deployment("11", 3, counts(3, 2))), Took::Nothing);
        let mut last = counts(3, 3);
        last["availableReplicas"] = json!(2);
        assert_eq!(watch.take(&deployment("12", 3, last)), Took::Nothing, "it was not over yet");
    }

    #[test]
    fn a_stuck_and_a_paused_rollout_wake() {
        let mut watch = watch(DEPLOYMENTS);
        let mut stuck = counts(2, 1);
        stuck["conditions"] = json!([{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]);
        assert_eq!(watch.take(&deployment("2", 2, counts(2, 1))), Took::Nothing);
        assert_eq!(watch.take(&deployment("3", 2, stuck)), Took::Change(Happening::Rollout));
        let paused = json!({"type": "MODIFIED", "object": {"metadata": {"uid": "u", "generation": 3},
            "spec": {"replicas": 3, "paused": true}, "status": counts(2, 1)}});
        assert_eq!(watch.take(paused.to_string().as_bytes()), Took::Change(Happening::Rollout));
    }

    #[test]
    fn pods_wake_nobody_by_being_there_and_bookmarks_only_move_the_version() {
        let mut watch = watch(PODS);
        let event = |kind: &str, version: &str| {
            json!({"type": kind, "object": {"metadata": {"uid": "p", "resourceVersion": version},
                "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}})
            .to_string()
            .into_bytes()
        };
        assert_eq!(watch.take(&event("ADDED", "2")), Took::Nothing);
        assert_eq!(watch.take(&event("BOOKMARK", "7")), Took::Nothing);
        assert_eq!(watch.version, "7");
        assert_eq!(watch.take(&event("DELETED", "8")), Took::Nothing, "it does not get the secret");
    }

    /// As Kubernetes 1.36 encodes them: empty objects of their kind.
    #[test]
    fn bookmarks_of_workloads_only_move_the_version() {
        let meta =
            r#""metadata":{"resourceVersion":"123","annotations":{"k8s.io/initial-events-end":"true"}}"#;
        let template = r#""selector":null,"template":{"metadata":{},"spec":{"containers":null}}"#;
        for (kind, rest, status) in [
            (DEPLOYMENTS, r#""strategy":{}"#, ""),
            (
                super::super::api::STATEFUL_SETS,
                r#""serviceName":"","updateStrategy":{}"#,
                r#""replicas":0,"availableReplicas":0"#,
            ),
            (
                super::super::api::DAEMON_SETS,
                r#""updateStrategy":{}"#,
                r#""currentNumberScheduled":0,"numberMisscheduled":0,"desiredNumberScheduled":0,"numberReady":0"#,
            ),
        ] {
            let line = format!(
                r#"{{"type":"BOOKMARK","object":{{{meta},"spec":{{{template},{rest}}},"status":{{{status}}}}}}}"#
            );
            let mut watch = watch(kind);
            assert_eq!(watch.take(line.as_bytes()), Took::Nothing, "{line}");
            assert_eq!((watch.version.as_str(), watch.known.len()), ("123", 0), "{line}");
        }
    }

    #[test]
    fn an_error_in_the_stream_ends_it_and_a_410_says_why() {
        // Word for word what a server sends for a version that it no longer keeps.
        let line = br#"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: 1 (1133)","reason":"Expired","code":410}}"#;
        assert_eq!(watch(PODS).take(line), Took::End(End::Expired));
        let other = br#"{"type":"ERROR","object":{"kind":"Status","status":"Failure","code":500}}"#;
        assert_eq!(watch(PODS).take(other), Took::End(End::Failed));
        assert_eq!(watch(PODS).take(b"<html>"), Took::End(End::Failed));
    }

    #[tokio::test]
    async fn a_signal_wakes_once_and_a_look_makes_it_void() {
        let signal = Signal::default();
        let stamp = StampName::new("eastus");
        signal.raise(&stamp, Happening::Rollout);
        signal.raise(&stamp, Happening::Rollout);
        assert_eq!(signal.changed().await.len(), 1);
        let again = futures::future::poll_immediate(signal.changed()).await;
        assert!(again.is_none(), "both were reported");
        signal.raise(&stamp, Happening::PodsGone);
        signal.clear(&stamp);
        assert!(futures::future::poll_immediate(signal.changed()).await.is_none());
    }
}
