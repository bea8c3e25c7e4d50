//! The Azure adapters against the simulated world's Azure faces, over TLS.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use keyslot::adapters::arm::ArmAccess;
use keyslot::adapters::cosmos::{Cosmos, CosmosSettings, PUBLIC_ENDPOINT, ProbeTarget};
use keyslot::adapters::credential::{CredentialSettings, CredentialSource, Tokens};
use keyslot::adapters::http::{self, Hosts, HttpSettings};
use keyslot::adapters::key_vault::{KeyVaultSettings, KeyVaults};
use keyslot::model::{
    AccountView, Blindness, KeyKind, KeyMaterial, Operation, OperationState, ProofVerdict, Region, Right,
    RightView, Salt, Slot, StampName, Term,
};
use keyslot::ports::{Accounts as _, Clock, Effect, Permit, Recall, Vaults as _};
use keyslot::sim::wire::{Simulation, Trouble as WireTrouble, Which, WireFault, WireOptions};
use keyslot::sim::{self, Command, Target, Trouble, When, World, WorldConfig};

use crate::closed_wire::access;
use crate::wire_core::{client, hosts};

/// Slow enough that a busy machine does not outlive the quarter of an hour for which a signature is good.
const SPEED: f64 = 60.0;

/// A minute of the world is a sixtieth of a second.
const FAST: f64 = 3600.0;

pub struct Rig {
    pub simulation: Simulation,
    pub cosmos: Cosmos,
    pub vaults: KeyVaults,
    pub tokens: Tokens,
    pub clock: Arc<dyn Clock>,
    pub salt: Salt,
}

impl Rig {
    pub fn new(config: WorldConfig) -> Rig {
        Rig::at(config, SPEED, |clock| clock)
    }

    pub fn at(config: WorldConfig, speed: f64, adjust: impl FnOnce(Arc<dyn Clock>) -> Arc<dyn Clock>) -> Rig {
        let simulation = Simulation::start(World::new(config), speed, WireOptions::default()).unwrap();
        let http = client(&simulation.wire);
        let tokens = tokens(&simulation);
        let clock = adjust(Arc::new(simulation.wire.clock().clone()));
        let access = ArmAccess {
            http: http.clone(),
            tokens: tokens.clone(),
            scope: format!("{PUBLIC_ENDPOINT}/.default"),
            clock: clock.clone(),
        };
        let cosmos = Cosmos::new(access, cosmos_settings(&simulation));
        let settings = vault_settings(&simulation);
        let vaults = KeyVaults::new(&http, &tokens, clock.clone(), &settings).unwrap();
        Rig { simulation, cosmos, vaults, tokens, clock, salt: Salt::new("5a17") }
    }

    /// The vaults, as they are where keyslot may write them.
    pub fn writing(&self) -> KeyVaults {
        let http = client(&self.simulation.wire);
        let access = ArmAccess {
            http: http.clone(),
            tokens: self.tokens.clone(),
            scope: format!("{PUBLIC_ENDPOINT}/.default"),
            clock: self.clock.clone(),
        };
        let cosmos = Cosmos::new(access, cosmos_settings(&self.simulation));
        let settings = vault_settings(&self.simulation);
        KeyVaults::new(&http, &self.tokens, self.clock.clone(), &settings).unwrap().writing(Arc::new(cosmos))
    }

    pub fn permit(&self) -> Permit {
        Permit {
            subject: "regenerate primary".to_owned(),
            evidence: "digest".to_owned(),
            wall_deadline: self.clock.now() + Duration::from_secs(3600),
            monotonic_deadline: self.clock.monotonic() + Duration::from_secs(3600),
            lease: None,
            recall: Recall::default(),
        }
    }

    async fn look(&self) -> AccountView {
        self.cosmos.look(&self.salt).await.unwrap()
    }

    async fn regenerate(&self, slot: Slot) -> Effect<Option<Operation>> {
        self.cosmos.regenerate(KeyKind::read_write(slot), "request-1", &self.permit()).await
    }

    /// Lets time pass in the world alone: its services hurry, the clock does not.
    pub fn pass(&self, by: Duration) {
        self.simulation.world.with(|world| world.advance_to(world.now() + by));
    }

