//! When a run of the release pipeline may be started, what is said of one that failed or waits, and what a run beside
//! the rotation is.

use jiff::SignedDuration;
use keyslot::model::{
    Blindness, CommitId, HoldKind, KeyKind, Merging, Operation, OperationState, Promotion, PullApproval,
    PullEnds, PullNumber, PullState, PullView, PullWait, RunId, RunResult, RunStart, RunState, RunView, Seen,
    Slot, SlotUse, StageEffect, StageFailure, StageHold, StageView,
};
use keyslot::render::{note, reason};
use keyslot::rotation::{Event, Gate, Leg, Note, Outcome, Phase, Produced, Step, Verdict, Why, notes};

use crate::stage::{Stage, at};

const DONE: RunState = RunState::Completed(RunResult::Succeeded);
const SKIPPED: RunState = RunState::Completed(RunResult::Skipped);
const FAILED: RunState = RunState::Completed(RunResult::Failed);

fn stage(name: &str, state: RunState, effects: &[StageEffect]) -> StageView {
    StageView::new(name, state, Some(effects.to_vec()))
}

fn run(id: &str, branch: &str, commit: char, state: RunState, stages: Vec<StageView>) -> RunView {
    RunView {
        id: RunId::new(id),
        url: format!("https://pipelines.example/{id}"),
        branch: branch.into(),
        commit: CommitId::new(commit.to_string().repeat(40)),
        by: "ada".to_owned(),
        state,
        started: at(90_000),
        finished: state.is_over().then(|| at(90_600)),
        stages,
        more_before: false,
    }
}

fn whole(state: RunState) -> Vec<StageView> {
    vec![
        stage("infra", state, &[StageEffect::WritesVaults]),
        stage("traffic", state, &[StageEffect::SwitchesTraffic]),
    ]
}

/// Code and world agree on everything but one vault: a run is next.
fn before_deploy() -> Stage {
    let mut stage = Stage::ready();
    stage.vault_mut("east").fingerprint = crate::stage::key(Slot::Primary);
    stage
}

fn with_runs(runs: Vec<RunView>) -> Stage {
    let mut stage = before_deploy();
    stage.world.runs = Some(Seen::known(stage.now, runs));
    stage
}

/// Why it does not go on; nothing where it acts.
fn whys(stage: &Stage) -> Vec<Why> {
    match stage.decide().verdict {
        Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => {
            reasons.into_iter().map(|reason| reason.why).collect()
        }
        _ => Vec::new(),
    }
}

fn halts(stage: &Stage) -> bool {
    matches!(stage.decide().verdict, Verdict::Halt { .. })
}

fn deploys(stage: &Stage) -> bool {
    matches!(stage.decide().verdict, Verdict::Act { steps, .. } if matches!(steps[0], Step::Deploy { .. }))
}

fn words(stage: &Stage) -> String {
    match stage.decide().verdict {
        Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => {
            reasons.iter().map(|it| format!("{}; {}\n", reason::why(it), reason::remedy(it))).collect()
        }
        other => panic!("{other:?}"),
    }
}

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
fn traffic_is_where_the_run_moved_it_that_did_so_last_whatever_its_place_in_the_list() {
    let traffic = |seconds, state| {
        let moved =
            StageView { started: Some(at(seconds)), finished: Some(at(seconds)), ..stage_of_traffic(state) };
        vec![whole(DONE)[0].clone(), moved]
    };
    let newer = |branch, commit| run("9", branch, commit, DONE, traffic(90_300, DONE));
    let older = |branch, commit, at, state| run("5", branch, commit, state, traffic(at, state));
    let mut stage = with_runs(Vec::new());
    stage.policy.skip_stages = vec!["traffic".to_owned()];
    let mut seen = |runs: Vec<RunView>| {
        stage.world.runs = Some(Seen::known(stage.now, runs));
        (whys(&stage), deploys(&stage))
    };
    let ours = || newer("release/1", 'a');
    let (told, _) = seen(vec![ours(), older("release/0", 'b', 90_400, DONE)]);
    assert!(
        matches!(&told[..], [Why::RunOfOlderUnit { live, .. }] if live.as_str() == "release/0"),
        "rolled back to it: {told:?}"
    );
    let (told, _) = seen(vec![ours(), older("release/0", 'b', 90_400, FAILED)]);
    assert!(matches!(&told[..], [Why::TrafficUnknown { .. }]), "it may have moved it: {told:?}");
    let (told, deploys) = seen(vec![ours(), older("release/0", 'b', 90_200, DONE)]);
    assert!(deploys, "{told:?}");
    let (told, deploys) = seen(vec![newer("release/0", 'b'), older("release/1", 'a', 90_400, DONE)]);
    assert!(deploys, "moved back to ours: {told:?}");
}

