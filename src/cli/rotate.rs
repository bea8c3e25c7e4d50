//! `keyslot rotate`: from wherever the world stands to done, waiting in between.

use super::consent::Consent;
use super::progress::watcher;
use super::target::{Target, person, spell};
use super::words::AccessWord;
use super::{CliError, Exit, Terminal, wiring};
use crate::drive::{Driver, OpenRequest, Opening, TurnEnd};
use crate::model::{Access, FlipBack, Slot};
use crate::render::{explain, matrix::Matrix, reason, span};
use crate::rotation::Reason;

/// Rotate: retire the key in one slot, with everybody on the other one first.
///
/// Goes on from wherever the world stands: what is done already, by whomever, is skipped. It may be stopped at any
/// moment and started again; it waits for reviews, pipelines and pods, and says what for. It never regenerates a
/// key without --approve.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Rotate {
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub consent: Consent,
    /// The slot whose key is to go. Without it: the slot on which code and vaults agree.
    #[arg(long, value_name = "SLOT")]
    pub retire: Option<SlotName>,
    /// What happens to the code afterwards: stay, propose to change it back, or deploy that too.
    #[arg(long, value_name = "HOW")]
    pub flip_back: Option<Back>,
    /// Which of the slot's two keys; read-only needs `read_only` under [environment.NAME.secret].
    #[arg(long, value_name = "ACCESS")]
    pub access: Option<AccessWord>,
    /// Retire the keys in both slots: two rotations, one after the other, each with gates and an approval of its own.
    #[arg(long, conflicts_with = "flip_back")]
    pub both_slots: bool,
    /// Begin another rotation although one has just ended.
    #[arg(long)]
    pub again: bool,
}

const EXAMPLES: &str = "\
Examples:
  keyslot rotate --environment prod              as far as it goes without an approval
  keyslot rotate --environment prod --approve    to the end
  keyslot rotate -e prod --retire primary        say which key is to go
  keyslot rotate -e prod --access read-only      the same for the slot's read-only key
  keyslot rotate -e prod --both-slots            after a leak: both keys go, and everybody ends where they began";

/// A slot, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SlotName {
    Primary,
    Secondary,
}

impl From<SlotName> for Slot {
    fn from(name: SlotName) -> Slot {
        match name {
            SlotName::Primary => Slot::Primary,
            SlotName::Secondary => Slot::Secondary,
        }
    }
}

/// `--flip-back`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Back {
    /// Stay on the new slot; the next rotation goes the other way.
    No,
    /// Open a pull request for future releases.
    Propose,
    /// Propose, merge, deploy and restart again; nothing is regenerated.
    Deploy,
}

impl From<Back> for FlipBack {
    fn from(back: Back) -> FlipBack {
        match back {
            Back::No => FlipBack::No,
            Back::Propose => FlipBack::Propose,
            Back::Deploy => FlipBack::Deploy,
        }
    }
}

impl Rotate {
    pub fn run(self, terminal: &mut Terminal) -> Result<Exit, CliError> {
        self.consent.check()?;
        let settings = self.target.settings()?;
        let chosen = settings.choose(self.target.environment.as_deref())?;
        let access = self.access.map(Access::from);
        let chosen = chosen.about(access.unwrap_or(chosen.access));
        let flip_back = self.flip_back.map(FlipBack::from);
        let shown = watcher(terminal);
        super::block_on(async {
            let mut driver = wiring::driver(&chosen, flip_back, &wiring::process_variables, shown).await?;
            spell(&mut driver, terminal).await?;
            let by = person();
            let request = OpenRequest {
                environment: chosen.name.clone(),
                account: chosen.environment.account.id(),
                access,
                retire: self.retire.map(Slot::from),
                route: chosen.environment.release.route,
                flip_back: driver.policy().flip_back,
                by: by.clone(),
                again: self.again,
                both: self.both_slots,
            };
            if let Some(exit) = open(&mut driver, &request, terminal).await? {
                return Ok(exit);
            }
            let end = loop {
                self.consent.record(&mut driver, &by).await?;
                let end = tokio::select! {
                    end = driver.run() => Some(end?),
                    _ = tokio::signal::ctrl_c() => None,
                };
                if !matches!(end, Some(TurnEnd::Done))
                    || !go_on_with_second(&mut driver, &by, terminal).await?
                {
                    break end;
                }
            };
            match end {
                Some(end) => finish(&driver, &end, terminal),
                None => interrupted(&mut driver, terminal).await,
            }
        })?
    }
}