    fn operations(&self) -> usize {
        self.simulation.world.with(|world| world.account().operations().len())
    }

    fn sent(&self) -> usize {
        self.simulation.wire.transcript().count("POST", "/regenerateKey")
    }

    pub fn first_stamp(&self) -> StampName {
        self.simulation.world.with(|world| world.stamps().next().unwrap().name.clone())
    }
}

/// Of the application that the world's directory knows.
pub fn tokens(simulation: &Simulation) -> Tokens {
    let directory = &simulation.directory;
    let settings = CredentialSettings {
        source: CredentialSource::ClientSecret {
            tenant: directory.tenant().to_owned(),
            client: directory.client().to_owned(),
            secret: directory.secret().clone(),
        },
        ..CredentialSettings::default()
    };
    Tokens::new(&client(&simulation.wire), &settings, &|_| None).unwrap()
}

fn vault_settings(simulation: &Simulation) -> KeyVaultSettings {
    simulation.world.with(|world| {
        let address = |stamp: &sim::Stamp| format!("https://{}.vault.azure.net", stamp.vault.name);
        let vaults: BTreeMap<StampName, String> =
            world.stamps().map(|stamp| (stamp.name.clone(), address(stamp))).collect();
        KeyVaultSettings { vaults, secret: world.config().secret_name.clone() }
    })
}

fn cosmos_settings(simulation: &Simulation) -> CosmosSettings {
    CosmosSettings {
        account: simulation.world.with(|world| world.account().config().id.clone()),
        endpoint: PUBLIC_ENDPOINT.parse().unwrap(),
        operation_suffixes: vec!["management.azure.com".to_owned()],
        ask_last_use: true,
        probe: None,
    }
}

pub fn faulty(operation: sim::Operation, at: When, what: Trouble) -> WorldConfig {
    WorldConfig::default().with_fault(sim::Fault::new(at, Target::operation(operation), what))
}

fn current_key(rig: &Rig, slot: Slot) -> KeyMaterial {
    let kind = KeyKind::read_write(slot);
    rig.simulation.world.with(|world| (*world.account().current(kind).unwrap().material).clone())
}

/// Whoever named the container has to name another one: no time brings it.
#[tokio::test]
async fn a_container_that_is_named_and_not_there_leaves_nothing_to_try() {
    let rig = Rig::new(WorldConfig::default());
    let regions = rig.look().await.regions;
    let primary = KeyKind::read_write(Slot::Primary);
    assert!(!rig.cosmos.prove(primary, &regions, &rig.salt).await.unwrap().has_nothing_to_try());
    let probe = ProbeTarget { database: "catalog".to_owned(), container: "never-made".to_owned() };
    let settings = CosmosSettings { probe: Some(probe), ..cosmos_settings(&rig.simulation) };
    let access = access(&rig);
    let proof = Cosmos::new(access, settings).prove(primary, &regions, &rig.salt).await.unwrap();
    assert!(proof.has_nothing_to_try() && !proof.holds(), "{proof:?}");
}

#[tokio::test]
async fn both_slots_are_seen_and_proven_in_every_region() {
    let rig = Rig::new(WorldConfig::default());
    let view = rig.look().await;
    assert!(view.idle() && !view.local_auth_disabled && view.tells_last_use);
    assert_eq!(view.regions.iter().filter(|region| region.writable).count(), 1);
    assert!(view.regions.len() > 1);
    for slot in Slot::ALL {
        let proof = rig.cosmos.prove(KeyKind::read_write(slot), &view.regions, &rig.salt).await.unwrap();
        assert!(proof.holds(), "{proof:?}");
        assert_eq!(proof.regions.len(), view.regions.len());
        assert_eq!(proof.fingerprint, view.key(KeyKind::read_write(slot)).fingerprint);
        assert_eq!(proof.fingerprint, Some(current_key(&rig, slot).fingerprint(&rig.salt)));
    }
    let deletes = rig.simulation.wire.transcript().count("DELETE", "/docs/keyslot-probe-");
    assert_eq!(deletes, 2, "one write probe a slot: only one region writes");
}

