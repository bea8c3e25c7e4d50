//! Who merges: people, the forge, keyslot; and that what was merged is what somebody approved.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::executor::block_on;
use keyslot::drive::TurnEnd;
use keyslot::model::{
    CommitId, Merging, Promotion, PullApproval, PullCheck, PullDress, PullNumber, PullState, PullWait,
    Respite, Slot, SlotUse,
};
use keyslot::rotation::{
    Acceptance, Decision, Event, Gate, Intent, Leg, Outcome, Produced, Reach, Reason, Step, Subject, Verdict,
    Why,
};
use keyslot::sim::config::RulesConfig;
use keyslot::sim::memory::{CrashMoment, Crashes};
use keyslot::sim::{Command, Fault, Mark, Operation, Target, Trouble, When, WorldConfig};

use crate::backstage::Deed;
use crate::echo::{self, Heard};
use crate::harm_scenarios::small;
use crate::in_memory::{Life, Theatre};
use crate::stage::{Stage, branch, holding, proposal, proposal_branch, steps};

const BY: &str = "keyslot-bot";

/// An open pull request that nothing holds, on keyslot's own head.
fn open() -> Stage {
    let mut stage = Stage::ready();
    stage.code_mut().base = branch("main", SlotUse::Only(Slot::Primary));
    let head = stage.code_mut().proposals[&proposal_branch()].head.clone();
    let pull = stage.pull_mut();
    pull.state = PullState::Open;
    pull.waits = vec![PullWait::Mergeable];
    pull.head = head.clone();
    pull.approvals = vec![PullApproval { by: "ada".to_owned(), head, same_change: true }];
    stage
}

/// As if keyslot had pushed this commit.
fn pushed(stage: &mut Stage, commit: &CommitId) {
    let step = Step::PushProposal {
        leg: Leg::Out,
        branch: proposal_branch(),
        parent: CommitId::new("0"),
        to: Slot::Secondary,
    };
    let key = step.key();
    let (generation_before, evidence, commit_made) = (None, String::new(), Some(commit.clone()));
    let intent = Intent { key, attempt: 1, step, generation_before, evidence, commit: commit_made };
    let outcome = Outcome::Applied { produced: Produced::Commit(commit.clone()) };
    stage.recorded(stage.now, intent, Some((stage.now, outcome)));
}

fn whys(decision: &Decision) -> Vec<&Why> {
    match &decision.verdict {
        Verdict::Wait { reasons, .. } | Verdict::Halt { reasons } => {
            reasons.iter().map(|reason| &reason.why).collect()
        }
        Verdict::Act { held, .. } => held.iter().map(|reason| &reason.why).collect(),
        other => panic!("{other:?}"),
    }
}

fn merges(stage: &Stage) -> bool {
    steps(&stage.decide()).iter().any(|step| matches!(step, Step::MergePull { .. }))
}

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
    let with = |is_flip: bool, onto: &str| {
        let mut stage = stage.clone();
        let view = stage.code_mut().proposals.get_mut(&proposal_branch()).unwrap();
        (view.is_flip, view.flips_onto) = (is_flip, vec![onto.into()]);
        merges(&stage)
    };
    assert!(with(true, "main"));
    assert!(!with(false, "main"), "it changes something else, too");
    assert!(!with(true, "release/1"), "it would bring along what is not on the base branch");
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

fn world(change: impl FnOnce(&mut WorldConfig)) -> WorldConfig {
    let mut config = WorldConfig::default();
    config.people.merge_press = None;
    change(&mut config);
    config
}

