//! Log Analytics against the simulated world's, over TLS.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keyslot::adapters::activity_log::ActivityLog;
use keyslot::adapters::arm::ArmAccess;
use keyslot::adapters::log_analytics::{LogAnalytics, LogSettings, PUBLIC_ENDPOINT};
use keyslot::model::{
    Blindness, Credential, KeyDeed, KeyKind, OWN_REQUEST, Requests, Slot, StampName, Trace, UsageView,
};
use keyslot::ports::{Accounts as _, Effect, Fault};
use keyslot::sim::config::{KeyColumn, ListerConfig, LogTable, LogsConfig, OutsiderConfig, VaultReads};
use keyslot::sim::fault::{Fault as WorldFault, Operation, Target, Trouble, When};
use keyslot::sim::{Outage, WorldConfig};

use crate::wire_azure::Rig;
use crate::wire_core::client;

fn logs(rig: &Rig, change: impl FnOnce(&mut LogSettings)) -> LogAnalytics {
    let mut settings = rig.simulation.world.with(|world| LogSettings {
        endpoint: PUBLIC_ENDPOINT.parse().unwrap(),
        workspace: world.config().logs.clone().unwrap_or_default().workspace,
        account: world.account().config().id.name.clone(),
        vaults: world.stamps().map(|stamp| (stamp.name.clone(), stamp.vault.name.clone())).collect(),
        secret: world.config().secret_name.clone(),
    });
    change(&mut settings);
    let access = ArmAccess {
        http: client(&rig.simulation.wire),
        tokens: rig.tokens.clone(),
        scope: settings.scope(),
        clock: rig.clock.clone(),
    };
    LogAnalytics::new(access, settings)
}

fn world(change: impl FnOnce(&mut LogsConfig)) -> WorldConfig {
    let primary = KeyKind::read_write(Slot::Primary);
    let mut config = WorldConfig::default();
    config.outsiders.push(OutsiderConfig::function(primary, "East US 2"));
    change(config.logs.as_mut().unwrap());
    config
}

/// An hour of a world's requests.
async fn hour(config: WorldConfig) -> (Rig, Timestamp, Result<UsageView, Fault>) {
    let rig = Rig::new(config);
    let start = rig.simulation.world.with(|world| {
        let start = world.config().start;
        world.advance_to(start + SignedDuration::from_hours(1));
        start
    });
    let seen = logs(&rig, |_| {}).usage(start).await;
    (rig, start, seen)
}

fn counted<'a>(requests: impl Iterator<Item = &'a Requests>) -> u64 {
    requests.map(|requests| requests.count).sum()
}

#[tokio::test]
async fn both_tables_and_both_columns_tell_who_used_which_key() {
    for table in [LogTable::OwnTable, LogTable::Diagnostics] {
        for key_column in [KeyColumn::AuthTokenType, KeyColumn::KeyType] {
            let (rig, start, seen) =
                hour(world(|logs| (logs.table, logs.key_column) = (table, key_column))).await;
            let view = seen.unwrap();
            let primary = KeyKind::read_write(Slot::Primary);
            assert_eq!(counted(view.with_key(KeyKind::read_write(Slot::Secondary))), 0);
            let by_function = view.with_key(primary).filter(|it| it.caller.address == "198.51.100.77");
            let by_function: Vec<&Requests> = by_function.collect();
            assert_eq!(by_function.len(), 1, "{view:?}");
            assert_eq!((by_function[0].count, by_function[0].region.as_str()), (4, "East US 2"));
            assert_eq!(by_function[0].first, start);
            // Rows come three minutes late; whatever has come, nothing is missing before.
            let newest = view.newest.unwrap();
            let (now, Outage { served, .. }) =
                rig.simulation.world.with(|world| (world.now(), world.outage()));
            assert!(newest < now - SignedDuration::from_mins(3), "{newest} of {now}");
            let counted = counted(view.with_key(primary));
            assert!(served * 9 / 10 < counted && counted < served, "{counted} of {served}");
        }
    }
}

#[tokio::test]
async fn rows_that_name_no_key_are_unknown() {
    let (_rig, _, seen) = hour(world(|logs| logs.key_column = KeyColumn::Neither)).await;
    let view = seen.unwrap();
    assert!(counted(view.unknown()) > 1000);
    assert!(view.requests.iter().all(|requests| requests.credential == Credential::Unknown));
}