#[tokio::test]
async fn a_key_that_a_region_refuses_is_refused_there_and_only_there() {
    let view = Rig::new(WorldConfig::default()).look().await;
    let refusing = view.regions.iter().find(|region| !region.writable).unwrap().name.clone();
    let target = Target::any().and_slot(Slot::Secondary).and_region(refusing.clone());
    let config = WorldConfig::default().with_fault(sim::Fault::new(
        When::Window { from: Duration::ZERO, until: Duration::from_secs(1_000_000) },
        target,
        Trouble::RefuseKey,
    ));
    let rig = Rig::new(config);
    let proof =
        rig.cosmos.prove(KeyKind::read_write(Slot::Secondary), &view.regions, &rig.salt).await.unwrap();
    assert!(!proof.holds());
    assert_eq!(proof.refusing(), [refusing.as_str()]);
    assert!(
        rig.cosmos.prove(KeyKind::read_write(Slot::Primary), &view.regions, &rig.salt).await.unwrap().holds()
    );
}

#[tokio::test]
async fn firewalls_and_switched_off_keys_are_no_evidence() {
    let view = Rig::new(WorldConfig::default()).look().await;
    let name = view.regions[0].name.clone();
    let target = Target::operation(sim::Operation::Probe).and_region(name.clone());
    let blocked = sim::Fault::new(When::Always, target, Trouble::Forbidden);
    let rig = Rig::new(WorldConfig::default().with_fault(blocked));
    let proof = rig.cosmos.prove(KeyKind::read_write(Slot::Primary), &view.regions, &rig.salt).await.unwrap();
    assert!(matches!(&proof.regions[&name].read, ProofVerdict::KeptOut(why) if why.contains("firewall")));
    assert!(proof.refusing().is_empty(), "{proof:?}");
    assert_eq!(proof.keeping_out(), [name.as_str()]);
    assert_eq!(
        proof.regions.values().filter(|it| it.read == ProofVerdict::Accepted).count(),
        proof.regions.len() - 1
    );

    let mut config = WorldConfig::default();
    config.account.local_auth_disabled = true;
    let rig = Rig::new(config);
    assert!(rig.look().await.local_auth_disabled);
    let proof = rig.cosmos.prove(KeyKind::read_write(Slot::Primary), &view.regions, &rig.salt).await.unwrap();
    assert!(!proof.holds() && proof.refusing().is_empty(), "{proof:?}");
}

/// A clock that is wrong by an hour.
struct Slow(Arc<dyn Clock>);

