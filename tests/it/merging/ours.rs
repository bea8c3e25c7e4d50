//! When keyslot merges by itself, and when it does not.

use super::*;

#[test]
fn people_merge_unless_it_is_configured_otherwise() {
    let mut stage = open();
    assert!(steps(&stage.decide()).is_empty());
    stage.policy.pulls.merging = Merging::Keyslot;
    let decision = stage.decide();
    let head = stage.pull_mut().head.clone();
    let steps = steps(&decision);
    let [Step::MergePull { head: merged, pull, .. }] = &steps[..] else { panic!("{decision:?}") };
    assert_eq!((merged, pull.0), (&head, 7));
}

#[test]
fn a_promotion_that_waits_for_the_merge_merges_where_keyslot_does() {
    let mut stage = open();
    stage.policy.pulls.merging = Merging::Keyslot;
    stage.reach = Reach::Promote { merge: true, flip: false };
    assert!(merges(&stage), "{:?}", stage.decide());
    stage.reach = Reach::Promote { merge: false, flip: false };
    assert!(!merges(&stage), "it leaves that to others");
}

#[test]
fn keyslot_merges_no_head_that_it_has_not_read() {
    let mut stage = open();
    stage.policy.pulls.merging = Merging::Keyslot;
    stage.pull_mut().head = CommitId::new("f".repeat(40));
    // The pull request was looked at before the branches were.
    stage.world.pulls.get_mut(&proposal()).unwrap().at = stage.now - Duration::from_secs(1);
    let decision = stage.decide();
    assert!(whys(&decision).iter().any(|why| matches!(why, Why::HeadNotJudged { .. })), "{decision:?}");
    assert!(matches!(decision.verdict, Verdict::Wait { .. }));

    let mut other = open();
    other.policy.pulls.merging = Merging::Keyslot;
    other.code_mut().proposals.get_mut(&proposal_branch()).unwrap().claim.reads = SlotUse::Mixed;
    let decision = other.decide();
    assert!(whys(&decision).iter().any(|why| matches!(why, Why::BranchReads { .. })), "{decision:?}");
}

#[test]
fn a_head_without_the_terraform_root_is_not_merged_and_told_of_its_own_branch() {
    let mut stage = open();
    stage.policy.pulls.merging = Merging::Keyslot;
    let claim = &mut stage.code_mut().proposals.get_mut(&proposal_branch()).unwrap().claim;
    let problems = vec!["commit 1234567 has no folder infra".to_owned()];
    (claim.reads, claim.references, claim.problems) = (SlotUse::Unknown, 0, problems);
    assert!(!merges(&stage));
    let decision = stage.decide();
    let (Verdict::Wait { reasons, .. } | Verdict::Halt { reasons }) = &decision.verdict else {
        panic!("{decision:?}")
    };
    let told = |one: &Reason| {
        matches!(one.why, Why::TreeProblems { .. }) && one.subject == Subject::Branch(proposal_branch())
    };
    assert!(reasons.iter().any(told), "{decision:?}");
}

#[test]
fn keyslot_merges_what_people_have_pushed_only_once_somebody_has_approved_it() {
    let mut stage = open();
    stage.policy.pulls.merging = Merging::Keyslot;
    assert!(merges(&stage), "approved as it is");
    stage.pull_mut().approvals[0].same_change = false;
    let decision = stage.decide();
    assert!(whys(&decision).iter().any(|why| matches!(why, Why::PushedSince { .. })), "{decision:?}");
    stage.pull_mut().approvals.clear();
    stage.pull_mut().reviews_wanted = 0;
    assert!(!merges(&stage), "no review is wanted, and the commit is not keyslot's own");
    let head = stage.pull_mut().head.clone();
    pushed(&mut stage, &head);
    assert!(merges(&stage), "no review is wanted of keyslot's own commit");
    let mut torn = stage.clone();
    torn.events.pop();
    assert!(merges(&torn), "nor where the answer to its push was never read: the intent names it");
    stage.pull_mut().reviews_wanted = 1;
    assert!(!merges(&stage), "one is wanted, and whoever gave it has seen another change");
}