#[test]
fn a_move_of_traffic_that_may_lie_further_back_than_was_read_holds_by_name() {
    let skips = || vec![whole(DONE)[0].clone(), stage_of_traffic(SKIPPED)];
    let mut stage = with_runs(vec![
        run("9", "release/2", 'b', DONE, skips()),
        RunView { more_before: true, ..run("7", "release/1", 'a', DONE, skips()) },
    ]);
    stage.policy.skip_stages = vec!["traffic".to_owned()];
    assert!(matches!(&whys(&stage)[..], [Why::TrafficBeyond { .. }]), "{:?}", stage.decide());
    assert!(halts(&stage) && words(&stage).contains("older ones are not read"), "{}", words(&stage));
    stage.policy.moves_traffic = false;
    assert!(deploys(&stage), "{:?}", stage.decide());
}

#[test]
fn a_later_run_of_which_nobody_knows_whether_it_moved_traffic_holds_until_that_is_seen() {
    let ours = || run("7", "release/1", 'a', DONE, whole(DONE));
    let begun = |state: RunState| StageView { started: Some(at(90_100)), ..stage_of_traffic(state) };
    let infra = || whole(DONE)[0].clone();
    let theirs = |state: RunState, stages: Vec<StageView>| run("9", "release/2", 'b', state, stages);
    let undeclared = StageView::new("surprise", DONE, None);
    for (later, person) in [
        (theirs(FAILED, Vec::new()), true),
        (theirs(FAILED, vec![infra(), begun(FAILED)]), true),
        (theirs(RunState::Running, vec![infra(), begun(RunState::Running)]), false),
        (theirs(DONE, vec![infra(), undeclared]), true),
    ] {
        let mut stage = with_runs(vec![later.clone(), ours()]);
        stage.policy.skip_stages = vec!["traffic".to_owned()];
        assert!(
            matches!(&whys(&stage)[..], [Why::TrafficUnknown { branch, .. }] if branch.as_str() == "release/2"),
            "{later:?}: {:?}",
            stage.decide()
        );
        assert_eq!(halts(&stage), person, "{later:?}");
        assert!(words(&stage).contains("pipelines.example/9"), "{}", words(&stage));
        // Where no stage moves traffic, none of them does.
        stage.policy.moves_traffic = false;
        assert!(deploys(&stage), "{later:?}: {:?}", stage.decide());
    }
    // It never came to that stage, or waits for somebody's word: then traffic is where it was.
    let canceled = RunState::Completed(RunResult::Canceled);
    let waiting = RunState::WaitsForApproval;
    for later in [
        theirs(FAILED, vec![infra(), stage_of_traffic(SKIPPED)]),
        theirs(canceled, vec![infra(), stage_of_traffic(canceled)]),
        theirs(waiting, vec![infra(), stage_of_traffic(waiting)]),
    ] {
        let mut stage = with_runs(vec![later.clone(), ours()]);
        stage.policy.skip_stages = vec!["traffic".to_owned()];
        assert!(deploys(&stage), "{later:?}: {:?}", stage.decide());
    }
}

#[test]
fn a_later_run_of_our_own_branch_that_moved_no_traffic_hides_nothing() {
    let theirs = || run("8", "release/2", 'b', DONE, whole(DONE));
    let ours = run("9", "release/1", 'a', DONE, vec![whole(DONE)[0].clone(), stage_of_traffic(SKIPPED)]);
    let mut stage = with_runs(vec![ours, theirs()]);
    stage.policy.skip_stages = vec!["traffic".to_owned()];
    assert!(matches!(&whys(&stage)[..], [Why::RunOfOlderUnit { .. }]), "{:?}", stage.decide());
}

fn stage_of_traffic(state: RunState) -> StageView {
    stage("traffic", state, &[StageEffect::SwitchesTraffic])
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

fn waiting(id: &str, branch: &str, commit: char) -> RunView {
    let state = RunState::WaitsForApproval;
    let plan = stage("plan", DONE, &[]);
    run(id, branch, commit, state, vec![plan, stage("infra", state, &[StageEffect::WritesVaults])])
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

#[test]
fn while_the_new_key_is_not_confirmed_a_run_that_could_put_the_old_slot_back_is_told() {
    let mut stage = Stage::ready();
    stage.account_mut().keys.get_mut(&KeyKind::read_write(Slot::Primary)).unwrap().generated =
        Some(at(99_000));
    stage.world.proofs.insert(Slot::Primary, Seen::known(stage.now, crate::stage::proof(Slot::Primary)));
    stage
        .events
        .push((stage.now, Event::Proven { fingerprint: crate::stage::key(Slot::Primary), accepted: true }));
    assert!(!words(&stage).contains("do not approve"), "{}", words(&stage));
    stage.world.runs = Some(Seen::known(stage.now, vec![waiting("9", "release/0", 'e')]));
    assert_eq!(stage.decide().phase, Phase::Confirm);
    let said = words(&stage);
    assert!(said.contains("release/0") && said.contains("do not approve it"), "{said}");
    assert!(!halts(&stage));
    // It holds nothing, and neither does a pipeline that cannot be seen.
    stage.world.runs = Some(Seen::blind(stage.now, Blindness::Forbidden, "no"));
    assert!(!halts(&stage), "{:?}", stage.decide());
    stage.now += stage.policy.confirm_window;
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

fn stage_steps(stage: &Stage) -> Vec<Step> {
    crate::stage::steps(&stage.decide())
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
