//! The pull request as the place to look: one comment, one status, one label, whatever happens.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::executor::block_on;
use keyslot::drive::{DriveError, Notice, TurnEnd, Watcher};
use keyslot::model::{CommitId, Promotion, PullNumber, RotationId};
use keyslot::ports::{Bulletin, BulletinState, Effect, Forge, Showing};
use keyslot::rotation::Gate;
use keyslot::sim::memory::{CrashMoment, Crashes};
use keyslot::sim::wire::{Trouble as WireTrouble, Which, WireFault, github};
use keyslot::sim::{self, Command, Fault, Mark, Operation, Target, Trouble, When, World};

use crate::alone::ran;
use crate::desk::Desk;
use crate::github::{new_pull, quiet};
use crate::harm_scenarios::small;
use crate::in_memory::{Life, Theatre};
use crate::live::{Live, files_below};
use crate::runs::applied;

const LABEL: &str = "key rotation in progress";

fn bulletin(text: &str, state: BulletinState) -> Bulletin {
    let rotation = RotationId::new("r1");
    Bulletin { rotation, text: text.to_owned(), state, line: format!("line of {text}"), head: None }
}

fn comments(world: &World) -> Vec<String> {
    world.pulls()[0].comments.iter().map(|comment| comment.body.clone()).collect()
}

async fn opened() -> (Desk, PullNumber) {
    let desk = Desk::new(quiet(), 20.0);
    desk.propose("fix/flip").await;
    let number = applied(desk.github().open_pull(&new_pull()).await);
    (desk, number)
}

fn writes(desk: &Desk) -> Vec<(String, String)> {
    let said = desk.exchanges(github::HOST).into_iter().filter(|one| one.method != "GET");
    said.map(|one| (one.method, one.path.trim_start_matches("/repos/afmc/platform").to_owned())).collect()
}

#[tokio::test]
async fn the_world_itself_makes_two_of_what_is_asked_for_twice() {
    let (desk, number) = opened().await;
    for _ in 0..2 {
        let command = Command::Comment { number, body: "hello".to_owned(), by: "ada".to_owned() };
        desk.with(|world| world.apply(command)).unwrap();
    }
    assert_eq!(desk.with(|world| comments(world)).len(), 2);
}

#[tokio::test]
async fn one_comment_one_status_and_one_label_are_kept_up_to_date_and_the_label_goes_at_the_end() {
    let (desk, number) = opened().await;
    let github = desk.github();
    applied(github.publish(number, &bulletin("first", BulletinState::UnderWay)).await);
    let before = desk.exchanges(github::HOST).len();
    applied(github.publish(number, &bulletin("first", BulletinState::UnderWay)).await);
    assert_eq!(desk.exchanges(github::HOST).len(), before, "unchanged: no request");
    applied(github.publish(number, &bulletin("second", BulletinState::UnderWay)).await);
    desk.with(|world| {
        assert_eq!(comments(world), ["<!-- keyslot:r1 -->\nsecond"]);
        assert!(world.pulls()[0].labels.contains(LABEL));
        let last = world.statuses().last().unwrap();
        assert_eq!((last.context.as_str(), last.state.as_str()), ("keyslot/rotation", "pending"));
        assert_eq!((&last.commit, last.description.as_str()), (&world.pulls()[0].head, "line of second"));
    });
    applied(github.publish(number, &bulletin("end", BulletinState::Done)).await);
    desk.with(|world| {
        assert_eq!(comments(world).len(), 1);
        assert!(!world.pulls()[0].labels.contains(LABEL));
        assert_eq!(world.statuses().last().unwrap().state, "success");
    });
}

#[tokio::test]
async fn another_process_finds_the_comment_and_says_nothing_that_is_said_already() {
    let (desk, number) = opened().await;
    applied(desk.github().publish(number, &bulletin("first", BulletinState::UnderWay)).await);
    let before = writes(&desk).len();
    applied(desk.github().publish(number, &bulletin("first", BulletinState::UnderWay)).await);
    assert_eq!(writes(&desk).len(), before);
    applied(desk.github().publish(number, &bulletin("second", BulletinState::UnderWay)).await);
    assert_eq!(desk.with(|world| comments(world)), ["<!-- keyslot:r1 -->\nsecond"]);
    // The comment of another rotation is another comment.
    let other = Bulletin { rotation: RotationId::new("r2"), ..bulletin("other", BulletinState::UnderWay) };
    applied(desk.github().publish(number, &other).await);
    assert_eq!(desk.with(|world| comments(world)).len(), 2);
}

