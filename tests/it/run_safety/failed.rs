//! A run that failed, was cancelled, tried again or waits.

use super::*;

/// On Azure DevOps a run whose stage is tried again keeps its number, and with it its place in the list.
#[test]
fn a_stage_of_an_older_run_that_was_tried_again_after_ours_has_undone_it() {
    let infra = |seconds| {
        vec![StageView { finished: Some(at(seconds)), ..whole(DONE)[0].clone() }, stage_of_traffic(SKIPPED)]
    };
    let runs = |theirs: i64| {
        vec![run("9", "release/1", 'c', DONE, infra(90_300)), run("5", "release/0", 'b', DONE, infra(theirs))]
    };
    let mut stage = with_runs(runs(90_400));
    stage.policy.skip_stages = vec!["traffic".to_owned()];
    assert!(deploys(&stage), "{:?}", stage.decide());
    stage.world.runs = Some(Seen::known(stage.now, runs(90_200)));
    assert!(whys(&stage).iter().any(|why| matches!(why, Why::RunDidNotWrite { .. })), "{:?}", stage.decide());
}

#[test]
fn a_run_that_failed_halts_with_the_stage_its_last_lines_and_what_to_do() {
    let mut stages = vec![stage("infra", FAILED, &[StageEffect::WritesVaults]), stage_of_traffic(SKIPPED)];
    stages[0].failure = Some(StageFailure {
        step: "Terraform apply".to_owned(),
        lines: vec!["Error: 409 Conflict".to_owned()],
    });
    let stage = with_runs(vec![run("7", "release/1", 'c', FAILED, stages)]);
    assert!(halts(&stage));
    let words = words(&stage);
    for word in
        ["the stage infra failed", "Terraform apply", "Error: 409 Conflict", "pipelines.example/7", "retry"]
    {
        assert!(words.contains(word), "{word}: {words}");
    }
}

#[test]
fn a_run_that_somebody_cancelled_halts_and_says_so() {
    let canceled = RunState::Completed(RunResult::Canceled);
    let stage = with_runs(vec![run("7", "release/1", 'c', canceled, whole(canceled))]);
    assert!(halts(&stage));
    assert_eq!(whys(&stage), [Why::RunCanceled { url: "https://pipelines.example/7".to_owned() }]);
}

#[test]
fn a_retried_stage_opens_the_run_again_and_a_newer_run_supersedes_it() {
    let again = run("7", "release/1", 'c', RunState::Running, whole(RunState::Running));
    assert!(matches!(&whys(&with_runs(vec![again]))[..], [Why::RunUnderWay { .. }]));
    let failed = run("7", "release/1", 'c', FAILED, whole(FAILED));
    let newer = run("8", "release/1", 'c', RunState::Running, whole(RunState::Running));
    let stage = with_runs(vec![newer, failed]);
    assert!(
        matches!(&whys(&stage)[..], [Why::RunUnderWay { url, .. }] if url.ends_with("/8")),
        "{:?}",
        stage.decide()
    );
}

#[test]
fn a_run_of_the_commit_that_left_the_vaults_out_is_not_the_one() {
    let stages = vec![stage("infra", SKIPPED, &[StageEffect::WritesVaults]), stage_of_traffic(DONE)];
    let mut stage = with_runs(vec![run("7", "release/1", 'c', DONE, stages)]);
    stage.policy.skip_stages = vec!["traffic".to_owned()];
    assert!(deploys(&stage), "{:?}", stage.decide());
}

fn resume(stage: &mut Stage) {
    stage.events.push((stage.now, Event::Resumed { by: "ada".to_owned(), failed: false }));
}

/// A while later, with evidence that is good for as long.
fn pass(stage: &mut Stage) {
    stage.policy.settle = std::time::Duration::ZERO;
    (stage.policy.ages.ordinary, stage.policy.ages.proof) =
        (stage.policy.ages.ordinary * 10, stage.policy.ages.proof * 10);
    stage.now += SignedDuration::from_secs(120);
    stage.world.runs.as_mut().unwrap().at = stage.now;
}

