//! `keyslot rotate`: from wherever the world stands to done, waiting in between.

use super::approval::{self, Answers, Typed};
use super::consent::{Consent, in_ci};
use super::progress::watcher;
use super::settings::Chosen;
use super::target::{Target, person, spell};
use super::{CliError, Exit, Terminal, wiring};
use crate::drive::{Driver, OpenRequest, Opening, TurnEnd};
use crate::model::{Access, FlipBack, Slot};
use crate::render::{explain, matrix::Matrix, reason, span};
use crate::rotation::{Gate, Reason};

/// Rotate: retire the key in one slot, with everybody on the other one first.
///
/// Goes on from wherever the world stands: what is done already, by whomever, is skipped. It may be stopped at any
/// moment and started again; it waits for reviews, pipelines and pods, and says what for. It never regenerates a
/// key without a person's approval: --approve, or the account's name typed when nothing else is missing.
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
    /// Begin another rotation although one has just ended.
    #[arg(long)]
    pub again: bool,
}

const EXAMPLES: &str = "\
Examples:
  keyslot rotate --environment prod              as far as it goes without an approval
  keyslot rotate --environment prod --approve    to the end
  keyslot rotate -e prod --approve 3f9a1c07b2    the same, for this rotation and no other: what a CI job says
  keyslot rotate -e prod --retire primary        say which key is to go";

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
        let flip_back = self.flip_back.map(FlipBack::from);
        let shown = watcher(terminal);
        super::block_on(async {
            let mut driver = wiring::driver(&chosen, flip_back, &wiring::process_variables, shown).await?;
            fits(&self.consent, &driver)?;
            spell(&mut driver, terminal).await?;
            let request = OpenRequest { again: self.again, ..asked(&chosen, &driver, self.retire) };
            if let Some(exit) = open(&mut driver, &request, terminal).await? {
                return Ok(exit);
            }
            self.consent.record(&mut driver, &request.by).await?;
            run(&mut driver, &request.by, "rotate", terminal).await
        })?
    }
}

/// What is asked for where nothing else is said.
pub(super) fn asked(chosen: &Chosen<'_>, driver: &Driver, retire: Option<SlotName>) -> OpenRequest {
    OpenRequest {
        environment: chosen.name.clone(),
        account: chosen.environment.account.id(),
        access: Access::ReadWrite,
        retire: retire.map(Slot::from),
        route: chosen.environment.release.route,
        flip_back: driver.policy().flip_back,
        by: person(),
        again: false,
    }
}

/// Whether what was typed may be said of the rotation that is open.
pub(super) fn fits(consent: &Consent, driver: &Driver) -> Result<(), CliError> {
    let open = driver.fold().rotation().map(|opened| &opened.rotation);
    consent.fits(open, in_ci(&wiring::process_variables))
}

/// Runs as far as the driver may, asking a person where one is there, until it ends or is stopped.
pub(super) async fn run(
    driver: &mut Driver,
    by: &str,
    command: &str,
    terminal: &mut Terminal,
) -> Result<Exit, CliError> {
    let somebody = terminal.is_conversation() && !in_ci(&wiring::process_variables);
    let answers: Option<&dyn Answers> = if somebody { Some(&Typed) } else { None };
    let end = tokio::select! {
        end = approval::run(driver, by, answers, terminal) => Some(end?),
        _ = tokio::signal::ctrl_c() => None,
    };
    match end {
        Some(end) => finish(driver, &end, command, terminal),
        None => interrupted(driver, command, terminal).await,
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
    if let Some(opened) = driver.fold().rotation() {
        let verb = if opening == Opening::Opened { "begins" } else { "goes on" };
        terminal.say(&format!(
            "rotation {} {verb}: retire the {} key of {} ({}), everybody to {}",
            opened.rotation,
            opened.from,
            opened.account,
            opened.environment,
            opened.to()
        ));
    }
    Ok(None)
}

/// The end of a turn, for people, and its exit code.
pub(super) fn finish(
    driver: &Driver,
    end: &TurnEnd,
    command: &str,
    terminal: &mut Terminal,
) -> Result<Exit, CliError> {
    driver.over();
    match end {
        TurnEnd::Enough => {
            terminal.say("that is all that was asked for; the rotation stays open");
            terminal.hint("`keyslot rotate` goes on with it, `keyslot close --because …` ends it");
            Ok(Exit::Done)
        }
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
            let unapproved = reasons.iter().any(|one| one.gate == Gate::Approved);
            if let Some(opened) = driver.fold().rotation().filter(|_| unapproved) {
                terminal.hint(&format!("in a CI job: --approve {}", opened.rotation));
            }
            terminal.hint(&format!(
                "`keyslot explain` shows every gate; after that run `keyslot {command}` again"
            ));
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

async fn interrupted(driver: &mut Driver, command: &str, terminal: &mut Terminal) -> Result<Exit, CliError> {
    // What was under way is in the journal as an intent; only the lease is worth giving back.
    let released = driver.release().await;
    terminal.say(&format!("stopped; nothing is lost: run `keyslot {command}` again to go on from here"));
    if !driver.fold().approvals.is_empty() {
        terminal
            .mutter("the regeneration is approved and stays so; `keyslot close` ends the rotation instead");
    }
    if released.is_err() {
        terminal.mutter("the lease could not be given back; it runs out by itself");
    }
    Ok(Exit::Waiting)
}
