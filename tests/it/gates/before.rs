//! What is said before the first effect, and stamps that come, go or stand still.

use std::collections::BTreeSet;

use super::*;
use keyslot::rotation::{Concern, Foresight, Note};

#[test]
fn what_would_stop_the_restart_is_said_before_the_first_effect() {
    let cases: &[(&str, Gate, End, Spoil)] = &[
        ("paused", Gate::Preflight, End::Halts, |s| s.cluster_mut("north").workloads[0].paused = true),
        ("recreate", Gate::Preflight, End::Halts, |s| {
            s.cluster_mut("north").workloads[0].strategy = Strategy::Recreate;
        }),
        ("replaced on deletion", Gate::Preflight, End::Halts, |s| {
            s.cluster_mut("north").workloads[0].strategy = Strategy::OnDelete;
        }),
        ("replaced in part", Gate::Preflight, End::Halts, |s| {
            s.cluster_mut("north").workloads[0].strategy = Strategy::Ordinals { partition: 3 };
        }),
        ("unlisted", Gate::Consumers, End::Halts, |s| {
            s.cluster_mut("north").workloads.push(idle("orders-db"));
        }),
        // It does not follow: that it is right today says nothing of tomorrow.
        ("pinned to the version of today", Gate::Consumers, End::Halts, |s| {
            s.cluster_mut("north").workloads[0].pinned = Some("v2".into());
        }),
        ("unhealthy", Gate::Preflight, End::Waits, |s| s.cluster_mut("north").workloads[0].available = 2),
        ("a release that never came up, beside old pods that serve", Gate::Preflight, End::Halts, |s| {
            let workload = &mut s.cluster_mut("north").workloads[0];
            (workload.replicas, workload.updated, workload.unavailable) = (4, 1, 1);
            workload.conditions.push(restart::out_of_time());
        }),
        ("a canary whose cluster is being upgraded", Gate::Preflight, End::Waits, |s| {
            s.cluster_mut("east").state = ClusterState::Changing { state: "Upgrading".to_owned() };
        }),
        ("a right that the regeneration will want", Gate::MayRegenerate, End::Halts, |s| {
            s.rights_mut().rights[1].right = Right::Denied;
        }),
        ("a store that is not shared", Gate::LeaseHeld, End::Halts, |s| {
            s.policy.store = SharedStore::LocalOnly;
        }),
        ("missing", Gate::Preflight, End::Halts, |s| s.cluster_mut("north").workloads.clear()),
        ("logs that may not be read", Gate::Preflight, End::Halts, |s| {
            s.world.usage = Some(Seen::blind(s.now, Blindness::Forbidden, "no right"));
        }),
        ("logs that do not answer", Gate::Preflight, End::Waits, |s| {
            s.world.usage = Some(Seen::blind(s.now, Blindness::Unreachable, "no answer"));
        }),
        ("logs without a row of the account", Gate::Preflight, End::Waits, |s| s.usage_mut().newest = None),
        ("unreachable", Gate::Preflight, End::Waits, |s| {
            let blind = Seen::blind(s.now, Blindness::Unreachable, "no route to host");
            s.world.clusters.insert(stamp("north"), blind);
        }),
        ("a kubeconfig that is not there", Gate::Preflight, End::Halts, |s| {
            let blind = Seen::blind(s.now, Blindness::Misconfigured, "no such file");
            s.world.clusters.insert(stamp("north"), blind);
        }),
        ("two stamps with one cluster", Gate::Preflight, End::Halts, |s| {
            let east = s.world.clusters[&stamp("east")].clone();
            s.world.clusters.insert(stamp("north"), east);
        }),
        ("no such vault", Gate::Preflight, End::Halts, |s| vault_is(s, Blindness::Missing)),
        ("no such vault, as Azure says", Gate::Preflight, End::Halts, |s| vault_is(s, Blindness::Gone)),
        ("no such vault, and no answer of its cluster", Gate::Preflight, End::Halts, |s| {
            vault_is(s, Blindness::Gone);
            let blind = Seen::blind(s.now, Blindness::Unreachable, "no route to host");
            s.world.clusters.insert(stamp("north"), blind);
        }),
        ("a vault that may not be read", Gate::Preflight, End::Halts, |s| vault_is(s, Blindness::Forbidden)),
        ("a vault that does not answer", Gate::Preflight, End::Waits, |s| {
            vault_is(s, Blindness::Unreachable)
        }),
        ("a vault that nobody looked at", Gate::Preflight, End::Waits, |s| s.world.vaults.clear()),
        ("a disabled secret", Gate::Preflight, End::Halts, |s| vault_is(s, Blindness::Disabled)),
        ("the key of the other access", Gate::Preflight, End::Halts, |s| {
            let kind = KeyKind { slot: Slot::Primary, access: Access::ReadOnly };
            let fingerprint = Fingerprint::of(b"read-only", &crate::stage::salt());
            let view = KeyView { fingerprint: Some(fingerprint.clone()), ..KeyView::default() };
            s.account_mut().keys.insert(kind, view);
            s.vault_mut("north").fingerprint = fingerprint;
        }),
        ("a value that is neither key", Gate::Preflight, End::Halts, |s| {
            s.vault_mut("north").fingerprint = Fingerprint::of(b"by hand", &crate::stage::salt());
        }),
    ];
    check(unproposed, cases);
}

