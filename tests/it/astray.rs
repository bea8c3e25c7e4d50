//! A pipeline that runs another commit than it is given: one run is started, and a person is called, however often
//! keyslot is run again.

use keyslot::sim::WorldConfig;

use crate::follow::{run, with_workflow};
use crate::live::Live;

async fn started_once_and_told(live: &Live) {
    for command in [["propose", "--wait"], ["promote", "--wait"]] {
        let (code, out, talk) = run(live, &command).await;
        assert_eq!(code, 0, "{command:?}: {out}\n{talk}");
    }
    // Also by a job that comes by every few minutes.
    for command in ["follow", "advance", "advance", "follow"] {
        let (code, out, talk) = run(live, &[command]).await;
        assert_eq!(code, 4, "{command}: {out}\n{talk}");
        assert!(talk.contains("1001 was started, but on commit"), "{command}: {out}\n{talk}");
        assert!(talk.contains("cancel it"), "{command}: {out}\n{talk}");
        assert_eq!(live.stage.simulation.world.with(|world| world.counters().runs_started), 1, "{talk}");
    }
}

fn astray() -> WorldConfig {
    let mut config = WorldConfig::default().with_stamps(1).with_workflow();
    config.pipeline.runs_astray = true;
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_of_another_commit_is_the_last_one_that_is_asked_of_azure_devops() {
    let live = Live::set(astray(), 600.0);
    started_once_and_told(&live).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_of_another_commit_is_the_last_one_that_is_asked_of_github() {
    let live = Live::set(astray(), 600.0);
    with_workflow(&live);
    started_once_and_told(&live).await;
}
