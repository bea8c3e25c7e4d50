//! Runs beside the rotation that could put the old slot back.

use keyslot::model::{Fingerprint, KeyProof};

use super::*;

#[test]
fn a_run_beside_the_rotation_is_told_with_who_could_let_it_on_and_holds_the_regeneration() {
    let mut infra = stage("infra", RunState::WaitsForApproval, &[StageEffect::WritesVaults]);
    infra.holds = vec![StageHold {
        kind: HoldKind::Approval,
        name: "Approval".to_owned(),
        who: vec!["Ada".to_owned()],
        url: "https://pipelines.example/9/approve".to_owned(),
    }];
    let theirs = run("9", "release/0", 'e', RunState::WaitsForApproval, vec![infra]);
    let mut stage = Stage::ready();
    stage.world.runs = Some(Seen::known(stage.now, vec![theirs]));
    assert!(crate::stage::holding(&stage.decide()).contains(&Gate::NoHazard));
    let said = words(&stage);
    for word in ["release/0", "by Ada", "pipelines.example/9/approve", "do not approve it"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let told = notes(&stage.policy, &stage.world);
    let beside = told.keys().find(|note| matches!(note, Note::RunBeside(_))).expect("a note");
    assert!(note::words(beside).contains("do not approve it before the new key is confirmed"));
    // Of our own run nothing is told.
    let ours = run("9", "release/1", 'c', RunState::Running, whole(RunState::Running));
    stage.world.runs = Some(Seen::known(stage.now, vec![ours]));
    assert!(!notes(&stage.policy, &stage.world).keys().any(|note| matches!(note, Note::RunBeside(_))));
}

#[test]
fn a_saved_plan_of_older_code_is_not_to_be_approved_and_the_run_of_our_own_code_is() {
    // The same branch before the change was promoted: planned on the old slot.
    let stage = with_runs(vec![waiting("7", "release/1", 'a')]);
    let said = words(&stage);
    assert!(said.contains("do not approve it before the new key is confirmed"), "{said}");
    assert!(said.contains("plan that it has saved") && said.contains("turn it down"), "{said}");
    let stage = with_runs(vec![waiting("7", "release/1", 'c')]);
    let said = words(&stage);
    assert!(said.contains("waits for approval of infra") && !said.contains("do not"), "{said}");
    assert!(said.contains("approve it, or turn it down"), "{said}");
    // Before the regeneration each of them holds, whatever its code.
    for commit in ['a', 'c'] {
        let mut stage = Stage::ready();
        stage.world.runs = Some(Seen::known(stage.now, vec![waiting("7", "release/1", commit)]));
        assert!(crate::stage::holding(&stage.decide()).contains(&Gate::NoHazard), "{commit}");
    }
}

/// The key was made anew a while ago, and every region takes the new one.
fn confirming(stage: &mut Stage) -> Fingerprint {
    let new = Fingerprint::of(b"new", &crate::stage::salt());
    let key = stage.account_mut().keys.get_mut(&KeyKind::read_write(Slot::Primary)).unwrap();
    (key.generated, key.fingerprint) = (Some(at(99_000)), Some(new.clone()));
    let proof = KeyProof { fingerprint: Some(new.clone()), ..crate::stage::proof(Slot::Primary) };
    stage.world.proofs.insert(Slot::Primary, Seen::known(stage.now, proof));
    new
}

#[test]
fn a_key_that_was_made_anew_by_its_time_and_is_the_one_of_before_is_not_confirmed() {
    let mut stage = Stage::ready();
    confirming(&mut stage);
    let old = crate::stage::key(Slot::Primary);
    stage.account_mut().keys.get_mut(&KeyKind::read_write(Slot::Primary)).unwrap().fingerprint =
        Some(old.clone());
    stage.world.proofs.insert(Slot::Primary, Seen::known(stage.now, crate::stage::proof(Slot::Primary)));
    assert!(!halts(&stage), "{:?}", stage.decide());
    assert!(words(&stage).contains("gives out the one that was to go"), "{}", words(&stage));
    // Nor is it where somebody has counted it.
    let earlier = stage.now - stage.policy.confirm_window;
    stage.events.push((earlier, Event::Proven { fingerprint: old, accepted: true, probed: None }));
    assert!(!halts(&stage), "{:?}", stage.decide());
    let key = stage.account_mut().keys.get_mut(&KeyKind::read_write(Slot::Primary)).unwrap();
    key.generated = Some(at(96_400));
    assert!(halts(&stage), "{:?}", stage.decide());
    assert!(words(&stage).contains("whether the key has changed"), "{}", words(&stage));
}

#[test]
fn while_the_new_key_is_not_confirmed_a_run_that_could_put_the_old_slot_back_is_told() {
    let mut stage = Stage::ready();
    let new = confirming(&mut stage);
    stage.events.push((stage.now, Event::Proven { fingerprint: new.clone(), accepted: true, probed: None }));
    assert!(!words(&stage).contains("do not approve"), "{}", words(&stage));
    stage.world.runs = Some(Seen::known(stage.now, vec![waiting("9", "release/0", 'e')]));
    assert_eq!(stage.decide().phase, Phase::Confirm);
    let said = words(&stage);
    assert!(said.contains("release/0") && said.contains("do not approve it"), "{said}");
    assert!(!halts(&stage));
    // It holds nothing, and neither does a pipeline that cannot be seen.
    stage.world.runs = Some(Seen::blind(stage.now, Blindness::Forbidden, "no"));
    assert!(!halts(&stage), "{:?}", stage.decide());
    for _ in 0..2 {
        stage.now += stage.policy.confirm_reach();
        let probed = Some(stage.now);
        stage.events.push((stage.now, Event::Proven { fingerprint: new.clone(), accepted: true, probed }));
    }
    stage.now += stage.policy.confirm_reach();
    let now = stage.now;
    stage.world.runs = Some(Seen::known(now, vec![waiting("9", "release/0", 'e')]));
    stage.world.account.as_mut().unwrap().at = now;
    stage.world.proofs.get_mut(&Slot::Primary).unwrap().at = now;
    assert_eq!(stage.decide().verdict, Verdict::Record(Box::new(Event::Confirmed)));
}

#[test]
fn a_run_that_ended_before_it_wrote_is_not_to_be_tried_again_and_holds_nothing() {
    let planned = |infra: RunState, state: RunState, commit: char| {
        let stages = vec![stage("plan", DONE, &[]), stage("infra", infra, &[StageEffect::WritesVaults])];
        run("9", "release/0", commit, state, stages)
    };
    let told = |run: RunView| {
        let mut stage = Stage::ready();
        stage.world.runs = Some(Seen::known(stage.now, vec![run]));
        assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
        let notes = notes(&stage.policy, &stage.world);
        notes.keys().find(|note| matches!(note, Note::RunBeside(_))).map(note::words)
    };
    for (infra, state) in
        [(FAILED, FAILED), (SKIPPED, FAILED), (SKIPPED, RunState::Completed(RunResult::Canceled))]
    {
        let words = told(planned(infra, state, 'e')).expect("a note");
        assert!(words.contains("do not have it tried again before the new key is confirmed"), "{words}");
        assert!(words.contains("ended before infra was through"), "{words}");
    }
    assert_eq!(told(planned(DONE, DONE, 'e')), None, "it has written what it had to write");
    assert_eq!(told(planned(DONE, FAILED, 'e')), None, "something else failed");
    assert_eq!(told(planned(SKIPPED, DONE, 'e')), None, "it was left out");
}

/// What is sent is not called back: who could undo it is told at once, and it is mended once the key is there.
#[test]
fn while_the_old_key_is_made_anew_who_could_put_it_back_is_told_and_nothing_halts() {
    let mut stage = Stage::ready();
    let step = stage_steps(&stage).remove(0);
    assert!(matches!(step, Step::Regenerate { .. }), "{step:?}");
    let operation = Operation { url: "https://management.azure.com/operations/7".to_owned() };
    stage.tried(&step, Some(Outcome::Applied { produced: Produced::Operation(operation) }));
    stage.world.operation = Some(Seen::known(stage.now, OperationState::Running(None)));
    let said = words(&stage);
    assert!(!said.contains("turn it down") && !said.contains("the vault of"), "{said}");
    stage.world.runs = Some(Seen::known(stage.now, vec![waiting("9", "release/0", 'e')]));
    let said = words(&stage);
    assert!(said.contains("release/0") && said.contains("turn it down"), "{said}");
    stage.vault_mut("east").fingerprint = crate::stage::key(Slot::Primary);
    let back = |why: &Why| matches!(why, Why::VaultHolds { .. });
    assert!(whys(&stage).iter().any(back), "{:?}", stage.decide());
    assert_eq!(stage.decide().phase, Phase::Regenerate);
    assert!(!halts(&stage), "{:?}", stage.decide());
    stage.world.runs = Some(Seen::blind(stage.now, Blindness::Forbidden, "no"));
    assert!(!halts(&stage), "{:?}", stage.decide());
}

#[test]
fn while_pods_are_waited_for_a_run_that_could_put_the_old_slot_back_is_told() {
    let mut quiesce = Stage::ready();
    let pods = &mut quiesce.cluster_mut("east").pods;
    pods.push(pods[0].clone());
    let old = pods.last_mut().unwrap();
    (old.uid, old.created, old.deleting) = ("old".to_owned(), at(10), Some(at(100_020)));
    let mut restart = Stage::before_restart();
    restart.cluster_mut("east").workloads[0].paused = true;
    for (mut stage, phase) in [(quiesce, Phase::Quiesce), (restart, Phase::Restart)] {
        assert!(!words(&stage).contains("turn it down"), "{}", words(&stage));
        let halted = halts(&stage);
        stage.world.runs = Some(Seen::known(stage.now, vec![waiting("9", "release/0", 'e')]));
        assert_eq!(stage.decide().phase, phase, "{:?}", stage.decide());
        let said = words(&stage);
        assert!(said.contains("release/0") && said.contains("turn it down"), "{said}");
        assert_eq!(halts(&stage), halted, "it is only told: {said}");
    }
}
