//! `keyslot sandbox`: a simulated world that stays, for keyslot, kubectl, git and curl to be tried on.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::rehearse::{speed, stamps};
use super::stage::{Stage, StageOptions};
use super::stop::Stop;
use super::{CliError, Exit, Terminal};
use crate::model::FlipBack;
use crate::sim::WorldConfig;

/// Keep a simulated world running, and print how to reach it.
///
/// Writes keyslot.toml, a kubeconfig a stamp, the CA and tokens into the folder, prints the environment for
/// keyslot, kubectl, git and curl on standard output, and runs until Ctrl-C.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Sandbox {
    /// Where the world's files go; made where it does not exist.
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
    /// How many times faster than the wall clock the world runs.
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// How many stamps (regions).
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = stamps)]
    pub stamps: u16,
    /// The same seed gives the same world.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// When the world begins: `now`, or a moment as 2026-01-12T08:00:00Z.
    #[arg(long, value_name = "TIME", default_value = "2026-01-12T08:00:00Z", value_parser = begins)]
    pub start: Timestamp,
    /// Let people move branches by force, as GitHub does where no rule forbids it.
    #[arg(long)]
    pub forced_pushes: bool,
    /// Also write every request that the world answered here, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    pub transcript: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Exit codes: 0 it was ended, 2 the folder is something else, or another world runs in it, 5 the machine failed (a port, a file).

Examples:
  keyslot sandbox --dir world --speed 60 > world.env &
  . ./world.env
  kubectl --context northeurope get deployments -n workload
  keyslot rotate --approve
  keyslot sandbox --dir world --start now > world.env &";

impl Sandbox {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        let _lock = occupy(&self.dir)?;
        super::block_on(async {
            // From here on: whoever reads the environment may end the world at once.
            let mut stop = Stop::listen()?;
            let mut config = WorldConfig::seeded(self.seed).with_stamps(usize::from(self.stamps));
            config.start = self.start;
            config.people.rules.forced_pushes = self.forced_pushes;
            let stage = Stage::set(StageOptions {
                config: config.with_workflow(),
                speed: self.speed,
                folder: self.dir.clone(),
                transcript: self.transcript.clone(),
                flip_back: FlipBack::No,
            })?;
            let exports: String = stage
                .variables
                .iter()
                .map(|(name, value)| format!("export {name}='{}'\n", value.replace('\'', "'\\''")))
                .collect();
            terminal.data(exports.as_bytes())?;
            terminal.say(&format!("the world runs in {}; Ctrl-C ends it", stage.folder.display()));
            terminal.mutter(&format!(
                "curl --connect-to ::{} https://management.azure.com/… reaches it under its real names",
                stage.simulation.wire.address()
            ));
            stop.come().await;
            stage.simulation.wire.shutdown().await;
            terminal.say("the world has ended");
            Ok(Exit::Done)
        })?
    }
}

/// Whole seconds: what services say of their times has no more.
fn begins(text: &str) -> Result<Timestamp, String> {
    let moment = match text {
        "now" => Ok(Timestamp::now()),
        _ => text.parse().map_err(|_| "a moment is written as 2026-01-12T08:00:00Z, or now".to_owned()),
    };
    let whole = |moment: Timestamp| Timestamp::from_second(moment.as_second());
    moment.and_then(|moment: Timestamp| whole(moment).map_err(|error| error.to_string()))
}

/// Takes the folder for one world: new, empty, or left by one that has ended.
fn occupy(folder: &Path) -> Result<File, CliError> {
    let cannot = |error: &std::io::Error| {
        CliError::io("cannot use the sandbox folder", folder.display(), error)
            .hint("name a folder that can be written")
    };
    std::fs::create_dir_all(folder).map_err(|error| cannot(&error))?;
    let mark = folder.join(".sandbox");
    let empty = std::fs::read_dir(folder).map_err(|error| cannot(&error))?.next().is_none();
    if !empty && !mark.exists() {
        return Err(CliError::usage("the folder is not empty and is no sandbox")
            .at(folder.display())
            .hint("name a new folder; nothing in this one was touched"));
    }
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&mark)
        .map_err(|error| cannot(&error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(CliError::usage("another sandbox runs in this folder")
                .at(folder.display())
                .hint("end it with Ctrl-C, or name another folder"));
        }
        Err(TryLockError::Error(error)) => return Err(cannot(&error)),
    }
    for name in ["origin.git", "state", "cache", "tokens"] {
        let path = folder.join(name);
        if path.exists() {
            std::fs::remove_dir_all(&path).map_err(|error| cannot(&error))?;
        }
    }
    Ok(file)
}