#[tokio::test]
async fn another_process_sees_by_looking_alone_whether_all_of_it_is_said() {
    let (desk, number) = opened().await;
    let first = bulletin("first", BulletinState::UnderWay);
    assert_eq!(desk.github().shows(number, &first).await, Ok(Showing::Less));
    applied(desk.github().publish(number, &first).await);
    let before = writes(&desk).len();
    let github = desk.github();
    assert_eq!(github.shows(number, &first).await, Ok(Showing::All));
    let asked = desk.exchanges(github::HOST).len();
    assert_eq!(github.shows(number, &first).await, Ok(Showing::All));
    applied(github.publish(number, &first).await);
    assert_eq!(desk.exchanges(github::HOST).len(), asked, "seen once, it costs nothing");
    let shows = async |bulletin: &Bulletin| desk.github().shows(number, bulletin).await.unwrap();
    assert_eq!(shows(&bulletin("second", BulletinState::UnderWay)).await, Showing::Less, "the comment");
    let another = Bulletin { line: "another".to_owned(), ..first.clone() };
    assert_eq!(shows(&another).await, Showing::Comment, "the status");
    let done = Bulletin { state: BulletinState::Done, ..first.clone() };
    assert_eq!(shows(&done).await, Showing::Comment, "the label");
    assert_eq!(writes(&desk).len(), before, "it only looks");
    let mark = Mark::Unlabel(LABEL.to_owned());
    desk.with(|world| world.apply(Command::MarkPull { number, mark })).unwrap();
    assert_eq!(shows(&first).await, Showing::Comment);
}

#[tokio::test]
async fn after_a_lost_answer_there_is_one_comment_all_the_same() {
    let (desk, number) = opened().await;
    let github = desk.github();
    let which = Which { method: "POST".to_owned(), path: "/comments".to_owned(), ..Which::default() };
    desk.wire.faults().add(WireFault::once(which, WireTrouble::DropAnswer));
    let end = github.publish(number, &bulletin("first", BulletinState::UnderWay)).await;
    assert!(matches!(end, Effect::Unknown(_)), "{end:?}");
    applied(github.publish(number, &bulletin("first", BulletinState::UnderWay)).await);
    assert_eq!(desk.with(|world| comments(world)).len(), 1);
}

#[tokio::test]
async fn whoever_takes_the_label_away_means_it() {
    let (desk, number) = opened().await;
    let github = desk.github();
    applied(github.publish(number, &bulletin("first", BulletinState::UnderWay)).await);
    let mark = Mark::Unlabel(LABEL.to_owned());
    desk.with(|world| world.apply(Command::MarkPull { number, mark })).unwrap();
    applied(github.publish(number, &bulletin("second", BulletinState::UnderWay)).await);
    assert!(!desk.with(|world| world.pulls()[0].labels.contains(LABEL)));
}

#[tokio::test]
async fn whoever_takes_the_label_away_after_it_was_only_seen_means_it_too() {
    let (desk, number) = opened().await;
    let first = bulletin("first", BulletinState::UnderWay);
    applied(desk.github().publish(number, &first).await);
    let another = desk.github();
    assert_eq!(another.shows(number, &first).await, Ok(Showing::All));
    let mark = Mark::Unlabel(LABEL.to_owned());
    desk.with(|world| world.apply(Command::MarkPull { number, mark })).unwrap();
    applied(another.publish(number, &bulletin("second", BulletinState::UnderWay)).await);
    assert!(!desk.with(|world| world.pulls()[0].labels.contains(LABEL)));
}

