//! What was merged is what somebody has approved.

use super::*;

#[test]
fn what_was_merged_is_what_somebody_has_approved() {
    let mut stage = Stage::ready();
    assert!(!holding(&stage.decide()).contains(&Gate::Validated));
    stage.pull_mut().approvals[0].same_change = false;
    let decision = stage.decide();
    assert_eq!(holding(&decision), [Gate::Validated].into());
    let [Why::MergedUnreviewed { stale, wanted: 1, .. }] = whys(&decision)[..] else {
        panic!("{decision:?}")
    };
    assert_eq!(stale, &["reviewer".to_owned()]);
    assert!(matches!(decision.verdict, Verdict::Halt { .. }));
    let acceptance = Acceptance {
        by: "owner".to_owned(),
        gate: Gate::Validated,
        subject: Subject::Pull(stage.pull_mut().number).to_string(),
        because: "looked at afterwards".to_owned(),
        until: stage.now + Duration::from_secs(60),
        why: Some("merged-unreviewed".to_owned()),
    };
    stage.events.push((stage.now, Event::Accepted(acceptance)));
    assert!(!holding(&stage.decide()).contains(&Gate::Validated), "a person may say that it is well");

    let mut through = Stage::ready();
    through.pull_mut().approvals.clear();
    assert_eq!(holding(&through.decide()), [Gate::Validated].into(), "let through without a review");
    through.pull_mut().reviews_wanted = 0;
    assert!(!holding(&through.decide()).contains(&Gate::Validated), "nobody wants reviews there");
}

#[test]
fn an_approval_of_another_change_counts_whatever_the_base_branch_demands() {
    let mut stage = Stage::ready();
    stage.pull_mut().reviews_wanted = 0;
    stage.pull_mut().approvals[0].same_change = false;
    assert_eq!(holding(&stage.decide()), [Gate::Validated].into(), "somebody has pushed since");
    let head = stage.pull_mut().head.clone();
    stage.pull_mut().approvals.push(PullApproval { by: "grace".to_owned(), head, same_change: true });
    assert!(!holding(&stage.decide()).contains(&Gate::Validated), "and somebody has seen what was merged");
    stage.pull_mut().reviews_wanted = 2;
    assert_eq!(holding(&stage.decide()), [Gate::Validated].into(), "one of two");
}

#[test]
fn where_nobody_can_say_what_is_demanded_what_is_not_keyslot_s_own_wants_an_approval() {
    let mut stage = Stage::ready();
    let pull = stage.pull_mut();
    (pull.reviews_wanted, pull.unread) = (0, vec!["the protection of main".to_owned()]);
    assert!(!holding(&stage.decide()).contains(&Gate::Validated), "approved");
    stage.pull_mut().approvals.clear();
    let decision = stage.decide();
    assert!(matches!(whys(&decision)[..], [Why::MergedUnreviewed { wanted: 0, .. }]), "{decision:?}");
    let Verdict::Halt { reasons } = &decision.verdict else { panic!("{decision:?}") };
    let told = keyslot::render::reason::why(&reasons[0]);
    assert!(told.contains("the protection of main"), "{told}");
    let head = stage.pull_mut().head.clone();
    pushed(&mut stage, &head);
    assert!(!holding(&stage.decide()).contains(&Gate::Validated), "what keyslot made is what was merged");
}
