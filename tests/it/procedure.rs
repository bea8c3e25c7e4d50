//! The release procedure in parts: a proposal, a promotion and a run that do nothing else, by a push or by a pull
//! request of its own, on a branch that is known to be live; and the route of the next release.

use std::collections::BTreeSet;

use keyslot::drive::TurnEnd;
use keyslot::model::{
    BranchName, CommitId, LiveBy, Merging, Promotion, PullApproval, PullEnds, PullNumber, PullState,
    PullView, PullWait, Route, RunStart, Seen, Slot, SlotUse,
};
use keyslot::rotation::{Event, Gate, Leg, Phase, Reach, Step, Verdict, Why};
use keyslot::sim::memory::{CrashMoment, Crashes};
use keyslot::sim::{Command, Fault, Target, Trouble, When};

use crate::harm_scenarios::small as config;
use crate::in_memory::{Life, Theatre};
use crate::journey::events;
use crate::stage::{Stage, at, branch, holding, key, opened, pull, steps};

fn kinds(theatre: &Theatre) -> Vec<String> {
    let intents = events(theatre).into_iter().filter_map(|(_, event)| match event {
        Event::Intended { intents } => Some(intents),
        _ => None,
    });
    let name = |step: Step| step.key().as_str().split('/').next().unwrap_or_default().to_owned();
    intents.flatten().map(|intent| name(intent.step)).collect()
}

fn by_pull_request(crashes: Crashes) -> Theatre {
    let mut theatre = Theatre::with_crashes(config(), crashes);
    theatre.policy.promotion = Promotion::PullRequest;
    theatre
}

#[test]
fn the_parts_one_after_the_other_do_what_a_rotation_does_and_no_part_does_more() {
    let mut theatre = Theatre::new(config());
    theatre.approves = false;
    theatre.reach = Reach::Propose { merge: false };
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    assert_eq!(kinds(&theatre), ["push-proposal", "open-pull"]);

    theatre.reach = Reach::Promote { merge: false, flip: false };
    let early = theatre.live();
    assert!(
        matches!(&early, Life::Ended(TurnEnd::Waiting { phase: Phase::Merge, .. })),
        "nothing is promoted before the merge: {early:?}"
    );
    theatre.reach = Reach::Propose { merge: true };
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough), "merged");
    assert_eq!(kinds(&theatre).len(), 2, "it was proposed once");

    theatre.reach = Reach::Follow;
    let unpromoted = theatre.live();
    let Life::Ended(TurnEnd::Halted { phase: Phase::Promote, reasons }) = &unpromoted else {
        panic!("{unpromoted:?}")
    };
    assert!(matches!(reasons[0].why, Why::NotAsked { phase: Phase::Promote, .. }), "{reasons:?}");

    theatre.reach = Reach::Promote { merge: false, flip: false };
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough), "promoted already");
    assert_eq!(kinds(&theatre), ["push-proposal", "open-pull", "promote"]);

    theatre.reach = Reach::Follow;
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    assert_eq!(kinds(&theatre), ["push-proposal", "open-pull", "promote", "deploy"]);

    theatre.reach = Reach::Whole;
    theatre.approves = true;
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    let world = theatre.world.lock();
    let (outcome, counters) = (world.outcome(), world.counters());
    assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 1), "{outcome:?}");
    assert_eq!((counters.pulls_opened, counters.runs_started), (1, 1), "{counters:?}");
}

#[test]
fn a_promotion_by_pull_request_is_reviewed_and_merged_like_the_proposal() {
    let mut theatre = by_pull_request(Crashes::none());
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    let steps: BTreeSet<String> = kinds(&theatre).into_iter().collect();
    assert!(steps.contains("push-promotion") && steps.contains("open-promotion"), "{steps:?}");
    assert!(!steps.contains("promote"), "the release branch itself is never pushed to: {steps:?}");
    let world = theatre.world.lock();
    let (outcome, counters) = (world.outcome(), world.counters());
    assert_eq!((outcome.outage.refused, outcome.regenerated.len()), (0, 1), "{outcome:?}");
    assert_eq!((counters.pulls_opened, counters.runs_started), (2, 1), "{counters:?}");
}

#[test]
fn a_process_that_dies_at_any_effect_of_the_procedure_leaves_one_of_each_behind() {
    // The effects of the procedure: push, open, push, open, start.
    for effect in 1..=5 {
        for moment in [CrashMoment::BeforeSending, CrashMoment::AfterApplying] {
            let mut theatre = by_pull_request(Crashes::at([(effect, moment)]));
            let mut life = theatre.live();
            for _ in 0..3 {
                if life == Life::Crashed {
                    life = theatre.live();
                }
            }
            assert_eq!(life, Life::Ended(TurnEnd::Done), "{effect} {moment:?}");
            assert_eq!(theatre.lives(), 2, "{effect} {moment:?}: it died once");
            let world = theatre.world.lock();
            let (outcome, counters) = (world.outcome(), world.counters());
            assert_eq!(outcome.outage.refused, 0, "{effect} {moment:?}");
            let once = (counters.pulls_opened, counters.runs_started);
            assert_eq!(once, (2, 1), "{effect} {moment:?}: {counters:?}");
        }
    }
}

