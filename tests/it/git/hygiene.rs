//! What is never touched, told or left running.

use super::*;

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
