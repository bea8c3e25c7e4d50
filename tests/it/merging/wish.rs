//! What the forge is asked to merge, and what is taken back.

use super::*;

#[test]
fn the_forge_is_asked_only_while_there_is_something_to_wait_for() {
    let mut stage = open();
    stage.policy.pulls.merging = Merging::Auto;
    let asks =
        |stage: &Stage| steps(&stage.decide()).iter().any(|step| matches!(step, Step::AutoMerge { .. }));
    stage.pull_mut().reviews_wanted = 0;
    stage.pull_mut().checks.clear();
    assert!(!asks(&stage), "it could be merged at once, and nothing ever held it");
    stage.pull_mut().waits = vec![PullWait::CheckNotStarted { name: "e2e".to_owned() }];
    assert!(asks(&stage));
    stage.pull_mut().auto_merge = true;
    assert!(!asks(&stage), "it was asked before");
    stage.pull_mut().auto_merge = false;
    stage.pull_mut().waits.push(PullWait::Conflict);
    assert!(!asks(&stage), "no time opens that");
}

#[test]
fn what_the_forge_will_not_wait_for_any_more_is_merged_as_it_would_have_been() {
    let mut stage = open();
    stage.policy.pulls.merging = Merging::Auto;
    stage.pull_mut().checks = vec![PullCheck { name: "e2e".to_owned(), required: false, passed: Some(true) }];
    let Ok([asked]) = <[Step; 1]>::try_from(steps(&stage.decide())) else { panic!("{:?}", stage.decide()) };
    assert!(matches!(asked, Step::AutoMerge { .. }), "the forge is asked first: {asked:?}");
    let refused = |stage: &Stage, later: bool, respite: Respite| {
        let mut stage = stage.clone();
        let why = "GitHub answered: Pull request is in clean status".to_owned();
        stage.tried(&asked, Some(Outcome::Refused { why, later, respite }));
        stage.now += Duration::from_secs(10);
        stage
    };
    assert!(!merges(&refused(&stage, false, Respite::Unsaid)), "it takes no wishes: people merge");
    assert!(!merges(&refused(&stage, true, Respite::Seconds(600))), "it is busy");
    let mut clean = refused(&stage, true, Respite::Unsaid);
    assert!(merges(&clean), "{:?}", clean.decide());
    let mut pushed = clean.clone();
    pushed.pull_mut().approvals[0].same_change = false;
    assert!(!merges(&pushed), "approved was another change");
    let mut other = clean.clone();
    other.pull_mut().head = CommitId::new("f".repeat(40));
    assert!(!merges(&other), "the forge spoke of another head");
    clean.pull_mut().checks[0].passed = None;
    assert!(!merges(&clean), "the check runs anew");
}

#[test]
fn the_forge_is_not_asked_before_a_check_has_passed_that_no_rule_requires() {
    let mut stage = open();
    stage.policy.pulls.merging = Merging::Auto;
    let asks =
        |stage: &Stage| steps(&stage.decide()).iter().any(|step| matches!(step, Step::AutoMerge { .. }));
    stage.pull_mut().waits = vec![PullWait::CheckRunning { name: "lint".to_owned(), url: None }];
    let check = |required, passed| PullCheck { name: "e2e".to_owned(), required, passed };
    for (required, passed, asked) in [
        (false, None, false),
        (false, Some(false), false),
        (false, Some(true), true),
        (true, None, true),
        (true, Some(false), true),
    ] {
        stage.pull_mut().checks = vec![check(required, passed)];
        assert_eq!(asks(&stage), asked, "{required} {passed:?}");
        let decision = stage.decide();
        let told = whys(&decision).iter().any(|why| matches!(why, Why::CheckNotPassed { .. }));
        assert_eq!(told, !asked, "{decision:?}");
    }
    // Nobody waits for it, by a person's word; what the pull request waits for besides is another matter.
    stage.pull_mut().checks = vec![check(false, None)];
    let mut accepted = stage.clone();
    let acceptance = Acceptance {
        by: "owner".to_owned(),
        gate: Gate::Validated,
        subject: stage.pull_mut().number.to_string(),
        because: "its environment is gone".to_owned(),
        until: stage.now + Duration::from_secs(600),
        why: None,
    };
    accepted.events.push((stage.now, Event::Accepted(acceptance)));
    assert!(asks(&accepted), "{:?}", accepted.decide());
    // It was asked for, and the check runs anew.
    stage.pull_mut().checks.clear();
    let Ok([step]) = <[Step; 1]>::try_from(steps(&stage.decide())) else { panic!("{:?}", stage.decide()) };
    done_step(&mut stage, &step);
    stage.now += Duration::from_secs(10);
    stage.pull_mut().auto_merge = true;
    assert!(!withdraws(&stage));
    stage.pull_mut().checks = vec![check(false, None)];
    assert!(withdraws(&stage), "{:?}", stage.decide());
}

/// As if keyslot had done this.
fn done_step(stage: &mut Stage, step: &Step) {
    stage.tried(step, Some(Outcome::Applied { produced: Produced::Nothing }));
}