#[async_trait]
impl Clock for Slow {
    fn now(&self) -> Timestamp {
        self.0.now() - Duration::from_secs(3600)
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    async fn sleep_until(&self, until: Timestamp) {
        self.0.sleep_until(until + Duration::from_secs(3600)).await;
    }
}

#[tokio::test]
async fn a_wrong_clock_is_corrected_by_the_services_date() {
    let rig = Rig::at(WorldConfig::default(), SPEED, |clock| Arc::new(Slow(clock)));
    let view = rig.look().await;
    let proof = rig.cosmos.prove(KeyKind::read_write(Slot::Primary), &view.regions, &rig.salt).await.unwrap();
    assert!(proof.holds(), "{proof:?}");
    let entries = rig.simulation.wire.transcript().entries();
    assert_eq!(entries.iter().filter(|entry| entry.status == Some(403)).count(), 1, "learnt once, kept");
}

#[tokio::test]
async fn an_unreachable_region_is_no_evidence_and_the_others_are_judged() {
    let rig = Rig::new(WorldConfig::default());
    let mut regions = rig.look().await.regions;
    let endpoint = "https://nowhere.example.com:443/".to_owned();
    regions.push(Region { name: "Nowhere".to_owned(), endpoint, writable: false });
    let proof = rig.cosmos.prove(KeyKind::read_write(Slot::Primary), &regions, &rig.salt).await.unwrap();
    assert!(matches!(proof.regions["Nowhere"].read, ProofVerdict::NoEvidence(_)));
    assert!(!proof.holds());
    assert!(proof.refusing().is_empty());
}

#[tokio::test]
async fn a_regeneration_runs_to_its_end_and_makes_another_key() {
    let rig = Rig::at(WorldConfig::default(), 1.0, |clock| clock);
    let before = rig.look().await.key(KeyKind::read_write(Slot::Primary)).clone();
    let Effect::Applied(Some(operation)) = rig.regenerate(Slot::Primary).await else { panic!("not applied") };
    assert!(operation.url.contains(".management.azure.com/subscriptions/"), "{}", operation.url);
    let running = rig.cosmos.poll(&operation).await.unwrap();
    assert_eq!(running, OperationState::Running(Some(Duration::from_secs(15))));
    assert!(!rig.look().await.idle());
    rig.pass(Duration::from_secs(60));
    assert!(matches!(rig.cosmos.poll(&operation).await.unwrap(), OperationState::Running(_)));
    rig.pass(Duration::from_secs(3600));
    assert_eq!(rig.cosmos.poll(&operation).await.unwrap(), OperationState::Succeeded);
    let after = rig.look().await.key(KeyKind::read_write(Slot::Primary)).clone();
    assert!(after.generated > before.generated);
    assert_ne!(after.fingerprint, before.fingerprint);
    assert_eq!((rig.operations(), rig.sent()), (1, 1));
    let request_id = rig.simulation.world.with(|world| world.account().operations()[0].request_id.clone());
    assert_eq!(request_id, "request-1");
}

#[tokio::test]
async fn a_regeneration_is_followed_to_its_end_along_a_fast_clock() {
    let rig = Rig::at(WorldConfig::default(), FAST, |clock| clock);
    let Effect::Applied(Some(operation)) = rig.regenerate(Slot::Secondary).await else {
        panic!("not applied")
    };
    while let OperationState::Running(wait) = rig.cosmos.poll(&operation).await.unwrap() {
        rig.clock.sleep_until(rig.clock.now() + wait.unwrap()).await;
    }
    assert!(rig.look().await.idle());
    assert_eq!((rig.operations(), rig.sent()), (1, 1));
}

#[tokio::test]
async fn a_regeneration_that_fails_says_so() {
    let fault = sim::Fault::new(When::Always, Target::any(), Trouble::FailRegeneration);
    let rig = Rig::new(WorldConfig::default().with_fault(fault));
    let Effect::Applied(Some(operation)) = rig.regenerate(Slot::Primary).await else { panic!("not applied") };
    rig.pass(Duration::from_secs(3600));
    let state = rig.cosmos.poll(&operation).await.unwrap();
    assert!(matches!(state, OperationState::Failed(why) if why.contains("could not be regenerated")));
}

#[tokio::test]
async fn a_second_regeneration_while_one_runs_is_refused() {
    let rig = Rig::at(WorldConfig::default(), 1.0, |clock| clock);
    assert!(matches!(rig.regenerate(Slot::Primary).await, Effect::Applied(Some(_))));
    assert!(!rig.look().await.idle());
    let Effect::Refused(fault) = rig.regenerate(Slot::Secondary).await else { panic!("not refused") };
    assert!(fault.why.contains("412") && fault.why.contains("already an operation in progress"), "{fault}");
    assert_eq!((rig.operations(), rig.sent()), (1, 2));
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_nothing_is_sent_twice() {
    for trouble in [WireTrouble::DropAnswer, WireTrouble::DropRequest] {
        let rig = Rig::new(WorldConfig::default());
        let which = Which { path: "/regenerateKey".to_owned(), ..Which::default() };
        rig.simulation.wire.faults().add(WireFault::once(which, trouble.clone()));
        assert!(matches!(rig.regenerate(Slot::Primary).await, Effect::Unknown(_)), "{trouble:?}");
        assert_eq!(rig.sent(), 1);
        assert_eq!(rig.operations(), usize::from(trouble == WireTrouble::DropAnswer));
    }
    let rig = Rig::new(faulty(sim::Operation::Regenerate, When::Always, Trouble::LoseAnswer));
    assert!(matches!(rig.regenerate(Slot::Primary).await, Effect::Unknown(_)));
    assert_eq!((rig.operations(), rig.sent()), (1, 1));
}

#[tokio::test]
async fn the_sdk_repeats_no_regeneration_whatever_is_answered() {
    for (status, unknown) in [(503, true), (500, true), (502, true), (408, true), (429, false), (409, false)]
    {
        let rig = Rig::new(WorldConfig::default());
        let which = Which { path: "/regenerateKey".to_owned(), ..Which::default() };
        let what = WireTrouble::Answer { status, retry_after_seconds: Some(1) };
        rig.simulation.wire.faults().add(WireFault { which, what, times: 100 });
        let effect = rig.regenerate(Slot::Primary).await;
        assert_eq!(matches!(effect, Effect::Unknown(_)), unknown, "{status}: {effect:?}");
        assert_eq!(matches!(effect, Effect::Refused(_)), !unknown, "{status}: {effect:?}");
        assert_eq!((rig.operations(), rig.sent()), (0, 1), "{status}");
    }
}

#[tokio::test]
async fn nothing_is_sent_without_a_connection_a_token_or_a_living_permit() {
    let rig = Rig::new(WorldConfig::default());
    let permit = Permit { wall_deadline: rig.clock.now() - Duration::from_secs(1), ..rig.permit() };
    let effect = rig.cosmos.regenerate(KeyKind::read_write(Slot::Primary), "r", &permit).await;
    assert!(matches!(effect, Effect::NotSent(_)), "{effect:?}");
    assert_eq!(rig.sent(), 0);

    // A port where nobody listens.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let hosts = hosts(&rig.simulation.wire).name("management.azure.com", closed);
    let settings = HttpSettings::rehearsal(rig.simulation.wire.ca_pem(), hosts);
    let access = ArmAccess {
        http: http::client(&settings).unwrap(),
        tokens: rig.tokens.clone(),
        scope: format!("{PUBLIC_ENDPOINT}/.default"),
        clock: rig.clock.clone(),
    };
    let cosmos = Cosmos::new(access.clone(), cosmos_settings(&rig.simulation));
    let effect = cosmos.regenerate(KeyKind::read_write(Slot::Primary), "r", &rig.permit()).await;
    assert!(matches!(effect, Effect::NotSent(_)), "{effect:?}");

    let nowhere =
        http::client(&HttpSettings::rehearsal(rig.simulation.wire.ca_pem(), Hosts::default())).unwrap();
    let secret = CredentialSource::ClientSecret {
        tenant: "t".to_owned(),
        client: "c".to_owned(),
        secret: "s".to_owned().into(),
    };
    let settings = CredentialSettings { source: secret, ..CredentialSettings::default() };
    let tokens = Tokens::new(&nowhere, &settings, &|_| None).unwrap();
    let cosmos = Cosmos::new(ArmAccess { tokens, ..access }, cosmos_settings(&rig.simulation));
    let effect = cosmos.regenerate(KeyKind::read_write(Slot::Primary), "r", &rig.permit()).await;
    assert!(matches!(effect, Effect::NotSent(_)), "{effect:?}");
}

#[tokio::test]
async fn operations_elsewhere_are_not_followed() {
    let rig = Rig::new(WorldConfig::default());
    let operation = Operation { url: "https://management.azure.com.example.com/x".to_owned() };
    let fault = rig.cosmos.poll(&operation).await.unwrap_err();
    assert!(fault.why.contains("outside Azure Resource Manager"), "{fault}");
    assert!(rig.simulation.wire.transcript().entries().is_empty());
}

#[tokio::test]
async fn an_api_version_that_is_not_known_is_asked_for_once() {
    let mut config = WorldConfig::default();
    config.account.tells_last_use = false;
    let rig = Rig::new(config);
    for _ in 0..3 {
        let view = rig.look().await;
        assert!(!view.tells_last_use);
        assert!(view.key(KeyKind::read_write(Slot::Primary)).generated.is_some());
    }
    let transcript = rig.simulation.wire.transcript();
    assert_eq!(transcript.count("GET", "api-version=2026-04-01-preview"), 1);
    assert_eq!(transcript.count("GET", "api-version=2024-08-15"), 3);
}

#[tokio::test]
async fn reads_are_patient_with_throttling_and_see_no_keys_where_they_may_not() {
    let retry_after = Duration::from_secs(5);
    let rig =
        Rig::new(faulty(sim::Operation::ReadAccount, When::First(2), Trouble::Throttle { retry_after }));
    assert!(rig.look().await.idle());
    let rig = Rig::new(faulty(sim::Operation::ListKeys, When::Always, Trouble::Forbidden));
    let view = rig.look().await;
    assert!(view.keys.values().all(|key| key.fingerprint.is_none()));
    let fault =
        rig.cosmos.prove(KeyKind::read_write(Slot::Primary), &view.regions, &rig.salt).await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Forbidden);
    assert!(fault.remedy.contains("role assignments"), "{fault}");
}

#[tokio::test]
async fn a_vault_shows_the_key_that_it_holds_and_the_next_one_after_it_was_written() {
    let rig = Rig::new(WorldConfig::default());
    let stamp = rig.first_stamp();
    let before = rig.vaults.look(&stamp, &rig.salt).await.unwrap();
    assert_eq!(before.fingerprint, current_key(&rig, Slot::Primary).fingerprint(&rig.salt));

    let value = current_key(&rig, Slot::Secondary);
    let command = Command::SetSecret { stamp: stamp.clone(), value: value.clone() };
    rig.simulation.world.with(|world| world.apply(command)).unwrap();
    let after = rig.vaults.look(&stamp, &rig.salt).await.unwrap();
    assert_eq!(after.fingerprint, value.fingerprint(&rig.salt));
    assert_ne!(after.version, before.version);
    assert!(after.created >= before.created);
    let transcript = rig.simulation.wire.transcript();
    let challenges = transcript.entries().iter().filter(|entry| entry.status == Some(401)).count();
    assert_eq!(challenges, 1, "the challenge is answered once and remembered");
}

#[tokio::test]
async fn vaults_that_cannot_be_read_say_why() {
    let forbidden = Rig::new(faulty(sim::Operation::ReadVault, When::Always, Trouble::Forbidden));
    let fault = forbidden.vaults.look(&forbidden.first_stamp(), &forbidden.salt).await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Forbidden);
    assert!(fault.remedy.contains("right to read secrets"), "{fault}");