#[test]
fn what_a_regeneration_takes_holds_nobody_who_does_not_come_to_it_nor_does_what_is_not_told() {
    let acts = |stage: &Stage| matches!(stage.decide().verdict, Verdict::Act { .. });
    let mut stage = unproposed();
    stage.rights_mut().rights[1].right = Right::Unknown("403".to_owned());
    assert!(acts(&stage), "{:?}", stage.decide());
    stage.world.rights = Some(Seen::blind(stage.now, Blindness::Forbidden, "403"));
    assert!(acts(&stage), "{:?}", stage.decide());
    stage.world.rights = None;
    assert!(holding(&stage.decide()).contains(&Gate::MayRegenerate), "it is asked: {:?}", stage.decide());
    stage.policy.store = SharedStore::LocalOnly;
    stage.reach = Reach::Propose { merge: false };
    assert!(acts(&stage), "{:?}", stage.decide());
    // Of pods that are replaced already, nothing is in the way, and a cluster at work is none of it.
    let mut stage = unproposed();
    stage.reach = Reach::Restart { stamps: BTreeSet::new(), quiesce: false };
    stage.policy.store = SharedStore::LocalOnly;
    for name in ["east", "north"] {
        stage.cluster_mut(name).state = ClusterState::Changing { state: "Upgrading".to_owned() };
    }
    assert!(matches!(stage.decide().verdict, Verdict::Enough | Verdict::Record(_)), "{:?}", stage.decide());
}

/// Of a thousand clusters some are always being upgraded.
#[test]
fn a_cluster_that_is_changed_holds_its_own_restart_and_nothing_before_it() {
    let changing = || ClusterState::Changing { state: "UpgradingNodeImageVersion".to_owned() };
    let mut stage = unproposed();
    stage.cluster_mut("north").state = changing();
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
    let told = |stage: &Stage| {
        let (opened, decision) = (crate::stage::opened(), stage.decide());
        let plan = Foresight::of(&opened, false, &decision, &stage.world, &stage.policy, Vec::new());
        plan.concerns.iter().any(|one| matches!(one, Concern::ClusterChanges { .. }))
    };
    assert!(told(&stage));
    stage.cluster_mut("north").state = ClusterState::Running;
    stage.cluster_mut("east").state = changing();
    assert!(!told(&stage), "it is in the way already");
    let mut stage = soaked();
    stage.policy.log_lag = None;
    stage.policy.metrics_lag = None;
    assert_eq!(restarts(&stage), ["north"], "{:?}", stage.decide());
    stage.cluster_mut("north").state = changing();
    assert!(restarts(&stage).is_empty(), "{:?}", stage.decide());
    assert!(holding(&stage.decide()).contains(&Gate::Preflight), "{:?}", stage.decide());
}

