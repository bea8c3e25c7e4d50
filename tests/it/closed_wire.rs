//! Stamps that were taken down, over TLS: what Azure says of their vaults and clusters, and the program beside one.

use std::collections::BTreeMap;

use keyslot::adapters::arm::ArmAccess;
use keyslot::adapters::cosmos::PUBLIC_ENDPOINT;
use keyslot::adapters::http::{self, HttpSettings};
use keyslot::adapters::key_vault::{KeyVaultSettings, KeyVaults, VaultPlace, VaultResources};
use keyslot::adapters::kubernetes::{
    AksAccess, AksCluster, ClusterPlace, KubeconfigPlace, Kubernetes, StampCluster,
};
use keyslot::model::{Blindness, ClusterState, StampName};
use keyslot::ports::{Clusters as _, Fault, Vaults as _};
use keyslot::sim::wire::kubernetes::{Kubeconfig, User};
use keyslot::sim::{self, Operation, Target, Trouble, When, WorldConfig};

use crate::live::Live;
use crate::wire_azure::Rig;
use crate::wire_core::{client, hosts};

pub fn access(rig: &Rig) -> ArmAccess {
    ArmAccess {
        http: client(&rig.simulation.wire),
        tokens: rig.tokens.clone(),
        scope: format!("{PUBLIC_ENDPOINT}/.default"),
        clock: rig.clock.clone(),
    }
}

/// What is said of a vault at that address, which Azure is asked for by that name.
async fn fault_of(rig: &Rig, host: &str, name: impl Fn(&sim::Stamp) -> String) -> Fault {
    let of = StampName::new("old");
    let place = rig.simulation.world.with(|world| {
        let stamp = world.stamps().next().unwrap();
        VaultPlace {
            subscription: world.account().config().id.subscription.clone(),
            is_told: true,
            resource_group: stamp.resource_group.clone(),
            name: name(stamp),
        }
    });
    let settings = KeyVaultSettings {
        vaults: BTreeMap::from([(of.clone(), format!("https://{host}"))]),
        secret: "CosmosDb-ApiKey".to_owned(),
    };
    let wire = &rig.simulation.wire;
    let unreached = hosts(wire).name(NOWHERE[0], "127.0.0.1:1".parse().unwrap());
    let http = http::client(&HttpSettings::rehearsal(wire.ca_pem().as_bytes().to_vec(), unreached)).unwrap();
    let vaults = KeyVaults::new(&http, &rig.tokens, rig.clock.clone(), &settings).unwrap();
    let vaults = vaults.asking(VaultResources {
        access: access(rig),
        endpoint: PUBLIC_ENDPOINT.parse().unwrap(),
        places: BTreeMap::from([(of.clone(), place)]),
    });
    vaults.look(&of, &rig.salt).await.unwrap_err()
}

/// A name that leads nowhere, as that of a vault that was deleted, and one that nobody serves.
const NOWHERE: [&str; 2] = ["never-kv.vault.elsewhere.example", "never-kv.vault.azure.net"];

#[tokio::test]
async fn a_vault_is_gone_by_azures_word_alone() {
    let rig = Rig::new(WorldConfig::default());
    for host in NOWHERE {
        let fault = fault_of(&rig, host, |_| "never-kv".to_owned()).await;
        assert_eq!(fault.kind, Blindness::Gone, "{fault}");
        // As one behind a private endpoint looks from outside.
        let fault = fault_of(&rig, host, |stamp| stamp.vault.name.to_uppercase()).await;
        assert_ne!(fault.kind, Blindness::Gone, "{fault}");
        assert!(fault.remedy.contains("Azure knows the vault"), "{fault}");
    }
    for operation in [Operation::AskForVault, Operation::ListVaults, Operation::CheckVaultName] {
        for trouble in [Trouble::Forbidden, Trouble::Unreachable] {
            let fault = sim::Fault::new(When::Always, Target::operation(operation), trouble);
            let config = WorldConfig::default().with_fault(fault);
            for host in NOWHERE {
                let fault = fault_of(&Rig::new(config.clone()), host, |_| "never-kv".to_owned()).await;
                assert_ne!(fault.kind, Blindness::Gone, "{fault}");
            }
        }
    }
}

