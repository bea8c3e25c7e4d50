//! `keyslot rehearse`: a whole rotation against a simulated world, over the wire, through the production code.

mod keyslot;
mod result;
mod runbook;

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::rotate::Back;
use super::stage::{Stage, StageOptions};
use super::stop::Stop;
use super::words::Output;
use super::{CliError, ErrorKind, Exit, Terminal};
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
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = stamps)]
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
Exit codes: 0 driven to its end, whatever the meter shows, 2 what was typed, 3 it was stopped, 4 the rotation halted, 5 the machine failed (a port, a file).

Examples:
  keyslot rehearse                        retire the primary key of a simulated account
  keyslot rehearse --flip-back deploy     and go back to primary afterwards
  keyslot rehearse --both-slots           retire both keys, one after the other
  keyslot rehearse --runbook              the same world, driven as a runbook does
  keyslot rehearse --output json | jq .outage";

/// As many stamps as a world may have.
pub fn stamps(text: &str) -> Result<u16, String> {
    match text.parse::<u16>() {
        Ok(count) if (1..=200).contains(&count) => Ok(count),
        Ok(_) | Err(_) => Err("a world has 1 to 200 stamps".to_owned()),
    }
}

/// A speed that a clock can run at.
pub fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (1.0..=5_000.0).contains(&speed) => Ok(speed),
        Ok(_) | Err(_) => Err("a speed is a number from 1 to 5000".to_owned()),
    }
}

impl Rehearse {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let report = self.report.as_deref().map(Report::at).transpose()?;
        let workplace = tempfolder()?;
        let ended = super::block_on(self.perform(workplace.path(), terminal))?;
        let (course, exit) = ended?;
        course.show(self.output, terminal)?;
        if let Some(report) = report {
            let path = report.write(&crate::render::report_html::page(&course.page()))?;
            terminal.say(&format!("the report is in {}", path.display()));
        }
        Ok(exit)
    }

    fn patience(&self) -> runbook::Patience {
        if self.patient { runbook::Patience::OldPodsGone } else { runbook::Patience::RolloutStatus }
    }

    async fn perform(&self, folder: &Path, terminal: &mut Terminal) -> Result<(Course, Exit), CliError> {
        let mut stop = Stop::listen()?;
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
        let driven = async {
            match self.runbook {
                true => runbook::drive(&stage, self.patience(), terminal).await,
                false => keyslot::drive(&stage, self.both_slots, terminal).await,
            }
        };
        let result = tokio::select! {
            result = driven => result.map(|(rotation, exit)| (Course::of(&stage, rotation), exit)),
            () = stop.come() => Err(CliError::new(ErrorKind::Waiting, "the rehearsal was stopped")
                .hint("its world is gone; start another")),
        };
        stage.simulation.wire.shutdown().await;
        result
    }
}

/// The report's file, opened before the rehearsal begins: what cannot be written is said at once.
struct Report<'a> {
    path: &'a Path,
    file: File,
    /// Not there before: goes away again where nothing was written.
    fresh: bool,
    written: bool,
}

impl<'a> Report<'a> {
    fn at(path: &'a Path) -> Result<Report<'a>, CliError> {
        let fresh = !path.exists();
        // What stands there stays until there is something to write.
        let opened = OpenOptions::new().create(true).truncate(false).write(true).open(path);
        let file = opened.map_err(|error| {
            Report::cannot(path, &error).hint("name a file in a folder that is there; nothing was started")
        })?;
        Ok(Report { path, file, fresh, written: false })
    }

    fn write(mut self, page: &str) -> Result<&'a Path, CliError> {
        // A pipe has no length.
        let is_regular = self.file.metadata().is_ok_and(|of| of.is_file());
        let cut = if is_regular { self.file.set_len(0) } else { Ok(()) };
        let written = cut.and_then(|()| self.file.write_all(page.as_bytes()));
        written.map_err(|error| Report::cannot(self.path, &error))?;
        self.written = true;
        Ok(self.path)
    }

    fn cannot(path: &Path, error: &std::io::Error) -> CliError {
        CliError::io("cannot write the report", path.display(), error)
    }
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        if self.fresh && !self.written {
            let _ = std::fs::remove_file(self.path);
        }
    }
}

/// A folder of our own that goes away with the value.
pub struct TempFolder(PathBuf);

impl TempFolder {
    pub fn path(&self) -> &Path {
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
