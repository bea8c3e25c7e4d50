//! A push that a rule of the remote refuses: said in its words, with what to do; and running again goes on when the rule is
//! gone.

use std::path::PathBuf;

use keyslot::sim::WorldConfig;
use keyslot::sim::wire::{git, github};

use crate::follow::run;
use crate::live::Live;

/// What GitHub says, and what is to be said of it.
const RULES: [(&str, &str, &str); 6] = [
    (
        "error: GH006: Protected branch update failed for refs/heads/fix/keyslot.\n\n- Cannot create a protected branch.",
        "GH006: Protected branch update failed",
        "branch protection holds it",
    ),
    (
        "error: GH013: Repository rule violations found for refs/heads/fix/keyslot.\n\n- Cannot create ref due to creations being restricted.",
        "creations being restricted",
        "lets nobody create such a branch",
    ),
    (
        "error: GH013: Repository rule violations found for refs/heads/fix/keyslot.\n\n- Commits must have verified signatures.",
        "must have verified signatures",
        "`commit = \"api\"`",
    ),
    (
        "error: GH013: Repository rule violations found for refs/heads/fix/keyslot.\n\n- Cannot update this protected ref.",
        "Cannot update this protected ref",
        "those who bypass it",
    ),
    (
        "error: GH013: Repository rule violations found for refs/heads/fix/keyslot.\n\n- Commit message must match the pattern ^JIRA-",
        "Commit message must match",
        "other commit messages",
    ),
    (
        "error: GH013: Repository rule violations found for refs/heads/fix/keyslot.\n\n- GITHUB PUSH PROTECTION\n  ——————\n  \
         Resolve the following violations before pushing again\n\n  - Push cannot contain secrets\n\n   (?) Learn how to resolve a \
         blocked push\n   https://docs.github.com/x\n\n    —— Azure Cosmos DB Key ——\n     locations:\n       - commit: 1\n     \
         (?) To push, follow this address to allow the secret.\n     https://github.com/afmc/platform/security/unblock\n",
        "Push cannot contain secrets",
        "takes something in the commits for a secret",
    ),
];

/// Puts a rule on the repository: branches that begin so are not moved.
fn ruled(live: &Live, branches: &str, words: &str) -> PathBuf {
    let hook = live.stage.folder.join("origin.git/hooks/pre-receive");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let quoted = words.replace('\'', "'\\''");
    let script = format!(
        "#!/bin/sh\nwhile read -r old new name; do\ncase \"$name\" in\nrefs/heads/{branches}*) printf '%s\\n' '{quoted}' \
         >&2; exit 1;;\nesac\ndone\nexit 0\n"
    );
    crate::tool::program(&hook, &script);
    hook
}

/// Branches of keyslot's, and pull requests.
fn made(live: &Live) -> (usize, u32) {
    live.stage.simulation.world.with(|world| {
        let branches = world.repository().branches().keys();
        let fixes = branches.filter(|name| name.as_str().starts_with("fix/")).count();
        (fixes, world.counters().pulls_opened)
    })
}

async fn refused_and_then_not(live: &Live, rules: &[(&str, &str, &str)]) {
    for (words, quoted, remedy) in rules {
        let hook = ruled(live, "fix/", words);
        for _ in 0..2 {
            let (code, out, talk) = run(live, &["propose"]).await;
            assert_eq!(code, 4, "{out}\n{talk}");
            for said in [quoted, remedy, &"[merged]"] {
                assert!(talk.contains(said), "{said}: {out}\n{talk}");
            }
            assert!(!talk.contains("[tree-resolved]"), "nothing is wrong with the tree: {talk}");
            assert_eq!(made(live), (0, 0), "{quoted}");
        }
        std::fs::remove_file(hook).unwrap();
    }
    for _ in 0..2 {
        let (code, out, talk) = run(live, &["propose"]).await;
        assert_eq!(code, 0, "{out}\n{talk}");
        assert_eq!(made(live), (1, 1), "once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proposal_that_a_rule_refuses_halts_in_its_words_and_goes_on_when_the_rule_is_gone() {
    let live = Live::set(WorldConfig::seeded(5).with_stamps(1), 600.0);
    refused_and_then_not(&live, &RULES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_is_told_over_https_as_well() {
    if !git::serves_http() {
        eprintln!("skipped: the installed git has no http-backend");
        return;
    }
    let live = Live::set(WorldConfig::seeded(5).with_stamps(1), 600.0);
    let path = live.stage.folder.join("origin.git").display().to_string();
    live.configure(&path, "https://github.com/afmc/platform.git");
    refused_and_then_not(&live, &RULES[1..2]).await;
    let entries = live.stage.simulation.wire.transcript().entries();
    let packs = entries.iter().filter(|entry| {
        entry.host == github::WEB_HOST && entry.method == "POST" && entry.path.ends_with("/git-receive-pack")
    });
    assert_eq!(packs.count(), 3, "each try is one push");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_that_the_release_branch_refuses_halts_and_goes_on_when_it_does_not() {
    let live = Live::set(WorldConfig::seeded(5).with_stamps(1), 600.0);
    let (code, out, talk) = run(&live, &["propose", "--wait"]).await;
    assert_eq!(code, 0, "{out}\n{talk}");
    let words = "error: GH013: Repository rule violations found for refs/heads/release/2026.1.0.\n\n- Changes must be made \
                 through a pull request.";
    let hook = ruled(&live, "release/", words);
    let pushes = || {
        live.stage
            .simulation
            .world
            .with(|world| world.counters().pushes_to(&world.config().repository.release))
    };
    for _ in 0..2 {
        let (code, out, talk) = run(&live, &["promote"]).await;
        assert_eq!(code, 4, "{out}\n{talk}");
        assert!(
            talk.contains("through a pull request") && talk.contains("promote = \"pull-request\""),
            "{out}\n{talk}"
        );
        assert_eq!(pushes(), 0);
    }
    std::fs::remove_file(hook).unwrap();
    let (code, out, talk) = run(&live, &["promote"]).await;
    assert_eq!((code, pushes()), (0, 1), "{out}\n{talk}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_branch_is_pushed_only_where_its_pull_request_can_be_opened() {
    let live = Live::set(WorldConfig::seeded(5).with_stamps(1), 600.0);
    let token = live.stage.folder.join("tokens/github");
    let good = std::fs::read(&token).unwrap();
    std::fs::write(&token, "expired").unwrap();
    let (code, out, talk) = run(&live, &["propose"]).await;
    assert_eq!((code, made(&live)), (4, (0, 0)), "{out}\n{talk}");
    std::fs::write(&token, good).unwrap();
    let (code, out, talk) = run(&live, &["propose"]).await;
    assert_eq!((code, made(&live)), (0, (1, 1)), "{out}\n{talk}");
}
