//! Pushes that are refused, raced or done already.

use super::*;

/// A branch cannot stand where another needs a folder.
#[tokio::test]
async fn a_branch_that_is_in_the_way_by_its_name_is_a_refusal_and_not_somebody_who_was_faster() {
    let bench = Bench::new();
    let code = bench.adapter();
    let base = code.fetch().await.unwrap()[&main_branch()].clone();
    bench.git(&bench.origin(), &["branch", "fix", "main"]);
    let (edits, words) = small_change();
    let commit = code.commit(&base, &edits, &words).await.unwrap();
    let Effect::Refused(fault) = code.push(&commit, &"fix/keyslot-x".into(), &Expect::Absent).await else {
        panic!("it was taken")
    };
    assert_eq!(fault.kind, Blindness::Forbidden, "{fault}");
    assert!(fault.to_string().contains("rename or delete"), "{fault}");
}

#[tokio::test]
async fn a_push_to_a_branch_that_moved_is_refused_and_one_that_is_there_is_done() {
    let bench = Bench::new();
    let code = bench.adapter();
    let base = code.fetch().await.unwrap()[&main_branch()].clone();
    let ours = code.commit(&base, &[edit("main.tf", "ours")], &text("Ours")).await.unwrap();
    let theirs = bench.change("main", "main.tf", "theirs", "Theirs");
    let race = code.push(&ours, &main_branch(), &Expect::At(base.clone())).await;
    assert!(matches!(&race, Effect::Refused(fault) if fault.why.contains("stale info")), "{race:?}");
    assert_eq!(bench.tip("main"), theirs);
    // Not even with the right expectation: it would lose their commit.
    code.fetch().await.unwrap();
    let forced = code.push(&ours, &main_branch(), &Expect::At(theirs.clone())).await;
    assert!(matches!(&forced, Effect::NotSent(fault) if fault.why.contains("never forces")), "{forced:?}");
    let fresh = BranchName::from("fix/new");
    assert_eq!(code.push(&ours, &fresh, &Expect::Absent).await, Effect::Applied(()));
    assert_eq!(code.push(&ours, &fresh, &Expect::Absent).await, Effect::Applied(()), "it is there already");
    assert_eq!(
        code.push(&ours, &fresh, &Expect::At(base)).await,
        Effect::Applied(()),
        "whatever was expected"
    );
    let second = code.commit(&ours, &[edit("main.tf", "more")], &text("More")).await.unwrap();
    let taken = code.push(&second, &fresh, &Expect::Absent).await;
    assert!(matches!(taken, Effect::Refused(_)), "{taken:?}");
    assert_eq!(bench.tip("fix/new"), ours);
}

#[tokio::test]
async fn of_two_pushes_at_once_exactly_one_wins() {
    let bench = Bench::new();
    let one = bench.adapter();
    let mut other = bench.settings();
    other.repository = bench.folder.path().join("elsewhere/code.git");
    let other = Git::new(other);
    let base = one.fetch().await.unwrap()[&main_branch()].clone();
    other.fetch().await.unwrap();
    for round in 0..5 {
        let branch = BranchName::new(format!("fix/{round}"));
        let a = one.commit(&base, &[edit("main.tf", "a")], &text("A")).await.unwrap();
        let b = other.commit(&base, &[edit("main.tf", "b")], &text("B")).await.unwrap();
        let (first, second) =
            tokio::join!(one.push(&a, &branch, &Expect::Absent), other.push(&b, &branch, &Expect::Absent));
        let applied = [&first, &second].iter().filter(|end| ***end == Effect::Applied(())).count();
        assert_eq!(applied, 1, "{first:?} {second:?}");
        let winner = if first == Effect::Applied(()) { a } else { b };
        assert_eq!(bench.tip(branch.as_str()), winner);
    }
}

#[tokio::test]
async fn a_rule_of_the_remote_is_quoted() {
    let bench = Bench::new();
    let hook = bench.origin().join("hooks/update");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    program(&hook, "#!/bin/sh\necho 'main is protected' >&2\nexit 1\n");
    let code = bench.adapter();
    let base = code.fetch().await.unwrap()[&main_branch()].clone();
    let commit = code.commit(&base, &[edit("main.tf", "x")], &text("X")).await.unwrap();
    let end = code.push(&commit, &main_branch(), &Expect::At(base.clone())).await;
    assert!(matches!(&end, Effect::Refused(fault) if fault.why.contains("main is protected")), "{end:?}");
    assert_eq!(bench.tip("main"), base);
}

#[tokio::test]
async fn an_effect_that_never_started_is_told_from_one_that_may_have_happened() {
    let bench = Bench::new();
    let code = bench.adapter();
    let base = code.fetch().await.unwrap()[&main_branch()].clone();
    let commit = code.commit(&base, &[edit("main.tf", "x")], &text("X")).await.unwrap();
    let branch = BranchName::from("fix/x");
    let push = async |change: &dyn Fn(&mut GitSettings)| {
        let mut settings = bench.settings();
        change(&mut settings);
        Git::new(settings).push(&commit, &branch, &Expect::Absent).await
    };
    let closed = push(&|settings| settings.remote = "https://127.0.0.1:1/a.git".to_owned()).await;
    assert!(matches!(closed, Effect::NotSent(_)), "{closed:?}");
    let no_git = push(&|settings| settings.program = PathBuf::from("no-such-git")).await;
    assert!(matches!(no_git, Effect::NotSent(_)), "{no_git:?}");
    let gone = push(&|settings| settings.remote = "/nowhere/at/all.git".to_owned()).await;
    assert!(matches!(gone, Effect::Refused(_)), "{gone:?}");
    // A git that hangs after it was started: the push may have happened.
    let hang = bench.folder.path().join("hanging-git");
    program(&hang, "#!/bin/sh\ncase \"$1\" in version) echo git version 2.47.0;; *) sleep 60;; esac\n");
    let lost = push(&|settings| {
        settings.program = hang.clone();
        settings.timeout = Duration::from_millis(300);
    })
    .await;
    assert!(matches!(lost, Effect::Unknown(_)), "{lost:?}");
}