/// What is said of a vault at an address that nobody serves, under a subscription that it may not be in.
#[tokio::test]
async fn a_vault_whose_name_is_taken_elsewhere_is_not_gone() {
    let mut config = WorldConfig::default().with_stamps(2);
    config.units[0].stamps[1].subscription = Some("9a0c5c1e-0000-4000-8000-00000000b2b2".to_owned());
    let rig = Rig::new(config);
    let (name, second) = rig.simulation.world.with(|world| {
        let stamp = world.stamps().nth(1).unwrap();
        (stamp.vault.name.clone(), stamp.name.clone())
    });
    let fault = fault_of(&rig, NOWHERE[0], |_| name.to_uppercase()).await;
    assert_ne!(fault.kind, Blindness::Gone, "{fault}");
    assert!(fault.remedy.contains("correct `subscription` in the stamp's `aks`"), "{fault}");
    // Deleted there, its name is still taken, and this subscription does not know why.
    rig.simulation.world.with(|world| world.apply(sim::Command::TakeDown { stamp: second })).unwrap();
    let fault = fault_of(&rig, NOWHERE[0], |_| name.clone()).await;
    assert_ne!(fault.kind, Blindness::Gone, "{fault}");
    // One of its own that was deleted keeps its name, too, so that nobody else has it.
    let first = rig.first_stamp();
    rig.simulation.world.with(|world| world.apply(sim::Command::TakeDown { stamp: first })).unwrap();
    let fault = fault_of(&rig, NOWHERE[0], |stamp| stamp.vault.name.to_uppercase()).await;
    assert_eq!(fault.kind, Blindness::Gone, "{fault}");
}

/// As where a stamp's block was copied for another one, and its resource groups stayed.
#[tokio::test(flavor = "multi_thread")]
async fn a_live_stamp_under_another_ones_resource_groups_is_not_closed() {
    let live = Live::set(WorldConfig::seeded(8).with_stamps(2), 60.0);
    let path = live.stage.settings_path();
    let told = std::fs::read_to_string(&path).unwrap();
    let (vault, own, others, subscription) = live.stage.simulation.world.with(|world| {
        let group = |index: usize| world.stamps().nth(index).unwrap().resource_group.clone();
        let vault = world.stamps().nth(1).unwrap().vault.name.clone();
        (vault, group(1), group(0), world.account().config().id.subscription.clone())
    });
    let aks = format!("resource_group = \"{own}\"");
    assert!(told.contains(&aks), "{told}");
    let copied =
        told.replace(&aks, &format!("subscription = \"{subscription}\"\nresource_group = \"{others}\""));
    let named = format!("key_vault = \"{vault}\"\n");
    assert!(copied.contains(&named), "{copied}");
    let copied = copied.replace(&named, &format!("{named}key_vault_resource_group = \"{others}\"\n"));
    // As one behind a private endpoint looks from here.
    let table = copied.lines().find(|line| line.starts_with("[endpoints.resolve]")).unwrap().to_owned();
    let resolved = format!("{table}\n\"{vault}.vault.azure.net\" = \"127.0.0.1:1\"\n");
    std::fs::write(&path, copied.replace(&table, &resolved)).unwrap();
    let (code, said) = run(&live, &["plan"]);
    assert_ne!(code, 0, "{said}");
    assert!(!said.contains("closed"), "{said}");
    assert!(said.contains("correct `key_vault_resource_group`"), "{said}");
}

#[tokio::test]
async fn a_vault_that_answers_is_not_gone_wherever_it_is_said_to_be() {
    let rig = Rig::new(WorldConfig::default());
    let host = rig.simulation.world.with(|world| {
        let stamp = world.stamps().next().unwrap();
        format!("{}.vault.azure.net", stamp.vault.name)
    });
    let target = Target::operation(Operation::ReadVault);
    let config = WorldConfig::default().with_fault(sim::Fault::new(When::Always, target, Trouble::Forbidden));
    let fault = fault_of(&Rig::new(config), &host, |_| "elsewhere-kv".to_owned()).await;
    assert_eq!(fault.kind, Blindness::Forbidden, "{fault}");
}

