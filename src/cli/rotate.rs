//! `keyslot rotate`: from wherever the world stands to done, waiting in between.

use std::collections::BTreeSet;

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
use crate::drive::{Driver, OpenRequest, Opening, TurnEnd};
use crate::model::{Access, BranchView, FlipBack, Route, Slot};
use crate::render::{explain, matrix::Matrix, reason, span};
use crate::rotation::{Gate, Leg, Opened, Opens, Pair, Phase, Reach, Reason, Report, Subject, Why};

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
    terminal: &mut Terminal,
) -> Result<bool, CliError> {
    if driver.open_second().await? {
        terminal.say("the first of two keys is gone");
        announce(driver, "begins", terminal);
    }
    // Somebody else may have begun it.
    Ok(driver.fold().rotation().is_some_and(|open| open.pair == Pair::Second))
}

fn announce(driver: &Driver, verb: &str, terminal: &mut Terminal) {
    let Some(opened) = driver.fold().rotation() else { return };
    let what = match opened.access {
        Access::ReadWrite => String::new(),
        Access::ReadOnly => format!("{} ", opened.access),
    };
    terminal.say(&format!(
        "rotation {} {verb}: retire the {} {what}key of {} ({}), everybody to {}",
        opened.approval_name(),
        opened.from,
        opened.account,
        opened.environment,
        opened.to()
    ));
}

/// The end of a turn, for people, and its exit code.
pub(super) fn finish(
    driver: &Driver,
    end: &TurnEnd,
    command: &str,
    terminal: &mut Terminal,
) -> Result<Exit, CliError> {
    driver.over(end);
    match end {
        TurnEnd::Enough => {
            terminal.say("that is all that was asked for; the rotation stays open");
            let (next, report) = (next(driver.reach()), driver.report_as_seen());
            let next =
                merged(&report).filter(|_| matches!(driver.reach(), Reach::Propose { .. })).unwrap_or(next);
            terminal.hint(&format!("{next} goes on with it, `keyslot close --because …` ends it"));
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
            // Whatever it waits for: before a person lets it, nothing more is begun.
            let paused = reasons.iter().any(|one| one.gate == Gate::NotPaused);
            Ok(if paused { Exit::Halted } else { Exit::Waiting })
        }
        TurnEnd::Halted { phase, reasons } if comes_too_early(driver.reach(), reasons) => {
            let missing = reasons.iter().find_map(|one| match one.why {
                Why::NotAsked { phase, .. } => Some(phase),
                _ => None,
            });
            let phase = missing.unwrap_or(*phase);
            terminal.say(&format!("waiting in {phase}: what comes before is not done yet"));
            for one in reasons {
                terminal.say(&format!("  [{}] {}", one.gate, reason::why(one)));
            }
            terminal.hint(&before(phase));
            Ok(Exit::Waiting)
        }
        TurnEnd::Halted { phase, reasons } => {
            terminal.say(&format!("halted in {phase}: a person must act"));
            tell(reasons, terminal);
            // Whom nobody knows, no approval in a job makes known.
            let unapproved = reasons
                .iter()
                .find(|one| one.gate == Gate::Approved && !matches!(one.why, Why::PersonUnknown { .. }));
            if let Some(opened) = driver.fold().rotation().filter(|_| unapproved.is_some()) {
                let key = match unapproved.map(|one| &one.subject) {
                    Some(Subject::Key(slot)) => format!(":{slot}"),
                    _ => String::new(),
                };
                terminal.hint(&format!("in a CI job: --approve {}{key}", opened.approval_name()));
            }
            terminal.hint(&format!(
                "`keyslot explain` shows every gate; after that run `keyslot {command}` again"
            ));
            Ok(Exit::Halted)
        }
    }
}

/// Whether a part alone finds steps before it that are not done, and nothing else that a person must see to.
fn comes_too_early(reach: &Reach, reasons: &[Reason]) -> bool {
    let early = |one: &&Reason| one.gate == Gate::Asked;
    let calls = |one: &&Reason| one.why.opens() == Opens::ByPerson;
    let alone = matches!(reach, Reach::Regenerate | Reach::Promote { .. } | Reach::Follow);
    alone && reasons.iter().any(|one| early(&one)) && reasons.iter().filter(calls).all(|one| early(&one))
}

/// Which command does what comes next.
fn next(reach: &Reach) -> &'static str {
    match reach {
        Reach::Propose { .. } => "when it is merged, `keyslot promote`, or `keyslot rotate`,",
        Reach::Promote { .. } => "`keyslot follow`, or `keyslot rotate`,",
        Reach::Whole | Reach::Follow | Reach::Restart { .. } | Reach::Regenerate => "`keyslot rotate`",
    }
}

/// The same of a proposal whose change has arrived.
fn merged(report: &Report) -> Option<&'static str> {
    let (opened, decision) = (report.opened.as_ref()?, report.decision.as_ref());
    let target = decision.map_or(Leg::Out, |decision| decision.leg).target(opened.from);
    let code = report.world.code.as_ref()?.get()?;
    let arrived = |view: &BranchView| view.claim.reads.is(target);
    match &code.release {
        _ if !arrived(&code.base) => None,
        // The next release brings it along.
        _ if opened.route == Route::NextRelease => Some("`keyslot rotate`"),
        Some(release) if !arrived(release) => Some("`keyslot promote`, or `keyslot rotate`,"),
        Some(_) | None => Some("`keyslot follow`, or `keyslot rotate`,"),
    }
}

/// Which command does what is to be done first.
fn before(phase: Phase) -> String {
    match phase {
        Phase::Restart => "`keyslot restart` or `keyslot rotate` first".to_owned(),
        Phase::Propose => "`keyslot propose` or `keyslot rotate` first".to_owned(),
        Phase::Merge => {
            "have its pull request merged, then `keyslot promote`; or `keyslot rotate` first".to_owned()
        }
        Phase::Promote => "`keyslot promote` or `keyslot rotate` first".to_owned(),
        _ => "`keyslot rotate` first".to_owned(),
    }
}

fn tell(reasons: &[Reason], terminal: &mut Terminal) {
    let mut said = BTreeSet::new();
    for one in reasons {
        let line = format!("  [{}] {}", one.gate, reason::why(one));
        if !said.insert(line.clone()) {
            continue;
        }
        terminal.say(&line);
        let remedy = reason::remedy(one);
        if !remedy.is_empty() {
            terminal.hint(&remedy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::StampName;
    use crate::rotation::Subject;

    #[test]
    fn a_regeneration_before_the_restarts_is_too_early_and_nothing_for_a_person() {
        let (stamp, step) = (StampName::new("eastus2"), "restart it".to_owned());
        let early =
            Reason::new(Gate::Asked, Subject::Stamp(stamp), Why::NotAsked { phase: Phase::Restart, step });
        let disabled = Reason::new(Gate::Preflight, Subject::Rotation, Why::Paused);
        assert!(comes_too_early(&Reach::Regenerate, std::slice::from_ref(&early)));
        assert!(!comes_too_early(&Reach::Whole, std::slice::from_ref(&early)));
        assert!(
            !comes_too_early(&Reach::Regenerate, &[early, disabled.clone()]),
            "a person must see to the other"
        );
        assert!(!comes_too_early(&Reach::Regenerate, &[disabled]));
        assert!(before(Phase::Restart).contains("`keyslot restart`"));
    }
}