    let gone = Rig::new(faulty(sim::Operation::ReadVault, When::Always, Trouble::Unreachable));
    let fault = gone.vaults.look(&gone.first_stamp(), &gone.salt).await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Unreachable);

    let rig = Rig::new(WorldConfig::default());
    let fault = rig.vaults.look(&StampName::new("nobody"), &rig.salt).await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Missing);

    let http = client(&rig.simulation.wire);
    let stamp = rig.first_stamp();
    let url = rig
        .simulation
        .world
        .with(|world| format!("https://{}.vault.azure.net", world.stamp(&stamp).unwrap().vault.name));
    let settings =
        KeyVaultSettings { vaults: [(stamp.clone(), url)].into(), secret: "No-Such-Secret".to_owned() };
    let vaults = KeyVaults::new(&http, &rig.tokens, rig.clock.clone(), &settings).unwrap();
    let fault = vaults.look(&stamp, &rig.salt).await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Missing);
    assert!(fault.why.contains("SecretNotFound"), "{fault}");
}

#[tokio::test]
async fn a_wrong_client_secret_is_told_with_its_reason() {
    let rig = Rig::new(WorldConfig::default());
    let directory = &rig.simulation.directory;
    let settings = CredentialSettings {
        source: CredentialSource::ClientSecret {
            tenant: directory.tenant().to_owned(),
            client: directory.client().to_owned(),
            secret: "CANARY".to_owned().into(),
        },
        ..CredentialSettings::default()
    };
    let tokens = Tokens::new(&client(&rig.simulation.wire), &settings, &|_| None).unwrap();
    let fault = tokens.token("https://management.azure.com/.default").await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Forbidden);
    assert!(fault.why.contains("AADSTS7000215"), "{fault}");
    assert!(!fault.to_string().contains("CANARY"), "{fault}");
}

