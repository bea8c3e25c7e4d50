//! `keyslot rotate`: from wherever the world stands to done, waiting in between.

use super::approval::{self, Answers, Typed};
use super::beside::{self, Driven, Wanted};
use super::consent::{Consent, in_ci};
use super::progress::watcher;
use super::settings::Chosen;
use super::stop::Stop;
use super::stopped::interrupted;
use super::target::{Target, person, spell};
use super::words::{AccessWord, SlotWord};
use super::{CliError, Exit, Terminal, wiring};
use crate::drive::{Driver, OpenRequest, TurnEnd};
use crate::model::{Access, FlipBack, Slot};
use crate::render::span;
use crate::rotation::{Opened, Pair, Reach};

pub(super) use super::ending::finish;
pub(super) use super::opening::{go_on_with_second, open};

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
    pub retire: Option<SlotWord>,
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
Exit codes: 0 done, or nothing to do; 3 it was stopped and goes on when it is run again, or somebody else is at work; 4 a \
person must act; 5 the world failed (network, permission, server).

Examples:
  keyslot rotate --environment prod              as far as it goes without an approval
  keyslot rotate --environment prod --approve    to the end
  keyslot rotate -e prod --approve 3f9a1c07b2    the same, for this rotation and no other: what a CI job says
  keyslot rotate -e prod --retire primary        say which key is to go
  keyslot rotate -e prod --access read-only      the same for the slot's read-only key
  keyslot rotate -e prod --both-slots            after a leak: both keys go, and everybody ends where they began";

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
        let settings = self.target.settings()?;
        let chosen = settings.choose(self.target.environment.as_deref())?;
        let access = self.access.map(Access::from);
        let chosen = chosen.about(access.unwrap_or(chosen.access));
        let flip_back = self.flip_back.map(FlipBack::from);
        let shown = watcher(terminal);
        self.consent.check(wiring::clock(&chosen).now())?;
        let asked = asked(&chosen, self.retire);
        let request = OpenRequest { access, flip_back, again: self.again, both: self.both_slots, ..asked };
        let wanted = Wanted { consent: &self.consent, flip_back, reach: Reach::Whole, request: &request };
        super::block_on(async {
            let mut driver = match beside::driver(&chosen, &wanted, shown, terminal).await? {
                Driven::Here(driver) => driver,
                Driven::Elsewhere(exit) => return Ok(exit),
            };
            if let Some(exit) = fits(&self.consent, &driver, terminal)? {
                return Ok(exit);
            }
            spell(&mut driver, terminal).await?;
            if let Some(exit) = open(&mut driver, &request, terminal).await? {
                self.consent.accepting.void(terminal);
                return Ok(exit);
            }
            self.consent.record(&mut driver, &request.by, terminal).await?;
            let mut stop = Stop::listen()?;
            loop {
                let end = attempt(&mut driver, &request.by, &mut stop, terminal).await?;
                let done = end == Some(TurnEnd::Done);
                if !done || !go_on_with_second(&mut driver, terminal).await? {
                    return conclude(&mut driver, end, "rotate", terminal).await;
                }
                self.consent.record_for_second(&mut driver, &request.by, terminal).await?;
            }
        })?
    }
}

/// What is asked for where nothing else is said.
pub(super) fn asked(chosen: &Chosen<'_>, retire: Option<SlotWord>) -> OpenRequest {
    OpenRequest {
        environment: chosen.name.clone(),
        account: chosen.environment.account.id(),
        access: None,
        retire: retire.map(Slot::from),
        route: chosen.environment.release.route,
        flip_back: None,
        by: person(),
        again: false,
        both: false,
    }
}

/// Whether what was typed may be said of the rotation that is open; an exit where the one that it names is done already.
pub(super) fn fits(
    consent: &Consent,
    driver: &Driver,
    terminal: &mut Terminal,
) -> Result<Option<Exit>, CliError> {
    let fold = driver.fold();
    if let (Some((_, opened)), Some((at, true, _))) = (&fold.opened, &fold.closed)
        && opened.pair != Pair::First
        && consent.named() == Some(opened.approval_name().as_str())
    {
        let (name, from, at) = (opened.approval_name(), opened.from, span::rfc3339(*at));
        terminal.say(&format!("nothing to do: rotation {name} is done, the {from} key was retired at {at}"));
        consent.accepting.void(terminal);
        return Ok(Some(Exit::Done));
    }
    consent.accepting.fits(driver)?;
    let open = fold.rotation().map(Opened::approval_name);
    consent.fits(open.as_deref(), in_ci(&wiring::process_variables)).map(|()| None)
}

/// Runs as far as the driver may, asking a person where one is there, until it ends or is stopped.
pub(super) async fn run(
    driver: &mut Driver,
    by: &str,
    command: &str,
    terminal: &mut Terminal,
) -> Result<Exit, CliError> {
    let mut stop = Stop::listen()?;
    let end = attempt(driver, by, &mut stop, terminal).await?;
    conclude(driver, end, command, terminal).await
}

/// The end; absent where it was stopped.
async fn attempt(
    driver: &mut Driver,
    by: &str,
    stop: &mut Stop,
    terminal: &mut Terminal,
) -> Result<Option<TurnEnd>, CliError> {
    let somebody = terminal.is_conversation() && !in_ci(&wiring::process_variables);
    let answers: Option<&dyn Answers> = if somebody { Some(&Typed) } else { None };
    tokio::select! {
        end = approval::run(driver, by, answers, terminal) => end.map(Some),
        () = stop.come() => Ok(None),
    }
}

async fn conclude(
    driver: &mut Driver,
    end: Option<TurnEnd>,
    command: &str,
    terminal: &mut Terminal,
) -> Result<Exit, CliError> {
    match end {
        Some(end) => finish(driver, &end, command, terminal),
        None => interrupted(driver, command, terminal).await,
    }
}
