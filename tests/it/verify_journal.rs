//! `verify` after a restart of pods that read a Kubernetes Secret which the CSI driver fills: what it makes of the journal.

use std::time::Duration;

use jiff::Timestamp;
use keyslot::journal::{Journal, StorePlace, open_store};
use keyslot::model::{KeyKind, KeyMaterial, SecretVersion, Slot, StampName, WorkloadName};
use keyslot::rotation::{Event, Intent, Leg, Step};
use keyslot::sim::config::KeySource;
use keyslot::sim::{Command, DeploymentPatch, Holds, World};

use crate::alone::{Ran, opened, ran};
use crate::harm_scenarios::small;
use crate::journey::later;
use crate::live::Live;

const MINUTE: Duration = Duration::from_secs(60);

fn workload() -> WorkloadName {
    WorkloadName::new("workload", "catalogservice-deploy")
}

/// A world in which every vault got the other key, and some time later every pod was restarted; and when that was.
fn restarted() -> (World, Timestamp, Vec<(StampName, SecretVersion)>) {
    let mut config = small();
    config.workloads[0].key = KeySource::SyncedSecret("cosmos".to_owned());
    let mut world = World::new(config);
    let stamps: Vec<StampName> = world.stamps().map(|stamp| stamp.name.clone()).collect();
    let key = world.account().current(KeyKind::read_write(Slot::Secondary)).unwrap();
    let value = KeyMaterial::clone(&key.material);
    for stamp in stamps.iter().cloned() {
        world.apply(Command::SetSecret { stamp, value: value.clone() }).unwrap();
    }
    world.advance_to(later(world.now(), MINUTE * 40));
    let at = world.now();
    for stamp in stamps.iter().cloned() {
        let patch = DeploymentPatch::annotate("kubectl.kubernetes.io/restartedAt", "then");
        world.apply(Command::Patch { stamp, workload: workload(), patch }).unwrap();
    }
    world.advance_to(later(at, MINUTE * 60));
    let version = |stamp: StampName| {
        let version = world.stamp(&stamp).unwrap().vault.current().unwrap().id.clone();
        (stamp, version)
    };
    let versions = stamps.into_iter().map(version).collect();
    (world, at, versions)
}

/// What a restart that keyslot has sent notes beforehand.
fn noted((stamp, version): (StampName, SecretVersion), at: Timestamp) -> Intent {
    let step =
        Step::Restart { leg: Leg::Out, stamp, workload: workload(), version, restarted_at: at.to_string() };
    Intent {
        key: step.key(),
        attempt: 1,
        step,
        generation_before: None,
        evidence: String::new(),
        commit: None,
        secrets: vec!["workload/cosmos".to_owned()],
    }
}

async fn record(live: &Live, events: Vec<(Timestamp, Event)>) {
    let place = StorePlace::parse("state", &live.stage.folder).unwrap().join("prod").join("journal");
    let mut journal: Journal<Event> = Journal::open(open_store(&place, None).unwrap()).await.unwrap();
    for (at, event) in events {
        journal.append(event, at).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_restart_has_noted_dates_what_its_pods_read() {
    let (world, at, versions) = restarted();
    let truth = world.outcome();
    assert!(truth.stamps.iter().all(|stamp| stamp.pods_slot == Holds::Secondary), "{truth:?}");
    let live = Live::of(world, 60.0);
    let Ran { code, data, .. } = ran(&live, &["verify"], &[]);
    assert_eq!(code, 5, "nobody tells since when the Secret holds it: {data}");
    assert!(data.contains("written after they began") && !data.contains("journal"), "{data}");

    let intents = versions.into_iter().map(|version| noted(version, at)).collect();
    record(&live, vec![(at, opened(&live)), (at, Event::Intended { intents })]).await;
    let Ran { code, data, talk } = ran(&live, &["verify"], &[]);
    assert_eq!(code, 0, "{data}{talk}");
    assert!(data.contains("everybody uses the secondary key"), "{data}");
    assert_eq!(live.newest_record(), "intended", "nothing is written");

    let records = live.stage.folder.join("state").join("prod").join("journal");
    for entry in std::fs::read_dir(records).unwrap() {
        std::fs::write(entry.unwrap().path(), "{}").unwrap();
    }
    let Ran { code, data, .. } = ran(&live, &["verify"], &[]);
    assert_eq!(code, 5, "{data}");
    assert!(data.contains("worth knowing") && data.contains("the journal cannot be read"), "{data}");
}

/// Another version than the noted one: somebody wrote the vaults once more, and restarted by hand.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_noted_of_another_version_dates_nothing() {
    let (world, at, versions) = restarted();
    let live = Live::of(world, 60.0);
    let other = versions.into_iter().map(|(stamp, _)| noted((stamp, SecretVersion::new("0")), at));
    let intents = other.collect();
    record(&live, vec![(at, opened(&live)), (at, Event::Intended { intents })]).await;
    let Ran { code, data, .. } = ran(&live, &["verify"], &[]);
    assert_eq!(code, 5, "{data}");
    assert!(data.contains("written after they began"), "{data}");
}
