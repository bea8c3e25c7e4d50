//! What is a proposal of keyslot's and what is not: by where it goes, by what it changes, and by what became of it.

use futures::executor::block_on;
use keyslot::drive::TurnEnd;
use keyslot::journal::MemoryStore;
use keyslot::model::{
    BranchName, CommitId, Merging, Promotion, PullNumber, PullState, PullView, PullWait, Seen, Slot, SlotUse,
    Wording,
};
use keyslot::rotation::{Acceptance, Gate, Leg, Opened, Phase, Reach, Reason, Step, Verdict, Why};
use keyslot::sim::memory::{CrashMoment, Crashes};
use keyslot::sim::repository::{Commit, Signature};
use keyslot::sim::{Command, Expected, Fault, Operation, Pull, Target, Trouble, When, WorldConfig};

use crate::harm_scenarios::small;
use crate::in_memory::{Life, Theatre};
use crate::stage::{Stage, branch, brings, opened, proposal, proposal_branch, pull, steps};

const PROPOSES: Reach = Reach::Propose { merge: false };

fn proposing(crashes: Crashes) -> Theatre {
    let mut theatre = Theatre::with_crashes(small(), crashes);
    theatre.reach = PROPOSES;
    theatre
}

/// The branch is pushed, and the process dies before it opens the pull request.
fn pushed() -> (Theatre, BranchName) {
    pushed_in(small())
}

fn pushed_in(config: WorldConfig) -> (Theatre, BranchName) {
    let mut theatre = Theatre::with_crashes(config, Crashes::at([(2, CrashMoment::BeforeSending)]));
    theatre.reach = PROPOSES;
    assert_eq!(theatre.live(), Life::Crashed);
    let branches = theatre.world.lock().repository().branches().clone();
    let made = branches.into_keys().find(|name| name.as_str().starts_with("fix/keyslot-"));
    (theatre, made.expect("it was pushed"))
}

fn add(theatre: &Theatre, branch: &BranchName) -> CommitId {
    add_file(theatre, branch, "NOTES.md", "x")
}

/// Somebody adds a file to a branch.
fn add_file(theatre: &Theatre, branch: &BranchName, path: &str, text: &str) -> CommitId {
    let mut world = theatre.world.lock();
    let head = world.repository().head(branch).cloned().unwrap();
    let tree = world.repository().get(&head).unwrap().tree().with(path, text.as_bytes());
    let commit = Commit::new(tree, vec![head], &Signature::of("mallory", world.now()), "More\n");
    let id = commit.id().clone();
    let (expected, objects, by) = (Expected::FastForward, vec![commit.into()], "mallory".to_owned());
    let push = Command::Push { branch: branch.clone(), expected, commit: id.clone(), objects, by };
    world.apply(push).unwrap();
    id
}

fn pulls(theatre: &Theatre) -> Vec<Pull> {
    theatre.world.lock().pulls().to_vec()
}

