//! `keyslot rehearse`: a whole rotation against a simulated world, over the wire, through the production code.

mod keyslot;
mod result;
mod runbook;

use std::path::PathBuf;

use super::rotate::Back;
use super::stage::{Stage, StageOptions};
use super::words::Output;
use super::{CliError, Exit, Terminal};
use crate::model::FlipBack;
use crate::sim::WorldConfig;

pub use result::Course;

/// At this speed the default rehearsal takes about a minute: about three hours pass in it.
const DEFAULT_SPEED: f64 = 240.0;

/// Rehearse a whole rotation on a simulated world: no cloud, no account, nothing to set up.
///
/// Starts a world on loopback (a Cosmos DB account, a Key Vault and a Kubernetes API a stamp, GitHub, Azure DevOps, a
/// git repository), rotates its key through the same code that would do it for real, and ends with the slot matrix and
/// the outage meter: how many requests of the simulated pods were served and refused. The rehearsal approves the
/// regeneration itself.
///
/// With --runbook the same world is driven as a written runbook does it: restart, wait for `rollout status`,
/// regenerate. Its meter shows what that costs.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Rehearse {
    /// How many stamps (regions).
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub stamps: u16,
    /// How many times faster than the wall clock the world runs.
    #[arg(long, value_name = "X", default_value_t = DEFAULT_SPEED, value_parser = speed)]
    pub speed: f64,
    /// The same seed gives the same world.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// What happens to the code afterwards.
    #[arg(long, value_name = "HOW", default_value = "no")]
    pub flip_back: Back,
    /// Retire the keys in both slots, one rotation after the other.
    #[arg(long, conflicts_with = "flip_back")]
    pub both_slots: bool,
    /// Drive the world as the written runbook does, instead of keyslot.
    #[arg(long, conflicts_with_all = ["flip_back", "both_slots"])]
    pub runbook: bool,
    /// The runbook, but waiting for the old pods to be gone: shows that it is they who are refused.
    #[arg(long, requires = "runbook", hide = true)]
    pub patient: bool,
    /// Also write the report (one HTML file that needs nothing else) here.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Also write every request that the world answered here, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    pub transcript: Option<PathBuf>,
    /// `human`: progress and tables; `json`: one object at the end.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: Output,
}

const EXAMPLES: &str = "\
Examples:
  keyslot rehearse                        retire the primary key of a simulated account
  keyslot rehearse --flip-back deploy     and go back to primary afterwards
  keyslot rehearse --both-slots           retire both keys, one after the other
  keyslot rehearse --runbook              the same world, driven as a runbook does
  keyslot rehearse --output json | jq .outage";

/// A speed that a clock can run at.
pub fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (1.0..=5_000.0).contains(&speed) => Ok(speed),
        Ok(_) | Err(_) => Err("a speed is a number from 1 to 5000".to_owned()),
    }
}

impl Rehearse {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let workplace = tempfolder()?;
        let ended = super::block_on(self.perform(workplace.path(), terminal))?;
        let (course, exit) = ended?;
        course.show(self.output, terminal)?;
        if let Some(path) = &self.report {
            let page = crate::render::report_html::page(&course.page());
            std::fs::write(path, page)
                .map_err(|error| CliError::io("cannot write the report", path.display(), &error))?;
            terminal.say(&format!("the report is in {}", path.display()));
        }
        Ok(exit)
    }

    fn patience(&self) -> runbook::Patience {
        if self.patient { runbook::Patience::OldPodsGone } else { runbook::Patience::RolloutStatus }
    }

    async fn perform(
        &self,
        folder: &std::path::Path,
        terminal: &mut Terminal,
    ) -> Result<(Course, Exit), CliError> {
        let config = WorldConfig::seeded(self.seed).with_stamps(usize::from(self.stamps));
        let flip_back = FlipBack::from(self.flip_back);
        let stage = Stage::set(StageOptions {
            config,
            speed: self.speed,
            folder: folder.to_owned(),
            transcript: self.transcript.clone(),
            flip_back,
        })?;
        terminal.say(&format!(
            "a simulated world of {} stamps, {} times faster than the clock (seed {})",
            self.stamps, self.speed, self.seed
        ));
        let result = if self.runbook {
            runbook::drive(&stage, self.patience(), terminal).await
        } else {
            keyslot::drive(&stage, self.both_slots, terminal).await
        };
        let stopped = match result {
            Ok((rotation, exit)) => Ok((Course::of(&stage, rotation), exit)),
            Err(error) => Err(error),
        };
        stage.simulation.wire.shutdown().await;
        stopped
    }
}

/// A folder of our own that goes away with the value.
pub struct TempFolder(PathBuf);

impl TempFolder {
    pub fn path(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn tempfolder() -> Result<TempFolder, CliError> {
    let moment = jiff::Timestamp::now().as_nanosecond();
    let path = std::env::temp_dir().join(format!("keyslot-rehearsal-{}-{moment:x}", std::process::id()));
    std::fs::create_dir(&path)
        .map_err(|error| CliError::io("cannot make a folder for the rehearsal", path.display(), &error))?;
    Ok(TempFolder(path))
}
