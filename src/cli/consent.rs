//! The words of people on the command line: approval and acceptance.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::wiring::Variables;
use super::{CliError, ErrorKind, Terminal};
use crate::drive::Driver;
use crate::model::Slot;
use crate::rotation::{Acceptance, Gate, Opened, Report, subjects};

/// `--approve` and `--accept`.
#[derive(Clone, Debug, clap::Args)]
pub struct Consent {
    /// Approve the regeneration of this rotation's old key; without it, a person at a terminal is asked, and
    /// everywhere else the rotation halts there. The approval is recorded and holds for this rotation, also when the
    /// command is run again without it. With the rotation's name, as `status` prints it, it holds for that one and no
    /// other; in a CI job (CI or TF_BUILD is true) the name must be given. Where policy wants the new key to be made anew
    /// first, that is approved by itself: with `:primary` or `:secondary` behind the name.
    #[arg(long, value_name = "ROTATION[:SLOT]", num_args = 0..=1)]
    pub approve: Option<Option<String>>,
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

impl Consent {
    /// Checks what can be checked before anything is done.
    ///
    /// # Errors
    /// An unknown gate, or one that nobody may open.
    pub fn check(&self) -> Result<Vec<(Gate, String)>, CliError> {
        self.accept.iter().map(|text| gate_and_subject(text)).collect()
    }

    /// Whether the approval may be given for the rotation that is open, if one is: see [`Opened::approval_name`].
    ///
    /// # Errors
    /// It is for another one; or a job gives it without saying for which.
    pub fn fits(&self, open: Option<&str>, in_ci: bool) -> Result<(), CliError> {
        match (self.approve.as_ref().map(|_| self.approved().0), open) {
            (Some(None), open) if in_ci => {
                let error = CliError::usage("in a CI job, --approve names the rotation that it is for");
                Err(error.because("a job may run again when another rotation is open").hint(match open {
                    Some(open) => format!("the open one: --approve {open}"),
                    None => "run it without --approve first: the rotation's name is printed when it begins"
                        .to_owned(),
                }))
            }
            (Some(Some(named)), Some(open)) if named != open => {
                let error = CliError::new(ErrorKind::Usage, "the approval is for another rotation");
                Err(error.at(named).hint(format!("the open one: --approve {open}")))
            }
            (None | Some(_), _) => Ok(()),
        }
    }

    /// Records them for the open rotation.
    ///
    /// # Errors
    /// A subject that nothing has; an approval that is for another rotation; the journal.
    pub async fn record(
        &self,
        driver: &mut Driver,
        by: &str,
        terminal: &mut Terminal,
    ) -> Result<(), CliError> {
        let accepted = self.check()?;
        let open = driver.fold().rotation().map(Opened::approval_name);
        self.fits(open.as_deref(), false)?;
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
        if self.approve.is_some() {
            approve(driver, by, self.approved().1, terminal).await?;
        }
        Ok(())
    }
}

impl Consent {
    /// The same for the second of two rotations: what was said of the first by name does not hold for it.
    ///
    /// # Errors
    /// The journal.
    pub async fn record_for_second(
        &self,
        driver: &mut Driver,
        by: &str,
        terminal: &mut Terminal,
    ) -> Result<(), CliError> {
        if self.approve == Some(None) {
            approve(driver, by, None, terminal).await?;
        }
        Ok(())
    }

