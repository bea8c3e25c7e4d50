//! A base branch that was taken back after the old key had gone, while the live release stayed: the rotation stays open,
//! and the change is proposed to it once more.

use std::collections::BTreeSet;
use std::time::Duration;

use keyslot::drive::TurnEnd;
use keyslot::model::{
    BranchName, CommitId, FlipBack, KeyKind, Merging, PullEnds, PullState, PullView, PullWait, Seen, Slot,
    SlotUse,
};
use keyslot::rotation::{Event, Gate, Leg, Opened, Phase, Reach, Step, Verdict};
use keyslot::sim::memory::{CrashMoment, Crashes};

use crate::backstage::Deed;
use crate::harm_scenarios::small;
use crate::in_memory::{Life, Theatre};
use crate::stage::{Stage, branch, holding, opened, pull, steps};

const PRIMARY: SlotUse = SlotUse::Only(Slot::Primary);

fn once_more() -> BranchName {
    opened().agreement_branch(Leg::Out)
}

fn ends() -> PullEnds {
    PullEnds { head: once_more(), base: BranchName::new("main") }
}

/// Confirmed, and the base branch reads the old slot again.
fn taken_back() -> Stage {
    let mut stage = Stage::ready();
    stage.events.push((stage.now, Event::Confirmed));
    stage.code_mut().base = branch("main", PRIMARY);
    stage.world.pulls.insert(ends(), Seen::known(stage.now, None));
    stage
}

fn with_pull(state: PullState) -> Stage {
    let mut stage = taken_back();
    let view = branch(once_more().as_str(), SlotUse::Only(Slot::Secondary));
    let open = PullView {
        head_branch: once_more(),
        head: view.head.clone(),
        waits: if state == PullState::Open { vec![PullWait::Mergeable] } else { Vec::new() },
        state,
        ..pull()
    };
    stage.code_mut().proposals.insert(once_more(), view);
    stage.world.pulls.insert(ends(), Seen::known(stage.now, Some(open)));
    // The branches were looked at later.
    stage.world.pulls.get_mut(&ends()).unwrap().at -= Duration::from_secs(1);
    stage
}

#[test]
fn the_change_is_pushed_proposed_and_waited_for_once_more() {
    let mut stage = taken_back();
    let parent = stage.code_mut().base.head.clone();
    let to = Slot::Secondary;
    let push = Step::PushAgreement { leg: Leg::Out, branch: once_more(), parent, to };
    assert_eq!((stage.decide().phase, steps(&stage.decide())), (Phase::Reconcile, vec![push]));
    let view = branch(once_more().as_str(), SlotUse::Only(Slot::Secondary));
    stage.code_mut().proposals.insert(once_more(), view);
    let open = Step::OpenAgreement { leg: Leg::Out, branch: once_more(), base: "main".into(), to };
    assert_eq!(steps(&stage.decide()), [open]);

    let mut stage = with_pull(PullState::Open);
    let decision = stage.decide();
    assert_eq!((decision.phase, holding(&decision)), (Phase::Reconcile, [Gate::Agreement].into()));
    assert!(matches!(decision.verdict, Verdict::Wait { .. }));
    stage.policy.pulls.merging = Merging::Keyslot;
    assert!(matches!(&steps(&stage.decide())[..], [Step::MergePull { .. }]), "merged like any other");
    stage.code_mut().base = branch("main", SlotUse::Only(Slot::Secondary));
    assert_eq!(stage.decide().verdict, Verdict::Done);
}

#[test]
fn what_somebody_closes_or_takes_back_again_is_for_a_person() {
    let merged = PullState::Merged { commit: CommitId::new("b".repeat(40)) };
    for (state, expected) in [(PullState::Closed, "pull-closed"), (merged, "merged-but-reads")] {
        let Verdict::Halt { reasons } = with_pull(state).decide().verdict else { panic!("{expected}") };
        let kinds: Vec<&str> = reasons.iter().map(|reason| reason.why.kind()).collect();
        assert_eq!(kinds, [expected]);
    }
}