fn vault_is(stage: &mut Stage, kind: Blindness) {
    stage.world.vaults.insert(stamp("north"), Seen::blind(stage.now, kind, "as the service says"));
}

#[test]
fn a_proposal_alone_is_held_by_vaults_that_are_not_there_and_by_none_that_is_out_of_reach() {
    for (kind, acts) in [
        (Blindness::Unreachable, true),
        (Blindness::Forbidden, true),
        (Blindness::Missing, false),
        (Blindness::Gone, false),
    ] {
        let mut stage = unproposed();
        stage.reach = Reach::Propose { merge: false };
        // A laptop that sees no cluster either.
        for name in ["east", "north"] {
            let blind = Seen::blind(stage.now, Blindness::Unreachable, "no route to host");
            stage.world.clusters.insert(stamp(name), blind);
        }
        vault_is(&mut stage, kind);
        let decision = stage.decide();
        let expected = if acts { "acts" } else { "halts" };
        let got = match &decision.verdict {
            Verdict::Act { .. } => "acts",
            Verdict::Halt { .. } => "halts",
            _ => "else",
        };
        assert_eq!(got, expected, "{kind:?}: {decision:?}");
    }
}

#[test]
fn a_stamp_that_the_journal_names_and_the_configuration_does_not_holds_by_name_until_it_is_accepted() {
    let mut stage = Stage::ready();
    let gone = |leg| Step::Restart {
        leg,
        stamp: stamp("west"),
        workload: workload(),
        version: "v2".into(),
        restarted_at: String::new(),
    };
    stage.policy.inventory = false;
    stage.tried(&gone(Leg::Out), Some(Outcome::NotSent { why: "no lease".to_owned() }));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "nothing was sent: {:?}", stage.decide());
    stage.tried(&gone(Leg::Out), Some(Outcome::Applied { produced: Produced::Generation(2) }));
    let decision = stage.decide();
    let Verdict::Halt { reasons } = &decision.verdict else { panic!("{decision:?}") };
    assert_eq!((reasons[0].gate, reasons[0].subject.to_string()), (Gate::AllListed, "west".to_owned()));
    stage.events.push(accepted(Gate::AllListed, "west"));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
}

/// Its turn had not come: nothing in the journal names it but the opening.
#[test]
fn a_stamp_that_leaves_the_configuration_before_its_restart_is_not_forgotten() {
    let mut stage = Stage::ready();
    stage.policy.inventory = false;
    let Some((_, Event::Opened(opened))) = stage.events.first_mut() else { panic!("no opening") };
    opened.stamps = ["east", "north", "west"].map(stamp).into();
    let decision = stage.decide();
    let Verdict::Halt { reasons } = &decision.verdict else { panic!("{decision:?}") };
    assert!(
        matches!(reasons[..], [Reason { gate: Gate::AllListed, why: Why::StampTakenOut, .. }]),
        "{reasons:?}"
    );
    assert_eq!(reasons[0].subject.to_string(), "west");
    stage.events.push(accepted(Gate::AllListed, "west"));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
}

#[test]
fn a_stamp_that_joined_later_is_not_forgotten_by_whoever_has_an_older_configuration() {
    let mut stage = Stage::ready();
    stage.policy.inventory = false;
    stage.events.push((stage.now, Event::Joined { stamps: vec![stamp("west")] }));
    let decision = stage.decide();
    let Verdict::Halt { reasons } = &decision.verdict else { panic!("{decision:?}") };
    assert!(matches!(reasons[..], [Reason { why: Why::StampTakenOut, .. }]), "{reasons:?}");
}

