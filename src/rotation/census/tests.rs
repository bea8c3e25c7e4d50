//! Who has moved, who is gone, who holds.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::model::{
    Ages, Blindness, BranchName, Caller, Credential, FlipBack, Identity, KeyDeed, KeyDeeds, Pace, Policy,
    PullPolicy, Requests, Route, RunStart, SharedStore, SignOff, StampFacts, StampName,
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn policy() -> Policy {
    let hour = Duration::from_secs(3600);
    Policy {
        route: Route::Hotfix,
        flip_back: FlipBack::No,
        base_branch: BranchName::new("main"),
        pulls: PullPolicy::default(),
        signs: None,
        run_start: RunStart::Asked,
        skip_stages: Vec::new(),
        deployments: false,
        moves_traffic: true,
        accepted_stages: Vec::new(),
        restart_budget: 3,
        stamps: vec![StampFacts {
            name: StampName::new("north"),
            unit: "unit".to_owned(),
            live_traffic: true,
            region: None,
            addresses: vec!["10.0.0.0/8".parse().unwrap()],
            identities: vec!["driver".to_owned()],
        }],
        workloads: Vec::new(),
        wave_size: 1,
        soak: hour,
        quiet_window: hour,
        confirm_window: hour,
        vault_lag: hour,
        max_target_age: None,
        settle: hour,
        approver_differs: false,
        same_account: Vec::new(),
        inventory: false,
        log_lag: Some(hour),
        metrics_lag: None,
        census_window: hour * 24,
        automation: vec!["pipeline".to_owned()],
        sign_offs: Vec::new(),
        propagation: crate::model::Propagation::Pipeline,
        promotion: crate::model::Promotion::Push,
        words: crate::model::Wording::default(),
        store: SharedStore::Shared,
        ages: Ages { ordinary: hour, restart: hour, regenerate: hour, proof: hour },
        pace: Pace { people: hour, pipeline: hour, rollout: hour, pods: hour, account: hour },
    }
}

fn row(credential: Credential, address: &str, last: i64) -> Requests {
    Requests {
        credential,
        refused: false,
        region: "North Europe".to_owned(),
        caller: Caller { address: address.to_owned(), agent: "sdk".to_owned() },
        count: 2,
        first: at(0),
        last: at(last),
    }
}

fn used() -> UsageView {
    let primary = Credential::Key(KeyKind::read_write(Slot::Primary));
    let secondary = Credential::Key(KeyKind::read_write(Slot::Secondary));
    UsageView {
        since: at(0),
        newest: Some(at(100)),
        requests: vec![
            row(primary, "10.0.0.1", 50),
            row(primary, "10.0.0.1", 60),
            row(secondary, "10.0.0.1", 100),
            row(primary, "192.0.2.7", 70),
            row(Credential::Unknown, "192.0.2.8", 80),
            row(Credential::NoKey, "192.0.2.9", 90),
        ],
    }
}

fn listed(identity: &str, deed: KeyDeed) -> KeyDeeds {
    let identity = Identity { application: identity.to_owned(), ..Identity::default() };
    KeyDeeds { deed, identity, address: String::new(), count: 1, first: at(5), last: at(5) }
}

fn blind() -> Blind {
    Blind { kind: Blindness::Missing, why: "no table".to_owned() }
}

fn census(
    policy: &Policy,
    view: &CensusView,
    activity: &Result<ActivityView, Blind>,
    slot: Option<Slot>,
) -> Census {
    let source = Sightings { since: at(0), view, activity, vaults: &BTreeMap::new() };
    Census::of(&source, slot, Lens { policy, account: None, now: at(1000) })
}

#[test]
fn each_user_holds_or_has_moved_and_strangers_are_those_of_no_stamp() {
    let (policy, view) = (policy(), CensusView { used: Ok(used()), read: Err(blind()) });
    let activity = Ok(ActivityView { since: at(0), deeds: Vec::new() });
    let census = census(&policy, &view, &activity, Some(Slot::Primary));
    let told: Vec<(&str, u64, &str, bool)> = census
        .users
        .iter()
        .map(|user| (user.caller.address.as_str(), user.count, user.attachment.as_str(), user.is_stranger()))
        .collect();
    assert_eq!(told, [("192.0.2.7", 2, "holds", true), ("10.0.0.1", 4, "moved", false)]);
    assert_eq!((census.unnamed.len(), census.strangers()), (1, 1));
    assert_eq!(
        census.unknowns,
        ["2 requests from outside of the known stamps name no key", "who read the secret: no table"]
    );
}

