//! What a workload prescribes of the time that its pods take.

use std::time::Duration;

/// By its specification and its pod template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PodTimes {
    /// A pod counts as available when it has been ready for so long (`minReadySeconds`).
    pub min_ready: Duration,
    /// A pod that is told to end may take so long.
    pub grace: Duration,
    /// Before its readiness is asked for first; the longest of its containers.
    pub probe_delay: Duration,
}
