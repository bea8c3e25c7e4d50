//! When a run may be started, and when none is.

use super::*;

#[test]
fn a_stage_that_nobody_declared_holds_the_start() {
    let mut stages = whole(DONE);
    stages.push(StageView::new("surprise", SKIPPED, None));
    let mut stage = with_runs(vec![run("7", "release/1", 'a', DONE, stages)]);
    stage.policy.skip_stages = vec!["traffic".to_owned()];
    let expected = Why::StagesUndeclared {
        stages: vec!["surprise".to_owned()],
        url: "https://pipelines.example/7".to_owned(),
    };
    assert_eq!(whys(&stage), [expected]);
    assert!(halts(&stage) && words(&stage).contains("surprise"), "{}", words(&stage));
    if let Ok(runs) = &mut stage.world.runs.as_mut().unwrap().what {
        runs[0].stages[2].effects = Some(Vec::new());
    }
    assert!(deploys(&stage), "{:?}", stage.decide());
}

#[test]
fn a_stage_that_moves_traffic_is_left_out_or_accepted_by_name() {
    let mut stage = with_runs(vec![run("7", "release/1", 'a', DONE, whole(DONE))]);
    assert_eq!(whys(&stage), [Why::StagesNotSkipped { stages: vec!["traffic".to_owned()] }]);
    assert!(halts(&stage));
    stage.policy.accepted_stages = vec!["traffic".to_owned()];
    assert!(deploys(&stage), "{:?}", stage.decide());
    stage.policy.accepted_stages.clear();
    stage.policy.skip_stages = vec!["traffic".to_owned()];
    assert!(deploys(&stage), "{:?}", stage.decide());
}

#[test]
fn an_older_units_pipeline_is_never_run_again() {
    let theirs = || run("9", "release/2", 'b', DONE, whole(DONE));
    let ours = || run("7", "release/1", 'a', DONE, whole(DONE));
    let mut stage = with_runs(vec![theirs(), ours()]);
    stage.policy.skip_stages = vec!["traffic".to_owned()];
    assert!(
        matches!(&whys(&stage)[..], [Why::RunOfOlderUnit { live, .. }] if live.as_str() == "release/2"),
        "{:?}",
        stage.decide()
    );
    assert!(halts(&stage) && words(&stage).contains("release/2"));
    // It moved traffic before ours did, or never did.
    for runs in [
        vec![ours(), theirs()],
        vec![run("9", "main", 'b', DONE, vec![whole(DONE)[0].clone(), stage_of_traffic(SKIPPED)]), ours()],
    ] {
        stage.world.runs = Some(Seen::known(stage.now, runs));
        assert!(deploys(&stage), "{:?}", stage.decide());
    }
}

#[test]
fn a_person_or_a_push_starts_the_run_where_it_is_set_up_so() {
    let mut stage = with_runs(Vec::new());
    stage.policy.skip_stages = vec!["traffic".to_owned()];
    assert!(deploys(&stage));
    let commit = CommitId::new("c".repeat(40));
    stage.policy.run_start = RunStart::Hand;
    let by_hand = Why::RunByHand { commit: commit.clone(), skip: vec!["traffic".to_owned()] };
    assert_eq!(whys(&stage), [by_hand]);
    let said = words(&stage);
    for word in ["release/1", commit.as_str(), "without traffic"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!halts(&stage), "the vaults will tell");
    stage.policy.run_start = RunStart::Push;
    assert_eq!(whys(&stage), [Why::RunAwaited { commit }]);
}

/// The change is merged, and the release branch has not got it yet.
fn before_promotion(promotion: Promotion, runs: Vec<RunView>) -> Stage {
    let mut stage = with_runs(runs);
    stage.code_mut().release = Some(crate::stage::branch("release/1", SlotUse::Only(Slot::Primary)));
    let to_release = PullEnds {
        head: crate::stage::opened().promotion_branch(Leg::Out, &"release/1".into()),
        base: "release/1".into(),
    };
    stage.world.pulls.insert(to_release, Seen::known(stage.now, None));
    (stage.policy.promotion, stage.policy.run_start) = (promotion, RunStart::Push);
    stage.policy.accepted_stages = vec!["traffic".to_owned()];
    stage
}

