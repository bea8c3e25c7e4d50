//! `--accept`: one gate that is not to hold for one subject, as a person says, with a reason and for a time.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::CliError;
use crate::drive::Driver;
use crate::rotation::{Acceptance, Gate, Report, subjects};

/// `--accept`, `--because` and `--until`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Accepting {
    /// Let one gate not hold for one subject, as `explain` names them; needs --because and --until. Never a
    /// blanket force: some gates nobody may open.
    #[arg(long, value_name = "GATE:SUBJECT", requires_all = ["because", "until"])]
    pub accept: Vec<String>,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT", requires = "accept", value_parser = super::words::reason)]
    pub because: Option<String>,
    /// Until when (RFC 3339, as 2026-01-12T18:00:00Z).
    #[arg(long, value_name = "TIME", requires = "accept", value_parser = moment)]
    pub until: Option<Timestamp>,
}

impl Accepting {
    /// Checks what can be checked before anything is done.
    ///
    /// # Errors
    /// An unknown gate, or one that nobody may open.
    pub fn check(&self) -> Result<Vec<(Gate, String)>, CliError> {
        self.accept.iter().map(|text| gate_and_subject(text)).collect()
    }

    /// Records them for the open rotation, by what holds the command that runs.
    ///
    /// # Errors
    /// A subject that nothing has; the journal.
    pub async fn record(&self, driver: &mut Driver, by: &str) -> Result<(), CliError> {
        let accepted = self.check()?;
        if !accepted.is_empty() {
            let report = driver.report().await?;
            let known = subjects(driver.policy(), &report.world);
            for (gate, subject) in &accepted {
                known_subject(*gate, subject, &report, &known)?;
            }
            if let Some(until) = self.until.filter(|until| *until < report.at) {
                return Err(
                    CliError::usage("--until lies in the past, so nothing would be accepted").at(until)
                );
            }
            for (gate, subject) in accepted {
                let reasons = report.reasons();
                let open = reasons.iter().filter(|one| {
                    one.gate == gate && one.subject.to_string() == subject && !one.is_blindness()
                });
                let whys: BTreeSet<String> = open.map(|reason| reason.why.accepted_as()).collect();
                if whys.is_empty() && !may_be_ahead(gate) {
                    return Err(not_ahead(gate, &subject));
                }
                // Ahead of its time it is of whatever comes.
                let whys = if whys.is_empty() { vec![None] } else { whys.into_iter().map(Some).collect() };
                for why in whys {
                    let acceptance = Acceptance {
                        by: by.to_owned(),
                        gate,
                        subject: subject.clone(),
                        because: self.because.clone().unwrap_or_default(),
                        until: self.until.unwrap_or(Timestamp::MIN),
                        why,
                    };
                    driver.accept(acceptance).await?;
                }
            }
        }
        Ok(())
    }
}

/// What tells of harm, and what is of one thing among several, is accepted by who has seen it, and not before it is there.
fn may_be_ahead(gate: Gate) -> bool {
    !matches!(
        gate,
        Gate::NotRefused
            | Gate::Synced
            | Gate::Validated
            | Gate::TreeResolved
            | Gate::KeyQuiet
            | Gate::NodesHeard
    )
}

fn not_ahead(gate: Gate, subject: &str) -> CliError {
    let what = match gate {
        Gate::NotRefused => "nothing is refused there, so there is nothing to accept",
        _ => "nothing of that holds there, so there is nothing to accept",
    };
    CliError::usage(what)
        .at(format!("{gate}:{subject}"))
        .hint("`keyslot explain` shows what holds; accept it once it is there")
}

fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "a moment is written as 2026-01-12T18:00:00Z".to_owned())
}

/// A subject that does not exist would be accepted for nothing, and nobody would notice.
fn known_subject(
    gate: Gate,
    subject: &str,
    report: &Report,
    known: &BTreeSet<String>,
) -> Result<(), CliError> {
    const SHOWN: usize = 12;
    let holding: BTreeSet<String> =
        report.reasons().iter().filter(|one| one.gate == gate).map(|one| one.subject.to_string()).collect();
    if holding.contains(subject) || known.contains(subject) {
        return Ok(());
    }
    let error =
        CliError::usage("--accept names a subject that does not exist").at(format!("{gate}:{subject}"));
    let (says, all) = match holding.is_empty() {
        true => ("there are", known),
        false => ("the gate holds for", &holding),
    };
    let mut names: Vec<&str> = all.iter().map(String::as_str).take(SHOWN).collect();
    if all.len() > SHOWN {
        names.push("…");
    }
    Err(error.hint(format!("{says}: {}", names.join(", "))))
}

fn gate_and_subject(text: &str) -> Result<(Gate, String), CliError> {
    let (name, subject) = text.split_once(':').ok_or_else(|| {
        CliError::usage("--accept names a gate and a subject").at(text).hint(
            "write it as `explain` does: --accept 'preflight:northeurope/workload/healthservice-deploy'",
        )
    })?;
    let Some(gate) = Gate::from_id(name) else {
        return Err(no_such_gate(name));
    };
    if gate.never_accepted() {
        return Err(CliError::usage("this gate is one that nobody may open")
            .at(gate)
            .because(format!("it protects from this: {}", gate.harm()))
            .hint("`keyslot explain` says what opens it"));
    }
    Ok((gate, subject.to_owned()))
}

/// What is near, where anything is; and where the names are to be found.
fn no_such_gate(name: &str) -> CliError {
    const NEAR: f64 = 0.8;
    let alike = |gate: &Gate| strsim::jaro_winkler(gate.id(), name);
    let nearest = Gate::ALL.iter().max_by(|a, b| alike(a).total_cmp(&alike(b)));
    let error = CliError::usage("there is no such gate").at(name);
    let error = match nearest.filter(|gate| alike(gate) >= NEAR) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error,
    };
    error.hint("`keyslot explain` shows which gates hold, and how each is accepted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_that_there_is_not_is_told_with_what_is_near_and_where_the_names_are() {
        let hints = |text: &str| gate_and_subject(text).unwrap_err().hints;
        assert_eq!(hints("x:rotation").len(), 1, "nothing is near");
        assert!(hints("x:rotation")[0].contains("keyslot explain"));
        assert_eq!(hints("preflihgt:a")[0], "did you mean preflight?");
    }

    #[test]
    fn who_uses_the_old_key_is_accepted_by_who_has_seen_it() {
        assert!(!may_be_ahead(Gate::KeyQuiet));
        assert!(may_be_ahead(Gate::Preflight));
        assert!(not_ahead(Gate::KeyQuiet, "primary").what.contains("nothing of that holds there"));
    }

    #[test]
    fn a_moment_that_is_none_is_answered_with_one() {
        assert!(moment("tomorrow").unwrap_err().contains("2026-01-12T18:00:00Z"));
        assert!(moment("2026-01-12T18:00:00Z").is_ok());
    }
}