#[tokio::test]
async fn the_environment_decides_which_credential_is_tried_first() {
    let rig = Rig::new(WorldConfig::default());
    let directory = rig.simulation.directory.clone();
    let environment = move |name: &str| match name {
        "AZURE_TENANT_ID" => Some(directory.tenant().to_owned()),
        "AZURE_CLIENT_ID" => Some(directory.client().to_owned()),
        "AZURE_CLIENT_SECRET" => Some(secrecy::ExposeSecret::expose_secret(directory.secret()).to_owned()),
        _ => None,
    };
    let http = client(&rig.simulation.wire);
    let tokens = Tokens::new(&http, &CredentialSettings::default(), &environment).unwrap();
    tokens.token("https://vault.azure.net/.default").await.unwrap();
    tokens.token("https://vault.azure.net/.default").await.unwrap();
    assert_eq!(rig.simulation.wire.transcript().count("POST", "/oauth2/v2.0/token"), 1, "cached");
}

#[tokio::test]
async fn rights_are_told_with_the_time_that_is_left_and_with_the_lock_that_forbids() {
    let hour = Duration::from_secs(3600);
    let mut config = WorldConfig::default();
    config.account.role_ends = Some(hour);
    config.account.lock = Some(("audit".to_owned(), hour / 2));
    let rig = Rig::new(config);
    let end = rig.simulation.world.with(|world| world.role_end());
    let rights = rig.cosmos.rights().await.unwrap();
    assert!(rights.rights.iter().all(|right| right.right == Right::Allowed), "{rights:?}");
    assert_eq!(Term::Until(end.unwrap()), rights.term);

    rig.pass(hour * 2 / 3);
    let locked = rig.cosmos.rights().await.unwrap();
    let denied: Vec<_> = locked.rights.iter().filter(|right| right.right == Right::Denied).collect();
    assert!(denied.len() == 1 && denied[0].remedy.contains("“audit”"), "{locked:?}");
    let Effect::Refused(fault) = rig.regenerate(Slot::Primary).await else {
        panic!("a lock lets nothing through")
    };
    assert!(fault.kind == Blindness::Forbidden && fault.remedy.contains("lift the lock"), "{fault}");

    rig.pass(hour);
    let ended = rig.cosmos.rights().await.unwrap();
    let denied = ended.rights.iter().filter(|right| right.right == Right::Denied);
    assert_eq!(denied.count(), 3, "{ended:?}");
    assert!(matches!(ended.term, Term::Untold(_)), "{ended:?}");

    let lasting = Rig::new(WorldConfig::default());
    assert_eq!(lasting.cosmos.rights().await.unwrap().term, Term::Lasting);
}

