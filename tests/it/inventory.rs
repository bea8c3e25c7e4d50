//! Azure Resource Graph against the simulated world's, over TLS.

use std::collections::{BTreeMap, BTreeSet};

use keyslot::adapters::arm::ArmAccess;
use keyslot::adapters::cosmos::PUBLIC_ENDPOINT;
use keyslot::adapters::resource_graph::{InventorySettings, ResourceGraph};
use keyslot::model::{Blindness, ResourceKind};
use keyslot::ports::Inventory as _;
use keyslot::sim::WorldConfig;
use keyslot::sim::config::UnitConfig;

use crate::wire_azure::Rig;
use crate::wire_core::client;

struct Named {
    vaults: BTreeSet<String>,
    clusters: BTreeSet<String>,
    subscription: String,
}

/// What a configuration would list: the stamps that take traffic.
fn named(rig: &Rig) -> Named {
    rig.simulation.world.with(|world| {
        let live = || world.stamps().filter(|stamp| world.units()[stamp.unit].traffic);
        Named {
            vaults: live().map(|stamp| stamp.vault.name.to_uppercase()).collect(),
            clusters: live().map(|stamp| stamp.cluster.name.clone()).collect(),
            subscription: world.account().config().id.subscription.clone(),
        }
    })
}

fn graph(rig: &Rig, change: impl FnOnce(&mut InventorySettings)) -> ResourceGraph {
    let Named { vaults, clusters, subscription } = named(rig);
    let mut settings = InventorySettings {
        endpoint: PUBLIC_ENDPOINT.parse().unwrap(),
        subscriptions: vec![subscription],
        names: Vec::new(),
        tags: BTreeMap::from([("prefix".to_owned(), "AFMC*".to_owned())]),
        branch_tag: "Branch".to_owned(),
        vaults,
        clusters,
    };
    change(&mut settings);
    let access = ArmAccess {
        http: client(&rig.simulation.wire),
        tokens: rig.tokens.clone(),
        scope: format!("{PUBLIC_ENDPOINT}/.default"),
        clock: rig.clock.clone(),
    };
    ResourceGraph::new(access, settings)
}

/// More stamps than one page has rows for, and a unit that nobody lists.
fn rig(stamps: usize) -> Rig {
    let mut config = WorldConfig::default().with_stamps(stamps);
    config.units.push(UnitConfig::idle("afmcprd0", "release/2025.12.0", 1));
    Rig::new(config)
}

#[tokio::test]
async fn a_stamp_that_nobody_listed_is_found_by_tag_and_by_name() {
    let rig = rig(60);
    let view = graph(&rig, |_| {}).look().await.unwrap();
    assert_eq!(view.alike, 122);
    let found: Vec<(ResourceKind, &str)> =
        view.unlisted.iter().map(|one| (one.kind, one.name.as_str())).collect();
    let (cluster, vault) = ("afmcprd0-northeurope-aks", "afmcprd0-northeurope-kv");
    assert_eq!(found, [(ResourceKind::Cluster, cluster), (ResourceKind::Vault, vault)]);
    assert!(rig.simulation.wire.transcript().count("POST", "Microsoft.ResourceGraph/resources") > 1, "pages");
    let branches: Vec<&str> = view.branches.iter().map(String::as_str).collect();
    assert_eq!(branches, ["release/2026.1.0"], "of the listed ones, by their tags");

    let by_name = graph(&rig, |settings| {
        settings.tags.clear();
        settings.names = vec!["*prd0*-KV".to_owned()];
        // Where clusters are found by kubeconfig, nobody knows what they are called in Azure.
        settings.clusters.clear();
    });
    let view = by_name.look().await.unwrap();
    assert_eq!((view.alike, view.unlisted.len(), view.unlisted[0].name.as_str()), (1, 1, vault));
}

#[tokio::test]
async fn an_answer_that_shows_nothing_that_is_known_is_no_answer() {
    let rig = rig(2);
    let fault = graph(&rig, |settings| settings.subscriptions = vec!["another".to_owned()]).look().await;
    let fault = fault.unwrap_err();
    assert_eq!(fault.kind, Blindness::Forbidden, "{fault}");
    assert!(fault.to_string().contains("Reader"), "{fault}");
}