fn halted(theatre: &mut Theatre) -> (Phase, Vec<Reason>) {
    match theatre.live() {
        Life::Ended(TurnEnd::Halted { phase, reasons }) => (phase, reasons),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_pull_request_that_goes_elsewhere_is_neither_the_proposal_nor_merged() {
    let mut config = small();
    config.people.merge_press = None;
    let (mut theatre, head) = pushed_in(config);
    let base = theatre.world.lock().config().repository.release.clone();
    let (title, body, by) = ("Take it".to_owned(), String::new(), "mallory".to_owned());
    let elsewhere = Command::OpenPull { head: head.clone(), base: base.clone(), title, body, by };
    theatre.world.lock().apply(elsewhere).unwrap();
    theatre.policy.pulls.merging = Merging::Keyslot;
    theatre.reach = Reach::Propose { merge: true };
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    let pulls = pulls(&theatre);
    let states: Vec<(&str, bool)> = pulls
        .iter()
        .map(|pull| (pull.base.as_str(), matches!(pull.state, PullState::Merged { .. })))
        .collect();
    assert_eq!(states, [(base.as_str(), false), ("main", true)]);
}

#[test]
fn what_a_forge_answers_of_another_base_branch_does_not_count() {
    let mut stage = Stage::ready();
    stage.code_mut().base = branch("main", SlotUse::Only(Slot::Primary));
    stage.policy.pulls.merging = Merging::Keyslot;
    let view = |base: &str| PullView {
        state: PullState::Open,
        waits: vec![PullWait::Mergeable],
        head: branch("x", SlotUse::None).head,
        base: base.into(),
        ..pull()
    };
    stage.world.pulls.insert(proposal(), Seen::known(stage.now, Some(view("main"))));
    assert!(!matches!(steps(&stage.decide())[..], [Step::OpenPull { .. }]));
    stage.world.pulls.insert(proposal(), Seen::known(stage.now, Some(view("release/0"))));
    assert!(matches!(steps(&stage.decide())[..], [Step::OpenPull { .. }]), "{:?}", stage.decide());
}

/// Somebody's branch of that name, of which no pull request was opened.
fn strangers_branch(reads: Slot) -> Stage {
    let mut stage = Stage::ready();
    stage.code_mut().base = branch("main", SlotUse::Only(Slot::Primary));
    stage.world.pulls.insert(proposal(), Seen::known(stage.now, None));
    let view = stage.code_mut().proposals.get_mut(&proposal_branch()).unwrap();
    view.claim.reads = SlotUse::Only(reads);
    view.is_flip = false;
    view.brings.clear();
    stage
}

fn accepting(stage: &mut Stage) {
    let acceptance = Acceptance {
        by: "owner".to_owned(),
        gate: Gate::TreeResolved,
        subject: proposal_branch().to_string(),
        because: "I have looked at it".to_owned(),
        until: stage.now + std::time::Duration::from_secs(60),
        why: Some("branch-of-others".to_owned()),
    };
    stage.events.push((stage.now, keyslot::rotation::Event::Accepted(acceptance)));
}

fn is_held(stage: &Stage) -> bool {
    match stage.decide().verdict {
        Verdict::Halt { reasons } => matches!(&reasons[..], [Reason { why: Why::BranchOfOthers { .. }, .. }]),
        _ => false,
    }
}

#[test]
fn what_somebody_else_has_put_on_the_branch_is_not_proposed_in_keyslot_s_words() {
    let mut stage = strangers_branch(Slot::Secondary);
    assert!(is_held(&stage), "{:?}", stage.decide());
    accepting(&mut stage);
    assert!(
        matches!(steps(&stage.decide())[..], [Step::OpenPull { .. }]),
        "a person may say that it is well"
    );
    let mut stage = strangers_branch(Slot::Primary);
    accepting(&mut stage);
    assert!(is_held(&stage), "nobody may say that it is the change");
    let mut same = strangers_branch(Slot::Secondary);
    let view = same.code_mut().proposals.get_mut(&proposal_branch()).unwrap();
    view.brings.insert("main".into(), brings("1", true));
    assert!(
        matches!(steps(&same.decide())[..], [Step::OpenPull { .. }]),
        "whoever made it, it is the change"
    );
}

#[test]
fn the_change_on_top_of_what_is_not_there_is_not_proposed_as_the_change_alone() {
    let mut stage = strangers_branch(Slot::Secondary);
    let view = stage.code_mut().proposals.get_mut(&proposal_branch()).unwrap();
    view.is_flip = true;
    view.brings.insert("main".into(), brings("1", false));
    let Verdict::Halt { reasons } = stage.decide().verdict else { panic!("{:?}", stage.decide()) };
    assert!(matches!(&reasons[..], [Reason { why: Why::BringsAlong { .. }, .. }]), "{reasons:?}");
}

fn force(theatre: &Theatre, branch: &BranchName, commit: &CommitId) {
    let (branch, commit, by) = (branch.clone(), commit.clone(), "grace".to_owned());
    let push = Command::Push { branch, expected: Expected::Forced, commit, objects: Vec::new(), by };
    theatre.world.lock().apply(push).unwrap();
}

/// A world in which branches may be moved by force, with a commit more on this one, and where that stood before.
fn with_a_commit_more(
    crashes: Crashes,
    on: fn(&WorldConfig) -> BranchName,
) -> (Theatre, BranchName, [CommitId; 2]) {
    let mut config = small();
    config.people.rules.forced_pushes = true;
    config.people.merge_press = None;
    let branch = on(&config);
    let mut theatre = Theatre::with_crashes(config, crashes);
    theatre.policy.pulls.merging = Merging::Keyslot;
    let before = theatre.world.lock().repository().head(&branch).cloned().unwrap();
    let more = add(&theatre, &branch);
    (theatre, branch, [before, more])
}

fn brings_along(theatre: &mut Theatre) {
    let (_, reasons) = halted(theatre);
    assert!(
        matches!(
            &reasons[..],
            [Reason { why: Why::BringsAlong { .. }, .. }, ..]
                | [_, Reason { why: Why::BringsAlong { .. }, .. }]
        ),
        "{reasons:?}"
    );
}

#[test]
fn a_base_that_was_moved_back_before_the_pull_request_is_opened_gets_no_proposal_with_what_it_lost() {
    let crashes = Crashes::at([(2, CrashMoment::BeforeSending)]);
    let (mut theatre, main, [before, more]) =
        with_a_commit_more(crashes, |config| config.repository.base.clone());
    theatre.reach = PROPOSES;
    assert_eq!(theatre.live(), Life::Crashed);
    force(&theatre, &main, &before);
    for _ in 0..2 {
        brings_along(&mut theatre);
        assert_eq!(pulls(&theatre).len(), 0);
    }
    force(&theatre, &main, &more);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    assert_eq!(pulls(&theatre).len(), 1);
}

#[test]
fn a_live_release_that_was_moved_back_under_the_promotion_does_not_get_what_it_lost_by_keyslot() {
    let (mut theatre, release, [before, more]) =
        with_a_commit_more(Crashes::none(), |config| config.repository.release.clone());
    theatre.policy.promotion = Promotion::PullRequest;
    theatre.reach = Reach::Propose { merge: true };
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    theatre.reach = Reach::Promote { merge: false, flip: false };
    assert!(matches!(theatre.live(), Life::Ended(TurnEnd::Waiting { .. })));
    assert_eq!(pulls(&theatre).len(), 2);
    force(&theatre, &release, &before);
    theatre.reach = Reach::Promote { merge: true, flip: false };
    brings_along(&mut theatre);
    assert_eq!(theatre.world.lock().repository().head(&release), Some(&before));
    force(&theatre, &release, &more);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    assert!(matches!(pulls(&theatre)[1].state, PullState::Merged { .. }));
}

/// Somebody copies the module, with what it reads, to main while the pull request waits.
#[test]
fn a_reader_that_comes_to_main_while_the_proposal_waits_halts_instead_of_being_merged_past() {
    let mut theatre = proposing(Crashes::none());
    theatre.policy.pulls.merging = Merging::Keyslot;
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    let (main, path) = {
        let world = theatre.world.lock();
        let config = world.config();
        let mut paths = config.repository.tree.iter().map(|(path, _)| path.to_string());
        let path = paths.find(|path| path.ends_with("keyvault-secrets.tf")).unwrap();
        (config.repository.base.clone(), path.replace("keyvault-secrets", "more-secrets"))
    };
    let reader = "resource \"azurerm_key_vault_secret\" \"more\" {\n  name = \"more\"\n  \
                  value = data.azurerm_cosmosdb_account.global.primary_key\n  \
                  key_vault_id = azurerm_key_vault.stamp.id\n}\n";
    add_file(&theatre, &main, &path, reader);
    theatre.reach = Reach::Propose { merge: true };
    let (_, reasons) = halted(&mut theatre);
    let told = |one: &Reason| matches!(one.why, Why::MergeWouldRead { reads: SlotUse::Mixed, .. });
    assert!(reasons.iter().any(told), "{reasons:?}");
    assert!(matches!(pulls(&theatre)[0].state, PullState::Open));
}

#[test]
fn a_proposal_says_what_the_team_has_it_say() {
    let mut theatre = proposing(Crashes::none());
    theatre.policy.words = Wording {
        title: Some("fix: JIRA-123 read {to} ({environment})".to_owned()),
        body: Some("## Why\n{why}\n{unheard}".to_owned()),
        commit: Some("fix: JIRA-123 {to} of {account}".to_owned()),
    };
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    let [pull] = &pulls(&theatre)[..] else { panic!("{:?}", pulls(&theatre)) };
    assert_eq!(pull.title, "fix: JIRA-123 read secondary (prod)");
    assert!(pull.body.starts_with("## Why\nThe primary key of Cosmos DB account"), "{}", pull.body);
    assert!(!pull.body.contains("What follows after the merge"), "{}", pull.body);
    let world = theatre.world.lock();
    let message = world.repository().get(&pull.head).unwrap().message().to_owned();
    assert!(message.starts_with("fix: JIRA-123 secondary of "), "{message}");
    assert!(message.lines().last().unwrap().starts_with("Keyslot-Rotation: "), "{message}");
}

#[test]
fn a_branch_that_people_have_added_to_is_told_and_left_alone() {
    let (mut theatre, branch) = pushed();
    let head = add(&theatre, &branch);
    let (_, reasons) = halted(&mut theatre);
    let [Reason { why: Why::BranchOfOthers { head: told, .. }, .. }] = &reasons[..] else {
        panic!("{reasons:?}")
    };
    assert_eq!((told, pulls(&theatre).len()), (&head, 0));
    assert_eq!(theatre.world.lock().repository().head(&branch), Some(&head));
}

#[test]
fn what_another_journal_has_pushed_is_known_by_what_it_changes() {
    let (mut theatre, branch) = pushed();
    theatre.store = MemoryStore::new();
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    let heads: Vec<BranchName> = pulls(&theatre).into_iter().map(|pull| pull.head_branch).collect();
    assert_eq!(heads, [branch]);
}

/// Proposed, and somebody has closed the pull request.
fn turned_down(crashes: Crashes) -> Theatre {
    let mut theatre = proposing(crashes);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    let closes = Command::ClosePull { number: PullNumber(1), by: "ada".to_owned() };
    theatre.world.lock().apply(closes).unwrap();
    theatre
}

fn close(theatre: &Theatre) {
    let mut person = block_on(theatre.driver_as("person", "person")).unwrap();
    block_on(person.close("another day")).unwrap();
}

#[test]
fn a_proposal_that_was_closed_stands_until_a_person_begins_anew_and_then_there_is_a_fresh_one() {
    let mut theatre = turned_down(Crashes::none());
    for _ in 0..2 {
        let (phase, reasons) = halted(&mut theatre);
        assert!(matches!(&reasons[..], [Reason { why: Why::PullClosed { .. }, .. }]), "{reasons:?}");
        assert_eq!((phase, pulls(&theatre).len()), (Phase::Propose, 1));
    }
    close(&theatre);
    for _ in 0..2 {
        assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
        let pulls = pulls(&theatre);
        let [first, second] = &pulls[..] else { panic!("{pulls:?}") };
        assert_eq!(second.head_branch.as_str(), format!("{}-2", first.head_branch));
        assert!(second.is_open() && !first.is_open());
    }
    theatre.reach = Reach::Whole;
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Done));
}