#[test]
fn what_a_push_would_start_is_asked_for_before_the_push_as_a_start_is() {
    let theirs = || run("9", "release/2", 'b', DONE, whole(DONE));
    let ours = || run("7", "release/1", 'a', DONE, whole(DONE));
    for promotion in [Promotion::Push, Promotion::PullRequest] {
        let mut stage = before_promotion(promotion, vec![theirs(), ours()]);
        let told = whys(&stage);
        assert!(
            matches!(&told[..], [Why::RunOfOlderUnit { live, .. }] if live.as_str() == "release/2"),
            "{told:?}"
        );
        assert_eq!(crate::stage::holding(&stage.decide()), [Gate::RunEnded].into());
        assert!(halts(&stage), "{promotion:?}");
        // Not seen is not allowed.
        stage.world.runs = Some(Seen::blind(stage.now, Blindness::Unreachable, "no answer"));
        assert!(matches!(&whys(&stage)[..], [Why::Blind { .. }]), "{:?}", stage.decide());
        stage.world.runs = Some(Seen::known(stage.now, vec![ours(), theirs()]));
        assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
        // Where keyslot starts the run itself, that is asked then.
        let mut stage = before_promotion(promotion, vec![theirs(), ours()]);
        stage.policy.run_start = RunStart::Asked;
        assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
    }
}

#[test]
fn a_merge_that_starts_an_older_units_run_is_not_asked_for_nor_made() {
    let theirs = || run("9", "release/2", 'b', DONE, whole(DONE));
    let ours = || run("7", "release/1", 'a', DONE, whole(DONE));
    for merging in [Merging::Keyslot, Merging::Auto] {
        let mut stage = before_promotion(Promotion::PullRequest, vec![theirs(), ours()]);
        stage.policy.pulls.merging = merging;
        let branch = crate::stage::opened().promotion_branch(Leg::Out, &"release/1".into());
        let view = crate::stage::branch(branch.as_str(), SlotUse::Only(Slot::Secondary));
        let waits = match merging {
            Merging::Auto => vec![PullWait::Reviews { have: 1, want: 2, from: Vec::new() }],
            _ => vec![PullWait::Mergeable],
        };
        let approval = PullApproval { by: "ada".to_owned(), head: view.head.clone(), same_change: true };
        let ends = PullEnds { head: branch.clone(), base: "release/1".into() };
        let open = PullView {
            number: PullNumber(8),
            head_branch: branch.clone(),
            base: "release/1".into(),
            state: PullState::Open,
            head: view.head.clone(),
            approvals: vec![approval],
            waits,
            ..crate::stage::pull()
        };
        stage.code_mut().proposals.insert(branch, view);
        stage
            .world
            .pulls
            .insert(ends.clone(), Seen::known(stage.now - SignedDuration::from_secs(1), Some(open)));
        let told = whys(&stage);
        assert!(told.iter().any(|why| matches!(why, Why::RunOfOlderUnit { .. })), "{merging:?}: {told:?}");
        stage.world.runs = Some(Seen::known(stage.now, vec![ours(), theirs()]));
        assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{merging:?}: {:?}", stage.decide());
    }
}

