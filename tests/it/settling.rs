//! When the vault's lag is over, a stamp is looked at once more before it is restarted, and once only.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use keyslot::model::{ClusterView, RoomView, Salt, StampName, WorkloadName};
use keyslot::ports::{Changed, Clusters, Effect, Fault, Glance, Permit, Ports, RestartMark};
use keyslot::sim::{SharedWorld, WorldConfig};

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
impl Clusters for Noting {
    async fn look(&self, stamp: &StampName, salt: &Salt) -> Result<ClusterView, Fault> {
        self.note(stamp, Asked::Look);
        self.inner.look(stamp, salt).await
    }

    async fn glance(
        &self,
        stamp: &StampName,
        salt: &Salt,
        _: Glance,
    ) -> Result<(ClusterView, Duration), Fault> {
        Ok((self.look(stamp, salt).await?, Duration::ZERO))
    }

    async fn room(&self, stamp: &StampName) -> Result<RoomView, Fault> {
        self.inner.room(stamp).await
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

    async fn changed(&self) -> BTreeSet<Changed> {
        self.inner.changed().await
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
    let around = |ports: Ports| Ports {
        clusters: Arc::new(Noting {
            inner: Arc::clone(&ports.clusters),
            world: theatre.world.clone(),
            calls: Arc::clone(&calls),
        }),
        ..ports
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