/// Opens the rotation; an exit where there is nothing to do.
pub(super) async fn open(
    driver: &mut Driver,
    request: &OpenRequest,
    terminal: &mut Terminal,
) -> Result<Option<Exit>, CliError> {
    let opening = driver.open(request).await?;
    match &opening {
        Opening::JustDone { at, from } => {
            terminal.say(&format!(
                "nothing to do: the {from} key was retired at {}; --again begins another rotation",
                span::rfc3339(*at)
            ));
            return Ok(Some(Exit::Done));
        }
        Opening::Opened | Opening::Continued => {}
    }
    announce(driver, if opening == Opening::Opened { "begins" } else { "goes on" }, terminal);
    Ok(None)
}

/// Opens the second of two rotations, if the first has just been done.
pub(super) async fn go_on_with_second(
    driver: &mut Driver,
    by: &str,
    terminal: &mut Terminal,
) -> Result<bool, CliError> {
    let opened = driver.open_second(by).await?;
    if opened {
        terminal.say("the first of two keys is gone");
        announce(driver, "begins", terminal);
    }
    Ok(opened)
}

fn announce(driver: &Driver, verb: &str, terminal: &mut Terminal) {
    let Some(opened) = driver.fold().rotation() else { return };
    let what = match opened.access {
        Access::ReadWrite => String::new(),
        Access::ReadOnly => format!("{} ", opened.access),
    };
    terminal.say(&format!(
        "rotation {} {verb}: retire the {} {what}key of {} ({}), everybody to {}",
        opened.rotation,
        opened.from,
        opened.account,
        opened.environment,
        opened.to()
    ));
}

/// The end of a turn, for people, and its exit code.
pub(super) fn finish(driver: &Driver, end: &TurnEnd, terminal: &mut Terminal) -> Result<Exit, CliError> {
    driver.over();
    match end {
        TurnEnd::Done => {
            let report = driver.report_as_seen();
            if let Some(opened) = &report.opened {
                let policy = driver.policy();
                let stamps: Vec<_> = policy.stamps.iter().map(|stamp| stamp.name.clone()).collect();
                let matrix = Matrix::of(&report.world, &stamps, opened.access, policy.vault_lag, report.at);
                terminal.say(matrix.table().trim_end());
            }
            terminal.say(explain::phases(&report).trim_end());
            terminal.say("done");
            Ok(Exit::Done)
        }
        TurnEnd::Waiting { phase, reasons, until } => {
            terminal.say(&format!("waiting in {phase}; worth looking again at {}", span::rfc3339(*until)));
            tell(reasons, terminal);
            Ok(Exit::Waiting)
        }
        TurnEnd::Halted { phase, reasons } => {
            terminal.say(&format!("halted in {phase}: a person must act"));
            tell(reasons, terminal);
            terminal.hint("`keyslot explain` shows every gate; after that run `keyslot rotate` again");
            Ok(Exit::Halted)
        }
    }
}

fn tell(reasons: &[Reason], terminal: &mut Terminal) {
    for one in reasons {
        terminal.say(&format!("  [{}] {}", one.gate, reason::why(one)));
        let remedy = reason::remedy(one);
        if !remedy.is_empty() {
            terminal.hint(&remedy);
        }
    }
}

async fn interrupted(driver: &mut Driver, terminal: &mut Terminal) -> Result<Exit, CliError> {
    // What was under way is in the journal as an intent; only the lease is worth giving back.
    let released = driver.release().await;
    terminal.say("stopped; nothing is lost: run `keyslot rotate` again to go on from here");
    if !driver.fold().approvals.is_empty() {
        terminal
            .mutter("the regeneration is approved and stays so; `keyslot close` ends the rotation instead");
    }
    if released.is_err() {
        terminal.mutter("the lease could not be given back; it runs out by itself");
    }
    Ok(Exit::Waiting)
}
