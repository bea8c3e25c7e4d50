//! The git adapter against real bare repositories on disk.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jiff::Timestamp;
use keyslot::adapters::git::{Git, GitSettings, Identity, remote_address};
use keyslot::adapters::token::FixedToken;
use keyslot::model::{Blindness, BranchName, CommitId};
use keyslot::ports::{Code, CommitText, Effect, Expect, FileEdit, Picked, Wanted};
use tempfile::TempDir;

use crate::tool::program;

fn below(folder: &str) -> Wanted {
    Wanted { below: folder.to_owned(), ..Wanted::default() }
}

/// A bare repository, a person's clone of it, and keyslot's state folder.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Bench {
        let bench = Bench { folder: TempDir::new().unwrap() };
        let folder = bench.folder.path();
        bench.git(folder, &["init", "-q", "--bare", "-b", "main", "origin.git"]);
        bench.git(folder, &["clone", "-q", "origin.git", "work"]);
        bench.write("main.tf", "slot = primary\r\nend\r\n");
        bench.write("modules/stamp/secrets.tf", "a = 1\nb = 2\nc = 3\n");
        bench.write("tool.sh", "#!/bin/sh\n");
        bench.git(&bench.work(), &["add", "."]);
        bench.git(&bench.work(), &["update-index", "--chmod=+x", "tool.sh"]);
        bench.git(&bench.work(), &["commit", "-q", "-m", "Start"]);
        bench.git(&bench.work(), &["push", "-q", "origin", "main"]);
        bench
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn origin(&self) -> PathBuf {
        self.folder.path().join("origin.git")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.work().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs git as a person would, whose configuration is empty.
    fn git(&self, folder: &Path, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
            command.env_remove(name);
        }
        let output = command
            .current_dir(folder)
            .envs(hermetic())
            .env("GIT_AUTHOR_NAME", "Ada")
            .env("GIT_AUTHOR_EMAIL", "ada@example.com")
            .env("GIT_COMMITTER_NAME", "Ada")
            .env("GIT_COMMITTER_EMAIL", "ada@example.com")
            .env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
            .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A commit by a person on a branch of theirs, pushed.
    fn change(&self, branch: &str, path: &str, text: &str, message: &str) -> CommitId {
        self.git(&self.work(), &["checkout", "-q", "-B", branch]);
        self.write(path, text);
        self.git(&self.work(), &["add", "."]);
        self.git(&self.work(), &["commit", "-q", "-m", message]);
        self.git(&self.work(), &["push", "-q", "origin", branch]);
        self.tip(branch)
    }

    fn tip(&self, branch: &str) -> CommitId {
        CommitId::new(self.git(&self.origin(), &["rev-parse", &format!("refs/heads/{branch}")]))
    }

    fn settings(&self) -> GitSettings {
        let remote = self.origin().display().to_string();
        let mut settings = GitSettings::new(self.folder.path().join("state/code.git"), remote, keyslot());
        settings.environment = hermetic().into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
        settings
    }

    fn adapter(&self) -> Git {
        Git::new(self.settings())
    }
}

fn hermetic() -> [(&'static str, &'static str); 3] {
    [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_COUNT", "0")]
}

fn keyslot() -> Identity {
    Identity { name: "keyslot".to_owned(), email: "keyslot@example.com".to_owned() }
}

fn at() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn text(message: &str) -> CommitText {
    CommitText { message: message.to_owned(), at: at() }
}

fn edit(path: &str, content: &str) -> FileEdit {
    FileEdit { path: path.to_owned(), bytes: content.as_bytes().to_vec() }
}

fn main_branch() -> BranchName {
    BranchName::from("main")
}

fn commit_of(picked: Picked) -> CommitId {
    match picked {
        Picked::Commit(commit) => commit,
        other => panic!("{other:?}"),
    }
}

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

/// keyslot's adapter that signs as the person's own git in the work folder does.
fn signing(bench: &Bench) -> Git {
    let mut settings = bench.settings();
    settings.signing = Some(bench.work());
    Git::new(settings)
}

/// From now on the person's own git signs with that key.
fn sign_with(bench: &Bench, key: &Path) {
    let set = |name: &str, value: &str| bench.git(&bench.work(), &["config", name, value]);
    set("commit.gpgsign", "true");
    set("gpg.format", "ssh");
    set("user.signingkey", &key.display().to_string());
}

/// The same change everywhere: what it says does not matter.
fn small_change() -> ([FileEdit; 1], CommitText) {
    ([edit("main.tf", "slot = secondary\r\nend\r\n")], text("Flip\n\nBecause.\n"))
}

#[tokio::test]
async fn nothing_is_signed_where_nobody_set_it_up_and_nothing_committed_where_the_key_is_not_there() {
    let bench = Bench::new();
    let (plain, (edits, words)) = (bench.adapter(), small_change());
    let base = plain.fetch().await.unwrap()[&main_branch()].clone();
    let unsigned = plain.commit(&base, &edits, &words).await.unwrap();
    let code = || signing(&bench);
    assert_eq!(code().commit(&base, &edits, &words).await.unwrap(), unsigned, "nobody set it up");
    sign_with(&bench, &bench.folder.path().join("no-key"));
    let fault = code().commit(&base, &edits, &words).await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Forbidden);
    assert!(fault.to_string().contains("sign = \"never\""), "{fault}");
}