#[tokio::test]
async fn a_comment_that_somebody_deleted_is_made_anew_with_the_next_words() {
    let (desk, number) = opened().await;
    let github = desk.github();
    applied(github.publish(number, &bulletin("first", BulletinState::UnderWay)).await);
    desk.with(|world| {
        let comment = world.pulls()[0].comments[0].id;
        world.apply(Command::DeleteComment { comment }).unwrap();
        assert!(comments(world).is_empty());
    });
    applied(github.publish(number, &bulletin("second", BulletinState::UnderWay)).await);
    desk.with(|world| {
        assert_eq!(comments(world), ["<!-- keyslot:r1 -->\nsecond"]);
        assert_eq!(world.statuses().last().unwrap().description, "line of second");
    });
}

#[tokio::test]
async fn a_comment_that_github_does_not_take_keeps_neither_status_nor_label_back() {
    let (desk, number) = opened().await;
    let long = Bulletin { text: "x".repeat(70_000), ..bulletin("long", BulletinState::UnderWay) };
    let end = desk.github().publish(number, &long).await;
    assert!(matches!(&end, Effect::Refused(fault) if fault.why.contains("too long")), "{end:?}");
    desk.with(|world| {
        assert!(comments(world).is_empty() && world.pulls()[0].labels.contains(LABEL));
        assert_eq!(world.statuses().last().unwrap().description, "line of long");
    });
}

/// Somebody has pressed “Update branch”, and what is waited for reads as before.
#[tokio::test]
async fn a_new_head_has_its_status_though_the_words_are_the_same() {
    let (desk, number) = opened().await;
    let github = desk.github();
    let of =
        |head: &CommitId| Bulletin { head: Some(head.clone()), ..bulletin("first", BulletinState::UnderWay) };
    let before = desk.with(|world| world.pulls()[0].head.clone());
    applied(github.publish(number, &of(&before)).await);
    let after = desk.with(|world| {
        let tree = world.repository().get(&before).unwrap().tree().with("more.txt", *b"x");
        let by = sim::repository::Signature::of("ada", world.now());
        let commit = sim::repository::Commit::new(tree, vec![before.clone()], &by, "More\n");
        let command = Command::Push {
            branch: "fix/flip".into(),
            expected: sim::Expected::FastForward,
            commit: commit.id().clone(),
            objects: vec![commit.clone().into()],
            by: "ada".to_owned(),
        };
        world.apply(command).unwrap();
        commit.id().clone()
    });
    // As the look before every bulletin finds it.
    let clock = desk.clock();
    clock.sleep_until(clock.now() + Duration::from_secs(40)).await;
    applied(github.publish(number, &of(&after)).await);
    desk.with(|world| {
        assert_eq!(world.statuses().last().unwrap().commit, after);
        assert_eq!(comments(world).len(), 1);
    });
}

#[test]
fn a_new_head_is_told_by_the_rotation_itself() {
    let mut theatre = theatre(quiet(), Crashes::none());
    theatre.reach = keyslot::rotation::Reach::Propose { merge: true };
    let mut driver = block_on(theatre.driver()).unwrap();
    block_on(driver.open(&theatre.request())).unwrap();
    let start = theatre.world.lock().now();
    let mut pushed = None;
    for minute in 1..=20 {
        block_on(driver.turn()).unwrap();
        if minute == 10 {
            let mut world = theatre.world.lock();
            let (branch, before) = (world.pulls()[0].head_branch.clone(), world.pulls()[0].head.clone());
            let told = &world.statuses().last().expect("a status").commit;
            assert_eq!(*told, before);
            // The same commit once more, as “Update branch” may make it.
            let tree = world.repository().get(&before).unwrap().tree().clone();
            let by = sim::repository::Signature::of("ada", world.now());
            let commit = sim::repository::Commit::new(tree, vec![before], &by, "Update\n");
            let command = Command::Push {
                branch,
                expected: sim::Expected::FastForward,
                commit: commit.id().clone(),
                objects: vec![commit.clone().into()],
                by: "ada".to_owned(),
            };
            world.apply(command).unwrap();
            pushed = Some(commit.id().clone());
        }
        theatre.backstage.pass(crate::journey::later(start, Duration::from_secs(61 * minute)));
    }
    let world = theatre.world.lock();
    assert_eq!(Some(&world.statuses().last().unwrap().commit), pushed.as_ref());
}

