//! The end of a turn in words for people, with what comes next, and its exit code.

use std::collections::BTreeSet;

use super::{CliError, Exit, Terminal};
use crate::drive::{Driver, TurnEnd};
use crate::model::{BranchView, Route};
use crate::render::matrix::Matrix;
use crate::render::{explain, reason, span};
use crate::rotation::{Gate, Leg, Opens, Phase, Reach, Reason, Report, Subject, Why};

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
