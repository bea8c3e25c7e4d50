//! What each gate is good for: with all of them nothing happens, with just that one off its harm does, as counted
//! by the world.

use std::collections::BTreeSet;

use keyslot::rotation::Gate;
use keyslot::sim::WorldConfig;

use crate::harm_scenarios::{Scenario, all};
use crate::in_memory::Theatre;

#[test]
fn every_gate_switched_off_shows_the_harm_that_it_keeps_away() {
    let scenarios = all();
    let covered: BTreeSet<Gate> = scenarios.iter().map(|scenario| scenario.gate).collect();
    assert_eq!(covered, Gate::ALL.iter().copied().collect(), "a scenario for every gate");
    assert_eq!(scenarios.len(), Gate::ALL.len(), "one for each");
    let wrong: Vec<String> = scenarios.iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn wrong(scenario: &Scenario) -> Option<String> {
    let Scenario { gate, set, harmed } = scenario;
    let mut kept = set();
    let life = kept.live();
    if harmed(&kept, &life) {
        return Some(format!("{gate}: {} although the gate stands ({life:?})", gate.harm()));
    }
    let mut open = set();
    open.without.insert(*gate);
    let life = open.live();
    let refused = open.world.lock().outage().refused;
    (!harmed(&open, &life)).then(|| {
        format!("{gate}: without it there is no sign of “{}” ({refused} refused, {life:?})", gate.harm())
    })
}

#[test]
fn with_the_quiesce_gates_off_keyslot_itself_refuses_requests() {
    let mut theatre = Theatre::new(WorldConfig::default());
    theatre.without.extend([Gate::OldPodsGone, Gate::KeyQuiet]);
    theatre.live();
    let world = theatre.world.lock();
    assert!(world.outage().refused > 0, "{:?}", world.outage());
    assert!(!theatre.backstage.shots()[0].holders.is_empty(), "pods held the key when it was sent to die");
}