fn done(theatre: &mut Theatre) {
    match theatre.live() {
        Life::Ended(TurnEnd::Done) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(theatre.world.lock().outage().refused, 0);
}

fn merged_by(theatre: &Theatre) -> String {
    let world = theatre.world.lock();
    let pull = world.pulls().first().unwrap();
    assert!(matches!(pull.state, PullState::Merged { .. }), "{pull:?}");
    pull.ended.clone().unwrap().1
}

#[test]
fn a_rotation_whose_pull_request_keyslot_merges_comes_to_its_end() {
    let mut theatre = Theatre::new(world(|_| {}));
    theatre.policy.pulls.merging = Merging::Keyslot;
    done(&mut theatre);
    assert_eq!(merged_by(&theatre), BY);
}

#[test]
fn a_rotation_whose_pull_request_the_forge_merges_comes_to_its_end() {
    let mut theatre = Theatre::new(world(|_| {}));
    theatre.policy.pulls.merging = Merging::Auto;
    done(&mut theatre);
    assert_eq!(merged_by(&theatre), BY, "the forge does it in the name of who asked");
}

#[test]
fn a_rotation_whose_last_check_no_rule_requires_is_merged_when_it_has_passed() {
    let mut theatre = Theatre::new(world(|config| {
        config.people.rules.optional_check = true;
        config.people.review = keyslot::sim::Span::exactly(Duration::from_secs(60));
    }));
    theatre.policy.pulls.merging = Merging::Auto;
    done(&mut theatre);
    assert_eq!(merged_by(&theatre), BY);
    let world = theatre.world.lock();
    let pull = world.pulls().first().unwrap();
    assert!(pull.ended.as_ref().unwrap().0 >= pull.check_changed, "not before the check: {pull:?}");
}

#[test]
fn a_merge_queue_is_used_by_both() {
    for merging in [Merging::Auto, Merging::Keyslot] {
        let queue = Some(Duration::from_secs(300));
        let mut theatre =
            Theatre::new(world(|config| config.people.rules = RulesConfig { queue, ..Default::default() }));
        theatre.policy.pulls.merging = merging;
        done(&mut theatre);
        assert_eq!(merged_by(&theatre), "merge-queue[bot]");
    }
}

#[test]
fn where_the_forge_does_not_take_the_wish_people_merge_as_ever() {
    let mut config = WorldConfig::default();
    config.people.rules.no_auto_merge = true;
    let mut theatre = Theatre::new(config);
    theatre.policy.pulls.merging = Merging::Auto;
    done(&mut theatre);
    assert_eq!(merged_by(&theatre), "ada");
}

#[test]
fn the_pull_request_of_a_promotion_is_dressed_and_merged_like_that_of_the_proposal() {
    let mut theatre = Theatre::new(world(|_| {}));
    theatre.policy.pulls.merging = Merging::Keyslot;
    theatre.policy.promotion = Promotion::PullRequest;
    theatre.policy.pulls.dress.labels = vec!["keys".to_owned()];
    done(&mut theatre);
    let world = theatre.world.lock();
    let pulls: Vec<_> = world.pulls().iter().map(|pull| (pull.base.as_str(), pull)).collect();
    let bases: Vec<&str> = pulls.iter().map(|(base, _)| *base).collect();
    assert_eq!(bases, ["main", "release/2026.1.0"]);
    for (base, pull) in pulls {
        assert!(matches!(pull.state, PullState::Merged { .. }), "{base}: {pull:?}");
        assert_eq!(pull.ended.clone().unwrap().1, BY, "{base}");
        assert_eq!(pull.labels.iter().collect::<Vec<_>>(), ["keys"], "{base}");
    }
}

#[test]
fn what_somebody_pushed_after_the_approval_is_not_merged_by_keyslot_until_it_is_approved() {
    let pushes = Trouble::PushToPull { after: Duration::from_secs(21 * 60) };
    let mut config =
        world(|config| config.people.check.takes = keyslot::sim::Span::exactly(Duration::from_secs(1800)));
    config = config.with_fault(Fault::new(When::Nth(1), Target::any(), pushes));
    let mut theatre = Theatre::new(config);
    theatre.policy.pulls.merging = Merging::Keyslot;
    let started = theatre.world.lock().now();
    let again = started + Duration::from_secs(4 * 3600);
    let (number, by) = (PullNumber(1), "grace".to_owned());
    theatre.backstage.at(again, Deed::Do(Command::ReviewPull { number, approve: true, by }));
    theatre.reach = Reach::Propose { merge: true };
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    assert_eq!(merged_by(&theatre), BY);
    let merged = theatre.world.lock().pulls()[0].ended.clone().unwrap().0;
    assert!(merged >= again, "the approval before was of an older head: {merged}");
}

/// The forge is asked to merge at once, somebody approves, somebody pushes, and then all checks pass.
fn pushed_before_the_forge_merges(crashes: Crashes) -> Theatre {
    let pushes = Trouble::PushToPull { after: Duration::from_secs(21 * 60) };
    let mut config = small();
    config.people.merge_press = None;
    config.people.check.takes = keyslot::sim::Span::exactly(Duration::from_secs(5 * 3600));
    let config = config.with_fault(Fault::new(When::Nth(1), Target::any(), pushes));
    let mut theatre = Theatre::with_crashes(config, crashes);
    theatre.policy.pulls.merging = Merging::Auto;
    let again = theatre.world.lock().now() + Duration::from_secs(4 * 3600);
    let (number, by) = (PullNumber(1), "grace".to_owned());
    theatre.backstage.at(again, Deed::Do(Command::ReviewPull { number, approve: true, by }));
    theatre.reach = Reach::Propose { merge: true };
    theatre
}

fn merged_when_approved_again(theatre: &Theatre, what: &str) {
    let world = theatre.world.lock();
    let pull = &world.pulls()[0];
    let (merged, by) = pull.ended.clone().unwrap();
    let again = pull.reviews.iter().find(|review| review.by == "grace").expect("approved again").at;
    assert!(merged >= again, "{what}: the approval before was of an older head: {merged} before {again}");
    assert_eq!((by.as_str(), world.counters().pulls_opened), (BY, 1), "{what}");
}

#[test]
fn what_somebody_pushed_is_not_merged_by_the_forge_on_an_approval_of_what_was_there_before() {
    let mut theatre = pushed_before_the_forge_merges(Crashes::none());
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    merged_when_approved_again(&theatre, "undisturbed");
    // Push, open, ask, take back, ask again.
    assert_eq!(theatre.crashes.effects(), 5);
}

#[test]
fn whenever_it_dies_nothing_is_merged_that_nobody_approved() {
    for effect in 1..=5 {
        for moment in [CrashMoment::BeforeSending, CrashMoment::AfterApplying] {
            let what = format!("{effect} {moment:?}");
            let mut theatre = pushed_before_the_forge_merges(Crashes::at([(effect, moment)]));
            assert_eq!(theatre.live(), Life::Crashed, "{what}");
            assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough), "{what}");
            merged_when_approved_again(&theatre, &what);
        }
    }
}

