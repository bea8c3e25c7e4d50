//! Whole rotations whose pull requests people, the forge or keyslot merge, whatever dies on the way.

use super::*;

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