#[test]
fn a_store_that_is_not_shared_holds_also_while_nobody_has_the_lease() {
    let mut stage = Stage::ready();
    stage.policy.store = SharedStore::LocalOnly;
    stage.events.retain(|(_, event)| !matches!(event, Event::Lease { .. }));
    let report = stage.report();
    let held: Vec<Gate> = report.held().iter().map(|one| one.gate).collect();
    assert_eq!(held, [Gate::LeaseHeld], "{report:?}");
}

#[test]
fn a_stopped_stamp_has_nothing_to_restart_and_its_vault_counts_all_the_same() {
    for state in [ClusterState::Stopped, ClusterState::Gone] {
        let mut stage = Stage::ready();
        *stage.cluster_mut("north") = ClusterView { state: state.clone(), ..ClusterView::default() };
        // A cluster that is not there beside a vault that is may only be named wrongly.
        let acts = matches!(stage.decide().verdict, Verdict::Act { .. });
        assert_eq!(acts, state == ClusterState::Stopped, "{state:?}: {:?}", stage.decide());
        assert_eq!(holding(&stage.decide()).contains(&Gate::Preflight), !acts, "{:?}", stage.decide());
        stage.vault_mut("north").fingerprint = key(Slot::Primary);
        assert_eq!(stage.decide().phase, Phase::Deploy, "{state:?}: {:?}", stage.decide());
        // A running cluster without its workloads is something else.
        let mut stage = Stage::before_restart();
        *stage.cluster_mut("north") = ClusterView { state: state.clone(), ..ClusterView::default() };
        match stage.decide().verdict {
            Verdict::Act { steps, .. } => {
                assert_eq!(state, ClusterState::Gone);
                assert!(matches!(&steps[..], [Step::Restart { stamp, .. }] if stamp.as_str() == "east"));
            }
            // It is meant to come back: until then the other is the last that serves.
            _ => {
                assert_eq!(state, ClusterState::Stopped);
                assert!(holding(&stage.decide()).contains(&Gate::Wave), "{:?}", stage.decide());
            }
        }
    }
    let mut stage = Stage::before_restart();
    *stage.cluster_mut("east") = ClusterView::default();
    assert!(holding(&stage.decide()).contains(&Gate::Preflight), "{:?}", stage.decide());
}

#[test]
fn a_secret_that_expires_is_told_with_the_vaults_that_say_so() {
    let mut stage = Stage::ready();
    stage.vault_mut("north").expires = Some(at(500_000));
    let notes = keyslot::rotation::notes(&stage.policy, &stage.world);
    let note = Note::SecretExpires(at(500_000));
    assert_eq!(notes.get(&note), Some(&vec![stamp("north")]), "{notes:?}");
    let words = keyslot::render::note::words(&note);
    assert!(words.contains("expires at 2027-01-"), "{words}");
}

#[test]
fn a_secret_that_is_not_valid_yet_is_told_until_it_is() {
    let mut stage = Stage::ready();
    let told = |stage: &Stage| {
        let notes = keyslot::rotation::notes(&stage.policy, &stage.world);
        notes.get(&Note::SecretNotYetValid(at(500_000))).cloned()
    };
    stage.vault_mut("north").valid_from = Some(at(500_000));
    assert_eq!(told(&stage), Some(vec![stamp("north")]));
    let words = keyslot::render::note::words(&Note::SecretNotYetValid(at(500_000)));
    assert!(
        words.contains("is not valid before 2027-01-") && words.contains("hands it out all the same"),
        "{words}"
    );
    assert!(
        matches!(stage.decide().verdict, Verdict::Act { .. }),
        "a note holds nothing: {:?}",
        stage.decide()
    );
    stage.world.vaults.get_mut(&stamp("north")).unwrap().at = at(500_000);
    assert_eq!(told(&stage), None);
}
