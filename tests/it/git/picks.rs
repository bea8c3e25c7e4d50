//! Cherry-picks of merges of every kind, and their conflicts.

use super::*;

fn commit_of(picked: Picked) -> CommitId {
    match picked {
        Picked::Commit(commit) => commit,
        other => panic!("{other:?}"),
    }
}

/// A release branch, then a flip merged to main by a person in the way given.
async fn merged(merge: &[&str]) -> (Bench, Git, CommitId, CommitId) {
    let bench = Bench::new();
    let release = bench.change("release/1", "version.tf", "1\n", "Cut");
    bench.git(&bench.work(), &["checkout", "-q", "main"]);
    bench.change("main", "other.tf", "later work\n", "Later work, not for the release");
    bench.change("fix/flip", "main.tf", "slot = secondary\r\nend\r\n", "Flip one");
    bench.change("fix/flip", "modules/stamp/secrets.tf", "a = 1\nb = 2\nc = 4\n", "Flip two");
    bench.git(&bench.work(), &["checkout", "-q", "main"]);
    bench.git(&bench.work(), merge);
    if merge.contains(&"--squash") {
        bench.git(&bench.work(), &["commit", "-q", "-m", "Flip (#1)"]);
    }
    bench.git(&bench.work(), &["push", "-q", "origin", "main"]);
    let code = bench.adapter();
    code.fetch().await.unwrap();
    let merge = bench.tip("main");
    (bench, code, merge, release)
}

#[tokio::test]
async fn a_merge_commit_and_a_squash_merge_are_picked_alike_and_as_git_would() {
    for way in [
        &["merge", "-q", "--no-ff", "-m", "Merge flip (#1)", "fix/flip"][..],
        &["merge", "-q", "--squash", "fix/flip"],
    ] {
        let (bench, code, merge, release) = merged(way).await;
        let picked = commit_of(code.cherry_pick(&merge, &release, at()).await.unwrap());
        let onto = BranchName::from("release/1");
        assert_eq!(code.push(&picked, &onto, &Expect::At(release.clone())).await, Effect::Applied(()));
        let changed = bench
            .git(&bench.origin(), &["diff-tree", "-r", "--name-only", release.as_str(), picked.as_str()]);
        assert_eq!(changed, "main.tf\nmodules/stamp/secrets.tf", "{way:?}");
        let message = bench.git(&bench.origin(), &["log", "-1", "--format=%B", picked.as_str()]);
        assert!(message.ends_with(&format!("(cherry picked from commit {merge})")), "{message}");
        // git's own cherry-pick gives the same tree.
        bench.git(&bench.work(), &["checkout", "-q", "--detach", release.as_str()]);
        let parents = bench.git(&bench.work(), &["rev-list", "--parents", "-n", "1", merge.as_str()]);
        let mainline = if parents.split(' ').count() > 2 { &["-m", "1"][..] } else { &[] };
        bench.git(&bench.work(), &[&["cherry-pick", "-x"], mainline, &[merge.as_str()]].concat());
        let theirs = bench.git(&bench.work(), &["rev-parse", "HEAD^{tree}"]);
        assert_eq!(bench.git(&bench.origin(), &["rev-parse", &format!("{picked}^{{tree}}")]), theirs);
        assert_eq!(bench.git(&bench.work(), &["log", "-1", "--format=%B"]), message);
        // The same pick again is the same commit; onto itself there is nothing left to pick.
        assert_eq!(commit_of(code.cherry_pick(&merge, &release, at()).await.unwrap()), picked);
        assert_eq!(code.cherry_pick(&merge, &picked, at()).await.unwrap(), Picked::AlreadyThere);
    }
}

#[tokio::test]
async fn a_conflict_names_its_paths_and_builds_nothing() {
    let (bench, code, merge, _) = merged(&["merge", "-q", "--squash", "fix/flip"]).await;
    bench.git(&bench.work(), &["checkout", "-q", "release/1"]);
    let other = bench.change("release/1", "modules/stamp/secrets.tf", "a = 1\nb = 2\nc = 5\n", "Clash");
    code.fetch().await.unwrap();
    let picked = code.cherry_pick(&merge, &other, at()).await.unwrap();
    let Picked::Conflict(conflicts) = picked else { panic!("{picked:?}") };
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].path, "modules/stamp/secrets.tf");
    let lines: Vec<&str> = conflicts[0].lines.lines().collect();
    let expected = ["<<<<<<< the release branch", "c = 5", "=======", "c = 4", ">>>>>>> the merged change"];
    assert_eq!(lines, expected, "both sides' lines, and no others");
}

