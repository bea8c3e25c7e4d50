//! `--accept`: one gate that is not to hold for one subject, as a person says, with a reason and for a time; and `--withdraw`,
//! which takes that back.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::beside::not_recorded;
use super::{CliError, Terminal};
use crate::drive::Driver;
use crate::render::acceptance::{names, words};
use crate::rotation::{Acceptance, Gate, Report, subjects};

/// `--accept`, `--because` and `--until`; `--withdraw`.
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
    /// Take back what was accepted, by whomever: the gate holds for that subject as before.
    #[arg(long, value_name = "GATE:SUBJECT")]
    pub withdraw: Vec<String>,
}

impl Accepting {
    /// Checks what can be checked before anything is done.
    ///
    /// # Errors
    /// An unknown gate, or one that nobody may open; an end that lies in the past.
    pub fn check(&self, now: Timestamp) -> Result<(), CliError> {
        if let Some(until) = self.until.filter(|until| *until <= now) {
            let error = CliError::usage("--until lies in the past, so nothing would be accepted").at(until);
            return Err(error.hint("--withdraw GATE:SUBJECT takes back what was accepted"));
        }
        self.parsed().and(self.withdrawn()).map(drop)
    }

    /// Says that none is given, where there is nothing that it could be of.
    pub fn void(&self, terminal: &mut Terminal) {
        if !self.accept.is_empty() {
            terminal.warn("nothing is accepted: an acceptance is of an open rotation");
        }
    }

    /// Whether there is anything to record.
    pub fn says_anything(&self) -> bool {
        !self.accept.is_empty() || !self.withdraw.is_empty()
    }

    /// Whether what is to be taken back was accepted, in the rotation that is open.
    ///
    /// # Errors
    /// It was not.
    pub fn fits(&self, driver: &Driver) -> Result<(), CliError> {
        let given = match driver.fold().is_open() {
            true => driver.fold().acceptances.as_slice(),
            false => &[],
        };
        for (gate, subject) in self.withdrawn()? {
            if given.iter().any(|one| one.gate == gate && one.subject == subject) {
                continue;
            }
            let error =
                CliError::usage("--withdraw names what nobody has accepted").at(format!("{gate}:{subject}"));
            return Err(match names(given).as_slice() {
                [] => error.because("nothing is accepted"),
                all => error.hint(format!("there are: {}", all.join(", "))),
            });
        }
        Ok(())
    }

    fn parsed(&self) -> Result<Vec<(Gate, String)>, CliError> {
        self.accept.iter().map(|text| gate_and_subject(text)).collect()
    }

    fn withdrawn(&self) -> Result<Vec<(Gate, String)>, CliError> {
        self.withdraw.iter().map(|text| gate_and_subject(text)).collect()
    }

    /// Records them for the open rotation, by what holds the command that runs, and says so.
    ///
    /// # Errors
    /// A subject that nothing has; the journal.
    pub async fn record(
        &self,
        driver: &mut Driver,
        by: &str,
        terminal: &mut Terminal,
    ) -> Result<(), CliError> {
        self.fits(driver)?;
        for (gate, subject) in self.withdrawn()? {
            let taken =
                driver.withdraw(by, gate, &subject).await.map_err(|error| not_recorded(error.into()))?;
            for one in &taken {
                terminal.say(&format!("taken back by {by}: {}", words(one, None)));
            }
        }
        let accepted = self.parsed()?;
        if accepted.is_empty() {
            return Ok(());
        }
        let report = driver.report().await?;
        // Before the first is written, so that all of them are, or none.
        let known = subjects(driver.policy(), &report.world);
        for (gate, subject) in &accepted {
            known_subject(*gate, subject, &report, &known)?;
        }
        self.check(report.at)?;
        let whys = accepted.iter().map(|(gate, subject)| whys(*gate, subject, &report));
        let whys = whys.collect::<Result<Vec<_>, _>>()?;
        for ((gate, subject), whys) in accepted.into_iter().zip(whys) {
            for why in whys {
                let acceptance = Acceptance {
                    by: by.to_owned(),
                    gate,
                    subject: subject.clone(),
                    because: self.because.clone().unwrap_or_default(),
                    until: self.until.unwrap_or(Timestamp::MIN),
                    why,
                };
                let told = words(&acceptance, None);
                driver.accept(acceptance).await.map_err(|error| not_recorded(error.into()))?;
                terminal.say(&told);
            }
        }
        Ok(())
    }
}

/// As what it is accepted: as what holds now; ahead of its time, as whatever comes.
fn whys(gate: Gate, subject: &str, report: &Report) -> Result<Vec<Option<String>>, CliError> {
    let open = report
        .reasons()
        .iter()
        .filter(|one| one.gate == gate && one.subject.to_string() == subject && !one.is_blindness());
    let whys: BTreeSet<String> = open.map(|reason| reason.why.accepted_as()).collect();
    match whys.is_empty() {
        true if !may_be_ahead(gate) => Err(not_ahead(gate, subject)),
        true => Ok(vec![None]),
        false => Ok(whys.into_iter().map(Some).collect()),
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

/// As `--accept` and `--withdraw` take them.
fn gate_and_subject(text: &str) -> Result<(Gate, String), CliError> {
    let (name, subject) = text.split_once(':').ok_or_else(|| {
        CliError::usage("a gate and a subject are wanted").at(text).hint(
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
    fn an_end_that_is_over_is_told_before_anything_is_done() {
        let now: Timestamp = "2026-01-12T18:00:00Z".parse().unwrap();
        let until = now.checked_sub(jiff::SignedDuration::from_secs(1)).ok();
        let accept = vec!["preflight:a".to_owned()];
        let refused = Accepting { accept, until, ..Accepting::default() }.check(now).unwrap_err();
        assert!(refused.what.contains("in the past"), "{refused:?}");
        let unknown = Accepting { withdraw: vec!["preflihgt:a".to_owned()], ..Accepting::default() };
        assert!(unknown.check(now).is_err());
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
