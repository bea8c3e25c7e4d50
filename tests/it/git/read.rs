//! What is read: branches, trees, ancestry, and what is missing.

use super::*;

#[tokio::test]
async fn a_fetch_shows_all_branches_and_forgets_deleted_ones() {
    let bench = Bench::new();
    bench.change("release/2021.7.1", "x.tf", "", "Cut");
    let code = bench.adapter();
    let branches = code.fetch().await.unwrap();
    assert_eq!(branches.keys().map(BranchName::as_str).collect::<Vec<_>>(), ["main", "release/2021.7.1"]);
    assert_eq!(branches[&main_branch()], bench.tip("main"));
    bench.git(&bench.work(), &["push", "-q", "origin", "--delete", "release/2021.7.1"]);
    bench.git(&bench.work(), &["checkout", "-q", "main"]);
    bench.git(&bench.work(), &["branch", "-q", "-D", "release/2021.7.1"]);
    bench.change("release/2021.7.1/hotfix", "y.tf", "", "A folder where a branch was");
    let branches = code.fetch().await.unwrap();
    assert_eq!(
        branches.keys().map(BranchName::as_str).collect::<Vec<_>>(),
        ["main", "release/2021.7.1/hotfix"]
    );
}

#[tokio::test]
async fn a_tree_is_read_byte_for_byte_with_links_followed() {
    let bench = Bench::new();
    #[cfg(unix)]
    std::os::unix::fs::symlink("../../main.tf", bench.work().join("modules/stamp/link.tf")).unwrap();
    let tip = bench.change("main", "modules/stamp/notes.md", "text", "More");
    let mut settings = bench.settings();
    settings.is_source = |path| path.ends_with(".tf");
    let code = Git::new(settings);
    code.fetch().await.unwrap();
    let files = code.tree(&tip, &below("modules/stamp")).await.unwrap().files;
    let read: Vec<(&str, &[u8])> = files.iter().map(|file| (file.path.as_str(), &file.bytes[..])).collect();
    let expected: [(&str, &[u8]); 2] = [
        ("modules/stamp/link.tf", b"slot = primary\r\nend\r\n"),
        ("modules/stamp/secrets.tf", b"a = 1\nb = 2\nc = 3\n"),
    ];
    assert_eq!(read, expected);
    let fault = code.tree(&tip, &below("nowhere")).await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Missing, "{fault}");
    assert_eq!(
        bench.adapter().tree(&tip, &below("")).await.unwrap().files.len(),
        5,
        "as a rule every file is read"
    );
}

#[tokio::test]
async fn a_commit_changes_one_file_and_keeps_modes_and_every_other_byte() {
    let bench = Bench::new();
    let code = bench.adapter();
    let parent = code.fetch().await.unwrap()[&main_branch()].clone();
    let edits = [
        edit("main.tf", "slot = secondary\r\nend\r\n"),
        edit("tool.sh", "#!/bin/sh\ntrue\n"),
        edit("new/a.tf", "x\n"),
    ];
    let commit = code.commit(&parent, &edits, &text("Flip\n")).await.unwrap();
    assert_eq!(
        code.commit(&parent, &edits, &text("Flip\n")).await.unwrap(),
        commit,
        "the same work, the same id"
    );
    let pushed = code.push(&commit, &BranchName::from("fix/flip"), &Expect::Absent).await;
    assert_eq!(pushed, Effect::Applied(()));
    // The real git has the same ids and the same content.
    assert_eq!(bench.tip("fix/flip"), commit);
    let changed =
        bench.git(&bench.origin(), &["diff-tree", "-r", "--name-status", parent.as_str(), commit.as_str()]);
    assert_eq!(changed, "M\tmain.tf\nA\tnew/a.tf\nM\ttool.sh");
    let listed = bench.git(&bench.origin(), &["ls-tree", "fix/flip", "tool.sh"]);
    assert!(listed.starts_with("100755 "), "{listed}");
    let raw = bench.git(&bench.origin(), &["cat-file", "commit", commit.as_str()]);
    let when = at().as_second();
    assert!(raw.contains(&format!("author keyslot <keyslot@example.com> {when} +0000")), "{raw}");
    assert_eq!(bench.git(&bench.origin(), &["fsck", "--strict"]), "");
}