#[tokio::test]
async fn a_cluster_by_kubeconfig_that_does_not_answer_is_what_azure_says_of_it() {
    let rig = Rig::new(WorldConfig::default());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let config = Kubeconfig {
        name: "old",
        server: "https://127.0.0.1:1",
        ca_pem: rig.simulation.wire.ca_pem(),
        user: User::Token("none"),
        namespace: "workload",
    };
    std::fs::write(&path, config.render()).unwrap();
    let name = rig.first_stamp();
    let look = async |called: Option<String>| {
        let place = ClusterPlace::Kubeconfig(KubeconfigPlace { path: path.clone(), context: None });
        let cluster = StampCluster { place, vault: None, namespaces: Vec::new() };
        let http = HttpSettings::rehearsal(
            rig.simulation.wire.ca_pem().as_bytes().to_vec(),
            hosts(&rig.simulation.wire),
        );
        let clusters = BTreeMap::from([(name.clone(), cluster)]);
        let aks = AksAccess { access: access(&rig), endpoint: PUBLIC_ENDPOINT.parse().unwrap() };
        let named = called.map(|called| {
            let cluster = rig.simulation.world.with(|world| {
                let stamp = world.stamps().next().unwrap();
                AksCluster {
                    subscription: stamp.subscription.clone(),
                    is_told: true,
                    resource_group: stamp.resource_group.clone(),
                    name: called,
                    admin: false,
                }
            });
            (name.clone(), cluster)
        });
        let kubernetes = Kubernetes::new("CosmosDb-ApiKey", clusters, http, rig.clock.clone()).asking(aks);
        kubernetes.named(named.into_iter().collect()).look(&name, &rig.salt).await.map(|view| view.state)
    };
    let there = rig.simulation.world.with(|world| world.stamps().next().unwrap().cluster.name.clone());
    assert_eq!(look(Some("never-built".to_owned())).await.unwrap(), ClusterState::Gone);
    assert_eq!(look(Some(there.clone())).await.unwrap_err().kind, Blindness::Unreachable);
    assert_eq!(look(None).await.unwrap_err().kind, Blindness::Unreachable);
    let command = sim::Command::TellCluster { stamp: name.clone(), state: ClusterState::Stopped };
    rig.simulation.world.with(|world| world.apply(command)).unwrap();
    assert_eq!(look(Some(there)).await.unwrap(), ClusterState::Stopped);
}

