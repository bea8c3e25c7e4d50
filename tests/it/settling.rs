//! When the vault's lag is over, a stamp is looked at once more before it is restarted, and once only.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use keyslot::model::{ClusterView, Salt, StampName, WorkloadName};
use keyslot::ports::{Clusters, Effect, Fault, Permit, Ports, RestartMark};
use keyslot::sim::{SharedWorld, WorldConfig};

use crate::between::{self, Between};
use crate::in_memory::Theatre;
use crate::journey::later;

/// What a stamp was asked for, and when.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Asked {
    Look,
    Restart,
}

type Calls = Arc<Mutex<Vec<(Timestamp, StampName, Asked)>>>;

struct Noting {
    inner: Arc<dyn Clusters>,
    world: SharedWorld,
    calls: Calls,
}

impl Noting {
    fn note(&self, stamp: &StampName, asked: Asked) {
        let now = self.world.lock().now();
        self.calls.lock().unwrap().push((now, stamp.clone(), asked));
    }
}

#[async_trait]
impl Between for Noting {
    fn behind(&self) -> &dyn Clusters {
        self.inner.as_ref()
    }

    async fn look(&self, stamp: &StampName, salt: &Salt) -> Result<ClusterView, Fault> {
        self.note(stamp, Asked::Look);
        self.inner.look(stamp, salt).await
    }

    async fn restart(
        &self,
        stamp: &StampName,
        workload: &WorkloadName,
        mark: &RestartMark,
        permit: &Permit,
    ) -> Effect<i64> {
        self.note(stamp, Asked::Restart);
        self.inner.restart(stamp, workload, mark, permit).await
    }
}

#[test]
fn the_stamp_that_is_restarted_first_is_looked_at_once_when_its_vault_has_settled() {
    let mut config = WorldConfig::default().with_stamps(2);
    config.workloads.truncate(1);
    config.account.tells_last_use = false;
    let mut theatre = Theatre::new(config);
    // Else it is looked at every few seconds meanwhile.
    theatre.policy.pace.pipeline = Duration::from_secs(900);
    let calls = Calls::default();
    let around = |ports: Ports| {
        let (world, calls) = (theatre.world.clone(), Arc::clone(&calls));
        between::with(ports, |inner| Noting { inner, world, calls })
    };
    theatre.rotated(around);
    let calls = calls.lock().unwrap();
    let first = calls.iter().position(|(_, _, asked)| *asked == Asked::Restart).unwrap();
    let (at, canary, _) = calls[first].clone();
    let before: Vec<_> = calls[..first]
        .iter()
        .filter(|(when, stamp, _)| *stamp == canary && later(*when, Duration::from_secs(60)) > at)
        .collect();
    assert_eq!(before.len(), 1, "{:?}", &calls[..=first]);
}
