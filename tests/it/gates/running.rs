//! A change that runs already, and what stops its restarts: not what guarded its merge. And what is under way is followed
//! whatever calls for a person.

use keyslot::model::Blind;

use super::*;
use crate::stage::proposal;

/// As keyslot itself has seen it through.
fn seen_through(mut stage: Stage) -> Stage {
    stage.events.push((at(5), Event::Reached { leg: Leg::Out, phase: Phase::Propagate }));
    stage
}

/// It was merged over what the base branch wants, and nobody accepts that any more.
fn unreviewed(mut stage: Stage) -> Stage {
    stage.pull_mut().approvals.clear();
    stage
}

fn primary() -> SlotUse {
    SlotUse::Only(Slot::Primary)
}

#[test]
fn what_runs_already_is_restarted_whatever_is_said_of_its_merge() {
    let mut stage = seen_through(unreviewed(Stage::before_restart()));
    assert_eq!(restarts(&stage), ["east"], "{:?}", stage.decide());
    let blind = Blind { kind: Blindness::Forbidden, why: "the token has ended".to_owned() };
    stage.world.pulls.insert(proposal(), Seen { at: stage.now, what: Err(blind) });
    assert_eq!(restarts(&stage), ["east"], "{:?}", stage.decide());
}

#[test]
fn what_nobody_has_seen_through_is_judged_by_its_merge() {
    let halts = |stage: &Stage| {
        let decision = stage.decide();
        assert!(matches!(decision.verdict, Verdict::Halt { .. }), "{decision:?}");
        assert!(holding(&decision).contains(&Gate::Validated), "{decision:?}");
    };
    halts(&unreviewed(Stage::before_restart()));
    let mut release = seen_through(unreviewed(Stage::before_restart()));
    release.code_mut().release = Some(branch("release/1", primary()));
    // Another branch is live now, and would get it.
    halts(&release);
}

#[test]
fn a_check_that_failed_on_what_is_merged_is_for_a_person() {
    for (passed, person) in [(Some(false), true), (None, false)] {
        let mut stage = Stage::before_restart();
        stage.code_mut().release = Some(branch("release/1", primary()));
        stage.pull_mut().checks[0].passed = passed;
        let decision = stage.decide();
        assert_eq!(matches!(decision.verdict, Verdict::Halt { .. }), person, "{decision:?}");
        assert!(holding(&decision).contains(&Gate::Validated), "{decision:?}");
    }
}

#[test]
fn a_rollout_of_ours_is_followed_to_its_end_whatever_calls_a_person_before_it() {
    let mut stage = unreviewed(Stage::before_restart());
    stage.code_mut().release = Some(branch("release/1", primary()));
    restarted(&mut stage, "east", 1);
    assert!(matches!(stage.decide().verdict, Verdict::Halt { .. }), "nothing rolls: {:?}", stage.decide());
    stage.cluster_mut("east").workloads[0].updated = 1;
    let decision = stage.decide();
    assert!(matches!(decision.verdict, Verdict::Wait { .. }), "{decision:?}");
    let held = holding(&decision);
    assert!(held.contains(&Gate::Validated) && held.contains(&Gate::RolloutSettled), "{decision:?}");
    // Once it has failed, that is told beside what calls for a person anyway.
    stage.cluster_mut("east").workloads[0].conditions = vec![DeploymentCondition {
        status: "False".to_owned(),
        reason: "ProgressDeadlineExceeded".to_owned(),
        ..rolled_out(at(100))
    }];
    let Verdict::Halt { reasons } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    assert!(reasons.iter().any(|one| matches!(one.why, Why::RolloutFailed { .. })), "{reasons:?}");
    assert!(reasons.iter().any(|one| one.gate == Gate::Validated), "{reasons:?}");
}