#[test]
fn whatever_is_not_logged_is_unknown() {
    let policy = policy();
    let nothing = CensusView { used: Err(blind()), read: Err(blind()) };
    let told = census(&policy, &nothing, &Err(blind()), None);
    assert_eq!((told.unknowns.len(), told.strangers()), (3, 0), "{:?}", told.unknowns);
    let silent = CensusView {
        used: Ok(UsageView { newest: None, requests: Vec::new(), since: at(0) }),
        read: Ok(AuditView {
            since: at(0),
            newest: BTreeMap::new(),
            oldest: BTreeMap::new(),
            reads: Vec::new(),
        }),
    };
    let short = Ok(ActivityView { since: at(500), deeds: Vec::new() });
    let told = census(&policy, &silent, &short, None);
    assert_eq!(told.unknowns.len(), 3, "{:?}", told.unknowns);
    assert!(told.unknowns[1].contains("the vaults of north"), "{:?}", told.unknowns);
}

#[test]
fn listers_are_told_and_who_made_a_key_got_none() {
    let view = CensusView { used: Ok(used()), read: Err(blind()) };
    let deeds = vec![
        listed("pipeline", KeyDeed::List),
        listed("driver", KeyDeed::List),
        listed("somebody", KeyDeed::List),
        listed("somebody", KeyDeed::Regenerate),
    ];
    let census = census(&policy(), &view, &Ok(ActivityView { since: at(0), deeds }), Some(Slot::Secondary));
    let strangers: Vec<String> = census
        .listers
        .iter()
        .filter(|lister| lister.is_stranger())
        .map(|lister| format!("{} {}", lister.deeds.identity, lister.deeds.deed.as_str()))
        .collect();
    assert_eq!(strangers, ["somebody list"]);
    let judged = |lister: &Lister| lister.attachment.map(Attachment::as_str);
    let judged: BTreeSet<_> = census.listers.iter().map(judged).collect();
    assert_eq!(judged, [None, Some("may-hold")].into(), "nobody waits for them");
}

#[test]
fn a_sign_off_that_speaks_of_nobody_is_told() {
    let sign_off = |address: &str, gone: i64, until: i64| SignOff {
        identity: None,
        address: Some(address.parse().unwrap()),
        agent: None,
        because: "off".to_owned(),
        by: "ada".to_owned(),
        gone: at(gone),
        until: at(until),
    };
    let policy = Policy {
        sign_offs: vec![
            sign_off("192.0.2.7", 70, 5000),
            sign_off("192.0.2.7", 69, 5000),
            sign_off("192.0.2.200", 70, 5000),
            sign_off("192.0.2.200", 70, 1000),
        ],
        ..policy()
    };
    let view = CensusView { used: Ok(used()), read: Err(blind()) };
    let census = census(&policy, &view, &Err(blind()), Some(Slot::Primary));
    assert_eq!(census.strangers(), 0);
    let told: Vec<(usize, Validity)> =
        census.signatures.iter().map(|signature| (signature.covers, signature.validity)).collect();
    assert_eq!(
        told,
        [(1, Validity::Good), (0, Validity::Good), (0, Validity::Good), (0, Validity::Expired)],
        "one that counts goes before one that does not"
    );
}

#[test]
fn who_used_a_key_before_the_first_row_is_not_known() {
    let mut view = used();
    view.newest = Some(at(10_000));
    view.requests.iter_mut().for_each(|requests| (requests.first, requests.last) = (at(5000), at(10_000)));
    let view = CensusView { used: Ok(view), read: Err(blind()) };
    let activity = Ok(ActivityView { since: at(0), deeds: Vec::new() });
    let told = census(&policy(), &view, &activity, None);
    assert!(told.unknowns[0].starts_with("who used the account's keys before "), "{:?}", told.unknowns);
}
