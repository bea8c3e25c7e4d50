//! What holds a merge on GitHub, rule by rule, and merging itself, against the world's GitHub over TLS.

use std::time::Duration;

use keyslot::adapters::github::GitHub;
use keyslot::model::{
    Blindness, BranchName, CommitId, MergeMethod, PullDress, PullEnds, PullNumber, PullState, PullView,
    PullWait,
};
use keyslot::ports::{Code, Effect, Forge, NewPull, Permit, Recall};
use keyslot::sim::config::{ClassicConfig, RulesConfig};
use keyslot::sim::repository::{Commit, Lookup as _, Signature};
use keyslot::sim::wire::github::GitHubAccess;
use keyslot::sim::{Command, Expected, Mark, WorldConfig};

use crate::desk::Desk;
use crate::github::{branch, ends, look, move_main, new_pull, quiet};
use crate::runs::{applied, refused};

/// A pull request in a world with these rules.
struct Scene {
    desk: Desk,
    github: GitHub,
    number: PullNumber,
    head: CommitId,
}

async fn scene(rules: RulesConfig) -> Scene {
    let mut config = quiet();
    config.people.rules = rules;
    Scene::of(config).await
}

impl Scene {
    async fn of(config: WorldConfig) -> Scene {
        Scene::at(Desk::new(config, 1.0)).await
    }

    async fn at(desk: Desk) -> Scene {
        let github = desk.github();
        let head = desk.propose("fix/flip").await;
        let number = applied(github.open_pull(&new_pull()).await);
        // GitHub works out whether it can be merged when it is asked for the first time; that it is new, its answer has
        // told.
        look(&github).await;
        look(&github).await;
        Scene { desk, github, number, head }
    }

    fn apply(&self, command: Command) {
        self.desk.with(|world| world.apply(command)).unwrap();
    }

    fn mark(&self, mark: Mark) {
        self.apply(Command::MarkPull { number: self.number, mark });
    }

    fn approve(&self, by: &str) {
        self.apply(Command::ReviewPull { number: self.number, approve: true, by: by.to_owned() });
    }

    fn check(&self) {
        self.apply(Command::StartCheck { number: self.number });
    }

    /// Approved and checked: nothing of the ordinary holds it.
    fn pass(&self) {
        self.approve("ada");
        self.check();
    }

    /// As a process sees it that has just begun: GraphQL's answer is good for two minutes.
    async fn seen(&self) -> PullView {
        look(&self.github).await;
        look(&self.desk.github()).await
    }

    async fn waits(&self) -> Vec<PullWait> {
        self.seen().await.waits
    }

    /// Somebody adds a file to the branch, on top of its head.
    fn push(&self, path: &str) -> CommitId {
        self.commit(&[], |tree| tree.with(path, *b"x"))
    }

    fn commit(
        &self,
        more_parents: &[CommitId],
        change: impl FnOnce(&keyslot::sim::repository::Tree) -> keyslot::sim::repository::Tree,
    ) -> CommitId {
        self.desk.with(|world| {
            let head = world.repository().head(&branch()).cloned().unwrap();
            let tree = change(world.repository().get(&head).unwrap().tree());
            let by = Signature::of("mallory", world.now());
            let parents = [vec![head], more_parents.to_vec()].concat();
            let commit = Commit::new(tree, parents, &by, "More\n");
            let id = commit.id().clone();
            let (expected, objects) = (Expected::FastForward, vec![commit.into()]);
            let by = "mallory".to_owned();
            world
                .apply(Command::Push { branch: branch(), expected, commit: id.clone(), objects, by })
                .unwrap();
            id
        })
    }

    fn permit(&self) -> Permit {
        let clock = self.desk.clock();
        Permit {
            subject: "merge".to_owned(),
            evidence: String::new(),
            wall_deadline: clock.now() + Duration::from_secs(600),
            monotonic_deadline: clock.monotonic() + Duration::from_secs(600),
            lease: None,
            recall: Recall::default(),
        }
    }

    async fn merge(&self, head: &CommitId, method: MergeMethod) -> Effect<CommitId> {
        self.github.merge(self.number, head, method, &self.permit()).await
    }
}

