//! SecretProviderClasses that are deleted, renamed or edited while pods run: in memory, and by the program over the wire.
//! What was refused is counted by the world.

use std::time::Duration;

use futures::executor::block_on;
use keyslot::drive::TurnEnd;
use keyslot::rotation::{Acceptance, Gate, Phase, Reason};
use keyslot::sim::config::KeySource;
use keyslot::sim::kubernetes::ClassChange;
use keyslot::sim::{Command, World, WorldConfig};

use crate::backstage::Deed;
use crate::harm_scenarios::small;
use crate::in_memory::{Life, Theatre};
use crate::journey::later;
use crate::live::Live;

const MINUTE: Duration = Duration::from_secs(60);

fn edited() -> ClassChange {
    ClassChange::Deliver(vec!["Other".to_owned()])
}

fn changes() -> [ClassChange; 3] {
    [ClassChange::Delete, ClassChange::Rename("catalog-secrets".to_owned()), edited()]
}

/// Does it to the class of the first workload, in one stamp by its place.
fn change(world: &World, stamp: usize, change: ClassChange) -> Command {
    let stamp = world.stamps().nth(stamp).unwrap().name.clone();
    let name = "catalogservice-keyvault".to_owned();
    Command::ChangeClass { stamp, namespace: "workload".to_owned(), name, change }
}

/// A theatre in which that happens to one stamp's class after so long.
fn theatre(config: WorldConfig, after: Duration, what: ClassChange) -> Theatre {
    let theatre = Theatre::new(config);
    let (start, command) = {
        let world = theatre.world.lock();
        (world.now(), change(&world, 1, what))
    };
    theatre.backstage.at(later(start, after), Deed::Do(command));
    theatre.backstage.until(later(start, MINUTE * 60 * 12));
    theatre
}

fn unquiet() -> WorldConfig {
    let mut config = small();
    // Nobody but the cluster tells who uses the key.
    config.account.tells_last_use = false;
    config
}

fn counted(theatre: &Theatre) -> (u64, usize) {
    let until = later(theatre.world.lock().now(), MINUTE * 180);
    theatre.backstage.pass(until);
    let outcome = theatre.world.lock().outcome();
    (outcome.outage.refused, outcome.regenerated.len())
}

#[test]
fn pods_whose_class_has_gone_or_says_something_else_keep_their_key_alive() {
    for key in [KeySource::Mount, KeySource::SyncedSecret("cosmos".to_owned())] {
        for what in changes() {
            // Before anything is begun, and at any time until the pods are restarted.
            for after in [0, 20, 45, 70, 100] {
                let mut config = unquiet();
                config.workloads[0].key = key.clone();
                let mut theatre = theatre(config, MINUTE * after, what.clone());
                let life = theatre.live();
                let (refused, regenerated) = counted(&theatre);
                assert_eq!(refused, 0, "{key:?} {what:?} after {after} min: {life:?}");
                let done = life == Life::Ended(TurnEnd::Done);
                // Late enough, it is the new key that a person is called for.
                let confirms = matches!(&life, Life::Ended(TurnEnd::Halted { phase: Phase::Confirm, .. }));
                assert_eq!(
                    done || confirms,
                    regenerated == 1,
                    "{key:?} {what:?} after {after} min: {life:?}"
                );
                assert!(!done || after > 0, "{key:?} {what:?}: {life:?}");
            }
        }
    }
}

fn reading() -> WorldConfig {
    let mut config = unquiet();
    config.workloads[0].key = KeySource::SyncedSecret("cosmos".to_owned());
    config
}

#[test]
fn pods_that_read_a_secret_which_their_class_fills_no_more_keep_their_key_alive() {
    for after in [0, 20, 45, 70, 100] {
        let mut theatre = theatre(reading(), MINUTE * after, ClassChange::Unfill);
        let life = theatre.live();
        let (refused, regenerated) = counted(&theatre);
        assert_eq!(refused, 0, "after {after} min: {life:?}");
        assert!(after > 0 || regenerated == 0, "{life:?}");
    }
    let mut theatre = theatre(reading(), Duration::ZERO, ClassChange::Unfill);
    let start = theatre.world.lock().now();
    theatre.backstage.pass(later(start, MINUTE));
    let reasons = halts(&mut theatre);
    let told: Vec<&str> = reasons.iter().map(|reason| reason.why.kind()).collect();
    assert_eq!(told, ["may-hold-secret"], "{reasons:?}");
    assert_eq!(theatre.world.lock().counters().pulls_opened, 0, "said before anything is begun");
}