fn theatre(config: sim::WorldConfig, crashes: Crashes) -> Theatre {
    let mut theatre = Theatre::with_crashes(config, crashes);
    theatre.policy.pulls.board = true;
    theatre
}

#[test]
fn a_rotation_tells_its_pull_request_how_it_stands_to_its_end() {
    let mut theatre = theatre(small(), Crashes::none());
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    let world = theatre.world.lock();
    let [text] = &comments(&world)[..] else { panic!("{:?}", comments(&world)) };
    assert!(text.contains("**done at "), "{text}");
    assert!(text.contains("- [x] **regenerate**"), "{text}");
    assert!(!world.pulls()[0].labels.contains(LABEL));
    let states: Vec<&str> = world.statuses().iter().map(|status| status.state.as_str()).collect();
    assert!(states.len() > 3 && states[0] == "pending" && states.last() == Some(&"success"), "{states:?}");
    let every = world.statuses().windows(2).all(|pair| pair[0].description != pair[1].description);
    assert!(every, "the same is not said twice in a row");
    for secret in world.all_secrets_ever() {
        assert!(!text.contains(secret.expose()));
    }
}

#[test]
fn killed_at_any_moment_and_begun_again_there_is_one_comment() {
    let mut told = 0;
    for effect in 1..=14 {
        for moment in [CrashMoment::BeforeSending, CrashMoment::AfterApplying] {
            let mut theatre = theatre(small(), Crashes::at([(effect, moment)]));
            assert_eq!(theatre.live(), Life::Crashed, "{effect} {moment:?}");
            assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done), "{effect} {moment:?}");
            let comments = comments(&theatre.world.lock());
            assert_eq!(comments.len(), 1, "{effect} {moment:?}: {comments:#?}");
            told += usize::from(comments[0].contains("**done at "));
        }
    }
    assert_eq!(told, 28);
}

/// A job that runs every few minutes while people take their time.
#[test]
fn turns_in_which_nothing_changes_write_nothing_to_the_journal() {
    let theatre = theatre(quiet(), Crashes::none());
    let turn = |number: u64| {
        let name = format!("job-{number}");
        let mut driver = block_on(theatre.driver_as(&name, &name)).unwrap();
        match number {
            0 => drop(block_on(driver.open(&theatre.request())).unwrap()),
            _ => block_on(driver.resume_as_job("job")).unwrap(),
        }
        let end = block_on(driver.turn()).unwrap();
        assert!(matches!(end, TurnEnd::Waiting { .. }), "{end:?}");
        block_on(driver.release()).unwrap();
        let now = theatre.world.lock().now();
        theatre.backstage.pass(crate::journey::later(now, Duration::from_secs(300)));
    };
    // What changes is told: that the pull request is there, and what it waits for.
    (0..3).for_each(turn);
    let (records, edits) = (theatre.store.len(), theatre.world.lock().pulls()[0].comments[0].edits.clone());
    (3..13).for_each(turn);
    assert_eq!(theatre.store.len(), records);
    assert_eq!(theatre.world.lock().pulls()[0].comments[0].edits, edits);
    // Told otherwise by somebody, it is put right, under the lease.
    let comment = theatre.world.lock().pulls()[0].comments[0].id;
    theatre.world.lock().apply(Command::DeleteComment { comment }).unwrap();
    turn(13);
    assert_eq!((theatre.store.len(), comments(&theatre.world.lock()).len()), (records + 2, 1));
}