#[test]
fn a_proposal_that_is_open_is_found_again_by_whoever_begins_anew() {
    let mut theatre = proposing(Crashes::none());
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    close(&theatre);
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    assert_eq!(pulls(&theatre).len(), 1);
}

#[test]
fn whenever_it_dies_while_it_proposes_anew_there_is_one_fresh_proposal() {
    for effect in 3..=4 {
        for moment in [CrashMoment::BeforeSending, CrashMoment::AfterApplying] {
            let mut theatre = turned_down(Crashes::at([(effect, moment)]));
            close(&theatre);
            assert_eq!(theatre.live(), Life::Crashed, "{effect} {moment:?}");
            assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough), "{effect} {moment:?}");
            let heads: Vec<String> =
                pulls(&theatre).iter().map(|pull| pull.head_branch.to_string()).collect();
            assert_eq!(heads, [heads[0].clone(), format!("{}-2", heads[0])], "{effect} {moment:?}");
        }
    }
}

#[test]
fn code_that_check_calls_wrong_is_not_proposed_upon_until_it_is_mended_or_let_be() {
    let rule = keyslot::check::RULES.iter().find(|rule| rule.id == "literal-key").unwrap();
    let silence = "  # keyslot:ignore literal-key because it goes next week\n  cosmos_key";
    let silenced = rule.before.replace("  cosmos_key", silence);
    for (text, is_held) in [(rule.before, true), (silenced.as_str(), false)] {
        let mut config = small();
        config.repository.tree = config.repository.tree.with("extra/known.tf", text.as_bytes());
        let mut theatre = Theatre::new(config);
        (theatre.reach, theatre.retire) = (PROPOSES, Some(Slot::Primary));
        let end = theatre.live();
        match &end {
            Life::Ended(TurnEnd::Halted { reasons, .. }) if is_held => {
                let told = format!("{reasons:?}");
                assert!(told.contains("extra/known.tf:") && told.contains("literal-key"), "{told}");
                assert!(!told.contains("bm90IGEg"), "{told}");
            }
            other => assert_eq!((other, is_held), (&Life::Ended(TurnEnd::Enough), false), "{text}"),
        }
        assert_eq!(pulls(&theatre).len(), usize::from(!is_held));
    }
}