#[test]
fn a_live_release_that_was_taken_back_is_people_s_and_so_is_the_base_branch_on_the_way_back() {
    let mut stage = taken_back();
    stage.code_mut().release = Some(branch("release/1", PRIMARY));
    assert_eq!(steps(&stage.decide()), []);
    assert_eq!(holding(&stage.decide()), [Gate::Agreement].into());
    let mut alone = taken_back();
    alone.code_mut().release = None;
    assert_eq!(alone.decide().phase, Phase::Reconcile);
    assert_eq!(holding(&alone.decide()), [Gate::Agreement].into());
    assert_eq!(steps(&alone.decide()), [], "what is deployed from there is not what everybody is on");

    let mut back = taken_back();
    back.events[0].1 = Event::Opened(Opened { flip_back: FlipBack::Propose, ..opened() });
    back.events.push((back.now, Event::Reached { leg: Leg::Back, phase: Phase::Propose }));
    assert!(matches!(back.decide().verdict, Verdict::Done), "that is what was proposed: {:?}", back.decide());
}

#[test]
fn a_tree_that_cannot_be_changed_is_told_and_who_was_asked_for_less_does_nothing() {
    let mut stage = taken_back();
    stage.code_mut().base.claim.problems = vec!["main.tf does not parse".to_owned()];
    let decision = stage.decide();
    assert_eq!(holding(&decision), BTreeSet::from([Gate::Agreement, Gate::TreeResolved]), "{decision:?}");
    let mut stage = taken_back();
    stage.reach = Reach::Regenerate;
    assert_eq!(stage.decide().verdict, Verdict::Enough, "what was asked for is so");
}

#[test]
fn meanwhile_vaults_that_fell_behind_are_brought_back() {
    let mut stage = with_pull(PullState::Open);
    stage.vault_mut("east").fingerprint = crate::stage::key(Slot::Primary);
    assert!(matches!(&steps(&stage.decide())[..], [Step::Deploy { .. }]), "{:?}", stage.decide());
}

/// Somebody takes the base branch back as soon as the old key is gone.
fn theatre(crashes: Crashes) -> Theatre {
    let theatre = Theatre::with_crashes(small(), crashes);
    let (base, start) = {
        let world = theatre.world.lock();
        (world.config().repository.base.clone(), world.now())
    };
    for count in 1..200 {
        let deed = Deed::FlipBackOnce(base.clone(), KeyKind::read_write(Slot::Primary));
        theatre.backstage.at(start + Duration::from_secs(120) * count, deed);
    }
    theatre
}

fn mended_once(theatre: &Theatre, what: &str) {
    let world = theatre.world.lock();
    let (outcome, counters) = (world.outcome(), world.counters());
    let repository = &world.config().repository;
    assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 1), "{what}: {outcome:?}");
    assert_eq!((counters.pulls_opened, counters.runs_started), (2, 1), "{what}: {counters:?}");
    // Merged, taken back, merged.
    assert_eq!(counters.pushes_to(&repository.base), 3, "{what}: {counters:?}");
    assert_eq!(counters.pushes_to(&repository.release), 1, "{what}: {counters:?}");
    let own = counters.pushes.iter().filter(|(branch, _)| branch.as_str().starts_with("fix/"));
    assert_eq!(own.map(|(_, count)| *count).collect::<Vec<_>>(), [1, 1], "{what}: {counters:?}");
    let last = world.pulls().last().unwrap();
    assert!(last.head_branch.as_str().ends_with("-once-more") && last.base == repository.base, "{what}");
    assert!(last.body.contains("once more"), "{what}: {}", last.body);
    for pull in world.pulls() {
        let shown = ["```diff", "-", ".primary_key", "+", ".secondary_key"];
        assert!(shown.iter().all(|words| pull.body.contains(words)), "{what}: {}", pull.body);
    }
}

#[test]
fn a_base_branch_that_was_taken_back_is_mended_before_the_rotation_ends_however_often_it_dies() {
    let mut undisturbed = theatre(Crashes::none());
    assert_eq!(undisturbed.live(), Life::Ended(TurnEnd::Done));
    mended_once(&undisturbed, "undisturbed");
    let effects = undisturbed.crashes.effects();
    // Only the last two are new, the push and the pull request.
    for effect in effects - 1..=effects {
        for moment in [CrashMoment::BeforeSending, CrashMoment::AfterApplying] {
            let what = format!("{effect} {moment:?}");
            let mut theatre = theatre(Crashes::at([(effect, moment)]));
            assert_eq!(theatre.live(), Life::Crashed, "{what}");
            assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done), "{what}");
            mended_once(&theatre, &what);
        }
    }
}