/// The same while the one thing that is missing is somebody's approval.
#[test]
fn turns_that_wait_for_an_approval_take_no_lease() {
    let mut theatre = theatre(small(), Crashes::none());
    theatre.approves = false;
    assert!(matches!(theatre.live(), Life::Ended(TurnEnd::Halted { .. })));
    let turn = |number: u64| {
        let name = format!("job-{number}");
        let mut driver = block_on(theatre.driver_as(&name, &name)).unwrap();
        block_on(driver.resume_as_job("job")).unwrap();
        let end = block_on(driver.turn()).unwrap();
        block_on(driver.release()).unwrap();
        let now = theatre.world.lock().now();
        theatre.backstage.pass(crate::journey::later(now, Duration::from_secs(300)));
        end
    };
    turn(0);
    let records = theatre.store.len();
    for number in 1..10 {
        let TurnEnd::Halted { reasons, .. } = turn(number) else { panic!("it goes on") };
        assert!(reasons.iter().all(|one| one.gate == Gate::Approved), "{reasons:?}");
    }
    assert_eq!(theatre.store.len(), records);
    theatre.approves = true;
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_idle_jobs_write_no_record() {
    let live = Live::set(quiet(), 20.0);
    proposed(&live);
    let before = records(&live);
    advance(&live, 10);
    assert_eq!(records(&live), before);
}

/// Proposed, and told what that waits for.
fn proposed(live: &Live) {
    let begun = ran(live, &["propose", "--retire", "primary"], &[]);
    assert_eq!(begun.code, 0, "{}", begun.talk);
    advance(live, 3);
}

fn advance(live: &Live, times: usize) {
    for _ in 0..times {
        let ran = ran(live, &["advance"], &[]);
        assert_eq!(ran.code, 3, "{}", ran.talk);
    }
}

fn records(live: &Live) -> usize {
    files_below(&live.stage.folder.join("state")).len()
}

/// A token that may write comments and no statuses.
#[tokio::test(flavor = "multi_thread")]
async fn idle_jobs_write_no_record_where_the_status_is_refused() {
    let live = Live::set(quiet(), 20.0);
    let which = Which { method: "POST".to_owned(), path: "/statuses/".to_owned(), ..Which::default() };
    let what = WireTrouble::Answer { status: 403, retry_after_seconds: None };
    let refused = live.stage.simulation.wire.faults().add(WireFault { which, what, times: u32::MAX });
    proposed(&live);
    let (before, asked) = (records(&live), refused.count());
    advance(&live, 3);
    assert_eq!(records(&live), before);
    assert!(refused.count() > asked, "it is tried again each time");
}

/// Counts what is told of a forge that takes nothing.
#[derive(Default)]
struct Ears(Mutex<Vec<String>>);

impl Watcher for Ears {
    fn notice(&self, _: jiff::Timestamp, notice: &Notice<'_>) {
        if let Notice::NotTold { fault } = notice {
            self.0.lock().unwrap().push(fault.to_string());
        }
    }
}

#[test]
fn a_forge_that_takes_no_bulletin_holds_nothing_up_and_that_is_told_once() {
    let fault = Fault::new(When::Always, Target::operation(Operation::MarkPull), Trouble::Forbidden);
    let mut theatre = theatre(small().with_fault(fault), Crashes::none());
    let ears = Arc::new(Ears::default());
    theatre.watcher = Arc::clone(&ears) as Arc<dyn Watcher>;
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    let told = ears.0.lock().unwrap().clone();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(comments(&theatre.world.lock()), Vec::<String>::new());
}

/// A conversation that is locked.
#[test]
fn a_pull_request_that_takes_no_bulletin_keeps_none_from_the_others() {
    let is_told_alone = |refused: u32| {
        let fault =
            Fault::new(When::Nth(refused), Target::operation(Operation::MarkPull), Trouble::Forbidden);
        let mut theatre = theatre(small().with_fault(fault), Crashes::none());
        theatre.policy.promotion = Promotion::PullRequest;
        assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
        let world = theatre.world.lock();
        let done: Vec<bool> = world
            .pulls()
            .iter()
            .map(|pull| pull.comments.iter().any(|one| one.body.contains("**done at ")))
            .collect();
        done == [false, true]
    };
    assert!((1..100).any(is_told_alone));
}

#[test]
fn nothing_is_told_where_it_is_switched_off() {
    let mut theatre = theatre(small(), Crashes::none());
    theatre.policy.pulls.board = false;
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    let world = theatre.world.lock();
    assert!(comments(&world).is_empty() && world.statuses().is_empty() && world.pulls()[0].labels.is_empty());
}

#[test]
fn a_rotation_that_a_person_closes_says_so_on_its_pull_request() {
    let closes = Fault::new(When::Nth(1), Target::any(), Trouble::ClosePull);
    let mut theatre = theatre(small().with_fault(closes), Crashes::none());
    assert!(matches!(theatre.live(), Life::Ended(TurnEnd::Halted { .. })));
    assert!(comments(&theatre.world.lock())[0].contains("a person must act"));
    let mut person = block_on(theatre.driver_as("person", "person")).unwrap();
    block_on(person.close("another <day> @team")).unwrap();
    let world = theatre.world.lock();
    let text = &comments(&world)[0];
    assert!(text.contains("another &lt;day&gt; &#64;team"), "{text}");
    assert_eq!(world.statuses().last().unwrap().state, "error");
    assert!(!world.pulls()[0].labels.contains(LABEL));
}

#[test]
fn after_a_proposal_alone_the_comment_says_what_the_pull_request_waits_for() {
    let mut theatre = theatre(small(), Crashes::none());
    theatre.reach = keyslot::rotation::Reach::Propose { merge: false };
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    let world = theatre.world.lock();
    let [text] = &comments(&world)[..] else { panic!("{:?}", comments(&world)) };
    assert!(text.contains("merge: waits") && text.contains("0 of 1 reviews"), "{text}");
    assert!(
        text.contains("- [x] **propose**") && text.contains("**merge**: wait for review and merge ← now"),
        "{text}"
    );
    assert!(!text.contains("is through") && !text.contains("unknown"), "{text}");
    let status = &world.statuses().last().unwrap().description;
    assert!(status.starts_with("merge: waits"), "{status}");
}

#[test]
fn after_a_promotion_alone_what_is_through_is_not_what_is_under_way() {
    let mut theatre = theatre(small(), Crashes::none());
    theatre.reach = keyslot::rotation::Reach::Propose { merge: true };
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    theatre.reach = keyslot::rotation::Reach::Promote { merge: false, flip: false };
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    let world = theatre.world.lock();
    let text = &comments(&world)[0];
    assert!(text.contains("promote is through") && text.contains("- [x] **promote**"), "{text}");
}

#[test]
fn a_bulletin_comes_at_most_once_a_minute() {
    let mut theatre = theatre(small(), Crashes::none());
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    let world = theatre.world.lock();
    let edits = &world.pulls()[0].comments[0].edits;
    assert!(edits.len() > 5, "{edits:?}");
    // The last one is told whatever the pace.
    let paced = edits.windows(2).take(edits.len().saturating_sub(2));
    let sooner =
        paced.filter(|pair| pair[1].duration_since(pair[0]).unsigned_abs() < Duration::from_secs(60));
    assert_eq!(sooner.count(), 0, "{edits:?}");
}

/// A process that dies between the last record and its last word: whoever comes next says it.
#[test]
fn an_end_that_was_not_told_is_told_by_whoever_comes_next() {
    for again in ["rotate", "advance", "close"] {
        // Whoever ends it tells nothing.
        let mut theatre = theatre(small(), Crashes::none());
        theatre.policy.pulls.board = false;
        assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
        assert!(comments(&theatre.world.lock()).is_empty());
        theatre.policy.pulls.board = true;
        match again {
            "rotate" => assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done)),
            _ => {
                let mut driver = block_on(theatre.driver_as("next", "next")).unwrap();
                let end = match again {
                    "advance" => block_on(driver.resume("next")),
                    _ => block_on(driver.close("over")),
                };
                assert!(matches!(end, Err(DriveError::NoneOpen)), "{again}: {end:?}");
            }
        }
        let world = theatre.world.lock();
        let [text] = &comments(&world)[..] else { panic!("{again}: {:?}", comments(&world)) };
        assert!(text.contains("**done at "), "{again}: {text}");
        let last = world.statuses().last().map(|status| status.state.clone());
        assert_eq!(last.as_deref(), Some("success"), "{again}");
    }
}

/// Long after it, its pull request is left alone.
#[test]
fn an_end_of_long_ago_is_not_told_anew() {
    let mut theatre = theatre(small(), Crashes::none());
    theatre.policy.pulls.board = false;
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
    theatre.policy.pulls.board = true;
    let later = crate::journey::later(theatre.world.lock().now(), Duration::from_secs(25 * 3600));
    theatre.backstage.pass(later);
    let mut driver = block_on(theatre.driver_as("next", "next")).unwrap();
    block_on(driver.resume("next")).unwrap_err();
    assert!(comments(&theatre.world.lock()).is_empty());
}