#[test]
fn what_changes_the_slot_alone_is_keyslot_s_own_though_the_journal_does_not_know_its_commit() {
    let mut stage = open();
    stage.policy.pulls.merging = Merging::Keyslot;
    stage.pull_mut().approvals.clear();
    stage.pull_mut().reviews_wanted = 0;
    let with = |onto: &str, flip_alone: bool| {
        let mut stage = stage.clone();
        let view = stage.code_mut().proposals.get_mut(&proposal_branch()).unwrap();
        view.brings = [(onto.into(), brings("1", flip_alone))].into();
        merges(&stage)
    };
    assert!(with("main", true));
    assert!(!with("main", false), "it changes something else, too");
    assert!(!with("release/1", true), "it would bring along what is not on the base branch");
}

/// The base branch was moved back by force under the pull request: the head is the one that was approved, and merging it would
/// bring back what was taken off.
#[test]
fn the_change_with_commits_that_its_base_has_no_more_is_merged_by_nobody_unasked_and_told() {
    let told = |stage: &Stage| match stage.decide().verdict {
        Verdict::Halt { reasons } => reasons.iter().any(|one| matches!(one.why, Why::BringsAlong { .. })),
        _ => false,
    };
    let mut known_by_content = open();
    let mut known_by_the_journal = known_by_content.clone();
    let view = known_by_content.code_mut().proposals.get_mut(&proposal_branch()).unwrap();
    (view.is_flip, view.brings) = (true, [("main".into(), brings("9", false))].into());
    let head = view.head.clone();
    let view = known_by_the_journal.code_mut().proposals.get_mut(&proposal_branch()).unwrap();
    view.brings = [("main".into(), brings("9", false))].into();
    pushed(&mut known_by_the_journal, &head);
    for mut stage in [known_by_content, known_by_the_journal] {
        assert!(told(&stage), "where people merge, too: {:?}", stage.decide());
        stage.policy.pulls.merging = Merging::Keyslot;
        assert!(told(&stage) && !merges(&stage), "though somebody has approved this head");
        stage.policy.pulls.merging = Merging::Auto;
        stage.pull_mut().waits = vec![PullWait::CheckNotStarted { name: "validation".to_owned() }];
        assert!(told(&stage) && steps(&stage.decide()).is_empty(), "nor is the forge asked to");
    }
}

#[test]
fn a_reader_that_the_base_has_got_since_is_told_before_the_merge_makes_both_of_it() {
    let mut stage = open();
    stage.policy.pulls.merging = Merging::Keyslot;
    let with = |reads: SlotUse, merging: Merging| {
        let mut stage = stage.clone();
        stage.policy.pulls.merging = merging;
        let view = stage.code_mut().proposals.get_mut(&proposal_branch()).unwrap();
        view.brings.get_mut(&BranchName::new("main")).unwrap().merged_reads = Some(reads);
        (merges(&stage), whys(&stage.decide()).iter().any(|why| matches!(why, Why::MergeWouldRead { .. })))
    };
    assert_eq!(with(SlotUse::Only(Slot::Secondary), Merging::Keyslot), (true, false));
    assert_eq!(with(SlotUse::Mixed, Merging::Keyslot), (false, true));
    assert_eq!(with(SlotUse::Mixed, Merging::People), (false, true), "where people merge, too");
}

#[test]
fn nothing_is_merged_while_the_target_key_is_not_proven() {
    let mut stage = open();
    stage.policy.pulls.merging = Merging::Keyslot;
    let merges = |stage: &Stage| steps(&stage.decide()).iter().any(|it| matches!(it, Step::MergePull { .. }));
    assert!(merges(&stage));
    stage.world.proofs.clear();
    assert!(!merges(&stage), "what is merged may be deployed at once");
    assert!(holding(&stage.decide()).contains(&Gate::TargetProven));
}