#[tokio::test]
async fn a_refused_request_is_told_with_its_region() {
    let target = Target::any().and_region("East US 2").and_slot(Slot::Primary);
    let at = When::Window { from: Duration::from_secs(600), until: Duration::from_secs(900) };
    let config = world(|_| {}).with_fault(WorldFault::new(at, target, Trouble::RefuseKey));
    let (_rig, start, seen) = hour(config).await;
    let view = seen.unwrap();
    assert_eq!(counted(view.refused_in(Some("northeurope"))), 0);
    let refused: Vec<&Requests> = view.refused_in(Some("eastus2")).collect();
    assert!(counted(refused.iter().copied()) > 10, "{view:?}");
    for requests in refused {
        assert!(requests.first >= start + SignedDuration::from_secs(600));
        assert!(requests.last < start + SignedDuration::from_secs(900));
    }
}

#[tokio::test]
async fn logs_that_nobody_keeps_are_a_fault_and_no_empty_answer() {
    let config = WorldConfig { logs: None, ..WorldConfig::default() };
    let (_rig, _, seen) = hour(config).await;
    let fault = seen.unwrap_err();
    assert_eq!(fault.kind, Blindness::Missing);
    assert!(fault.to_string().contains("DataPlaneRequests"), "{fault}");

    let (rig, start, _) = hour(world(|_| {})).await;
    let elsewhere = logs(&rig, |settings| settings.workspace = "another".to_owned()).usage(start).await;
    let elsewhere = elsewhere.unwrap_err();
    assert_eq!(elsewhere.kind, Blindness::Gone);
    assert!(elsewhere.remedy.contains("`workspace` under [environment.NAME.logs]"), "{elsewhere}");
    // An account that sends its logs elsewhere has no row here.
    let other = logs(&rig, |settings| settings.account = "another".to_owned()).usage(start).await.unwrap();
    assert_eq!((other.newest, other.requests.len()), (None, 0));
    let odd = logs(&rig, |settings| settings.account = "x' or true //".to_owned()).usage(start).await;
    assert_eq!(odd.unwrap_err().kind, Blindness::Unintelligible);
}

#[tokio::test]
async fn throttling_is_waited_for_and_a_missing_right_is_named() {
    let fault = |at, what| WorldFault::new(at, Target::operation(Operation::ReadLogs), what);
    let throttle = Trouble::Throttle { retry_after: Duration::from_secs(1) };
    let (rig, _, seen) = hour(world(|_| {}).with_fault(fault(When::First(1), throttle))).await;
    assert!(seen.is_ok(), "{seen:?}");
    assert_eq!(rig.simulation.wire.transcript().count("POST", "/query"), 2);
    let (_rig, _, seen) = hour(world(|_| {}).with_fault(fault(When::Always, Trouble::Forbidden))).await;
    let fault = seen.unwrap_err();
    assert_eq!(fault.kind, Blindness::Forbidden);
    assert!(fault.to_string().contains("Log Analytics Reader"), "{fault}");
}

#[tokio::test]
async fn both_tables_tell_who_read_the_secret_and_with_what() {
    for table in [LogTable::OwnTable, LogTable::Diagnostics] {
        let mut config = world(|logs| logs.table = table);
        let agent = "azsdk-net-Security.KeyVault.Secrets/4.3.0".to_owned();
        let ago = Duration::from_secs(3600);
        config.outsiders[0].reads =
            Some(VaultReads { stamp: 1, identity: "search".to_owned(), agent: agent.clone(), ago });
        let (rig, start, _) = hour(config).await;
        let since = start - SignedDuration::from_hours(2);
        let view = logs(&rig, |_| {}).secret_reads(since).await.unwrap();
        let (stamps, now, first) = rig.simulation.world.with(|world| {
            let stamps: Vec<StampName> = world.stamps().map(|stamp| stamp.name.clone()).collect();
            let first = world.stamp(&stamps[1]).unwrap().vault.versions()[0].id.clone();
            (stamps, world.now(), first)
        });
        assert!(view.newest.keys().eq(&BTreeSet::from_iter(stamps.clone())), "{view:?}");
        assert!(view.newest.values().all(|newest| *newest < now - SignedDuration::from_mins(3)));
        let by_search: Vec<_> =
            view.of_others().filter(|reads| reads.identity.application == "search").collect();
        let [reads] = &by_search[..] else { panic!("{view:?}") };
        assert_eq!((&reads.stamp, reads.version.as_ref(), reads.count), (&stamps[1], Some(&first), 1));
        assert_eq!(
            (reads.caller.agent.as_str(), reads.last),
            (agent.as_str(), start - SignedDuration::from_hours(1))
        );
        let other = logs(&rig, |settings| settings.secret = "another".to_owned()).secret_reads(since).await;
        let other = other.unwrap();
        assert_eq!((other.reads.len(), other.newest.len()), (0, stamps.len()), "audited, and not read");
        let none = logs(&rig, |settings| settings.vaults.clear()).secret_reads(since).await.unwrap();
        assert!(none.newest.is_empty());
    }
    let (rig, start, _) = hour(world(|logs| logs.audit = false)).await;
    let fault = logs(&rig, |_| {}).secret_reads(start).await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Missing);
    assert!(fault.to_string().contains("AuditEvent"), "{fault}");
    let odd = logs(&rig, |settings| settings.secret = "x' or true //".to_owned()).secret_reads(start).await;
    assert_eq!(odd.unwrap_err().kind, Blindness::Unintelligible);
}

