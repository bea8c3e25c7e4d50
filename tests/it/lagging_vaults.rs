//! What other people's restarts leave behind while a vault lags, or while it holds the wrong key: pods that look as if
//! they had been replaced and are not on the key that everybody thinks.

use std::time::Duration;

use jiff::Timestamp;
use keyslot::drive::TurnEnd;
use keyslot::model::{FlipBack, KeyKind, Slot};
use keyslot::rotation::{Event, Leg};
use keyslot::sim::config::WorkloadConfig;
use keyslot::sim::fault::{Fault, Operation, Target, Trouble, When};
use keyslot::sim::{Command, Holds, WorldConfig};

use crate::backstage::Deed;
use crate::in_memory::{Life, Theatre};
use crate::journey::{events, later};
use crate::lottery::small_tree;

fn config() -> WorldConfig {
    let mut config = WorldConfig::default().with_stamps(2);
    config.repository.tree = small_tree(Slot::Primary);
    config.kubernetes.ring = 0;
    config.workloads = vec![WorkloadConfig::named("catalogservice-deploy")];
    // Nothing but the pods tells who holds what.
    config.account.tells_last_use = false;
    config
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn somebody_restarts(theatre: &Theatre, stamp: usize, at: Timestamp) {
    let (stamp, workload) = (&theatre.policy.stamps[stamp].name, &theatre.policy.workloads[0]);
    theatre.backstage.at(at, Deed::Restart(stamp.clone(), workload.clone()));
}

fn an_hour_passes(theatre: &Theatre) {
    let until = later(theatre.world.lock().now(), seconds(3600));
    theatre.backstage.pass(until);
}

/// The pipeline of the release before, infrastructure only: it writes the old slot.
fn old_run(theatre: &Theatre) -> Command {
    let branch = theatre.world.lock().config().repository.previous_release.clone();
    let skip = theatre.policy.skip_stages.clone();
    Command::StartRun { branch, commit: None, skip, by: "mallory".to_owned() }
}

/// When the first stamp's vault gets the new key in a world where nobody interferes.
fn written(config: &WorldConfig) -> Timestamp {
    let mut scout = Theatre::new(config.clone());
    assert_eq!(scout.live(), Life::Ended(TurnEnd::Done));
    let world = scout.world.lock();
    let stamp = world.stamps().next().unwrap();
    stamp.vault.versions()[1].created
}

/// Somebody restarts while the vault still answers with the version before: the pods mount the old key, begin with
/// it, and the driver refreshes their files a minute later.
fn restarted_in_the_lag(lag: Duration) -> Theatre {
    let mut config = config();
    config.vault_staleness = seconds(240);
    config.kubernetes.csi.poll = seconds(60);
    let at = later(written(&config), seconds(100));
    let mut theatre = Theatre::new(config);
    theatre.policy.vault_lag = lag;
    somebody_restarts(&theatre, 0, at);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    an_hour_passes(&theatre);
    theatre
}

#[test]
fn pods_that_started_while_their_vault_lagged_are_restarted_although_they_look_young() {
    let theatre = restarted_in_the_lag(seconds(300));
    let world = theatre.world.lock();
    assert_eq!(world.outage().refused, 0, "{:?}", world.outage());
    assert!(theatre.backstage.shots().iter().all(|shot| shot.holders.is_empty()));
    let raised: Vec<u32> = world.counters().generations.values().copied().collect();
    assert_eq!(raised, [1, 2], "theirs and ours where they restarted, ours elsewhere");
}

#[test]
fn without_the_lag_such_pods_are_taken_for_young_and_are_refused() {
    let theatre = restarted_in_the_lag(Duration::ZERO);
    assert!(!theatre.backstage.shots()[0].holders.is_empty(), "they held the key when it was sent to die");
    assert!(theatre.world.lock().outage().refused > 0);
}

#[test]
fn nothing_is_restarted_before_the_lag_has_passed_and_then_once() {
    let mut theatre = Theatre::new(config());
    theatre.policy.vault_lag = seconds(1800);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    let world = theatre.world.lock();
    for stamp in world.stamps() {
        let written = stamp.vault.versions()[1].created;
        let youngest = stamp.cluster.pods().map(|pod| pod.meta.created).min().unwrap();
        assert!(youngest > later(written, seconds(1800)), "{}: {written} and {youngest}", stamp.name);
    }
    assert!(world.counters().each_rolled_out(1));
    assert_eq!(world.outage().refused, 0);
}

/// Somebody runs the release before after the old key was regenerated, and restarts from what that wrote.
fn taken_back() -> Theatre {
    let mut theatre = Theatre::new(config());
    theatre.policy.confirm_window = seconds(3600);
    let mut scout = Theatre::new(config());
    scout.policy = theatre.policy.clone();
    assert_eq!(scout.live(), Life::Ended(TurnEnd::Done));
    let regenerated = {
        let world = scout.world.lock();
        world.account().current(KeyKind::read_write(Slot::Primary)).unwrap().generated.unwrap()
    };
    theatre.backstage.at(later(regenerated, seconds(600)), Deed::Do(old_run(&theatre)));
    somebody_restarts(&theatre, 1, later(regenerated, seconds(600 + 30 * 60)));
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    theatre
}

#[test]
fn a_rotation_ends_only_when_the_pods_are_on_the_slot_too() {
    let theatre = taken_back();
    let world = theatre.world.lock();
    let outcome = world.outcome();
    assert_eq!(outcome.outage.refused, 0);
    for stamp in &outcome.stamps {
        assert_eq!((stamp.vault_slot, stamp.pods_slot), (Holds::Secondary, Holds::Secondary), "{stamp:?}");
    }
    let versions = world.stamps().map(|stamp| stamp.vault.versions().len());
    assert_eq!(versions.collect::<Vec<_>>(), [4, 4], "there, taken back, and there again");
}

#[test]
fn a_vault_that_is_taken_back_after_the_old_key_died_is_mended_before_the_new_one_is_confirmed() {
    let theatre = taken_back();
    let confirmed = events(&theatre).into_iter().find(|(_, event)| *event == Event::Confirmed).unwrap().0;
    let world = theatre.world.lock();
    for stamp in world.stamps() {
        let mended = stamp.vault.versions()[3].created;
        assert!(mended < confirmed, "{}: mended {mended}, confirmed {confirmed}", stamp.name);
    }
}

#[test]
fn a_rotation_is_not_closed_while_a_run_is_under_way_that_takes_the_vaults_back() {
    let mut scout = Theatre::new(config());
    assert_eq!(scout.live(), Life::Ended(TurnEnd::Done));
    let just_before = scout.world.lock().now() - jiff::SignedDuration::from_mins(2);
    let mut theatre = Theatre::new(config());
    theatre.backstage.at(just_before, Deed::Do(old_run(&theatre)));
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    an_hour_passes(&theatre);
    let outcome = theatre.world.lock().outcome();
    assert!(outcome.stamps.iter().all(|stamp| stamp.vault_slot == Holds::Secondary), "{outcome:?}");
}

#[test]
fn a_rotation_that_proposes_the_way_back_ends_with_everybody_where_they_are() {
    let mut scout = Theatre::new(config());
    scout.policy.flip_back = FlipBack::Propose;
    assert_eq!(scout.live(), Life::Ended(TurnEnd::Done));
    let back = events(&scout).into_iter().find(|(_, event)| is_back(event)).unwrap().0;
    // Nothing can be pushed for a while; others take the vaults back meanwhile, restart, and merge the return.
    let from = back.duration_since(config().start).unsigned_abs();
    let at = When::Window { from, until: from + seconds(600) };
    let fault = Fault::new(at, Target::operation(Operation::Push), Trouble::Unreachable);
    let mut theatre = Theatre::new(config().with_fault(fault));
    theatre.policy.flip_back = FlipBack::Propose;
    theatre.backstage.at(later(back, seconds(60)), Deed::Do(old_run(&theatre)));
    let base = theatre.world.lock().config().repository.base.clone();
    theatre.backstage.at(later(back, seconds(120)), Deed::Flip(base, Slot::Primary));
    somebody_restarts(&theatre, 0, later(back, seconds(1500)));
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    let world = theatre.world.lock();
    assert!(world.runs().len() > 2, "it was mended by a run of the live release");
    let outcome = world.outcome();
    for stamp in &outcome.stamps {
        assert_eq!((stamp.vault_slot, stamp.pods_slot), (Holds::Secondary, Holds::Secondary), "{stamp:?}");
    }
    assert_eq!(outcome.outage.refused, 0);
}

fn is_back(event: &Event) -> bool {
    matches!(event, Event::Reached { leg: Leg::Back, .. })
}
