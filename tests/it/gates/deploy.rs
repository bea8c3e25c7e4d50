//! Runs and code, before anything is deployed.

use super::*;

#[test]
fn what_a_run_left_out_or_wrote_long_ago_holds_nothing() {
    let succeeded = RunState::Completed(RunResult::Succeeded);
    for (stage, ended) in [(succeeded, 100_000 - 60), (RunState::Completed(RunResult::Skipped), 100_000 - 1)]
    {
        let mut tried = Stage::ready();
        let mut before = run(succeeded, stage);
        before.finished = Some(at(ended));
        tried.world.runs = Some(Seen::known(tried.now, vec![before]));
        assert!(matches!(tried.decide().verdict, Verdict::Act { .. }), "{stage:?}: {:?}", tried.decide());
    }
}

#[test]
fn code_gates_hold_before_anything_is_deployed() {
    let mut stage = Stage::ready();
    stage.code_mut().base = branch("main", SlotUse::Only(Slot::Primary));
    stage.pull_mut().state = PullState::Open;
    let decision = stage.decide();
    assert_eq!((decision.phase, holding(&decision)), (Phase::Merge, [Gate::Merged].into()));
    assert!(matches!(decision.verdict, Verdict::Wait { .. }));

    stage.pull_mut().state = PullState::Closed;
    assert!(matches!(stage.decide().verdict, Verdict::Halt { .. }), "closed without merge");

    // The forge tells of a merge that the last fetch may not have seen: look again before calling a person.
    let mut behind = stage.clone();
    behind.pull_mut().state = PullState::Merged { commit: CommitId::new("b".repeat(40)) };
    assert!(matches!(behind.decide().verdict, Verdict::Wait { .. }), "fetched before the merge");
    behind.world.code.as_mut().unwrap().at = at(100_001);
    behind.now = at(100_001);
    assert!(matches!(behind.decide().verdict, Verdict::Halt { .. }), "fetched after the merge");

    let mut unvalidated = Stage::ready();
    unvalidated.pull_mut().checks[0].passed = Some(false);
    let decision = unvalidated.decide();
    assert_eq!((decision.phase, holding(&decision)), (Phase::Merge, [Gate::Validated].into()));

    let mut unparsed = Stage::ready();
    unparsed.code_mut().proposals.clear();
    unparsed.world.pulls.insert(crate::stage::proposal(), Seen::known(unparsed.now, None));
    unparsed.code_mut().base = branch("main", SlotUse::Only(Slot::Primary));
    unparsed.code_mut().base.claim.problems.push("main.tf does not parse".to_owned());
    let decision = unparsed.decide();
    assert_eq!((decision.phase, holding(&decision)), (Phase::Propose, [Gate::TreeResolved].into()));

    let mut unpromoted = Stage::ready();
    unpromoted.code_mut().release = Some(branch("release/1", SlotUse::Only(Slot::Primary)));
    let decision = unpromoted.decide();
    let Verdict::Act { steps, .. } = decision.verdict else { panic!("{decision:?}") };
    assert!(matches!(steps[0], Step::Promote { .. }));
}

#[test]
fn a_run_is_awaited_and_never_started_beside_another() {
    let mut stage = Stage::ready();
    stage.vault_mut("east").fingerprint = key(Slot::Primary);
    let decision = stage.decide();
    let Verdict::Act { steps, .. } = &decision.verdict else { panic!("{decision:?}") };
    assert!(matches!(steps[0], Step::Deploy { .. }));

    stage.world.runs = Some(Seen::known(stage.now, vec![run(RunState::Running, RunState::Running)]));
    let decision = stage.decide();
    assert_eq!((decision.phase, holding(&decision)), (Phase::Deploy, [Gate::RunEnded].into()));

    let failed = RunState::Completed(RunResult::Failed);
    let mut on_head = run(failed, failed);
    on_head.branch = "release/1".into();
    on_head.commit = CommitId::new("c".repeat(40));
    stage.world.runs = Some(Seen::known(stage.now, vec![on_head]));
    assert!(matches!(stage.decide().verdict, Verdict::Halt { .. }), "a failed run is for a person");
}