fn activity(rig: &Rig) -> ActivityLog {
    let access = ArmAccess {
        http: client(&rig.simulation.wire),
        tokens: rig.tokens.clone(),
        scope: "https://management.azure.com/.default".to_owned(),
        clock: rig.clock.clone(),
    };
    let account = rig.simulation.world.with(|world| world.account().config().id.clone());
    ActivityLog::new(access, "https://management.azure.com".parse().unwrap(), account)
}

#[tokio::test]
async fn the_activity_log_is_read_page_by_page_and_each_listing_counts_once() {
    let lister = |minutes: u64| ListerConfig {
        name: "ada@acme.example".to_owned(),
        address: "203.0.113.200".to_owned(),
        ago: Duration::from_secs(60 * minutes),
    };
    let config = WorldConfig { listers: (1..=45).map(lister).collect(), ..WorldConfig::default() };
    let (rig, start, _) = hour(config).await;
    let view = activity(&rig).key_deeds(start - SignedDuration::from_hours(1)).await.unwrap();
    let [deeds] = &view.deeds[..] else { panic!("{view:?}") };
    assert_eq!(
        (deeds.deed, deeds.count, deeds.identity.name.as_str()),
        (KeyDeed::List, 45, "ada@acme.example")
    );
    assert_eq!(deeds.last, start - SignedDuration::from_mins(1));
    assert_eq!(rig.simulation.wire.transcript().count("GET", "/eventtypes/management/values"), 3);
    let ever = activity(&rig).key_deeds(Timestamp::UNIX_EPOCH).await.unwrap();
    assert!(ever.since > start - SignedDuration::from_hours(24 * 90), "no further than it goes back");

    let what = WorldFault::new(When::Always, Target::operation(Operation::ReadActivity), Trouble::Forbidden);
    let (rig, start, _) = hour(WorldConfig::default().with_fault(what)).await;
    let fault = activity(&rig).key_deeds(start).await.unwrap_err();
    assert_eq!((fault.kind, fault.to_string().contains("Monitoring Reader")), (Blindness::Forbidden, true));
}

#[tokio::test]
async fn the_activity_log_tells_late_of_a_regeneration_by_the_id_of_its_request() {
    let rig = Rig::new(WorldConfig::default());
    let start = rig.clock.now() - Duration::from_secs(60);
    let id = |end: &str| format!("{OWN_REQUEST}8000-00000000000{end}");
    let kind = KeyKind::read_write(Slot::Primary);
    let answer = rig.cosmos.regenerate(kind, &id("1"), &rig.permit()).await;
    assert!(matches!(answer, Effect::Applied(_)), "{answer:?}");
    let busy = rig.cosmos.regenerate(kind, &id("2"), &rig.permit()).await;
    assert!(matches!(busy, Effect::Refused(_)), "{busy:?}");
    let told = async || {
        let view = activity(&rig).traces(&[id("1"), id("2"), id("3")], start).await.unwrap();
        view.traces.into_values().collect::<Vec<Trace>>()
    };
    assert_eq!(told().await, [Trace::Absent, Trace::Absent, Trace::Absent]);
    rig.pass(Duration::from_secs(4 * 60));
    let traces = told().await;
    assert!(
        matches!(traces[..], [Trace::Accepted { .. }, Trace::Failed { .. }, Trace::Absent]),
        "{traces:?}"
    );
    rig.pass(Duration::from_secs(60 * 60));
    assert!(matches!(told().await[0], Trace::Succeeded { .. }));
    // None of them is anybody else's.
    assert_eq!(activity(&rig).key_deeds(start).await.unwrap().deeds, []);
}