/// How a proposal alone ends, and after how many minutes of the world.
fn ends_with(trouble: Trouble) -> (Life, i64) {
    let fault = Fault::new(When::Always, Target::operation(Operation::Fetch), trouble);
    let mut theatre = Theatre::new(small().with_fault(fault));
    (theatre.reach, theatre.retire) = (PROPOSES, Some(Slot::Primary));
    let began = theatre.world.lock().now();
    let end = theatre.live();
    let took = theatre.world.lock().now().duration_since(began);
    (end, took.as_mins())
}

#[test]
fn a_proposal_alone_waits_for_no_service_that_stays_away() {
    let (end, took) = ends_with(Trouble::Unreachable);
    let Life::Ended(TurnEnd::Waiting { reasons, .. }) = end else { panic!("{end:?}") };
    assert!(matches!(reasons[0].why, Why::Blind { .. }) && (10..=13).contains(&took), "{took}: {reasons:?}");
}

#[test]
fn a_base_branch_that_is_not_there_is_for_a_person_whether_or_not_a_slot_is_named() {
    let mut theatre = proposing(Crashes::none());
    theatre.base = Some("nowhere".into());
    let Life::Failed(why) = theatre.live() else { panic!("it begins") };
    assert!(why.contains("base_branch") && !why.contains("which slot"), "{why}");
    theatre.retire = Some(Slot::Primary);
    let began = theatre.world.lock().now();
    let (_, reasons) = halted(&mut theatre);
    assert!(matches!(reasons[0].why, Why::Blind { .. }), "{reasons:?}");
    assert!(theatre.world.lock().now().duration_since(began).as_mins() <= 13);
}