#[tokio::test]
async fn ancestry_is_asked_of_real_history() {
    let bench = Bench::new();
    let first = bench.tip("main");
    let second = bench.change("main", "a.tf", "1", "More");
    let code = bench.adapter();
    code.fetch().await.unwrap();
    assert!(code.contains(&second, &first).await.unwrap());
    assert!(code.contains(&second, &second).await.unwrap());
    assert!(!code.contains(&first, &second).await.unwrap());
    let unknown = CommitId::from("0123456789012345678901234567890123456789");
    assert_eq!(code.contains(&second, &unknown).await.unwrap_err().kind, Blindness::Missing);
}

#[tokio::test]
async fn the_first_fetch_may_take_longer_than_what_comes_after_it() {
    let bench = Bench::new();
    let slow = bench.folder.path().join("slow-git");
    let script = "#!/bin/sh\ncase \" $* \" in *\" fetch \"*) sleep 3;; esac\nexec git \"$@\"\n";
    program(&slow, script);
    let mut settings = bench.settings();
    (settings.program, settings.timeout) = (slow, Duration::from_secs(2));
    let code = Git::new(settings);
    code.fetch().await.unwrap();
    let fault = code.fetch().await.unwrap_err();
    assert!(fault.to_string().contains("`cache`"), "{fault}");
}

#[tokio::test]
async fn what_is_missing_is_said_with_its_remedy() {
    let bench = Bench::new();
    let fault_of = async |change: &dyn Fn(&mut GitSettings)| {
        let mut settings = bench.settings();
        change(&mut settings);
        Git::new(settings).fetch().await.unwrap_err()
    };
    let no_git = fault_of(&|settings| settings.program = PathBuf::from("no-such-git")).await;
    assert!(no_git.kind == Blindness::Missing && no_git.remedy.contains("install git"), "{no_git}");
    let no_remote = fault_of(&|settings| settings.remote = String::new()).await;
    assert!(no_remote.why.contains("no remote is configured"), "{no_remote}");
    let nowhere = fault_of(&|settings| settings.remote = "/nowhere/at/all.git".to_owned()).await;
    assert!(nowhere.kind == Blindness::Misconfigured && !nowhere.remedy.is_empty(), "{nowhere}");
    let refused =
        fault_of(&|settings| settings.remote = "https://user:secret@127.0.0.1:1/a.git".to_owned()).await;
    assert_eq!(refused.kind, Blindness::Unreachable, "{refused}");
    assert!(!refused.to_string().contains("secret"), "{refused}");
    let occupied = bench.folder.path().join("occupied");
    std::fs::create_dir_all(&occupied).unwrap();
    std::fs::write(occupied.join("thesis.doc"), "").unwrap();
    let taken = fault_of(&|settings| settings.repository = occupied.clone()).await;
    assert!(taken.why.contains("something else"), "{taken}");
    assert_eq!(std::fs::read_dir(&occupied).unwrap().count(), 1, "nothing was put there");
}

#[cfg(unix)]
#[tokio::test]
async fn an_edit_through_a_symbolic_link_lands_where_a_reader_reads() {
    let bench = Bench::new();
    std::os::unix::fs::symlink("../../main.tf", bench.work().join("modules/stamp/link.tf")).unwrap();
    std::os::unix::fs::symlink("../../../outside.tf", bench.work().join("modules/stamp/away.tf")).unwrap();
    let tip = bench.change("main", "x.tf", "", "Links");
    let code = bench.adapter();
    code.fetch().await.unwrap();
    let through = [edit("modules/stamp/link.tf", "new"), edit("main.tf", "new")];
    let commit = code.commit(&tip, &through, &text("Both names of one file")).await.unwrap();
    let files = code.tree(&commit, &below("")).await.unwrap().files;
    let read = |path: &str| files.iter().find(|file| file.path == path).map(|file| file.bytes.to_vec());
    assert_eq!(read("main.tf"), Some(b"new".to_vec()));
    assert_eq!(read("modules/stamp/link.tf"), Some(b"new".to_vec()));
    assert_eq!(read("modules/stamp/away.tf"), None, "it leads out of the repository");
    for edits in [
        [edit("modules/stamp/link.tf", "one"), edit("main.tf", "two")],
        [edit("modules/stamp/away.tf", "x"), edit("y.tf", "y")],
    ] {
        assert!(code.commit(&tip, &edits, &text("Refused")).await.is_err());
    }
    assert!(code.commit(&tip, &[edit("modules", "x")], &text("A folder")).await.is_err());
}
