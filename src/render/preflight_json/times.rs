//! Waits and estimates, for machines.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::rotation::{Estimate, Waits};

/// Zero where there is none, or where it is over.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WaitsV1 {
    /// Until the key of the slot to move to is unused, where it is made anew first.
    pub renewal_seconds: u64,
    /// Until every replica of a vault answers with the new version.
    pub settling_seconds: u64,
    /// In which the canary runs on the new key.
    pub soak_seconds: u64,
    /// Until it is known of each wave whom the account refuses, before the next one.
    pub judging_seconds: u64,
    /// In which the old key is unused.
    pub quiet_seconds: u64,
    /// In which the regenerated key is accepted again and again.
    pub confirm_seconds: u64,
    pub total_seconds: u64,
}

/// How long rollouts may take, by what workloads prescribe and how their pods did before.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EstimateV1 {
    pub least_seconds: u64,
    /// Null where nothing tells how long it takes at most.
    pub most_seconds: Option<u64>,
}

pub(super) fn waits(waits: &Waits) -> WaitsV1 {
    let Waits { renewal, settling, soak, judging, quiet, confirm } = waits;
    WaitsV1 {
        renewal_seconds: renewal.as_secs(),
        settling_seconds: settling.as_secs(),
        soak_seconds: soak.as_secs(),
        judging_seconds: judging.as_secs(),
        quiet_seconds: quiet.as_secs(),
        confirm_seconds: confirm.as_secs(),
        total_seconds: waits.total().as_secs(),
    }
}

pub(super) fn estimate(Estimate { least, most }: Estimate) -> EstimateV1 {
    EstimateV1 { least_seconds: least.as_secs(), most_seconds: most.map(up) }
}

/// Rounded up: it is the most that it may take.
fn up(most: Duration) -> u64 {
    most.as_secs() + u64::from(most.subsec_nanos() > 0)
}