#[tokio::test]
async fn rights_that_nobody_answers_for_are_no_rights_that_are_missing() {
    let deaf =
        sim::Fault::new(When::Always, Target::operation(sim::Operation::ReadAccount), Trouble::Forbidden);
    let rig = Rig::new(WorldConfig::default().with_fault(deaf));
    let unknown = rig.cosmos.rights().await.unwrap();
    let told =
        |right: &RightView| matches!(right.right, Right::Unknown(_)) && right.remedy.contains("/*/read");
    assert!(unknown.rights.iter().all(told), "{unknown:?}");
    let gone =
        sim::Fault::new(When::Always, Target::operation(sim::Operation::ReadAccount), Trouble::Unreachable);
    let rig = Rig::at(WorldConfig::default().with_fault(gone), FAST, |clock| clock);
    assert_eq!(rig.cosmos.rights().await.unwrap_err().kind, Blindness::Unreachable);
}

#[tokio::test]
async fn a_lock_on_the_subscription_forbids_as_one_on_the_account_does() {
    let mut config = WorldConfig::default();
    config.account.lock = Some(("audit".to_owned(), Duration::ZERO));
    config.account.lock_above = true;
    let rights = Rig::new(config).cosmos.rights().await.unwrap();
    let denied: Vec<_> = rights.rights.iter().filter(|right| right.right == Right::Denied).collect();
    assert!(denied.len() == 1 && denied[0].remedy.contains("“audit”"), "{rights:?}");
}