/// The change is merged; the live release reads the old slot still.
fn unpromoted(promotion: Promotion) -> Stage {
    let mut stage = Stage::ready();
    stage.policy.promotion = promotion;
    stage.code_mut().release = Some(branch("release/1", SlotUse::Only(Slot::Primary)));
    stage
}

fn to_release() -> PullEnds {
    PullEnds { head: promotion_branch(), base: BranchName::new("release/1") }
}

fn promotion_branch() -> BranchName {
    opened().promotion_branch(Leg::Out, &BranchName::new("release/1"))
}

#[test]
fn a_branch_that_may_be_live_by_its_name_alone_is_left_alone_until_a_person_names_it() {
    for live_by in [
        LiveBy::Name { among: 3 },
        LiveBy::Contradiction { tags: vec![BranchName::new("release/0")], run: None },
    ] {
        let mut stage = unpromoted(Promotion::Push);
        stage.code_mut().live_by = live_by.clone();
        let decision = stage.decide();
        assert_eq!((decision.phase, holding(&decision)), (Phase::Promote, [Gate::Promoted].into()));
        assert!(matches!(decision.verdict, Verdict::Halt { .. }), "{decision:?}");
        // That such a branch reads the slot already says nothing of the one that is live: neither is it run, nor is it
        // enough for the regeneration, whoever starts the pipeline.
        for run_start in [RunStart::Asked, RunStart::Push, RunStart::Hand] {
            for held in [Slot::Primary, Slot::Secondary] {
                let mut promoted = Stage::ready();
                promoted.policy.run_start = run_start;
                promoted.code_mut().live_by = live_by.clone();
                promoted.vault_mut("east").fingerprint = key(held);
                let decision = promoted.decide();
                let stands = (decision.phase, holding(&decision));
                assert_eq!(stands, (Phase::Promote, [Gate::Promoted].into()), "{run_start:?} {held}");
            }
        }
    }
    for live_by in [LiveBy::Named, LiveBy::Tags, LiveBy::Runs] {
        let mut stage = unpromoted(Promotion::Push);
        stage.code_mut().live_by = live_by;
        assert!(matches!(stage.decide().verdict, Verdict::Act { .. }));
    }
}

#[test]
fn a_promotions_pull_request_is_waited_for_and_its_close_is_for_a_person() {
    let mut stage = unpromoted(Promotion::PullRequest);
    stage.world.pulls.insert(to_release(), Seen::known(stage.now, None));
    assert!(
        matches!(&steps(&stage.decide())[0], Step::PushPromotion { branch, .. } if *branch == promotion_branch())
    );
    let view = branch(promotion_branch().as_str(), SlotUse::Only(Slot::Secondary));
    stage.code_mut().proposals.insert(promotion_branch(), view);
    assert!(
        matches!(&steps(&stage.decide())[0], Step::OpenPromotion { base, .. } if base.as_str() == "release/1")
    );

    let of = |state| PullView { head_branch: promotion_branch(), base: to_release().base, state, ..pull() };
    stage.world.pulls.insert(to_release(), Seen::known(stage.now, Some(of(PullState::Open))));
    let decision = stage.decide();
    assert_eq!((decision.phase, holding(&decision)), (Phase::Promote, [Gate::Promoted].into()));
    assert!(matches!(decision.verdict, Verdict::Wait { .. }));
    stage.world.pulls.insert(to_release(), Seen::known(stage.now, Some(of(PullState::Closed))));
    let Verdict::Halt { reasons } = stage.decide().verdict else { panic!("closed without merge") };
    let remedy = keyslot::render::reason::remedy(&reasons[0]);
    assert!(
        remedy.contains("`keyslot propose --retire SLOT`") && remedy.contains("`keyslot promote`"),
        "{remedy}"
    );
}

#[test]
fn a_promotions_pull_request_is_judged_as_the_proposals_is() {
    let mut stage = Stage::ready();
    let merged = || PullView {
        number: PullNumber(8),
        head_branch: promotion_branch(),
        base: to_release().base,
        ..pull()
    };
    let mut judged = |promotion: Promotion, view: Option<PullView>| {
        stage.policy.promotion = promotion;
        stage.world.pulls.insert(to_release(), Seen::known(stage.now, view));
        let decision = stage.decide();
        (decision.phase, holding(&decision))
    };
    let held = (Phase::Promote, BTreeSet::from([Gate::Validated]));
    assert_ne!(judged(Promotion::PullRequest, Some(merged())).0, Phase::Promote, "as it must be");
    let mut failed = merged();
    failed.checks[0].passed = Some(false);
    assert_eq!(judged(Promotion::PullRequest, Some(failed.clone())), held, "its check failed");
    let mut stale = merged();
    stale.approvals[0].same_change = false;
    assert_eq!(judged(Promotion::PullRequest, Some(stale)), held, "another change was approved");
    let unreviewed = PullView { approvals: Vec::new(), ..merged() };
    assert_eq!(judged(Promotion::PullRequest, Some(unreviewed)), held, "nobody has approved it");
    // Brought there by other hands, or by a push, it is theirs.
    let closed = PullView { state: PullState::Closed, ..failed.clone() };
    assert_ne!(judged(Promotion::PullRequest, Some(closed)).0, Phase::Promote);
    assert_ne!(judged(Promotion::PullRequest, None).0, Phase::Promote);
    assert_ne!(judged(Promotion::Push, Some(failed)).0, Phase::Promote);
}