/// Another one would leave them out as well, and do all the rest once more.
#[test]
fn our_own_run_that_left_the_vaults_out_is_told_and_no_second_one_is_started() {
    let mut stage = with_runs(Vec::new());
    stage.policy.skip_stages = vec!["traffic".to_owned()];
    let Verdict::Act { steps, .. } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    let stages = || vec![stage_of_vaults(SKIPPED), stage_of_traffic(SKIPPED)];
    let began = stage.now;
    let ours =
        || RunView { started: began, finished: Some(began), ..run("7", "release/1", 'c', DONE, stages()) };
    let mut lost = stage.clone();
    stage.tried(&steps[0], Some(Outcome::Applied { produced: Produced::Run(RunId::new("7")) }));
    lost.tried(&steps[0], Some(Outcome::Unknown { why: "no answer".to_owned() }));
    for mut stage in [stage, lost] {
        stage.world.runs = Some(Seen::known(stage.now, vec![ours()]));
        let told = Why::RunLeftVaultsOut {
            stages: vec!["infra".to_owned()],
            url: "https://pipelines.example/7".to_owned(),
        };
        assert_eq!(whys(&stage), [told]);
        assert!(halts(&stage) && words(&stage).contains("`keyslot resume`"), "{}", words(&stage));
        // The stage is run again.
        let again = RunView { state: RunState::Running, finished: None, ..ours() };
        let again = RunView { stages: whole(RunState::Running), ..again };
        let mut retried = stage.clone();
        retried.world.runs = Some(Seen::known(stage.now, vec![again]));
        assert!(matches!(&whys(&retried)[..], [Why::RunUnderWay { .. }]), "{:?}", retried.decide());
        resume(&mut stage);
        pass(&mut stage);
        assert!(deploys(&stage), "a person has said so: {:?}", stage.decide());
    }
}

#[test]
fn a_run_that_was_taken_and_is_on_no_list_is_waited_for() {
    let mut stage = with_runs(Vec::new());
    stage.policy.skip_stages = vec!["traffic".to_owned()];
    let Verdict::Act { steps, .. } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    let (began, step) = (stage.now, steps[0].clone());
    stage.tried(&step, Some(Outcome::Applied { produced: Produced::Run(RunId::new("7")) }));
    pass(&mut stage);
    assert_eq!(whys(&stage), [Why::RunUnlisted { since: began }]);
    assert!(!halts(&stage) && words(&stage).contains("run 7 was asked for"), "{}", words(&stage));
    resume(&mut stage);
    assert!(deploys(&stage), "a person has looked: {:?}", stage.decide());
}

#[test]
fn a_run_that_waits_days_for_traffic_does_not_hold_and_what_the_vaults_hold_outranks_it() {
    let mut waiting = stage_of_traffic(RunState::WaitsForApproval);
    waiting.effects = Some(vec![StageEffect::SwitchesTraffic]);
    let mut infra = stage("infra", DONE, &[StageEffect::WritesVaults]);
    infra.finished = Some(at(90_300));
    let ours = run("7", "release/1", 'c', RunState::WaitsForApproval, vec![infra, waiting]);
    let mut stage = Stage::ready();
    stage.world.runs = Some(Seen::known(stage.now, vec![ours.clone()]));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
    // Where a vault does not hold the key long after the stage was through, somebody has to look: the run never ends.
    let stage = with_runs(vec![ours]);
    assert!(whys(&stage).iter().any(|why| matches!(why, Why::RunDidNotWrite { .. })), "{:?}", stage.decide());
    // And a failed run does not hold where the vaults hold the key.
    let mut stage = Stage::ready();
    let mut failed = run("7", "release/1", 'c', FAILED, whole(FAILED));
    failed.finished = Some(at(90_600));
    stage.world.runs = Some(Seen::known(stage.now, vec![failed]));
    assert!(matches!(stage.decide().verdict, Verdict::Act { .. }), "{:?}", stage.decide());
}

#[test]
fn a_stage_that_nobody_declared_may_write_the_vaults() {
    let mut stage = Stage::ready();
    let mut held = |effects: Option<Vec<StageEffect>>| {
        let surprise = StageView::new("surprise", RunState::Running, effects);
        let stages = vec![whole(DONE)[0].clone(), surprise];
        stage.world.runs =
            Some(Seen::known(stage.now, vec![run("9", "release/0", 'e', RunState::Running, stages)]));
        crate::stage::holding(&stage.decide()).contains(&Gate::NoHazard)
    };
    assert!(held(None));
    assert!(!held(Some(Vec::new())), "declared to have no effect");
}
