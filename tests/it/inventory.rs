//! Azure Resource Graph against the simulated world's, over TLS.

use std::collections::BTreeMap;

use keyslot::adapters::arm::ArmAccess;
use keyslot::adapters::cosmos::PUBLIC_ENDPOINT;
use keyslot::adapters::resource_graph::{InventorySettings, ListedCluster, ListedStamp, ResourceGraph};
use keyslot::model::{Blindness, ResourceKind, Unlisted};
use keyslot::ports::Inventory as _;
use keyslot::sim::config::UnitConfig;
use keyslot::sim::{self, Operation, Target, Trouble, When, WorldConfig};

use crate::wire_azure::Rig;
use crate::wire_core::client;

/// What a configuration would list: the stamps that take traffic.
fn listed(rig: &Rig) -> Vec<ListedStamp> {
    rig.simulation.world.with(|world| {
        let live = world.stamps().filter(|stamp| world.units()[stamp.unit].traffic);
        live.map(|stamp| ListedStamp {
            name: stamp.name.clone(),
            vault: stamp.vault.name.to_uppercase(),
            cluster: Some(ListedCluster {
                subscription: stamp.subscription.clone(),
                resource_group: stamp.resource_group.to_uppercase(),
                name: stamp.cluster.name.clone(),
            }),
            context: None,
        })
        .collect()
    })
}

fn graph(rig: &Rig, change: impl FnOnce(&mut InventorySettings)) -> ResourceGraph {
    let subscription = rig.simulation.world.with(|world| world.account().config().id.subscription.clone());
    let mut settings = InventorySettings {
        endpoint: PUBLIC_ENDPOINT.parse().unwrap(),
        subscriptions: vec![subscription],
        names: Vec::new(),
        tags: BTreeMap::from([("prefix".to_owned(), "AFMC*".to_owned())]),
        branch_tag: "Branch".to_owned(),
        stamps: listed(rig),
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

fn names(found: &[Unlisted]) -> Vec<&str> {
    found.iter().map(|one| one.name.as_str()).collect()
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
    });
    let view = by_name.look().await.unwrap();
    assert_eq!((view.alike, names(&view.unlisted)), (1, vec![vault]));
    assert_eq!((view.unattributed.len(), view.absent.len()), (0, 0), "{view:?}");
    assert_eq!(view.unlike.len(), 60, "the pattern fits none of those that are listed");
}

#[tokio::test]
async fn two_clusters_of_one_name_are_told_apart_by_their_place() {
    let mut config = WorldConfig::default().with_stamps(2);
    config.units[0].stamps[0].cluster = Some("aks-neu".to_owned());
    config.units.push(UnitConfig::idle("afmcprd0", "release/2025.12.0", 1));
    config.units[1].stamps[0].cluster = Some("AKS-NEU".to_owned());
    let rig = Rig::new(config);
    let view = graph(&rig, |_| {}).look().await.unwrap();
    assert_eq!(names(&view.unlisted), ["AKS-NEU", "afmcprd0-northeurope-kv"], "{view:?}");
    assert_eq!(view.unlisted[0].resource_group, "afmcprd0-northeurope-rg");
    assert!(view.absent.is_empty(), "{view:?}");
    // By a context that is called so, it may be either.
    let view = graph(&rig, |settings| {
        settings.stamps[0].cluster = None;
        settings.stamps[0].context = Some("aks-neu".to_owned());
    });
    let view = view.look().await.unwrap();
    assert_eq!(names(&view.unattributed).len(), 2, "{view:?}");
    assert_ne!(view.name_of(&view.unattributed[0]), view.name_of(&view.unattributed[1]));
    // The one that is listed is not there: the other one of its name is no sign of it.
    let view = graph(&rig, |settings| {
        settings.stamps[0].cluster.as_mut().unwrap().resource_group = "elsewhere-rg".to_owned();
    });
    let view = view.look().await.unwrap();
    assert_eq!((view.absent.len(), view.unlisted.len()), (1, 3), "{view:?}");
}

#[tokio::test]
async fn patterns_are_measured_by_the_stamps_that_are_listed() {
    let rig = rig(2);
    let unlike = async |names: &[&str]| {
        let graph = graph(&rig, |settings| {
            settings.tags.clear();
            settings.names = names.iter().map(|name| (*name).to_owned()).collect();
        });
        graph.look().await.unwrap().unlike.len()
    };
    // One of its parts is enough to find a stamp by.
    assert_eq!(unlike(&["*-kv"]).await, 0);
    assert_eq!(unlike(&["*-eastus2-aks"]).await, 1);
    assert_eq!(unlike(&["acme-prd-*"]).await, 2);
}

