//! What of a workload is worth waking for.

use super::event::Object;

/// What of a workload is worth waking for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Telling {
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
    pub(super) fn is_unsettled_since(self, before: Option<Telling>) -> bool {
        let was = |before: Telling| before.observed && before.settled && before.generation == self.generation;
        self.observed && !self.settled && before.map_or(self.short, was)
    }

    pub(super) fn ends_a_wait(self) -> bool {
        self.paused || self.observed && (self.settled || self.stuck)
    }

    pub(super) fn of(object: &Object) -> Telling {
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
