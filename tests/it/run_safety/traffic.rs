//! Who moved traffic, and what is not known of it.

use super::*;

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