#[test]
fn the_first_round_has_no_number() {
    let second = Opened { round: 2, ..opened() };
    assert_eq!(second.proposal_branch(Leg::Back).as_str(), "fix/keyslot-r1-primary-back-2");
    assert_eq!(opened().proposal_branch(Leg::Out), proposal_branch());
    let text = serde_json::to_string(&opened()).unwrap();
    assert!(!text.contains("round"), "{text}");
    assert_eq!(serde_json::from_str::<Opened>(&text).unwrap(), opened());
}

#[test]
fn a_proposal_alone_asks_the_forge_to_merge_it_where_that_is_asked_for() {
    let mut theatre = proposing(Crashes::none());
    theatre.policy.pulls.merging = Merging::Auto;
    theatre.policy.pulls.dress.labels = vec!["keys".to_owned()];
    for _ in 0..2 {
        assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
        let pulls = pulls(&theatre);
        let [pull] = &pulls[..] else { panic!("{pulls:?}") };
        assert!(pull.is_open() && pull.auto_merge.is_some() && pull.labels.contains("keys"), "{pull:?}");
    }
    let mut theatre = proposing(Crashes::none());
    theatre.policy.pulls.merging = Merging::Keyslot;
    assert_eq!(theatre.live(), Life::Ended(TurnEnd::Enough));
    assert!(pulls(&theatre)[0].is_open(), "it is not asked to merge");
}

#[test]
fn a_forge_that_does_not_take_the_wish_is_told_by_who_only_proposes() {
    let mut config = small();
    config.people.rules.no_auto_merge = true;
    let mut theatre = Theatre::new(config);
    theatre.reach = PROPOSES;
    theatre.policy.pulls.merging = Merging::Auto;
    let Life::Ended(TurnEnd::Waiting { phase: Phase::Merge, reasons, .. }) = theatre.live() else {
        panic!("it says nothing")
    };
    assert!(reasons.iter().any(|one| matches!(one.why, Why::MergeRefused { .. })), "{reasons:?}");
}
