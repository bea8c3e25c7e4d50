//! Clusters that are found through Azure, over TLS: their state, their kubeconfigs, and tokens of Entra.

use std::collections::BTreeMap;

use keyslot::adapters::arm::ArmAccess;
use keyslot::adapters::cosmos::PUBLIC_ENDPOINT;
use keyslot::adapters::http::HttpSettings;
use keyslot::adapters::kubernetes::{
    AksAccess, AksCluster, ClusterPlace, KubeconfigPlace, Kubernetes, StampCluster,
};
use keyslot::model::{Blindness, ClusterState, StampName};
use keyslot::ports::Clusters as _;
use keyslot::sim::wire::kubernetes::Kubeconfig;
use keyslot::sim::wire::{AKS_SERVER, kubernetes::User};
use keyslot::sim::{self, Command, Target, Trouble, When, WorldConfig};

use crate::wire_azure::Rig;
use crate::wire_core::{client, hosts};

pub struct Stamp {
    pub name: StampName,
    pub clusters: Kubernetes,
}

fn access(rig: &Rig) -> AksAccess {
    AksAccess {
        access: ArmAccess {
            http: client(&rig.simulation.wire),
            tokens: rig.tokens.clone(),
            scope: format!("{PUBLIC_ENDPOINT}/.default"),
            clock: rig.clock.clone(),
        },
        endpoint: PUBLIC_ENDPOINT.parse().unwrap(),
    }
}

fn reached(rig: &Rig, place: impl FnOnce(&sim::Stamp, &str) -> ClusterPlace) -> Stamp {
    let (name, secret, place) = rig.simulation.world.with(|world| {
        let stamp = world.stamps().next().unwrap();
        let subscription = &world.account().config().id.subscription;
        (stamp.name.clone(), world.config().secret_name.clone(), place(stamp, subscription))
    });
    let cluster = StampCluster { place, vault: None, namespaces: vec!["workload".to_owned()] };
    let http = HttpSettings::rehearsal(
        rig.simulation.wire.ca_pem().as_bytes().to_vec(),
        hosts(&rig.simulation.wire),
    );
    let clusters =
        Kubernetes::new(secret, BTreeMap::from([(name.clone(), cluster)]), http, rig.clock.clone());
    Stamp { name, clusters: clusters.asking(access(rig)) }
}

pub fn through_azure(rig: &Rig, admin: bool) -> Stamp {
    reached(rig, |stamp, subscription| {
        ClusterPlace::Aks(AksCluster {
            subscription: subscription.to_owned(),
            is_told: true,
            resource_group: stamp.resource_group.clone(),
            name: stamp.cluster.name.clone(),
            admin,
        })
    })
}

fn tell(rig: &Rig, stamp: &Stamp, state: ClusterState) {
    let command = Command::TellCluster { stamp: stamp.name.clone(), state };
    rig.simulation.world.with(|world| world.apply(command)).unwrap();
}

#[tokio::test]
async fn a_cluster_is_found_and_read_without_any_kubeconfig() {
    let rig = Rig::new(WorldConfig::default());
    for admin in [false, true] {
        let stamp = through_azure(&rig, admin);
        let view = stamp.clusters.look(&stamp.name, &rig.salt).await.unwrap();
        assert_eq!(view.state, ClusterState::Running);
        assert!(!view.workloads.is_empty() && !view.pods.is_empty());
    }
    let transcript = rig.simulation.wire.transcript();
    assert_eq!(transcript.count("POST", "/listClusterUserCredential"), 1);
    assert_eq!(transcript.count("POST", "/listClusterAdminCredential"), 1);
}

#[tokio::test]
async fn azure_says_what_state_a_cluster_is_in() {
    let rig = Rig::new(WorldConfig::default());
    let stamp = through_azure(&rig, false);
    let upgrading = ClusterState::Changing { state: "Upgrading".to_owned() };
    tell(&rig, &stamp, upgrading.clone());
    let view = stamp.clusters.look(&stamp.name, &rig.salt).await.unwrap();
    assert_eq!(view.state, upgrading);
    assert!(!view.pods.is_empty());
    tell(&rig, &stamp, ClusterState::Stopped);
    let view = stamp.clusters.look(&stamp.name, &rig.salt).await.unwrap();
    assert_eq!(view.state, ClusterState::Stopped);
    assert!(view.pods.is_empty());
}

#[tokio::test]
async fn azure_says_whether_the_driver_rotates_and_a_kubeconfig_does_not() {
    for rotation in [true, false] {
        let mut config = WorldConfig::default();
        config.kubernetes.csi.rotation = rotation;
        let rig = Rig::new(config);
        let stamp = through_azure(&rig, false);
        let view = stamp.clusters.look(&stamp.name, &rig.salt).await.unwrap();
        assert_eq!(view.rotates, Some(rotation));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        std::fs::write(&file, rig.simulation.kubeconfig(&stamp.name).unwrap()).unwrap();
        let stamp = reached(&rig, |_, _| {
            ClusterPlace::Kubeconfig(KubeconfigPlace { path: file.clone(), context: None })
        });
        let view = stamp.clusters.look(&stamp.name, &rig.salt).await.unwrap();
        assert_eq!(view.rotates, None);
    }
}