#[tokio::test]
async fn a_conflict_in_which_a_side_has_no_such_text_says_what_each_side_has_done() {
    let bench = Bench::new();
    bench.change("main", "kept.tf", "a\n", "Kept");
    bench.change("main", "binary", "\u{0}1", "Binary");
    let release = bench.change("release/1", "version.tf", "1\n", "Cut");
    bench.git(&bench.work(), &["checkout", "-q", "main"]);
    bench.change("main", "modules/stamp/secrets.tf", "a = 1\nb = 2\nc = 4\n", "Alter one");
    bench.write("added.tf", "ours\n");
    bench.write("binary", "\u{0}2");
    bench.git(&bench.work(), &["rm", "-q", "kept.tf"]);
    bench.git(&bench.work(), &["add", "."]);
    bench.git(&bench.work(), &["commit", "-q", "--amend", "-m", "All of it"]);
    bench.git(&bench.work(), &["push", "-qf", "origin", "main"]);
    let merge = bench.tip("main");
    bench.git(&bench.work(), &["checkout", "-q", "-B", "release/1", release.as_str()]);
    bench.git(&bench.work(), &["rm", "-q", "modules/stamp/secrets.tf"]);
    bench.write("added.tf", "theirs\n");
    bench.write("binary", "\u{0}3");
    let other = bench.change("release/1", "kept.tf", "b\n", "Clash");
    let code = bench.adapter();
    code.fetch().await.unwrap();
    let picked = code.cherry_pick(&merge, &other, at()).await.unwrap();
    let Picked::Conflict(conflicts) = picked else { panic!("{picked:?}") };
    let told: Vec<(&str, &str)> =
        conflicts.iter().map(|one| (one.path.as_str(), one.lines.trim_end())).collect();
    for (path, words) in [
        ("added.tf", "have both added it"),
        ("binary", "it is no text"),
        ("kept.tf", "the merged change deletes it"),
        ("modules/stamp/secrets.tf", "the release branch has no such file"),
    ] {
        assert!(told.iter().any(|(at, said)| *at == path && said.contains(words)), "{path}: {told:?}");
    }
}

/// A rebase merge by the forge: the proposal's commits written anew on the base branch, the last one named.
#[tokio::test]
async fn all_that_a_rebase_merge_brought_is_found_and_of_other_merges_the_one_commit() {
    let meanwhile = &["commit", "-q", "--allow-empty", "-m", "Somebody else's"];
    let (bench, code, _, release) = merged(meanwhile).await;
    bench.git(&bench.work(), &["cherry-pick", "main..fix/flip"]);
    bench.git(&bench.work(), &["push", "-q", "origin", "main"]);
    code.fetch().await.unwrap();
    let last = bench.tip("main");
    let proposal = bench.tip("fix/flip");
    let brought = code.brought(&last, &proposal).await.unwrap();
    let first = CommitId::new(bench.git(&bench.origin(), &["rev-parse", "main^"]));
    assert_eq!(brought, [first, last.clone()], "oldest first");
    let mut tip = release.clone();
    for commit in &brought {
        tip = commit_of(code.cherry_pick(commit, &tip, at()).await.unwrap());
    }
    let changed = code.changed(&release, &tip).await.unwrap();
    assert_eq!(changed, ["main.tf", "modules/stamp/secrets.tf"]);
    assert_eq!(code.changed(&tip, &tip).await.unwrap(), [""; 0]);

    // Brought up to date by a merge before: that is left out.
    let (bench, code, _, _) = merged(meanwhile).await;
    let flips = bench.git(&bench.work(), &["rev-list", "--reverse", "main..fix/flip"]);
    bench.git(&bench.work(), &["checkout", "-q", "fix/flip"]);
    bench.git(&bench.work(), &["merge", "-q", "--no-ff", "-m", "Merge branch 'main' into fix/flip", "main"]);
    bench.git(&bench.work(), &["push", "-q", "origin", "fix/flip"]);
    bench.git(&bench.work(), &["checkout", "-q", "main"]);
    flips.lines().for_each(|flip| drop(bench.git(&bench.work(), &["cherry-pick", flip])));
    bench.git(&bench.work(), &["push", "-q", "origin", "main"]);
    code.fetch().await.unwrap();
    let brought = code.brought(&bench.tip("main"), &bench.tip("fix/flip")).await.unwrap();
    let first = CommitId::new(bench.git(&bench.origin(), &["rev-parse", "main^"]));
    assert_eq!(brought, [first, bench.tip("main")], "without the merge");

    for way in [
        &["merge", "-q", "--no-ff", "-m", "Merge flip (#1)", "fix/flip"][..],
        &["merge", "-q", "--squash", "fix/flip"],
    ] {
        let (bench, code, merge, _) = merged(way).await;
        let proposal = bench.tip("fix/flip");
        assert_eq!(code.brought(&merge, &proposal).await.unwrap(), std::slice::from_ref(&merge), "{way:?}");
        // A proposal that was deleted before anybody fetched it.
        let unknown = CommitId::new("9".repeat(40));
        assert_eq!(code.brought(&merge, &unknown).await.unwrap(), std::slice::from_ref(&merge), "{way:?}");
    }
}