#[tokio::test]
async fn a_cluster_that_may_be_that_of_a_stamp_which_tells_none_is_told_as_that() {
    let rig = rig(3);
    let first = listed(&rig)[0].clone();
    let (own, strange) = (first.cluster.unwrap().name, "afmcprd0-northeurope-aks");
    // By kubeconfig alone, one of the two is the first stamp's, and nobody can say which.
    let view = graph(&rig, |settings| settings.stamps[0].cluster = None).look().await.unwrap();
    assert_eq!(names(&view.unattributed), [own.as_str(), strange], "{view:?}");
    assert_eq!(names(&view.unlisted), ["afmcprd0-northeurope-kv"], "vaults are always told");
    // Azure's own tools call a context like its cluster.
    for context in [own.clone(), format!("{own}-admin")] {
        let known = graph(&rig, |settings| {
            settings.stamps[0].cluster = None;
            settings.stamps[0].context = Some(context);
        });
        let view = known.look().await.unwrap();
        assert_eq!((names(&view.unattributed).len(), names(&view.unlisted)[0]), (0, strange), "{view:?}");
    }
    let renamed = graph(&rig, |settings| {
        settings.stamps[0].cluster = None;
        settings.stamps[0].context = Some("prod".to_owned());
    });
    assert_eq!(renamed.look().await.unwrap().unattributed.len(), 2);
}

#[tokio::test]
async fn what_is_configured_and_not_shown_is_told() {
    let rig = rig(2);
    let other = graph(&rig, |settings| {
        settings.stamps.push(ListedStamp {
            name: "elsewhere".into(),
            vault: "elsewhere-kv".to_owned(),
            cluster: Some(ListedCluster {
                subscription: settings.subscriptions[0].clone(),
                resource_group: "elsewhere-rg".to_owned(),
                name: "elsewhere-aks".to_owned(),
            }),
            context: None,
        });
    });
    let view = other.look().await.unwrap();
    let absent: Vec<(ResourceKind, &str)> =
        view.absent.iter().map(|one| (one.kind, one.name.as_str())).collect();
    assert_eq!(absent, [(ResourceKind::Vault, "elsewhere-kv"), (ResourceKind::Cluster, "elsewhere-aks")]);
    assert!(view.absent.iter().all(|one| one.stamp.as_str() == "elsewhere"));
}

#[tokio::test]
async fn an_answer_that_shows_nothing_that_is_known_is_no_answer() {
    let rig = rig(2);
    let fault = graph(&rig, |settings| settings.subscriptions = vec!["another".to_owned()]).look().await;
    let fault = fault.unwrap_err();
    assert_eq!(fault.kind, Blindness::Forbidden, "{fault}");
    assert!(fault.to_string().contains("Reader"), "{fault}");
}

/// As with a role on the resource groups of the listed stamps, which is all that they themselves want.
#[tokio::test]
async fn who_may_not_see_whole_subscriptions_is_not_told_that_there_is_no_other_stamp() {
    let elsewhere = "9a0c5c1e-0000-4000-8000-00000000b2b2";
    for other in [None, Some(elsewhere)] {
        let mut config = WorldConfig::default().with_stamps(2);
        config.units.push(UnitConfig::idle("afmcprd0", "release/2025.12.0", 1));
        config.units[1].stamps[0].subscription = other.map(str::to_owned);
        let all = |settings: &mut InventorySettings| settings.subscriptions.extend(other.map(str::to_owned));
        let seen = Rig::new(config.clone());
        assert_eq!(graph(&seen, all).look().await.unwrap().unlisted.len(), 2);
        let asked = seen.simulation.wire.transcript();
        let lists = ["Microsoft.KeyVault/vaults", "Microsoft.ContainerService/managedClusters"];
        let count = lists.map(|list| asked.count("GET", list));
        assert_eq!(count, [1 + usize::from(other.is_some()); 2], "a subscription and look");

        config.hidden_groups = vec!["afmcprd0-northeurope-rg".to_owned()];
        let rig = Rig::new(config);
        let subscription = match other {
            Some(other) => other.to_owned(),
            None => rig.simulation.world.with(|world| world.account().config().id.subscription.clone()),
        };
        let fault = graph(&rig, all).look().await.unwrap_err();
        assert_eq!(fault.kind, Blindness::Forbidden, "{fault}");
        let reader = format!("assign “Reader” on the subscription {subscription}");
        assert!(fault.remedy.starts_with(&reader), "{fault}");
    }
    // Each of the two kinds may be the one that is not seen.
    for operation in [Operation::ListVaults, Operation::ListClusters] {
        let fault = sim::Fault::new(When::Always, Target::operation(operation), Trouble::Forbidden);
        let rig = Rig::new(WorldConfig::default().with_fault(fault));
        assert_eq!(graph(&rig, |_| {}).look().await.unwrap_err().kind, Blindness::Forbidden);
    }
}