/// keyslot has asked the forge to merge it, and then somebody has pushed.
fn pushed_after_the_wish() -> Stage {
    let mut stage = open();
    stage.policy.pulls.merging = Merging::Auto;
    stage.pull_mut().waits = vec![PullWait::CheckNotStarted { name: "e2e".to_owned() }];
    let Ok([step]) = <[Step; 1]>::try_from(steps(&stage.decide())) else { panic!("{:?}", stage.decide()) };
    assert!(matches!(step, Step::AutoMerge { .. }));
    done_step(&mut stage, &step);
    stage.now += Duration::from_secs(10);
    let head = CommitId::new("d".repeat(40));
    stage.code_mut().proposals.get_mut(&proposal_branch()).unwrap().head = head.clone();
    stage.world.code.as_mut().unwrap().at = stage.now;
    let pull = stage.pull_mut();
    pull.auto_merge = true;
    pull.head = head;
    pull.approvals[0].same_change = false;
    stage
}

fn withdraws(stage: &Stage) -> bool {
    steps(&stage.decide()).iter().any(|step| matches!(step, Step::WithdrawMerge { .. }))
}

#[test]
fn what_the_forge_was_asked_for_is_taken_back_when_somebody_pushes_before_anything_else() {
    let mut stage = pushed_after_the_wish();
    stage.policy.pulls.dress.labels = vec!["keys".to_owned()];
    let head = stage.pull_mut().head.clone();
    let expected = Step::WithdrawMerge { leg: Leg::Out, pull: PullNumber(7), head };
    assert_eq!(steps(&stage.decide()), std::slice::from_ref(&expected), "before it is labelled too");
    // Who merges was changed since, and the key cannot be proven now: the wish is there all the same.
    stage.policy.pulls.merging = Merging::People;
    stage.world.proofs.clear();
    assert!(withdraws(&stage));
    done_step(&mut stage, &expected);
    assert!(!withdraws(&stage), "what is asked of the forge from now on, others have asked for");
}

#[test]
fn what_keyslot_has_put_into_a_merge_queue_is_taken_out_of_it_as_any_wish_is_taken_back() {
    let mut stage = open();
    stage.policy.pulls.merging = Merging::Auto;
    let running = PullWait::CheckRunning { name: "lint".to_owned(), url: None };
    stage.pull_mut().waits = vec![running];
    let Ok([step]) = <[Step; 1]>::try_from(steps(&stage.decide())) else { panic!("{:?}", stage.decide()) };
    done_step(&mut stage, &step);
    stage.now += Duration::from_secs(10);
    (stage.policy.settle, stage.policy.pace.people) = (Duration::from_secs(5), Duration::from_secs(5));
    let now = stage.now;
    for seen in
        [&mut stage.world.code.as_mut().unwrap().at, &mut stage.world.pulls.get_mut(&proposal()).unwrap().at]
    {
        *seen = now;
    }
    let queued = PullWait::Queue { queued: true };
    let failed = PullWait::CheckFailed { name: "e2e".to_owned(), url: None };
    stage.pull_mut().waits = vec![failed, queued.clone()];
    assert!(!withdraws(&stage), "nothing says so: {:?}", stage.decide());
    let passed = Some(false);
    stage.pull_mut().checks = vec![PullCheck { name: "e2e".to_owned(), required: false, passed }];
    assert!(withdraws(&stage), "{:?}", stage.decide());
    // Its reviews are wanted anew while it is in the queue: nobody has taken the wish back.
    stage.pull_mut().checks.clear();
    stage.pull_mut().waits = vec![PullWait::Reviews { have: 1, want: 2, from: Vec::new() }, queued];
    let decision = stage.decide();
    assert!(!whys(&decision).iter().any(|why| matches!(why, Why::WishTakenBack { .. })), "{decision:?}");
    stage.pull_mut().waits.pop();
    let decision = stage.decide();
    assert!(whys(&decision).iter().any(|why| matches!(why, Why::WishTakenBack { .. })), "{decision:?}");
}

#[test]
fn what_others_asked_the_forge_for_is_theirs() {
    let mut stage = pushed_after_the_wish();
    stage.events.truncate(Stage::ready().events.len());
    assert!(!withdraws(&stage));
}

#[test]
fn a_wish_stays_while_the_change_is_the_one_that_was_judged() {
    let mut stage = pushed_after_the_wish();
    stage.pull_mut().approvals[0].same_change = true;
    assert!(!withdraws(&stage), "somebody has merged the base branch into it, say");
    stage.code_mut().proposals.get_mut(&proposal_branch()).unwrap().claim.reads = SlotUse::Mixed;
    assert!(withdraws(&stage), "it reads something else");
    let mut stage = pushed_after_the_wish();
    stage.world.code.as_mut().unwrap().at = stage.world.pulls[&proposal()].at;
    stage.code_mut().proposals.get_mut(&proposal_branch()).unwrap().head = CommitId::new("e".repeat(40));
    let decision = stage.decide();
    assert!(whys(&decision).iter().any(|why| matches!(why, Why::NotSeen(_))), "{decision:?}");
}
