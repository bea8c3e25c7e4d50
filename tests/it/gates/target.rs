//! A target key that is too old to move to.

use keyslot::model::RotationId;
use keyslot::rotation::Approval;

use super::*;

#[test]
fn an_old_target_key_is_regenerated_first_and_only_when_unused() {
    let mut stage = Stage::ready();
    stage.events.remove(1);
    stage.policy.max_target_age = Some(Duration::from_secs(3600));
    // Everybody reads the target already: it is in use, so it cannot be regenerated.
    let decision = stage.decide();
    assert_eq!(decision.phase, Phase::Prepare);
    let gates = holding(&decision);
    assert!(gates.contains(&Gate::SlotUnused) && gates.contains(&Gate::TargetYoung), "{decision:?}");
    // Nobody leaves it by waiting: a person is told what opens it.
    let Verdict::Halt { reasons } = &decision.verdict else { panic!("{decision:?}") };
    assert!(matches!(reasons[0].why, Why::TargetTooOld { .. }), "what is to be accepted: {reasons:?}");
    assert!(keyslot::render::reason::why(&reasons[1]).contains("target-young:secondary"), "{reasons:?}");

    let primary = SlotUse::Only(Slot::Primary);
    stage.code_mut().base = branch("main", primary);
    stage.code_mut().release = Some(branch("release/1", primary));
    for name in ["east", "north"] {
        stage.vault_mut(name).fingerprint = key(Slot::Primary);
    }
    let decision = stage.decide();
    assert!(holding(&decision).contains(&Gate::KeyQuiet), "the logs say that it is in use: {decision:?}");
    stage.usage_mut().requests = vec![requests(KeyKind::read_write(Slot::Primary), "east", stage.now)];
    assert!(holding(&stage.decide()).contains(&Gate::KeyQuiet), "and so does the account's note");
    let noted = stage.now;
    for (slot, last_used) in [(Slot::Primary, Some(noted)), (Slot::Secondary, Some(at(10)))] {
        stage.account_mut().keys.get_mut(&KeyKind::read_write(slot)).unwrap().last_used = last_used;
    }
    // Whoever approved the rotation has approved that the other key goes.
    let Verdict::Halt { reasons } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    let [Reason { gate: Gate::Approved, subject: Subject::Key(Slot::Secondary), .. }, age] = &reasons[..]
    else {
        panic!("{reasons:?}")
    };
    assert!(matches!(age.why, Why::TargetTooOld { .. }), "{age:?}");
    let remedy = keyslot::render::reason::remedy(&reasons[0]);
    assert!(remedy.contains("--approve secondary"), "{remedy}");
    approve_target(&mut stage);
    let decision = stage.decide();
    let Verdict::Act { steps, .. } = &decision.verdict else { panic!("{decision:?}") };
    assert!(matches!(
        steps[0],
        Step::Regenerate { kind, purpose: Purpose::Prepare } if kind.slot == Slot::Secondary
    ));

    // A pod from before its vault's version may hold the very key. Nothing of ours will replace it here.
    stage.cluster_mut("east").pods[1].created = at(49);
    let decision = stage.decide();
    assert!(holding(&decision).contains(&Gate::OldPodsGone), "{decision:?}");
    assert!(matches!(decision.verdict, Verdict::Halt { .. }), "{decision:?}");
}

fn approve_target(stage: &mut Stage) {
    let approval = Approval {
        by: "approver".to_owned(),
        rotation: RotationId::new("r1"),
        digest: None,
        key: Some(Slot::Secondary),
    };
    stage.events.push((at(5), Event::Approved(approval)));
}

#[test]
fn an_age_that_is_accepted_while_the_target_is_made_anew_ends_nothing() {
    let mut stage = Stage::ready();
    stage.events.remove(1);
    stage.policy.max_target_age = Some(Duration::from_secs(3600));
    let kind = KeyKind::read_write(Slot::Secondary);
    let step = Step::Regenerate { kind, purpose: Purpose::Prepare };
    stage.events.push(accepted(Gate::TargetYoung, "secondary"));
    assert_ne!(stage.decide().phase, Phase::Prepare, "{:?}", stage.decide());
    let intent = Intent {
        key: step.key(),
        attempt: 1,
        step,
        generation_before: Some(at(-1_000_000)),
        evidence: String::new(),
        commit: None,
        secrets: Vec::new(),
    };
    let operation = Operation { url: "https://management.azure.com/operations/7".to_owned() };
    let taken = Outcome::Applied { produced: Produced::Operation(operation) };
    stage.recorded(at(99_000), intent, Some((at(99_001), taken)));
    stage.world.operation = Some(Seen::known(stage.now, OperationState::Running(None)));
    let decision = stage.decide();
    assert_eq!((decision.phase, holding(&decision)), (Phase::Prepare, [Gate::Regenerated].into()));
}

#[test]
fn an_approval_of_the_target_key_is_none_of_the_one_that_goes() {
    let mut stage = Stage::ready();
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
    stage.events.retain(|(_, event)| !matches!(event, Event::Approved(_)));
    approve_target(&mut stage);
    assert_eq!(holding(&stage.decide()), [Gate::Approved].into());
}