#[test]
fn a_promotions_pull_request_is_merged_only_at_the_head_that_was_judged() {
    let mut stage = unpromoted(Promotion::PullRequest);
    stage.policy.pulls.merging = Merging::Keyslot;
    let view = branch(promotion_branch().as_str(), SlotUse::Only(Slot::Secondary));
    let head = view.head.clone();
    stage.code_mut().proposals.insert(promotion_branch(), view);
    let open = |head: &CommitId, same_change| PullView {
        number: PullNumber(8),
        head_branch: promotion_branch(),
        base: to_release().base,
        state: PullState::Open,
        waits: vec![PullWait::Mergeable],
        head: head.clone(),
        approvals: vec![PullApproval { by: "ada".to_owned(), head: head.clone(), same_change }],
        ..pull()
    };
    let mut merges = |head: &CommitId, same_change| {
        stage.world.pulls.insert(to_release(), Seen::known(stage.now, Some(open(head, same_change))));
        // The branches were looked at later than the pull request.
        stage.world.pulls.get_mut(&to_release()).unwrap().at -= std::time::Duration::from_secs(1);
        steps(&stage.decide())
    };
    let steps = merges(&head, true);
    let [Step::MergePull { pull, head: at, .. }] = &steps[..] else { panic!("{steps:?}") };
    assert_eq!((pull.0, at), (8, &head));
    assert!(merges(&head, false).is_empty(), "somebody approved another change");
    assert!(merges(&CommitId::new("f".repeat(40)), true).is_empty(), "nobody has read that head");
}

#[test]
fn what_is_pushed_to_a_promotions_pull_request_after_its_approval_holds_the_rotation() {
    let pushes = Trouble::PushToPull { after: std::time::Duration::from_secs(21 * 60) };
    let config = config().with_fault(Fault::new(When::Nth(2), Target::any(), pushes));
    let mut theatre = Theatre::new(config);
    theatre.policy.promotion = Promotion::PullRequest;
    let Life::Ended(TurnEnd::Halted { phase, reasons }) = theatre.live() else { panic!("no halt") };
    let [reason] = &reasons[..] else { panic!("{reasons:?}") };
    assert_eq!((phase, reason.gate), (Phase::Promote, Gate::Validated), "{reason:?}");
    assert!(matches!(&reason.why, Why::MergedUnreviewed { .. }), "{reason:?}");
    assert_eq!(theatre.world.lock().counters().runs_started, 0, "nothing is run before somebody looks");
    let number = theatre.world.lock().pulls()[1].number;
    let approve = Command::ReviewPull { number, approve: true, by: "grace".to_owned() };
    theatre.world.lock().apply(approve).unwrap();
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
}

/// A unit that was built from newer code, beside one that was not.
fn next_release() -> Stage {
    let mut stage = unpromoted(Promotion::Push);
    stage.policy.route = Route::NextRelease;
    stage.events[0] =
        (at(0), Event::Opened(keyslot::rotation::Opened { route: Route::NextRelease, ..opened() }));
    stage.vault_mut("east").fingerprint = key(Slot::Primary);
    stage
}

#[test]
fn on_the_route_of_the_next_release_nothing_is_promoted_run_or_restarted() {
    let stage = next_release();
    let decision = stage.decide();
    assert_eq!((decision.phase, holding(&decision)), (Phase::Propagate, [Gate::Propagated].into()));
    let Verdict::Wait { reasons, .. } = &decision.verdict else { panic!("{decision:?}") };
    assert!(matches!(reasons[0].why, Why::UnitOfOlderCode { .. }), "{reasons:?}");

    // New code everywhere, pods of before: they are waited for.
    let mut stage = next_release();
    stage.vault_mut("east").fingerprint = key(Slot::Secondary);
    for pod in &mut stage.cluster_mut("north").pods {
        pod.created = at(10);
    }
    let decision = stage.decide();
    assert_eq!((decision.phase, holding(&decision)), (Phase::Quiesce, [Gate::OldPodsGone].into()));

    // The release that is live by then names the new slot, or the old key stays.
    let mut stage = next_release();
    stage.vault_mut("east").fingerprint = key(Slot::Secondary);
    let decision = stage.decide();
    assert!(holding(&decision).contains(&Gate::SlotUnused), "{decision:?}");
    stage.code_mut().release = Some(branch("release/2", SlotUse::Only(Slot::Secondary)));
    let decision = stage.decide();
    let Verdict::Act { steps, .. } = &decision.verdict else { panic!("{decision:?}") };
    assert!(matches!(steps[0], Step::Regenerate { .. }));
}