/// A signing program that does something, in the place of gpg.
fn sign_by(bench: &Bench, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let program = bench.folder.path().join("signs");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let set = |name: &str, value: &str| bench.git(&bench.work(), &["config", name, value]);
    set("commit.gpgsign", "true");
    set("gpg.program", &program.display().to_string());
    set("user.name", "Ada");
    set("user.email", "ada@acme.example");
}

/// git goes by the committer's address where no key is named; the committer of keyslot's commits is keyslot.
#[tokio::test]
async fn a_key_that_goes_by_an_address_is_the_persons() {
    let bench = Bench::new();
    let asked = bench.folder.path().join("asked");
    sign_by(&bench, &format!("echo \"$@\" >> {}; exit 1", asked.display()));
    let base = bench.adapter().fetch().await.unwrap()[&main_branch()].clone();
    let (edits, words) = small_change();
    signing(&bench).commit(&base, &edits, &words).await.unwrap_err();
    let asked = std::fs::read_to_string(asked).unwrap();
    assert!(asked.contains("-bsau Ada <ada@acme.example>"), "{asked}");
}

#[tokio::test]
async fn a_signing_program_that_asks_is_not_waited_for_again_and_again() {
    let bench = Bench::new();
    sign_by(&bench, "exec sleep 30");
    let base = bench.adapter().fetch().await.unwrap()[&main_branch()].clone();
    let (edits, words) = small_change();
    let mut settings = bench.settings();
    (settings.signing, settings.timeout) = (Some(bench.work()), Duration::from_secs(2));
    let fault = Git::new(settings).commit(&base, &edits, &words).await.unwrap_err();
    assert_eq!(fault.kind, Blindness::Forbidden, "{fault}");
    assert!(
        fault.to_string().contains("passphrase")
            && fault.to_string().contains("sign = \"never\"")
            && fault.to_string().contains("the signing program (signs) did not end within 2 s"),
        "{fault}"
    );
}