/// Runs the program on a world beside which a stamp is configured that Azure knows nothing of.
fn run(live: &Live, arguments: &[&str]) -> (i32, String) {
    let output = live.command(env!("CARGO_BIN_EXE_keyslot")).args(arguments).output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stamp_that_was_taken_down_is_in_nobodys_way() {
    let live = Live::set(WorldConfig::seeded(8), 60.0);
    let path = live.stage.settings_path();
    let settings = std::fs::read_to_string(&path).unwrap();
    let table = settings.lines().find(|line| line.ends_with(".stamp]]")).unwrap();
    let subscription =
        live.stage.simulation.world.with(|world| world.account().config().id.subscription.clone());
    let old = |told: &str| {
        format!(
            "{settings}\n{table}\nname = \"bygone\"\nunit = \"old\"\nkey_vault = \"old-kv\"\n\
             aks = {{ {told}resource_group = \"rg-old\", name = \"old-aks\" }}\n\
             key_vault_resource_group = \"rg-old\"\n"
        )
    };
    // It may lie in another subscription than the account.
    std::fs::write(&path, old("")).unwrap();
    let (code, text) = run(&live, &["plan"]);
    assert_ne!(code, 0, "{text}");
    assert!(!text.contains("closed") && text.contains("write `subscription`"), "{text}");
    std::fs::write(&path, old(&format!("subscription = \"{subscription}\", "))).unwrap();
    let (code, text) = run(&live, &["plan"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("bygone: closed: Azure knows neither its cluster nor its vault"), "{text}");
    assert!(text.contains("nothing is in the way"), "{text}");
    let (code, text) = run(&live, &["verify"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("bygone: closed") && text.contains("everybody uses the primary key"), "{text}");
    let asked = live.stage.simulation.wire.transcript();
    assert!(asked.count("GET", "/Microsoft.KeyVault/vaults/old-kv") > 0, "by Azure's word");
}

/// As where `aks` was copied from a stamp in another subscription, and only the names were changed.
#[tokio::test(flavor = "multi_thread")]
async fn a_live_stamp_under_another_ones_subscription_is_not_closed() {
    let mut config = WorldConfig::seeded(8).with_stamps(2);
    let elsewhere = "9a0c5c1e-0000-4000-8000-00000000b2b2";
    config.units[0].stamps[1].subscription = Some(elsewhere.to_owned());
    let live = Live::set(config, 60.0);
    let path = live.stage.settings_path();
    let told = std::fs::read_to_string(&path).unwrap();
    let (vault, group, others) = live.stage.simulation.world.with(|world| {
        let stamp = world.stamps().nth(1).unwrap();
        let others = world.account().config().id.subscription.clone();
        (stamp.vault.name.clone(), stamp.resource_group.clone(), others)
    });
    let named = format!("key_vault = \"{vault}\"\n");
    assert!(told.contains(&named) && told.contains(elsewhere), "{told}");
    let told = told
        .replace(&named, &format!("{named}key_vault_resource_group = \"{group}\"\n"))
        .replace(elsewhere, &others);
    let table = told.lines().find(|line| line.starts_with("[endpoints.resolve]")).unwrap().to_owned();
    let unreached = format!("{table}\n\"{vault}.vault.azure.net\" = \"127.0.0.1:1\"\n");
    std::fs::write(&path, told.replace(&table, &unreached)).unwrap();
    let (code, said) = run(&live, &["plan"]);
    assert_ne!(code, 0, "{said}");
    assert!(!said.contains("closed"), "{said}");
    assert!(said.contains("correct `subscription` in the stamp's `aks`"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stamp_in_another_subscription_that_nobody_names_is_not_closed() {
    let mut config = WorldConfig::seeded(8).with_stamps(2);
    let elsewhere = "9a0c5c1e-0000-4000-8000-00000000b2b2";
    config.units[0].stamps[1].subscription = Some(elsewhere.to_owned());
    let live = Live::set(config, 60.0);
    let path = live.stage.settings_path();
    let told = std::fs::read_to_string(&path).unwrap();
    let (vault, group) = live.stage.simulation.world.with(|world| {
        let stamp = world.stamps().nth(1).unwrap();
        (stamp.vault.name.clone(), stamp.resource_group.clone())
    });
    // As README wants it, and as one behind a private endpoint looks from here.
    let told = told.replace(
        &format!("key_vault = \"{vault}\"\n"),
        &format!("key_vault = \"{vault}\"\nkey_vault_resource_group = \"{group}\"\n"),
    );
    let unreached = |text: &str| {
        let name = format!("\"{vault}.vault.azure.net\" = \"127.0.0.1:1\"\n");
        let table = text.lines().find(|line| line.starts_with("[endpoints.resolve]")).unwrap().to_owned();
        text.replace(&table, &format!("{table}\n{name}"))
    };
    let guessed = told.replace(&format!("subscription = \"{elsewhere}\"\n"), "");
    assert_ne!(guessed, told, "{told}");
    for text in [told, guessed] {
        std::fs::write(&path, unreached(&text)).unwrap();
        let (_, said) = run(&live, &["plan"]);
        assert!(!said.contains("closed"), "{said}");
    }
    assert!(live.stage.simulation.wire.transcript().count("GET", &format!("/vaults/{vault}")) > 0);
}
