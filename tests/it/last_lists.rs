//! Before what cannot be taken back, clusters are listed anew: what was told of them since their last lists is not enough.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use keyslot::model::{ClusterView, Salt, StampName};
use keyslot::ports::{Clusters, Fault, Glance, Ports};
use keyslot::sim::{SharedWorld, Span, WorldConfig};

use crate::between::{self, Between};
use crate::in_memory::Theatre;

const MINUTE: Duration = Duration::from_secs(60);

/// By which of both a stamp was seen, before the key was regenerated.
type Sights = Arc<Mutex<Vec<(StampName, bool)>>>;

struct Told {
    inner: Arc<dyn Clusters>,
    world: SharedWorld,
    sights: Sights,
}

impl Told {
    fn note(&self, stamp: &StampName, listed: bool) {
        if self.world.lock().account().operations().is_empty() {
            self.sights.lock().unwrap().push((stamp.clone(), listed));
        }
    }
}

#[async_trait]
impl Between for Told {
    fn behind(&self) -> &dyn Clusters {
        self.inner.as_ref()
    }

    async fn look(&self, stamp: &StampName, salt: &Salt) -> Result<ClusterView, Fault> {
        self.note(stamp, true);
        self.inner.look(stamp, salt).await
    }

    async fn glance(
        &self,
        stamp: &StampName,
        salt: &Salt,
        _: Glance,
    ) -> Result<(ClusterView, Duration), Fault> {
        self.note(stamp, false);
        Ok((self.inner.look(stamp, salt).await?, Duration::ZERO))
    }

    fn follows(&self, _: &StampName) -> bool {
        true
    }
}

#[test]
fn a_key_is_regenerated_on_lists_however_young_what_was_told_is() {
    let mut config = WorldConfig::default().with_stamps(2);
    config.workloads.truncate(1);
    config.workloads[0].ends_in = Span::exactly(MINUTE * 4);
    config.account.tells_last_use = false;
    let mut theatre = Theatre::new(config);
    theatre.policy.ages.regenerate = MINUTE * 600;
    let sights = Sights::default();
    let around = |ports: Ports| {
        let (world, sights) = (theatre.world.clone(), Arc::clone(&sights));
        between::with(ports, |inner| Told { inner, world, sights })
    };
    theatre.rotated(around);
    let sights = sights.lock().unwrap();
    assert!(sights.iter().any(|(_, listed)| !listed), "something was told: {sights:?}");
    for facts in &theatre.policy.stamps {
        let last = sights.iter().rfind(|(stamp, _)| *stamp == facts.name);
        assert!(last.is_some_and(|(_, listed)| *listed), "{}: {sights:?}", facts.name);
    }
}