#[tokio::test]
async fn the_first_fetch_may_take_longer_than_what_comes_after_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new();
    let slow = bench.folder.path().join("slow-git");
    let script = "#!/bin/sh\ncase \" $* \" in *\" fetch \"*) sleep 3;; esac\nexec git \"$@\"\n";
    std::fs::write(&slow, script).unwrap();
    std::fs::set_permissions(&slow, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut settings = bench.settings();
    (settings.program, settings.timeout) = (slow, Duration::from_secs(2));
    let code = Git::new(settings);
    code.fetch().await.unwrap();
    let fault = code.fetch().await.unwrap_err();
    assert!(fault.to_string().contains("`cache`"), "{fault}");
}

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
async fn commits_are_signed_where_the_persons_own_git_signs() {
    let bench = Bench::new();
    let key = bench.folder.path().join("key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: there is no ssh-keygen here");
        return;
    }
    let (plain, (edits, words)) = (bench.adapter(), small_change());
    let base = plain.fetch().await.unwrap()[&main_branch()].clone();
    let unsigned = plain.commit(&base, &edits, &words).await.unwrap();
    let code = || signing(&bench);
    sign_with(&bench, &key);
    let signed = code().commit(&base, &edits, &words).await.unwrap();
    let raw = |commit: &CommitId| {
        bench.git(&bench.folder.path().join("state/code.git"), &["cat-file", "-p", commit.as_str()])
    };
    assert!(raw(&signed).contains("-----BEGIN SSH SIGNATURE-----"), "{}", raw(&signed));
    let bare = |text: &str| {
        let mut inside = false;
        let kept = text.lines().filter(|line| {
            inside |= line.starts_with("gpgsig ");
            let keep = !inside;
            inside &= !line.contains("END SSH SIGNATURE");
            keep
        });
        kept.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(bare(&raw(&signed)), bare(&raw(&unsigned)), "everything else is as it was");
    assert_eq!(code().commit(&base, &edits, &words).await.unwrap(), signed, "the same work, the same commit");
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
async fn the_users_working_tree_index_and_hooks_are_never_touched() {
    let bench = Bench::new();
    let mark = bench.folder.path().join("hook-ran");
    let hooks = bench.folder.path().join("hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    for name in ["pre-push", "reference-transaction", "post-commit"] {
        let hook = hooks.join(name);
        program(&hook, &format!("#!/bin/sh\necho {name} in $(pwd) >>'{}'\n", mark.display()));
    }
    bench.write("main.tf", "half done");
    bench.write("untracked.tf", "mine");
    bench.write("staged.tf", "staged");
    bench.git(&bench.work(), &["add", "staged.tf"]);
    let before = (
        bench.git(&bench.work(), &["status", "--porcelain"]),
        bench.git(&bench.work(), &["rev-parse", "HEAD"]),
    );
    let mut settings = bench.settings();
    // The person's own configuration, and variables as a git hook would leave them.
    let config = bench.folder.path().join("gitconfig");
    std::fs::write(
        &config,
        format!("[core]\n\thooksPath = {}\n[push]\n\tfollowTags = true\n", hooks.display()),
    )
    .unwrap();
    settings.environment.insert("GIT_CONFIG_GLOBAL".to_owned(), config.display().to_string());
    let code = Git::new(settings);
    let base = code.fetch().await.unwrap()[&main_branch()].clone();
    let commit = code.commit(&base, &[edit("main.tf", "flipped")], &text("Flip")).await.unwrap();
    assert_eq!(code.push(&commit, &BranchName::from("fix/a"), &Expect::Absent).await, Effect::Applied(()));
    let after = (
        bench.git(&bench.work(), &["status", "--porcelain"]),
        bench.git(&bench.work(), &["rev-parse", "HEAD"]),
    );
    assert_eq!(before, after);
    assert_eq!(std::fs::read_to_string(bench.work().join("main.tf")).unwrap(), "half done");
    // The far end of a push to a path is this person's own git too, and runs their hooks there; that is git's.
    let ran = std::fs::read_to_string(&mark).unwrap_or_default();
    let ours: Vec<&str> = ran.lines().filter(|line| !line.contains("origin.git")).collect();
    assert!(ours.is_empty(), "a hook of the user's ran: {ours:?}");
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

#[tokio::test]
async fn the_remote_address_comes_from_the_users_repository() {
    let bench = Bench::new();
    let git = Path::new("git");
    let folder = bench.work().join("modules/stamp");
    assert_eq!(remote_address(git, &folder, "origin").await.unwrap(), bench.origin().display().to_string());
    bench.git(&bench.work(), &["remote", "set-url", "origin", "../origin.git"]);
    assert_eq!(remote_address(git, &folder, "origin").await.unwrap(), bench.origin().display().to_string());
    let fault = remote_address(git, &folder, "upstream").await.unwrap_err();
    assert!(fault.why.contains("it has: origin"), "{fault}");
    let fault = remote_address(git, bench.folder.path(), "origin").await.unwrap_err();
    assert!(fault.remedy.contains("inside a git repository"), "{fault}");
}

#[tokio::test]
async fn a_token_travels_in_the_environment_to_its_own_host_and_never_as_an_argument() {
    let bench = Bench::new();
    let (said, fake) = (bench.folder.path().join("said"), bench.folder.path().join("fake-git"));
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = version ]; then echo git version 2.47.0; exit; fi\n\
         {{ echo \"arguments: $*\"; env | grep -E '^(GIT|KEYSLOT)_'; }} >'{}'\n",
        said.display()
    );
    program(&fake, &script);
    let run = async |remote: &str| {
        let mut settings = bench.settings();
        settings.program = fake.clone();
        settings.remote = remote.to_owned();
        settings.token = Some(std::sync::Arc::new(FixedToken::new("CANARY".to_owned())));
        // What a CI system has put there already is kept.
        settings.environment.insert("GIT_CONFIG_COUNT".to_owned(), "1".to_owned());
        settings.environment.insert("GIT_CONFIG_KEY_0".to_owned(), "http.proxy".to_owned());
        settings.environment.insert("GIT_CONFIG_VALUE_0".to_owned(), "proxy.example".to_owned());
        Git::new(settings).fetch().await.unwrap();
        std::fs::read_to_string(&said).unwrap()
    };
    let said = run("https://git.example:8443/a/b.git").await;
    let arguments = said.lines().find(|line| line.starts_with("arguments: ")).unwrap();
    assert!(!arguments.contains("CANARY"), "{arguments}");
    assert!(!arguments.contains("git.example"), "an address may hold a password too: {arguments}");
    assert!(said.contains("=credential.https://git.example:8443.helper"), "{said}");
    assert_eq!(said.matches("CANARY").count(), 1, "in one variable, and in no setting: {said}");
    assert!(said.contains("KEYSLOT_GIT_TOKEN=CANARY"), "{said}");
    assert!(said.contains("GIT_CONFIG_VALUE_0=proxy.example"), "{said}");
    for remote in ["ssh://git@git.example/a/b.git", "/some/path.git", "http://git.example/a.git"] {
        let said = run(remote).await;
        assert!(!said.contains("CANARY") && !said.contains("credential.https"), "{remote}: {said}");
    }
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

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_git_that_is_given_up_does_not_live_on() {
    let bench = Bench::new();
    let (pid, hang) = (bench.folder.path().join("pid"), bench.folder.path().join("hanging-git"));
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = version ]; then echo git version 2.47.0; exit; fi\necho $$ >'{}'\nexec sleep 60\n",
        pid.display()
    );
    program(&hang, &script);
    let mut settings = bench.settings();
    settings.program = hang;
    let code = Git::new(settings);
    // Given up by its caller, as at Ctrl-C.
    let fetching = tokio::spawn(async move { code.fetch().await });
    let pid = loop {
        match std::fs::read_to_string(&pid) {
            Ok(text) if text.ends_with('\n') => break text.trim().to_owned(),
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    fetching.abort();
    let alive = || {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !state.is_empty() && !state.contains(") Z ")
    };
    while alive() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