#[tokio::test]
async fn a_cluster_that_azure_does_not_know_is_gone_and_silence_says_nothing() {
    let rig = Rig::new(WorldConfig::default());
    let never_built = |is_told| {
        reached(&rig, |stamp, subscription| {
            ClusterPlace::Aks(AksCluster {
                subscription: subscription.to_owned(),
                is_told,
                resource_group: stamp.resource_group.clone(),
                name: "never-built".to_owned(),
                admin: false,
            })
        })
    };
    let stamp = never_built(true);
    let view = stamp.clusters.look(&stamp.name, &rig.salt).await.unwrap();
    assert_eq!(view.state, ClusterState::Gone);
    // In a subscription that nobody named it may only not be.
    let stamp = never_built(false);
    let fault = stamp.clusters.look(&stamp.name, &rig.salt).await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Missing, "{fault}");
    assert!(fault.remedy.contains("`subscription`"), "{fault}");
    for (what, kind) in
        [(Trouble::Unreachable, Blindness::Unreachable), (Trouble::Forbidden, Blindness::Forbidden)]
    {
        let target = Target::operation(sim::Operation::AskForCluster);
        let rig = Rig::new(WorldConfig::default().with_fault(sim::Fault::new(When::Always, target, what)));
        let stamp = through_azure(&rig, false);
        let fault = stamp.clusters.look(&stamp.name, &rig.salt).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{fault}");
    }
}

#[tokio::test]
async fn kubelogin_need_not_be_installed() {
    let rig = Rig::new(WorldConfig::default());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let stamp = reached(&rig, |stamp, _| {
        let server = format!("https://{}", rig.simulation.wire.listeners()[stamp.name.as_str()]);
        let config = Kubeconfig {
            name: "entra",
            server: &server,
            ca_pem: rig.simulation.wire.ca_pem(),
            user: User::Kubelogin { server: AKS_SERVER },
            namespace: "workload",
        };
        // A name that no machine has a program of.
        let absent = folder.path().join("kubelogin").display().to_string();
        std::fs::write(&file, config.render().replace("command: kubelogin", &format!("command: {absent}")))
            .unwrap();
        ClusterPlace::Kubeconfig(KubeconfigPlace { path: file.clone(), context: None })
    });
    let view = stamp.clusters.look(&stamp.name, &rig.salt).await.unwrap();
    assert!(!view.workloads.is_empty());
}

#[tokio::test]
async fn azure_says_of_a_cluster_by_kubeconfig_that_it_is_being_upgraded() {
    let rig = Rig::new(WorldConfig::default());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    std::fs::write(&file, rig.simulation.kubeconfig(&rig.first_stamp()).unwrap()).unwrap();
    let by_file = |rig: &Rig| {
        let called = rig.simulation.world.with(|world| {
            let stamp = world.stamps().next().unwrap();
            AksCluster {
                subscription: stamp.subscription.clone(),
                is_told: false,
                resource_group: stamp.resource_group.clone(),
                name: stamp.cluster.name.clone(),
                admin: false,
            }
        });
        let place = KubeconfigPlace { path: file.clone(), context: None };
        let Stamp { name, clusters } = reached(rig, |_, _| ClusterPlace::Kubeconfig(place));
        Stamp { clusters: clusters.named(BTreeMap::from([(name.clone(), called)])), name }
    };
    let stamp = by_file(&rig);
    let seen = async || stamp.clusters.look(&stamp.name, &rig.salt).await.unwrap();
    let view = seen().await;
    assert_eq!((view.state, view.rotates.is_some()), (ClusterState::Running, true));
    let upgrading = ClusterState::Changing { state: "Upgrading".to_owned() };
    tell(&rig, &stamp, upgrading.clone());
    let view = seen().await;
    assert_eq!(view.state, upgrading);
    assert!(!view.pods.is_empty());
    // Whatever Azure says, its API server has answered.
    tell(&rig, &stamp, ClusterState::Stopped);
    assert_eq!(seen().await.state, ClusterState::Running);
}

#[tokio::test]
async fn where_azure_does_not_tell_a_cluster_by_kubeconfig_is_what_its_server_shows() {
    for what in [Trouble::Unreachable, Trouble::Forbidden] {
        let target = Target::operation(sim::Operation::AskForCluster);
        let rig = Rig::new(WorldConfig::default().with_fault(sim::Fault::new(When::Always, target, what)));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        std::fs::write(&file, rig.simulation.kubeconfig(&rig.first_stamp()).unwrap()).unwrap();
        let place = KubeconfigPlace { path: file, context: None };
        let Stamp { name, clusters } = reached(&rig, |_, _| ClusterPlace::Kubeconfig(place));
        let called = AksCluster {
            subscription: "s".to_owned(),
            is_told: true,
            resource_group: "rg".to_owned(),
            name: "never-built".to_owned(),
            admin: false,
        };
        let clusters = clusters.named(BTreeMap::from([(name.clone(), called)]));
        let view = clusters.look(&name, &rig.salt).await.unwrap();
        assert_eq!(view.state, ClusterState::Running);
        assert!(!view.pods.is_empty());
    }
}
