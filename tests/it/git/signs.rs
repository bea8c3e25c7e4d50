//! Commits that are signed as the person's own git signs.

use super::*;

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
    let program = bench.folder.path().join("signs");
    crate::tool::program(&program, &format!("#!/bin/sh\n{script}\n"));
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