#[test]
fn with_the_gate_of_consumers_open_a_secret_without_a_class_ends_in_refusals() {
    let mut theatre = theatre(reading(), Duration::ZERO, ClassChange::Unfill);
    theatre.without.extend([Gate::Consumers]);
    theatre.live();
    let (refused, regenerated) = counted(&theatre);
    assert!(refused > 0 && regenerated == 1, "{refused} refused, {regenerated} regenerated");
}

#[test]
fn with_the_gates_of_consumers_and_old_pods_open_the_world_counts_what_is_refused() {
    let mut theatre = theatre(unquiet(), MINUTE, edited());
    theatre.without.extend([Gate::Consumers, Gate::OldPodsGone]);
    // Else they would be restarted with the others.
    theatre.policy.workloads.remove(0);
    theatre.live();
    let (refused, regenerated) = counted(&theatre);
    assert!(refused > 0 && regenerated == 1, "{refused} refused, {regenerated} regenerated");
}

fn halts(theatre: &mut Theatre) -> Vec<Reason> {
    let life = theatre.live();
    let Life::Ended(TurnEnd::Halted { reasons, .. }) = life else { panic!("{life:?}") };
    reasons
}

#[test]
fn a_workload_that_takes_the_key_no_more_is_accepted_by_name_once_its_pods_are_new() {
    let mut theatre = theatre(unquiet(), Duration::ZERO, edited());
    let (stamp, workload) = (theatre.policy.stamps[1].name.clone(), theatre.policy.workloads[0].clone());
    let start = theatre.world.lock().now();
    theatre.backstage.at(later(start, MINUTE), Deed::Restart(stamp.clone(), workload.clone()));
    theatre.backstage.pass(later(start, MINUTE * 60));
    let reasons = halts(&mut theatre);
    let subject = format!("{stamp}/{workload}");
    let said: Vec<(String, &str)> =
        reasons.iter().map(|reason| (reason.subject.to_string(), reason.why.kind())).collect();
    assert_eq!(said, [(subject.clone(), "does-not-get-secret")], "{reasons:?}");
    assert_eq!(theatre.world.lock().counters().pulls_opened, 0, "said before anything is begun");
    let mut driver = block_on(theatre.driver_as("person", "person")).unwrap();
    let acceptance = Acceptance {
        by: "operator".to_owned(),
        gate: Gate::Consumers,
        subject,
        because: "it signs in with its identity".to_owned(),
        until: later(start, MINUTE * 60 * 24),
        why: Some("does-not-get-secret".to_owned()),
    };
    block_on(driver.accept(acceptance)).unwrap();
    drop(driver);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    assert_eq!(counted(&theatre), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_holds_and_says_why_over_the_wire() {
    for (config, what, said) in [
        (unquiet(), ClassChange::Delete, "no new pod of"),
        (unquiet(), ClassChange::Rename("catalog-secrets".to_owned()), "bring the class back"),
        (unquiet(), edited(), "may hold the old key: the SecretProviderClass catalogservice-keyvault"),
        (reading(), ClassChange::Unfill, "the Kubernetes Secret cosmos, which the CSI driver made"),
    ] {
        let live = Live::set(config, 1200.0);
        live.stage.simulation.world.with(|world| {
            let command = change(world, 1, what.clone());
            world.apply(command).unwrap();
        });
        // Long enough for the driver to have refreshed what its pods mount.
        tokio::time::sleep(Duration::from_millis(600)).await;
        let mut plan = live.keyslot(&["plan"]);
        let code = plan.end().await;
        let (told, talk) = (plan.data(), plan.talk());
        assert!(code != 0 && told.contains(said), "{what:?}: {code}\n{told}\n{talk}");
        let mut rotate = live.keyslot(&["rotate", "--approve"]);
        assert_eq!(rotate.end().await, 4, "{what:?}: {}", rotate.talk());
        let outcome = live.stage.simulation.world.with(|world| world.outcome());
        assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 0), "{what:?}");
    }
}