#[test]
fn after_a_lost_answer_a_second_run_is_only_asked_for_on_a_late_enough_look() {
    let mut stage = with_runs(Vec::new());
    let Verdict::Act { steps, .. } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    let (step, sent) = (steps[0].clone(), stage.now);
    let mut answered = stage.clone();
    stage.tried(&step, Some(Outcome::Unknown { why: "no answer".to_owned() }));
    assert!(matches!(&whys(&stage)[..], [Why::OutcomeOpen { taken: false, .. }]), "{:?}", stage.decide());
    answered.tried(&step, Some(Outcome::Applied { produced: Produced::Run(RunId::new("1001")) }));
    let Verdict::Wait { reasons, .. } = answered.decide().verdict else { panic!("{:?}", answered.decide()) };
    let told = reason::why(&reasons[0]);
    assert!(told.contains("was taken (run 1001) and is not to be seen"), "{told}");
    // The time is up, and the list was read before it was.
    let later = sent + SignedDuration::try_from(stage.policy.settle).unwrap();
    (stage.policy.ages.ordinary, stage.policy.ages.proof) =
        (stage.policy.ages.ordinary * 10, stage.policy.ages.proof * 10);
    stage.now = later;
    assert!(matches!(&whys(&stage)[..], [Why::NotSeen(_)]), "{:?}", stage.decide());
    // Read late enough, it shows the run after all: it is followed, and no second one is started.
    let ours = run("7", "release/1", 'c', RunState::Running, whole(RunState::Running));
    stage.world.runs = Some(Seen::known(later, vec![ours]));
    assert!(matches!(&whys(&stage)[..], [Why::RunUnderWay { .. }]), "{:?}", stage.decide());
    stage.world.runs = Some(Seen::known(later, Vec::new()));
    assert!(deploys(&stage), "{:?}", stage.decide());
}

/// Whoever loses a second answer may lose any number: it is sent again, and not at once.
#[test]
fn a_step_that_may_be_sent_twice_pauses_once_its_answers_are_lost() {
    let mut stage = Stage::before_restart();
    let restart = || stage_steps(&Stage::before_restart()).remove(0);
    let lost = || Some(Outcome::Unknown { why: "no answer".to_owned() });
    stage.tried(&restart(), lost());
    assert_eq!(stage_steps(&stage), [restart()], "one may be an accident");
    stage.tried(&restart(), lost());
    let held = whys(&stage);
    assert!(held.iter().any(|why| matches!(why, Why::OutcomeOpen { .. })), "{held:?}");
    assert_eq!(stage_steps(&stage), []);
}

/// Others have pushed since: what is approved puts the new slot there all the same.
#[test]
fn our_own_run_of_an_earlier_commit_is_ours() {
    let mut stage = with_runs(Vec::new());
    let step = stage_steps(&stage).remove(0);
    assert!(matches!(step, Step::Deploy { .. }), "{step:?}");
    stage.tried(&step, Some(Outcome::Applied { produced: Produced::Run(RunId::new("7")) }));
    stage.code_mut().release.as_mut().unwrap().head = CommitId::new("d".repeat(40));
    let of = |stage: &Stage, commit: char| {
        let mut stage = stage.clone();
        stage.world.runs = Some(Seen::known(stage.now, vec![waiting("7", "release/1", commit)]));
        words(&stage)
    };
    assert!(of(&stage, 'c').contains("approve it, or turn it down"), "{}", of(&stage, 'c'));
    assert!(of(&stage, 'a').contains("do not approve it"), "{}", of(&stage, 'a'));
}

#[test]
fn what_opens_by_itself_asks_nobody_for_an_approval() {
    let held_by = |kinds: &[HoldKind]| {
        let mut run = waiting("7", "release/1", 'c');
        let hold = |kind: &HoldKind| StageHold {
            kind: *kind,
            name: "it".to_owned(),
            who: Vec::new(),
            url: String::new(),
        };
        run.stages[1].holds = kinds.iter().map(hold).collect();
        whys(&with_runs(vec![run]))
    };
    for kinds in [&[HoldKind::Lock][..], &[HoldKind::Timer], &[HoldKind::Lock, HoldKind::Timer]] {
        assert!(matches!(&held_by(kinds)[..], [Why::RunUnderWay { .. }]), "{kinds:?}: {:?}", held_by(kinds));
    }
    for kinds in [&[][..], &[HoldKind::Approval], &[HoldKind::Timer, HoldKind::Approval]] {
        let told = held_by(kinds);
        assert!(matches!(&told[..], [Why::RunWaitsForApproval { .. }]), "{kinds:?}: {told:?}");
    }
}
