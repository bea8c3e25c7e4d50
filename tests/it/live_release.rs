//! Which release branch is live, where the configuration's word and the tags of the live stamps differ.

use keyslot::model::{BranchName, CommitId};
use keyslot::sim::WorldConfig;

use crate::follow::run;
use crate::live::Live;

fn head(live: &Live, branch: &BranchName) -> CommitId {
    live.stage.simulation.world.with(|world| world.repository().head(branch).cloned().unwrap())
}

/// A world whose stamps are tagged with the release branch, and a configuration that says this.
async fn proposed(branch: &str) -> Live {
    let config = WorldConfig::default().with_stamps(1);
    let live = Live::set(config.clone(), 600.0);
    live.configure(
        &format!("branch = \"{}\"\n", config.repository.release),
        &format!("branch = \"{branch}\"\n"),
    );
    let (code, out, talk) = run(&live, &["propose", "--wait"]).await;
    assert_eq!(code, 0, "{out}\n{talk}");
    live
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_branch_that_is_not_what_the_live_stamps_are_tagged_with_is_not_promoted_to() {
    let names = WorldConfig::default().repository;
    // The only one that the pattern fits, and one that is written out.
    for branch in ["release/2025.12.*", names.previous_release.as_str()] {
        let live = proposed(branch).await;
        let before = (head(&live, &names.previous_release), head(&live, &names.release));
        for command in ["promote", "follow", "advance"] {
            let (code, out, talk) = run(&live, &[command]).await;
            assert_eq!(code, 4, "{branch}: {command}: {out}\n{talk}");
            let told = format!("tagged {}, and not {}", names.release, names.previous_release);
            assert!(command == "follow" || talk.contains(&told), "{branch}: {command}: {out}\n{talk}");
        }
        assert_eq!((head(&live, &names.previous_release), head(&live, &names.release)), before, "{branch}");
        assert_eq!(live.stage.simulation.world.with(|world| world.counters().runs_started), 0, "{branch}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pattern_that_fits_one_branch_is_enough_where_the_tags_say_the_same() {
    let names = WorldConfig::default().repository;
    let live = proposed("release/2026.*").await;
    let before = head(&live, &names.release);
    let (code, out, talk) = run(&live, &["promote", "--output", "json"]).await;
    assert_eq!(code, 0, "{out}\n{talk}");
    assert_ne!(head(&live, &names.release), before);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["release"]["live_by"], "tags", "{document}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_that_cannot_be_read_says_of_no_branch_that_nothing_ran_on_it() {
    let names = WorldConfig::default().repository;
    let live = proposed("release/2026.*").await;
    let token = live.stage.folder.join("tokens/azure-devops");
    let good = std::fs::read(&token).unwrap();
    std::fs::write(&token, "expired").unwrap();
    let before = head(&live, &names.release);
    let (code, out, talk) = run(&live, &["promote"]).await;
    assert_eq!(code, 4, "{out}\n{talk}");
    assert!(talk.contains("last wrote the vaults") && talk.contains("--release"), "{out}\n{talk}");
    assert_eq!(head(&live, &names.release), before);
    let (code, out, talk) = run(&live, &["promote", "--release", names.release.as_str()]).await;
    assert!(!talk.contains("last wrote the vaults"), "a person has said it: {out}\n{talk}");
    assert!(code == 4 && talk.contains("what this push would start"), "{out}\n{talk}");
    assert_eq!(head(&live, &names.release), before);
    std::fs::write(&token, good).unwrap();
    let (code, out, talk) = run(&live, &["promote"]).await;
    assert_eq!(code, 0, "{out}\n{talk}");
    assert_ne!(head(&live, &names.release), before);
}