fn text(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn the_strictest_of_ruleset_and_classic_protection_wins() {
    let classic = ClassicConfig { reviews: 2, checks: text(&["lint"]), readable: true };
    let scene = scene(RulesConfig { classic: Some(classic), ..RulesConfig::default() }).await;
    scene.pass();
    let seen = look(&scene.github).await;
    assert_eq!(seen.reviews_wanted, 2);
    let reviews = PullWait::Reviews { have: 1, want: 2, from: Vec::new() };
    assert_eq!(scene.waits().await, [reviews, PullWait::CheckNotStarted { name: "lint".to_owned() }]);
}

#[tokio::test]
async fn an_approval_of_somebody_who_may_only_read_is_none_and_a_review_is_waited_for() {
    let scene = scene(RulesConfig { readers: text(&["visitor"]), ..RulesConfig::default() }).await;
    scene.approve("visitor");
    scene.check();
    let seen = scene.seen().await;
    assert_eq!(seen.approvals, []);
    let want = seen.reviews_wanted;
    assert!(seen.waits.contains(&PullWait::Reviews { have: 0, want, from: Vec::new() }), "{seen:?}");
    scene.approve("ada");
    let seen = scene.seen().await;
    assert_eq!(seen.approvals.iter().map(|one| one.by.as_str()).collect::<Vec<_>>(), ["ada"]);
    assert_eq!(seen.waits, [PullWait::Mergeable]);
}

#[tokio::test]
async fn a_protection_that_may_not_be_read_is_named_where_the_forge_gives_no_reason() {
    let classic = ClassicConfig { reviews: 2, checks: Vec::new(), readable: false };
    let rules =
        RulesConfig { classic: Some(classic), others: text(&["required_signatures"]), ..Default::default() };
    let scene = scene(rules).await;
    scene.pass();
    let blocked = PullWait::Blocked {
        rules: text(&["required_signatures"]),
        unread: text(&["the protection of main"]),
    };
    assert_eq!(scene.waits().await, [blocked]);
}

#[tokio::test]
async fn rules_are_read_to_their_last_page() {
    read_to_the_last_page(GitHubAccess::calling_itself, "https://api.github.com").await;
}

#[tokio::test]
async fn a_server_behind_a_gateway_is_asked_for_further_pages_where_it_was_asked_for_the_first() {
    read_to_the_last_page(GitHubAccess::calling_itself, "http://github.internal:8080").await;
}

async fn read_to_the_last_page(named: fn(GitHubAccess, &'static str) -> GitHubAccess, address: &'static str) {
    let mut others = vec!["creation".to_owned(); 120];
    others.push("required_signatures".to_owned());
    let mut config = quiet();
    config.people.rules = RulesConfig { others, ..RulesConfig::default() };
    let scene = Scene::at(Desk::with_access(config, 1.0, |access| named(access, address))).await;
    scene.pass();
    let blocked = PullWait::Blocked { rules: text(&["required_signatures"]), unread: Vec::new() };
    assert_eq!(scene.waits().await, [blocked]);
}

#[tokio::test]
async fn an_owner_of_the_code_must_approve_where_the_rules_say_so() {
    let scene = scene(RulesConfig { code_owners: text(&["grace"]), ..RulesConfig::default() }).await;
    scene.pass();
    scene.mark(Mark::Ask(text(&["grace"]), text(&["sre"])));
    assert_eq!(scene.waits().await, [PullWait::CodeOwners { from: text(&["grace", "afmc/sre"]) }]);
    scene.approve("grace");
    assert_eq!(scene.waits().await, [PullWait::Mergeable]);
}

#[tokio::test]
async fn conversations_are_counted_and_opened_by_being_resolved() {
    let scene = scene(RulesConfig { conversations: true, ..RulesConfig::default() }).await;
    scene.pass();
    scene.mark(Mark::Conversation { resolved: false });
    scene.mark(Mark::Conversation { resolved: false });
    assert_eq!(scene.waits().await, [PullWait::Conversations { open: 2 }]);
    scene.mark(Mark::Conversation { resolved: true });
    assert_eq!(scene.waits().await, [PullWait::Mergeable]);
}

#[tokio::test]
async fn those_behind_the_first_hundred_count_too() {
    let scene = scene(RulesConfig { conversations: true, ..RulesConfig::default() }).await;
    scene.pass();
    for _ in 0..230 {
        scene.mark(Mark::Conversation { resolved: false });
    }
    assert_eq!(scene.waits().await, [PullWait::Conversations { open: 230 }]);
}

#[tokio::test]
async fn a_draft_and_a_branch_that_is_behind_are_waits_of_their_own() {
    let scene = scene(RulesConfig { strict: true, ..RulesConfig::default() }).await;
    scene.pass();
    scene.desk.propose("other").await;
    move_main(&scene.desk, "other");
    assert_eq!(scene.waits().await, [PullWait::Behind]);
    scene.mark(Mark::Draft(true));
    assert!(scene.waits().await.contains(&PullWait::Draft));
}

#[tokio::test]
async fn a_pull_request_is_opened_as_a_draft_where_that_is_configured() {
    let desk = Desk::new(quiet(), 1.0);
    desk.propose("fix/flip").await;
    applied(desk.github().open_pull(&NewPull { draft: true, ..new_pull() }).await);
    assert!(look(&desk.github()).await.waits.contains(&PullWait::Draft));
}

#[tokio::test]
async fn an_approval_that_was_given_before_the_last_push_is_stale_and_says_whose() {
    let scene = scene(RulesConfig::default()).await;
    scene.pass();
    assert_eq!(scene.waits().await, [PullWait::Mergeable]);
    let pushed = scene.push("NOTES.md");
    scene.check();
    let seen = scene.seen().await;
    let stale = PullWait::StaleApprovals { by: text(&["ada"]) };
    assert_eq!(seen.waits, [stale, PullWait::Mergeable], "GitHub would take it");
    assert_eq!((&seen.head, seen.approved(), seen.stale()), (&pushed, 0, text(&["ada"])));
    assert_eq!(seen.approvals[0].head, scene.head, "each with the head that it was given on");
    scene.approve("grace");
    assert_eq!(scene.waits().await, [PullWait::Mergeable]);
}

#[tokio::test]
async fn where_a_push_takes_approvals_back_it_is_said_who_had_approved() {
    let scene = scene(RulesConfig { dismiss_stale: true, ..RulesConfig::default() }).await;
    scene.pass();
    scene.push("NOTES.md");
    scene.check();
    let reviews = PullWait::Reviews { have: 0, want: 1, from: Vec::new() };
    assert_eq!(scene.waits().await, [PullWait::StaleApprovals { by: text(&["ada"]) }, reviews]);
}

#[tokio::test]
async fn the_last_push_must_be_approved_by_somebody_else_where_the_rules_say_so() {
    let scene = scene(RulesConfig { last_push: true, ..RulesConfig::default() }).await;
    scene.pass();
    scene.push("NOTES.md");
    scene.check();
    assert_eq!(scene.waits().await, [PullWait::StaleApprovals { by: text(&["ada"]) }]);
}

#[tokio::test]
async fn merging_the_base_branch_into_it_changes_nothing_of_what_was_approved() {
    let scene = scene(RulesConfig::default()).await;
    scene.pass();
    scene.desk.propose("other").await;
    move_main(&scene.desk, "other");
    let (base, tree) = scene.desk.with(|world| {
        let base = world.repository().head(&BranchName::from("main")).cloned().unwrap();
        let tree = world.repository().commit(&base).unwrap().tree().clone();
        (base, tree)
    });
    let updated = scene.commit(&[base], |own| {
        tree.iter().fold(own.clone(), |own, (path, file)| own.put(path, Some(file.clone())))
    });
    scene.check();
    let seen = scene.seen().await;
    assert_eq!((&seen.head, seen.waits.as_slice()), (&updated, &[PullWait::Mergeable][..]));
    assert!(seen.approvals[0].head == scene.head && seen.approvals[0].same_change, "{seen:?}");
    // And after the merge it is the same: the base branch has all of it by then.
    applied(scene.merge(&updated, MergeMethod::Squash).await);
    let seen = look(&scene.github).await;
    assert_eq!(seen.approved(), 1, "{seen:?}");
}

#[tokio::test]
async fn it_is_merged_at_the_head_that_was_judged_by_each_method() {
    for (method, parents) in [(MergeMethod::Merge, 2), (MergeMethod::Squash, 1), (MergeMethod::Rebase, 1)] {
        let scene = scene(RulesConfig::default()).await;
        scene.pass();
        let commit = applied(scene.merge(&scene.head, method).await);
        let code = scene.desk.code();
        assert_eq!(
            code.fetch().await.unwrap()[&BranchName::from("main")],
            commit,
            "in the repository itself"
        );
        let (found, by) = scene.desk.with(|world| {
            let found = world.repository().commit(&commit).unwrap().parents().len();
            (found, world.pull(scene.number).unwrap().ended.clone().unwrap().1)
        });
        assert_eq!((found, by.as_str()), (parents, "keyslot-bot"), "{method:?}");
        assert_eq!(look(&scene.github).await.state, PullState::Merged { commit });
    }
}

#[tokio::test]
async fn a_rebase_carries_every_commit_over() {
    let scene = scene(RulesConfig::default()).await;
    let second = scene.push("NOTES.md");
    scene.desk.propose("other").await;
    move_main(&scene.desk, "other");
    scene.pass();
    let commit = applied(scene.merge(&second, MergeMethod::Rebase).await);
    let code = scene.desk.code();
    code.fetch().await.unwrap();
    let files = code.tree(&commit, &keyslot::ports::Wanted::default()).await.unwrap().files;
    let has = |name: &str| files.iter().any(|file| file.path == name);
    assert!(has("fix-flip.txt") && has("NOTES.md") && has("other.txt"));
    assert!(!code.contains(&commit, &second).await.unwrap(), "they are other commits");
}

#[tokio::test]
async fn what_is_not_as_it_was_judged_is_not_merged() {
    let scene = scene(RulesConfig::default()).await;
    let fault = refused(scene.merge(&scene.head, MergeMethod::Merge).await);
    assert_eq!(fault.kind, Blindness::Changed, "not approved yet: {fault}");
    scene.pass();
    let before = scene.head.clone();
    let pushed = scene.push("NOTES.md");
    scene.check();
    let fault = refused(scene.merge(&before, MergeMethod::Merge).await);
    assert_eq!(fault.kind, Blindness::Changed, "{fault}");
    let fault = refused(scene.github.merge_when_ready(scene.number, &before, MergeMethod::Merge).await);
    assert_eq!(fault.kind, Blindness::Changed, "{fault}");
    assert_eq!(look(&scene.github).await.state, PullState::Open);
    let late = Permit { wall_deadline: jiff::Timestamp::UNIX_EPOCH, ..scene.permit() };
    let end = scene.github.merge(scene.number, &pushed, MergeMethod::Merge, &late).await;
    assert!(matches!(end, Effect::NotSent(_)), "{end:?}");
    applied(scene.merge(&pushed, MergeMethod::Merge).await);
}

#[tokio::test]
async fn the_forge_merges_by_itself_when_it_was_asked_to() {
    let scene = scene(RulesConfig::default()).await;
    scene.check();
    applied(scene.github.merge_when_ready(scene.number, &scene.head, MergeMethod::Squash).await);
    let seen = look(&scene.github).await;
    assert!(seen.auto_merge && seen.state == PullState::Open);
    scene.approve("ada");
    assert!(matches!(look(&scene.github).await.state, PullState::Merged { .. }));
    let messages = scene.desk.with(|world| {
        let head = world.repository().head(&BranchName::from("main")).cloned().unwrap();
        world.repository().commit(&head).unwrap().message().to_owned()
    });
    assert!(messages.starts_with("Flip (#1)"), "squashed: {messages}");
}

#[tokio::test]
async fn what_the_forge_was_asked_for_is_taken_back_and_what_nobody_asked_for_needs_no_taking_back() {
    let scene = scene(RulesConfig::default()).await;
    scene.check();
    let writes = |scene: &Scene| {
        let said = scene.desk.exchanges(keyslot::sim::wire::github::HOST).into_iter();
        said.filter(|one| one.path == "/graphql" && one.asked.as_ref().is_some_and(is_withdrawal)).count()
    };
    applied(scene.github.withdraw_merge(scene.number).await);
    assert_eq!(writes(&scene), 0, "nobody had asked");
    applied(scene.github.merge_when_ready(scene.number, &scene.head, MergeMethod::Merge).await);
    assert!(look(&scene.github).await.auto_merge);
    applied(scene.github.withdraw_merge(scene.number).await);
    assert!(!look(&scene.github).await.auto_merge);
    assert_eq!(writes(&scene), 1);
    scene.approve("ada");
    assert_eq!(look(&scene.github).await.state, PullState::Open, "nobody merges it any more");
    applied(scene.merge(&scene.head, MergeMethod::Merge).await);
    let fault = refused(scene.github.withdraw_merge(scene.number).await);
    assert_eq!(fault.kind, Blindness::Changed, "{fault}");
}

fn is_withdrawal(asked: &serde_json::Value) -> bool {
    asked["query"].as_str().is_some_and(|query| query.contains("disablePullRequestAutoMerge"))
}

#[tokio::test]
async fn what_could_be_merged_at_once_cannot_be_waited_for() {
    let scene = scene(RulesConfig::default()).await;
    scene.pass();
    let fault = refused(scene.github.merge_when_ready(scene.number, &scene.head, MergeMethod::Merge).await);
    assert!(fault.kind == Blindness::Changed && fault.why.contains("clean status"), "{fault}");
}

#[tokio::test]
async fn a_repository_without_auto_merge_says_so() {
    let scene = scene(RulesConfig { no_auto_merge: true, ..RulesConfig::default() }).await;
    let fault = refused(scene.github.merge_when_ready(scene.number, &scene.head, MergeMethod::Merge).await);
    assert_ne!(fault.kind, Blindness::Changed);
    assert!(fault.remedy.contains("allow auto-merge"), "{fault}");
}

#[tokio::test]
async fn into_a_merge_queue_it_is_put_and_the_queue_merges() {
    let queue = Some(Duration::from_secs(0));
    let scene = scene(RulesConfig { queue, ..RulesConfig::default() }).await;
    scene.pass();
    assert_eq!(scene.waits().await, [PullWait::Queue { queued: false }]);
    applied(scene.github.merge_when_ready(scene.number, &scene.head, MergeMethod::Merge).await);
    assert!(matches!(look(&scene.github).await.state, PullState::Merged { .. }));
}

#[tokio::test]
async fn where_a_queue_takes_no_wish_it_is_put_into_it() {
    let queue = Some(Duration::from_secs(100_000));
    let rules = RulesConfig { queue, queue_is_joined: true, ..RulesConfig::default() };
    let scene = scene(rules).await;
    scene.pass();
    applied(scene.github.merge_when_ready(scene.number, &scene.head, MergeMethod::Merge).await);
    assert_eq!(scene.waits().await, [PullWait::Queue { queued: true }]);
    assert!(!scene.desk.with(|world| world.pulls()[0].auto_merge.is_some()), "it wishes for nothing more");
}

#[tokio::test]
async fn a_pull_request_to_the_release_branch_waits_for_the_same_rules_and_for_its_queue() {
    let mut config = quiet();
    config.people.rules.queue = Some(Duration::from_secs(100_000));
    let desk = Desk::new(config, 1.0);
    let github = desk.github();
    let head = desk.propose("fix/flip").await;
    let ends = PullEnds { head: BranchName::from("fix/flip"), base: crate::runs::release() };
    let number = applied(github.open_pull(&NewPull { base: ends.base.clone(), ..new_pull() }).await);
    let waits = async || {
        // As a process sees it that has just begun.
        let github = desk.github();
        github.pull_between(&ends).await.unwrap();
        github.pull_between(&ends).await.unwrap().unwrap().waits
    };
    let reasons = waits().await;
    assert!(
        matches!(reasons[..], [PullWait::Reviews { have: 0, want: 1, .. }, PullWait::CheckNotStarted { .. }]),
        "{reasons:?}"
    );
    let review = Command::ReviewPull { number, approve: true, by: "ada".to_owned() };
    desk.with(|world| world.apply(review).and_then(|_| world.apply(Command::StartCheck { number }))).unwrap();
    assert_eq!(waits().await, [PullWait::Queue { queued: false }]);
    applied(github.merge_when_ready(number, &head, MergeMethod::Merge).await);
    assert_eq!(waits().await, [PullWait::Queue { queued: true }]);
}

#[tokio::test]
async fn what_is_in_the_queue_is_waited_for() {
    let queue = Some(Duration::from_secs(100_000));
    let scene = scene(RulesConfig { queue, ..RulesConfig::default() }).await;
    scene.pass();
    scene.apply(Command::Enqueue { number: scene.number, head: None });
    assert_eq!(scene.waits().await, [PullWait::Queue { queued: true }]);
}

#[tokio::test]
async fn what_keyslot_has_put_into_the_queue_it_takes_out_again_whatever_holds_it_besides() {
    let queue = Some(Duration::from_secs(100_000));
    let scene = scene(RulesConfig { queue, dismiss_stale: true, ..RulesConfig::default() }).await;
    scene.pass();
    let queued = |scene: &Scene| scene.desk.with(|world| world.pull(scene.number).unwrap().queued);
    applied(scene.github.withdraw_merge(scene.number).await);
    applied(scene.github.merge_when_ready(scene.number, &scene.head, MergeMethod::Merge).await);
    applied(scene.github.merge_when_ready(scene.number, &scene.head, MergeMethod::Merge).await);
    // GitHub takes the wish as such, or puts it into the queue at once.
    scene.apply(Command::Enqueue { number: scene.number, head: None });
    assert!(queued(&scene));
    scene.apply(Command::MarkPull { number: scene.number, mark: Mark::NoAutoMerge });
    scene.mark(Mark::Draft(true));
    assert_eq!(scene.waits().await, [PullWait::Draft, PullWait::Queue { queued: true }]);
    applied(scene.github.withdraw_merge(scene.number).await);
    assert!(!queued(&scene));
    scene.mark(Mark::Draft(false));
    assert_eq!(scene.waits().await, [PullWait::Queue { queued: false }]);
    let asked = |scene: &Scene| {
        let said =
            scene.desk.exchanges(keyslot::sim::wire::github::HOST).into_iter().filter_map(|one| one.asked);
        said.filter(|asked| asked["query"].as_str().is_some_and(|query| query.contains("dequeuePull")))
            .count()
    };
    assert_eq!(asked(&scene), 1);
    applied(scene.github.withdraw_merge(scene.number).await);
    assert_eq!(asked(&scene), 1, "it is in no queue any more");
    assert!(crate::graphql::hold(&scene.desk.exchanges(keyslot::sim::wire::github::HOST)) >= 2);
}

#[tokio::test]
async fn a_pull_request_is_dressed_once_and_what_it_has_is_left_alone() {
    let scene = scene(RulesConfig::default()).await;
    let dress = PullDress {
        labels: text(&["keys", "infra"]),
        reviewers: text(&["ada", "keyslot-bot"]),
        teams: text(&["sre"]),
        assignees: text(&["grace"]),
    };
    applied(scene.github.dress(scene.number, &dress).await);
    let (labels, asked, teams, assignees) = scene.desk.with(|world| {
        let pull = world.pull(scene.number).unwrap();
        let labels: Vec<String> = pull.labels.iter().cloned().collect();
        (labels, pull.asked.clone(), pull.asked_teams.clone(), pull.assignees.clone())
    });
    assert_eq!((labels, asked), (text(&["infra", "keys"]), text(&["ada"])), "the author is not asked");
    assert_eq!((teams, assignees), (text(&["sre"]), text(&["grace"])));
    let writes = || {
        scene
            .desk
            .exchanges(keyslot::sim::wire::github::HOST)
            .iter()
            .filter(|one| one.method != "GET")
            .count()
    };
    let before = writes();
    applied(scene.github.dress(scene.number, &dress).await);
    assert_eq!(writes(), before, "nothing is missing, nothing is said");
    assert_eq!(
        look(&scene.github).await.waits[0],
        PullWait::Reviews { have: 0, want: 1, from: text(&["ada", "afmc/sre"]) }
    );
}

#[tokio::test]
async fn a_fork_with_the_same_branch_name_is_never_ours() {
    // An organization may have a fork of its own repository: then GitHub's filter by owner and branch lets it through.
    for owner in ["mallory", "afmc"] {
        let scene = scene(RulesConfig::default()).await;
        scene.mark(Mark::Fork(owner.to_owned()));
        assert_eq!(scene.github.pull_between(&ends()).await, Ok(None), "{owner}");
        let ours = applied(scene.github.open_pull(&new_pull()).await);
        assert_ne!(ours, scene.number);
        assert_eq!(look(&scene.github).await.number, ours);
    }
}

/// The view of a pull request through the ports in memory is the same as over the wire.
#[tokio::test]
async fn both_faces_show_the_same_pull_request() {
    let rules = RulesConfig { conversations: true, ..RulesConfig::default() };
    let scene = scene(rules).await;
    scene.pass();
    scene.push("NOTES.md");
    scene.check();
    scene.mark(Mark::Conversation { resolved: false });
    scene.mark(Mark::Ask(text(&["grace"]), Vec::new()));
    let over_the_wire = scene.seen().await;
    let world = scene.desk.with(|world| world.clone());
    let ports = keyslot::sim::memory::ports(&keyslot::sim::SharedWorld::new(world), Default::default());
    let in_memory = ports.forge.pull_between(&ends()).await.unwrap().unwrap();
    let bare = |view: PullView| PullView { url: String::new(), ..view };
    assert_eq!(bare(over_the_wire), bare(in_memory));
}
