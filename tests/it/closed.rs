//! Stamps of which Azure knows neither cluster nor vault: what closes one, and what does not.

use keyslot::model::{Access, Blindness, ClusterState, ClusterView, Identity, Seen, Slot};
use keyslot::rotation::{Gate, Note, Phase, Standing, Step, Verdict, default_retire, restart_target};

use crate::stage::{Stage, holding, key, reads, stamp, steps};

fn without_cluster(stage: &mut Stage, name: &str) {
    let gone = ClusterView { state: ClusterState::Gone, ..ClusterView::default() };
    stage.world.clusters.insert(stamp(name), Seen::known(stage.now, gone));
}

pub fn without_vault(stage: &mut Stage, name: &str, kind: Blindness) {
    stage.world.vaults.insert(stamp(name), Seen::blind(stage.now, kind, "404"));
}

pub fn close(stage: &mut Stage, name: &str) {
    without_cluster(stage, name);
    without_vault(stage, name, Blindness::Gone);
}

#[test]
fn a_closed_stamp_holds_nothing_and_is_worth_a_note() {
    let mut stage = Stage::ready();
    close(&mut stage, "north");
    let decision = stage.decide();
    assert!(matches!(&steps(&decision)[..], [Step::Regenerate { .. }]), "{decision:?}");
    assert!(keyslot::rotation::notes(&stage.policy, &stage.world).contains_key(&Note::StampClosed));
    // The other one is neither the last that serves nor a canary that is waited for.
    let mut stage = Stage::before_restart();
    close(&mut stage, "north");
    match &steps(&stage.decide())[..] {
        [Step::Restart { stamp, .. }] => assert_eq!(stamp.as_str(), "east"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn half_of_a_stamp_and_silence_close_nothing() {
    type Spoil = fn(&mut Stage);
    let cases: &[(&str, Gate, Spoil)] = &[
        ("its vault is there", Gate::Preflight, |s| without_cluster(s, "north")),
        ("its cluster is there", Gate::Propagated, |s| without_vault(s, "north", Blindness::Gone)),
        ("its cluster was stopped", Gate::Propagated, |s| {
            close(s, "north");
            s.cluster_mut("north").state = ClusterState::Stopped;
        }),
        ("its vault does not answer", Gate::Propagated, |s| {
            close(s, "north");
            without_vault(s, "north", Blindness::Unreachable);
        }),
        ("its vault may not be read", Gate::Propagated, |s| {
            close(s, "north");
            without_vault(s, "north", Blindness::Forbidden);
        }),
        ("its vault has no such secret", Gate::Propagated, |s| {
            close(s, "north");
            without_vault(s, "north", Blindness::Missing);
        }),
        ("its cluster does not answer", Gate::Propagated, |s| {
            close(s, "north");
            let silent = Seen::blind(s.now, Blindness::Unreachable, "no answer");
            s.world.clusters.insert(stamp("north"), silent);
        }),
        ("its cluster was not looked at", Gate::Propagated, |s| {
            close(s, "north");
            s.world.clusters.remove(&stamp("north"));
        }),
        ("its cluster was gone an hour ago", Gate::Propagated, |s| {
            close(s, "north");
            s.world.clusters.get_mut(&stamp("north")).unwrap().at -= jiff::SignedDuration::from_hours(1);
        }),
    ];
    for (name, gate, spoil) in cases {
        let mut stage = Stage::ready();
        spoil(&mut stage);
        let decision = stage.decide();
        assert!(!matches!(decision.verdict, Verdict::Act { .. } | Verdict::Done), "{name}: {decision:?}");
        assert!(holding(&decision).contains(gate), "{name}: {decision:?}");
        // Before anything is begun, too.
        let mut stage = Stage::ready();
        stage.events.retain(|(at, _)| *at != crate::stage::at(1));
        spoil(&mut stage);
        let decision = stage.decide();
        assert!(!holding(&decision).is_empty(), "{name}: {decision:?}");
    }
}

#[test]
fn whoever_read_the_key_from_a_vault_that_is_gone_holds_by_name() {
    let mut stage = Stage::ready();
    close(&mut stage, "north");
    let mut stranger = reads("north", "nightly-export", "v1", crate::stage::at(90_000));
    stranger.identity = Identity { application: "nightly-export".to_owned(), ..Identity::default() };
    stage.census_mut().read.as_mut().unwrap().reads.push(stranger);
    assert_eq!(holding(&stage.decide()), [Gate::Readers].into(), "{:?}", stage.decide());
    assert_eq!(stage.decide().phase, Phase::Quiesce);
}

#[test]
fn what_everybody_uses_is_told_without_the_closed() {
    let mut stage = Stage::ready();
    close(&mut stage, "north");
    let stamps = [stamp("east"), stamp("north")];
    let standing = Standing::of(&stage.world, &stamps, Access::ReadWrite, stage.policy.vault_lag);
    assert_eq!((standing.slot, standing.unseen.len()), (Some(Slot::Secondary), 0), "{standing:?}");
    assert_eq!(standing.closed, [stamp("north")]);
    assert_eq!(restart_target(&stage.world), Ok(Slot::Secondary));
    assert_eq!(default_retire(&stage.world), Ok(Slot::Secondary));
    without_vault(&mut stage, "north", Blindness::Unreachable);
    let standing = Standing::of(&stage.world, &stamps, Access::ReadWrite, stage.policy.vault_lag);
    assert_eq!((standing.slot, standing.unseen.len(), standing.closed.len()), (None, 1, 0), "{standing:?}");
    assert!(restart_target(&stage.world).is_err());
    // With nobody left there is no key that everyone uses.
    ["east", "north"].iter().for_each(|name| close(&mut stage, name));
    let standing = Standing::of(&stage.world, &stamps, Access::ReadWrite, stage.policy.vault_lag);
    let text = keyslot::render::verify::verdict(&standing);
    assert!(standing.slot.is_none() && text.contains("nobody uses a key: every stamp is closed"), "{text}");
    // A vault that holds the old key holds, whatever became of the cluster beside it.
    let mut stage = Stage::ready();
    without_cluster(&mut stage, "north");
    stage.vault_mut("north").fingerprint = key(Slot::Primary);
    assert_eq!(stage.decide().phase, Phase::Deploy);
}

#[test]
fn where_every_stamp_is_closed_nobody_was_asked() {
    let mut stage = Stage::ready();
    close(&mut stage, "north");
    close(&mut stage, "east");
    assert_eq!(holding(&stage.decide()), [Gate::AllListed].into(), "{:?}", stage.decide());
    // Before anything is begun, too.
    stage.events.retain(|(at, _)| *at != crate::stage::at(1));
    assert!(holding(&stage.decide()).contains(&Gate::AllListed), "{:?}", stage.decide());
}