#[test]
fn people_who_merge_what_was_pushed_after_the_approval_hold_the_rotation_until_somebody_approves_it() {
    let pushes = Trouble::PushToPull { after: Duration::from_secs(21 * 60) };
    let fault = Fault::new(When::Nth(1), Target::any(), pushes);
    let mut theatre = Theatre::new(WorldConfig::default().with_fault(fault));
    let Life::Ended(TurnEnd::Halted { reasons, .. }) = theatre.live() else { panic!("no halt") };
    let [reason] = &reasons[..] else { panic!("{reasons:?}") };
    assert_eq!(reason.gate, Gate::Validated);
    assert!(matches!(&reason.why, Why::MergedUnreviewed { stale, .. } if stale == &["ada".to_owned()]));
    let number = theatre.world.lock().pulls()[0].number;
    let approve = Command::ReviewPull { number, approve: true, by: "grace".to_owned() };
    theatre.world.lock().apply(approve).unwrap();
    // What was pushed came along with the merge: a hotfix of the slot brings nothing else to the live release.
    let Life::Ended(TurnEnd::Halted { reasons, .. }) = theatre.live() else { panic!("no halt") };
    let [Reason { gate: Gate::Promoted, why: Why::StepRefused { why, .. }, .. }] = &reasons[..] else {
        panic!("{reasons:?}")
    };
    assert!(why.contains("NOTES.md") && why.contains("--flip"), "{why}");
    theatre.reach = Reach::Promote { merge: false, flip: true };
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough), "the slot alone");
    theatre.reach = Reach::Whole;
    done(&mut theatre);
}