    /// The rotation that is approved by its name, and the slot, as far as they are said.
    fn approved(&self) -> (Option<&str>, Option<Slot>) {
        let Some(Some(text)) = &self.approve else { return (None, None) };
        let slot =
            |text: &str| [Slot::Primary, Slot::Secondary].into_iter().find(|slot| slot.as_str() == text);
        match text.rsplit_once(':').map(|(name, rest)| (name, slot(rest))) {
            Some((name, Some(slot))) => (Some(name).filter(|name| !name.is_empty()), Some(slot)),
            Some((_, None)) => (Some(text), None),
            None => match slot(text) {
                Some(slot) => (None, Some(slot)),
                None => (Some(text), None),
            },
        }
    }
}

/// Whoever runs a later command is not asked any more: that is said when it is given.
async fn approve(
    driver: &mut Driver,
    by: &str,
    key: Option<Slot>,
    terminal: &mut Terminal,
) -> Result<(), CliError> {
    driver.approve_key(by, None, key).await?;
    if let Some(opened) = driver.fold().rotation() {
        terminal.say(&format!(
            "the regeneration of the {} key is approved by {by}; it stays so until this rotation is done or closed \
             (`keyslot close`), whatever this command comes to",
            key.unwrap_or(opened.from)
        ));
    }
    Ok(())
}

/// What tells of harm, and what is of one thing among several, is accepted by who has seen it, and not before it is there.
fn may_be_ahead(gate: Gate) -> bool {
    !matches!(gate, Gate::NotRefused | Gate::Synced | Gate::Validated | Gate::TreeResolved | Gate::KeyQuiet)
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

/// Whether a job runs us, and no person sees what we say.
pub fn in_ci(variables: Variables<'_>) -> bool {
    ["CI", "TF_BUILD"]
        .into_iter()
        .filter_map(variables)
        .any(|value| value.eq_ignore_ascii_case("true") || value == "1")
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

    fn approving(approve: Option<Option<&str>>) -> Consent {
        let approve = approve.map(|id| id.map(str::to_owned));
        Consent { approve, accept: Vec::new(), because: None, until: None }
    }

    #[test]
    fn a_job_says_for_which_rotation_it_approves() {
        let open = "r1";
        let refused = approving(Some(None)).fits(Some(open), true).unwrap_err();
        assert!(refused.hints[0].contains("--approve r1"), "{refused:?}");
        assert_eq!(refused.kind, ErrorKind::Usage);
        assert!(approving(Some(None)).fits(None, true).is_err());
        assert!(approving(Some(None)).fits(Some(open), false).is_ok(), "a person may");
        assert!(approving(Some(Some("r1"))).fits(Some(open), true).is_ok());
        assert!(approving(Some(Some("r1"))).fits(None, true).is_ok(), "it is asked again when one is open");
        assert!(approving(None).fits(Some(open), true).is_ok());
    }

    #[test]
    fn an_approval_may_name_the_slot_behind_the_rotation() {
        let of = |text: &str| {
            let consent = approving(Some(Some(text)));
            let (name, slot) = consent.approved();
            (name.map(str::to_owned), slot)
        };
        let named = Some("r1".to_owned());
        assert_eq!(of("r1:secondary"), (named.clone(), Some(Slot::Secondary)));
        assert_eq!(of("primary"), (None, Some(Slot::Primary)));
        assert_eq!(of("r1"), (named, None));
        assert_eq!(of("r1:else"), (Some("r1:else".to_owned()), None), "which is no rotation's name");
        assert!(approving(Some(Some("r1:secondary"))).fits(Some("r1"), true).is_ok());
        assert!(
            approving(Some(Some("secondary"))).fits(Some("r1"), true).is_err(),
            "in a job the name is wanted"
        );
        assert!(approving(Some(Some("secondary"))).fits(Some("r1"), false).is_ok());
    }

    #[test]
    fn an_approval_of_another_rotation_is_refused_everywhere() {
        for open in ["r2", "r1.2"] {
            for in_ci in [true, false] {
                let refused = approving(Some(Some("r1"))).fits(Some(open), in_ci).unwrap_err();
                assert!(refused.hints[0].ends_with(&format!("--approve {open}")), "{refused:?}");
            }
            assert!(approving(Some(Some(open))).fits(Some(open), true).is_ok());
        }
    }

    #[test]
    fn a_job_is_told_by_its_variables() {
        let of = |name: &'static str, value: &'static str| {
            move |asked: &str| (asked == name).then(|| value.to_owned())
        };
        assert!(in_ci(&of("CI", "true")) && in_ci(&of("TF_BUILD", "True")) && in_ci(&of("CI", "1")));
        assert!(!in_ci(&of("CI", "false")) && !in_ci(&of("USER", "true")));
    }
}