#[test]
fn a_pull_request_is_dressed_once_and_what_people_take_away_stays_away() {
    let mut theatre = Theatre::new(WorldConfig::default());
    theatre.policy.pulls.draft = false;
    theatre.policy.pulls.dress = PullDress {
        labels: vec!["keys".to_owned(), "infra".to_owned()],
        reviewers: vec!["grace".to_owned()],
        ..PullDress::default()
    };
    let started = theatre.world.lock().now();
    let mark = Mark::Unlabel("keys".to_owned());
    let takes_away = Command::MarkPull { number: PullNumber(1), mark };
    theatre.backstage.at(started + Duration::from_secs(10 * 60), Deed::Do(takes_away));
    done(&mut theatre);
    let labels: Vec<String> = theatre.world.lock().pulls()[0].labels.iter().cloned().collect();
    assert_eq!(labels, ["infra"], "what nobody took away is there");
}

#[test]
fn what_the_forge_will_not_label_holds_nothing_up() {
    let fault = Fault::new(When::Always, Target::operation(Operation::MarkPull), Trouble::Forbidden);
    let mut theatre = Theatre::new(WorldConfig::default().with_fault(fault));
    theatre.policy.pulls.dress = PullDress { labels: vec!["keys".to_owned()], ..PullDress::default() };
    done(&mut theatre);
}

/// Where keyslot dresses and merges, with whatever changes the theatre.
fn keyslot_merges(crashes: Crashes) -> Theatre {
    let mut config = small();
    config.people.merge_press = None;
    let mut theatre = Theatre::with_crashes(config, crashes);
    theatre.policy.pulls.merging = Merging::Keyslot;
    theatre.policy.pulls.dress = PullDress { labels: vec!["keys".to_owned()], ..PullDress::default() };
    theatre
}

fn everything_once(theatre: &Theatre, what: &str) {
    assert_eq!(merged_by(theatre), BY, "{what}");
    let world = theatre.world.lock();
    let counters = world.counters();
    assert_eq!((counters.pulls_opened, world.pulls().len()), (1, 1), "{what}");
    assert_eq!(counters.pushes_to(&world.config().repository.base), 1, "{what}: merged once");
    assert_eq!(world.pulls()[0].labels.len(), 1, "{what}");
}

#[test]
fn whatever_arrives_twice_until_it_is_merged_it_is_merged_once() {
    let mut doubled = BTreeSet::new();
    for number in 1..=5 {
        for heard in [Heard::First, Heard::Second] {
            let theatre = keyslot_merges(Crashes::none());
            let told = Arc::new(Mutex::new(None));
            let end = block_on(async {
                let around = |ports| echo::around(ports, number, heard, Arc::clone(&told));
                let silent = Arc::clone(&theatre.watcher);
                let mut driver = theatre.driver_with("one", "one", silent, around).await.unwrap();
                driver.open(&theatre.request()).await.unwrap();
                driver.approve("approver", None).await.unwrap();
                driver.run().await.unwrap()
            });
            let twice = told.lock().unwrap().clone().expect("something arrived twice");
            let what = format!("{twice} twice, {heard:?} heard");
            assert_eq!(end, TurnEnd::Done, "{what}");
            everything_once(&theatre, &what);
            doubled.insert(twice);
        }
    }
    for one in ["push", "open a pull request", "label the pull request", "merge the pull request"] {
        assert!(doubled.contains(one), "{one} never arrived twice: {doubled:?}");
    }
}

#[test]
fn whenever_it_dies_until_it_is_merged_it_is_merged_once() {
    for effect in 1..=5 {
        for moment in [CrashMoment::BeforeSending, CrashMoment::AfterApplying] {
            let mut theatre = keyslot_merges(Crashes::at([(effect, moment)]));
            assert_eq!(theatre.live(), Life::Crashed);
            done(&mut theatre);
            everything_once(&theatre, &format!("{effect} {moment:?}"));
        }
    }
}
